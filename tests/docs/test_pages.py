"""The blocks of Python in the README and in each page of the documentation run as written.

What a block prints is what the block of text below it says; in the pages of the learning path all
that is printed has such a block. A page in Chinese has the blocks of the English one.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "fastnn" / "docs"
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
    "sklearn.md": ["sklearn", "sklearn.callback"],
    "streams.md": ["river"],
    "training.md": ["optuna"],
    "tables.md": ["sklearn", "pandas", "narwhals", "onnx", "onnxruntime"],
}
TOOLS = {"microcontroller.md": ["size"]}  # of binutils
WITHOUT_CODE = {"adding.md", "api.md", "lines.md", "play.md"}
LEARNING_PATH = {
    f"{name}.md"
    for name in (
        "neuron",
        "feed_forward",
        "loss",
        "backpropagation",
        "sgd",
        "digits",
        "moons",
        "what_next",
        "why_fast",
        "keras_pytorch",
        "microcontroller",
    )
}
CLICKS = 2  # from the README to any page

_OUTPUT = r"(?:\n```text\n(?P<output>.*?)^```$)?"
_BLOCK = re.compile(
    r"^```(?:python|\{code-cell\} python)\n(?P<code>.*?)^```$\n?" + _OUTPUT, re.S | re.M
)
_LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def name_of(page):
    return page.relative_to(DOCS if page.is_relative_to(DOCS) else ROOT).as_posix()


def blocks_of(page):
    """Return pairs of code and what it prints, or None where the page does not say."""
    return [(m["code"], m["output"]) for m in _BLOCK.finditer(page.read_text("utf-8"))]


def links_of(page):
    return [
        page.parent / link for link in _LINK.findall(page.read_text("utf-8")) if ":" not in link
    ]


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
@pytest.mark.parametrize("page", [p for p in PAGES if p not in CHINESE], ids=name_of)
def test_blocks_run_as_written(page, capsys, tmp_path, monkeypatch):
    name = name_of(page)
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "jax"))
    for package in NEEDS.get(name, []):
        pytest.importorskip(package)
    for tool in TOOLS.get(name, []):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")
    blocks = blocks_of(page)
    assert bool(blocks) == (name not in WITHOUT_CODE)
    monkeypatch.chdir(tmp_path)
    session, printed = {"__name__": "page"}, ""
    for code, expected in blocks:
        exec(compile(code, name, "exec"), session)
        got = capsys.readouterr().out
        printed += got
        if expected is not None or name in LEARNING_PATH:
            assert got == (expected or ""), code
    assert bool(printed) == bool(blocks)
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.mark.parametrize("page", CHINESE, ids=name_of)
def test_a_page_in_chinese_has_the_blocks_of_the_english_one(page):
    assert blocks_of(page) == blocks_of(DOCS / page.relative_to(DOCS / "zh"))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    assert [link for link in links_of(page) if not link.exists()] == []


def test_the_readme_is_for_a_user_in_a_hurry():
    assert len((ROOT / "README.md").read_text("utf-8").split()) <= 900


def test_every_page_is_two_clicks_from_the_readme():
    reached = {ROOT / "README.md"}
    for _ in range(CLICKS):
        reached |= {
            link.resolve() for page in reached for link in links_of(page) if link.suffix == ".md"
        }
    assert [name_of(page) for page in PAGES if page not in reached] == []


def names_in_api():
    text = (DOCS / "api.md").read_text("utf-8")
    return re.findall(r"^   fastnn\.((?:\w+\.)*)(\w+)$", text, re.M)


MODULES = ["", "core", "datasets", "exchange", "plotting", "population", "river", "sklearn"]


@pytest.mark.parametrize("module", MODULES)
def test_the_api_lists_the_public_names(module):
    place = pytest.importorskip(f"fastnn.{module}".rstrip("."), exc_type=ImportError)
    public = getattr(place, "__all__", None) or [
        name for name, value in vars(place).items() if name[0] != "_" and callable(value)
    ]
    listed = {name for prefix, name in names_in_api() if prefix.rstrip(".") in ("", module)}
    assert [name for name in public if name not in listed] == []
