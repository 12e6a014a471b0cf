import numpy as np
import pytest

pytest.importorskip("sklearn")

from fastnn.tables.columns import Column
from fastnn.tabular.summary import describe


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([1.0, 2.0, np.nan, 90.0]), "numbers, 1 to 90, median 2, 1 missing"),
        (np.array([3.0, 3.0]), "always 3: of no use"),
        (np.array(["u", "v", "v", None], object), "2 categories: 'v', 'u', 1 missing"),
        (np.array([*"abcd", "b"], object), "4 categories: 'b', 'a', 'c', ..."),
        (np.array(["u", "u"], object), "always 'u': of no use"),
        (
            np.array(["2020-02-01T12:00", "NaT", "2019-01-31"], "M8[us]"),
            "times, 2019-01-31 to 2020-02-01, 1 missing",
        ),
        (
            np.array([f"{k:02d}" for k in range(70)], object),
            "70 categories, by the target, too: '00', '01', '02', ...",
        ),
    ],
)
def test_a_column_in_a_line(values, expected):
    assert describe(Column("a", values)) == expected
