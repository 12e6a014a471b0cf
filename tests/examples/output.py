"""What an example must print: tests/data/expected/NAME.txt, all digits, but for the times."""

from pathlib import Path

import pytest

from fastnn.cli.main import main
from fastnn.examples._timing import HEADING

EXPECTED = Path(__file__).parents[1] / "data" / "expected"


def printed(capsys, *argv):
    """Return what an example prints, without the times: all from their heading on is cut off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastnn.examples._timing.ROUNDS", 1)  # the times are cut off anyway
        assert main(["example", *argv]) == 0
    results, heading, times = capsys.readouterr().out.partition(f"\n{HEADING}: ")
    assert heading
    assert "fastnn " in times
    assert "naive NumPy " in times
    return results


def expected(name):
    return (EXPECTED / f"{name}.txt").read_text()
