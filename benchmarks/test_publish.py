"""What becomes of tables: they are printed, and kept between their markers."""

import pytest
import table
from table import Table, publish

PAGE = "before\n<!-- times: begin -->\nold\n<!-- times: end -->\nafter\n"
KEPT = """before
<!-- times: begin -->
measured

| who    | us |
| ------ | -- |
| fastnn | 1  |
<!-- times: end -->
after
"""


@pytest.fixture
def page(monkeypatch, tmp_path):
    """A page with the markers of one table, in the place of README.md."""
    path = tmp_path / "README.md"
    path.write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr(table, "README", path)
    return path


@pytest.fixture
def times():
    """A table of one row."""
    times = Table("times", ("who", "us"))
    times.add("fastnn", "1")
    return times


@pytest.mark.parametrize("notes", ["measured", {"times": "measured"}])
def test_kept(page, times, notes, capsys):
    """One note for all, or by name; a table without rows needs no markers."""
    assert publish((times, Table("others", ("who",))), notes, write=True) == 0
    assert page.read_text(encoding="utf-8") == KEPT
    assert "times: measured\n\n| who" in capsys.readouterr().out


@pytest.mark.parametrize(("errors", "write"), [(["wrong"], True), ([], False)])
def test_not_kept(page, times, errors, write, capsys):
    """Nothing is written where it was not asked for, or something is wrong, which is said."""
    assert publish((times,), "measured", errors, write=write) == len(errors)
    assert page.read_text(encoding="utf-8") == PAGE
    assert capsys.readouterr().err == "".join(f"error: {error}\n" for error in errors)
