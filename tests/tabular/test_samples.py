import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("narwhals")
pytest.importorskip("pyarrow")

from fastnn.tabular import samples as module
from fastnn.tabular.reading import open_table
from fastnn.tabular.rows import HELD_OUT, TRAINING, Split
from fastnn.tabular.samples import joined, random_sample, read_samples
from fastnn.tabular.target import Problem, choose_target

from .tables import write


@pytest.fixture
def numbered(tmp_path):
    """Return the problem of a table of 300 rows in which each third has no target."""
    rows = "".join(f"{k},{'' if k % 3 == 2 else k / 2}\n" for k in range(300))
    table = open_table(write(tmp_path / "t.csv", "a,y\n" + rows))
    return Problem(table, ["a"], *choose_target(table, "y", "auto"))


@pytest.mark.parametrize("most_rows", [None, 7])
def test_rows_keep_their_numbers_and_those_without_target_are_left_out(numbered, most_rows):
    got = joined([*read_samples(numbered, most_rows)])
    expected = [k for k in range(300) if k % 3 != 2]
    assert got.numbers.tolist() == expected
    assert got.columns[0].values.tolist() == expected
    assert got.targets.tolist() == [k / 2 for k in expected]


def test_a_sample_is_of_training_rows_from_all_over_the_table(numbered, monkeypatch):
    monkeypatch.setattr(module, "_ROWS", 90)
    split = Split(0.2, 0.1, 0)
    got = random_sample(numbered, split)
    assert 20 < len(got.targets) < 90
    assert (split.parts(0, 300)[got.numbers] == TRAINING).all()
    assert (np.diff(got.numbers) > 0).all()
    assert got.numbers.min() < 60
    assert got.numbers.max() > 240
    np.testing.assert_array_equal(got.targets, got.numbers / 2)


def test_parts_of_rows_are_those_of_their_numbers():
    split = Split(0.2, 0.1, 3)
    rows = np.array([5, 6, 90, 91, 300])
    np.testing.assert_array_equal(split.parts_of(rows), split.parts(0, 301)[rows])
    assert not len(split.parts_of(rows[:0]))
    assert (split.parts(0, 301) == HELD_OUT).any()
