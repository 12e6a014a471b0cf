"""The blocks of Python in the README and in each page of the documentation run as written."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "fastnn" / "docs").glob("*.md"))]
NEEDS = {
    "clusters.md": ["dask.array", "distributed", "sklearn"],
    "compiled_loops.md": [],
    "sharing.md": ["onnx", "sklearn"],
    "sklearn.md": ["sklearn", "sklearn.callback"],
    "streams.md": ["river"],
    "tables.md": ["sklearn", "pandas", "narwhals", "onnx", "onnxruntime"],
}
WITHOUT_CODE = {"adding.md", "play.md", "tutorials.md"}


def blocks_of(page):
    return re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.compiled
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_run_as_written(page, capsys, tmp_path, monkeypatch):
    for package in NEEDS.get(page.name, []):
        pytest.importorskip(package)
    blocks = blocks_of(page)
    assert bool(blocks) == (page.name not in WITHOUT_CODE)
    monkeypatch.chdir(tmp_path)
    session = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, page.name, "exec"), session)
    assert bool(capsys.readouterr().out) == bool(blocks)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_the_readme_is_for_a_user_in_a_hurry():
    assert len((ROOT / "README.md").read_text("utf-8").split()) <= 900


def test_the_readme_links_to_every_page():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [page.name for page in PAGES[1:] if f"fastnn/docs/{page.name}" not in readme] == []
