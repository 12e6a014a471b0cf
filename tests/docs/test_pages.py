"""The Python of the README and of each page of the documentation runs as written.

Every block prints, and what it prints stands below it: `tests/support/pages.py` says how.
A page in Chinese has the blocks of the English one.
"""

import ast
import os
import re
import shutil
import sys
import tomllib

import pytest

from fastnn import losses
from fastnn.core.activations import ACTIVATIONS, SECOND_NAMES
from fastnn.core.heads import HEADS
from fastnn.core.losses import LOSSES
from fastnn.examples import TUTORIALS
from fastnn.optimizers import COMPILED, NAMED
from tests.support.pages import (
    DOCS,
    MEASURED,
    ROOT,
    blocks_of,
    commands_of,
    is_notebook,
    name_of,
    run,
    without_measured,
    write,
)

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
CHINESE = sorted((DOCS / "zh").rglob("*.md"))
NEEDS = {
    "clusters.md": ["dask.array", "distributed", "sklearn"],
    "compiled_loops.md": [],
    "keras_pytorch.md": ["keras", "jax", "torch"],
    "microcontroller.md": ["ziglang"],
    "notebooks/digits.md": ["matplotlib"],
    "notebooks/first_column.md": ["matplotlib"],
    "notebooks/gender.md": ["matplotlib"],
    "notebooks/moons.md": ["matplotlib"],
    "notebooks/xor.md": ["matplotlib"],
    "pictures.md": ["matplotlib", "sklearn"],
    "sharing.md": ["onnx", "sklearn"],
    "sklearn.md": ["sklearn", "sklearn.callback", "pandas"],
    "streams.md": ["river"],
    "training.md": ["optuna"],
    "tables.md": ["sklearn", "pandas", "narwhals", "onnx", "onnxruntime"],
}
TOOLS = {"microcontroller.md": ["size"]}  # of binutils
WITHOUT_CODE = {"adding.md", "api.md", "lines.md", "play.md"}
WITH_PICTURES = {"pictures.md"}  # whose blocks leave figures open, which the site shows
DISTRIBUTIONS = {"sklearn": "scikit-learn"}  # whose names are not those of their modules
ON_THE_MACHINE = {"sklearn.md": 2}  # how many numbers depend on it: as few as can be
CLICKS = 2  # from the README to any page
NUMBERS = [  # in words, as the README has them
    *("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
]

OTHERS = [ROOT / "CHANGELOG.md", ROOT / "benchmarks" / "README.md"]

_LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
_PLACE = re.compile(r"\]\(([^):#]*)#([^)]+)\)")


def text_of(name):
    return (DOCS / name).read_text("utf-8")


def n_figures():
    pyplot = sys.modules.get("matplotlib.pyplot")
    return len(pyplot.get_fignums()) if pyplot else 0


def links_of(page):
    return [
        page.parent / link for link in _LINK.findall(page.read_text("utf-8")) if ":" not in link
    ]


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
@pytest.mark.parametrize("page", [p for p in PAGES if p not in CHINESE], ids=name_of)
def test_blocks_run_as_written(page, tmp_path, monkeypatch):
    name = name_of(page)
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "jax"))
    for package in NEEDS.get(name, []):
        pytest.importorskip(package)
    for tool in TOOLS.get(name, []):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")
    assert bool(blocks_of(page)) == (name not in WITHOUT_CODE)
    before = n_figures()
    for block, got in run(page, tmp_path):
        if is_notebook(page):
            assert got or n_figures() > before, f"shows nothing: {block.code}"
            before = n_figures()
        else:
            if name in WITH_PICTURES:
                assert n_figures() > before, f"draws nothing: {block.code}"
                before = n_figures()
            assert got, f"prints nothing: {block.code}"
            assert without_measured(got) == without_measured(block.output or ""), block.code
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_all_output_on_a_page_is_compared(page):
    blocks = blocks_of(page)
    outputs = [b.output for b in blocks + commands_of(page) if b.output is not None]
    assert page.read_text("utf-8").count("```text\n") == len(outputs)
    assert not (is_notebook(page) and outputs), "the build of the site runs notebooks"
    marked = sum(len(MEASURED.findall(output)) for output in outputs)
    assert marked == ON_THE_MACHINE.get(name_of(page), 0)


@pytest.mark.parametrize("page", [p for p in PAGES if not is_notebook(p)], ids=name_of)
def test_a_page_prints_what_a_notebook_would_show(page):
    statements = [one for block in blocks_of(page) for one in ast.parse(block.code).body]
    shown = [s.value for s in statements if isinstance(s, ast.Expr)]
    assert [ast.unparse(value) for value in shown if not isinstance(value, ast.Call)] == []


