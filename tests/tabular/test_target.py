import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("narwhals")
pytest.importorskip("pyarrow")

from fastnn.tables.errors import TableError
from fastnn.tabular.reading import open_table
from fastnn.tabular.target import choose_target

from .tables import write


def chosen(tmp_path, values, task="auto"):
    """Return the target of a table, and the number of its rows."""
    text = "a,y\n" + "".join(f"{k},{value}\n" for k, value in enumerate(values))
    return choose_target(open_table(write(tmp_path / "t.csv", text)), "y", task)


@pytest.mark.parametrize(
    ("values", "classes", "reason"),
    [
        (["u", "v"] * 10, ["u", "v"], "texts, 2 different ones"),
        ([0, 1] * 10, ["0", "1"], "whole numbers, 2 different ones"),
        (["true", "false"] * 10, ["false", "true"], "truth values, 2 different ones"),
        ([*range(20)] * 2, sorted(map(str, range(20))), "whole numbers, 20 different ones"),
        ([*range(21)] * 2, None, "whole numbers, 21 different ones"),
        ([*range(10)], None, "whole numbers, 10 different ones"),
        ([0.5, 1] * 10, None, "numbers with fractions, 2 different ones"),
        ([*range(1500)], None, "numbers, more than 1000 different ones"),
        (["12 kg", "13 kg"] * 9, ["12 kg", "13 kg"], "whole numbers, 2 different ones"),
    ],
)
def test_the_task_and_the_reason(tmp_path, values, classes, reason):
    target, n_rows = chosen(tmp_path, values)
    assert target.classes == classes
    assert target.reason == f"since 'y' holds {reason}"
    assert n_rows == len(values)


def test_the_user_has_the_last_word(tmp_path):
    target, _ = chosen(tmp_path, [0, 1] * 10, "regression")
    assert (target.classes, target.reason) == (None, "as --task regression says")
    target, _ = chosen(tmp_path, [0.5, 1] * 10, "classification")
    assert target.classes == ["0.5", "1"]


def test_rows_without_a_target_are_rows_but_no_class(tmp_path):
    target, n_rows = chosen(tmp_path, ["u", "", "v"] * 5)
    assert (target.classes, n_rows) == (["u", "v"], 15)


def test_codes(tmp_path):
    target, _ = chosen(tmp_path, ["01", "1"] * 5, "classification")
    assert target.codes(np.array(["1", "01"], object)).tolist() == [1, 0]


def test_dates_are_no_numbers(tmp_path):
    dates = [f"2020-01-{k + 1:02d}" for k in range(20)]
    with pytest.raises(TableError, match="'y' must hold numbers for a regression, got '2020-01-01"):
        chosen(tmp_path, dates)
    assert chosen(tmp_path, dates * 2, "classification")[0].classes == dates