def test_output_is_written_below_each_block(tmp_path):
    page = tmp_path / "page.md"
    blocks = ["print('~2.5 times')", "x = 1", "print(x)", "print(x + 1)"]
    first, *others = (f"```python\n{code}\n```\n" for code in blocks)
    page.write_text("\n".join([first, "```text\n~7 times\n```\n", *others, "```text\n9\n```\n"]))
    write(page)
    outputs = ["~7 times\n", None, "1\n", "2\n"]
    assert blocks_of(page) == list(zip([f"{code}\n" for code in blocks], outputs, strict=True))


@pytest.mark.parametrize("page", CHINESE, ids=name_of)
def test_a_page_in_chinese_has_the_blocks_of_the_english_one(page):
    assert blocks_of(page) == blocks_of(DOCS / page.relative_to(DOCS / "zh"))


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name_of)
def test_links_lead_somewhere(page):
    assert [link for link in links_of(page) if not link.exists()] == []


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name_of)
def test_places_in_pages_are_headings(page):
    for link, place in _PLACE.findall(page.read_text("utf-8")):
        text = (page.parent / link if link else page).read_text("utf-8")
        headings = (heading.lower() for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE))
        assert place in {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", [name for name in NEEDS if "pip install" in text_of(name)])
def test_what_a_page_installs_is_what_it_needs(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    installed = set()
    for command in re.findall("pip install (.*)", text_of(name)):
        names = ",".join(re.findall(r"\[(.*?)\]", command)).split(",")
        of_extras = [
            line for extra in names for line in project["optional-dependencies"].get(extra, [])
        ]
        installed |= {re.match(r"[\w-]+", requirement)[0] for requirement in of_extras}
        installed |= {*re.findall(r"[\w-]+", command)}
    modules = {module.partition(".")[0] for module in NEEDS[name]}
    assert {DISTRIBUTIONS.get(module, module) for module in modules} <= installed


def test_the_readme_is_for_a_user_in_a_hurry():
    assert len((ROOT / "README.md").read_text("utf-8").split()) <= 900


def test_every_page_is_two_clicks_from_the_readme():
    reached = {ROOT / "README.md"}
    for _ in range(CLICKS):
        reached |= {
            link.resolve() for page in reached for link in links_of(page) if link.suffix == ".md"
        }
    assert [name_of(page) for page in PAGES if page not in reached] == []


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("training.md", [*ACTIVATIONS, *SECOND_NAMES]),
        ("training.md", [*LOSSES]),
        ("losses.md", [*LOSSES]),
        ("training.md", [kind.__name__ for kind in NAMED.values()]),
    ],
    ids=["activations", "losses", "losses of their own page", "optimizers"],
)
def test_pages_list_all_that_is_built_in(page, names):
    text = (DOCS / page).read_text("utf-8")
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize(
    ("what", "things"),
    [
        ("activations", ACTIVATIONS | HEADS),
        ("losses", losses.NAMED),
        ("optimisers", COMPILED),  # "eight optimisers and L-BFGS"
        ("tutorials", TUTORIALS),
    ],
)
def test_the_readme_counts_what_is_built_in(what, things):
    text = (ROOT / "README.md").read_text("utf-8").lower()
    assert re.findall(rf"(\w+) {what}\b", text) == [NUMBERS[len(things)]]


def names_in_api():
    text = (DOCS / "api.md").read_text("utf-8")
    return re.findall(r"^   fastnn\.((?:\w+\.)*)(\w+)$", text, re.M)


MODULES = [
    *("", "callbacks", "core", "datasets", "exchange", "initializers", "losses", "online"),
    *("optimizers", "plotting", "population", "river", "schedules", "sklearn"),
]


@pytest.mark.parametrize("module", MODULES)
def test_the_api_lists_the_public_names(module):
    place = pytest.importorskip(f"fastnn.{module}".rstrip("."), exc_type=ImportError)
    public = getattr(place, "__all__", None) or [
        name
        for name, value in vars(place).items()
        if callable(value)
        and not name.startswith(("_", "as_"))  # as_loss and its like check what a user gives
        and getattr(value, "__module__", "").startswith(place.__name__)
    ]
    assert public
    listed = {name for prefix, name in names_in_api() if prefix.rstrip(".") in ("", module)}
    assert [name for name in public if name not in listed] == []
