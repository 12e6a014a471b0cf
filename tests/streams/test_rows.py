"""Rows made of dicts."""

from decimal import Decimal

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._streams.rows import MALFORMED, FixedRows, Rows, check_values

NAMES = ("a", "b", "c")


def rows_of(names, kind=Rows, n_in=None, dtype="float64"):
    net = Network(n_in or len(names), [Dense(1)], dtype=dtype, seed=0)
    return kind(net, {name: column for column, name in enumerate(names)})


def filled(rows, x):
    row, memory, _ = rows.own
    return rows.fill(x, row, memory), row.tolist()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2), Decimal(2), np.array(2)])
@pytest.mark.parametrize("names", [NAMES, "a"])
def test_numbers_of_any_kind(value, names, dtype):
    for kind in (Rows, FixedRows):
        x = dict.fromkeys(reversed(names), value)
        assert filled(rows_of(names, kind, dtype=dtype), x) == (True, [2.0] * len(names))


def test_truth_values_are_numbers():
    assert filled(rows_of(NAMES), {"a": True, "b": np.bool_(True), "c": False}) == (True, [1, 1, 0])


def test_what_a_dict_lacks_is_zero():
    rows = rows_of(NAMES)
    dicts = [{"a": 1, "b": 2, "c": 3}, {"b": 4}, {}, {"c": 5, "a": 6}, {"a": 1, "b": 2, "c": 3}]
    expected = [[1, 2, 3], [0, 4, 0], [0, 0, 0], [6, 0, 5], [1, 2, 3]]
    assert [filled(rows, x) for x in dicts] == [(True, row) for row in expected]


def test_what_is_not_known_is_left_out():
    rows = rows_of(NAMES, n_in=5)
    assert filled(rows, {"a": 1, "z": 9}) == (False, [1, 0, 0, 0, 0])
    assert filled(rows, {"a": 1, "b": 2, "z": 9}) == (False, [1, 2, 0, 0, 0])  # as many as known
    assert filled(rows, {"a": 1, "b": 2, "c": 3, "z": 9}) == (False, [1, 2, 3, 0, 0])


def test_features_that_come_later_do_not_count():
    columns = {"a": 0}
    rows = Rows(Network(3, [Dense(1)]), columns)
    columns["b"] = 1
    assert filled(rows, {"a": 1, "b": 2}) == (False, [1, 0, 0])


def test_fixed_rows_need_all_features_and_no_others():
    rows = rows_of(NAMES, FixedRows)
    assert filled(rows, {"z": 0, "c": 3, "b": 2, "a": 1}) == (True, [1, 2, 3])
    with pytest.raises(ValueError, match=r"x must have the feature 'b', got \['a', 'c'\]"):
        filled(rows, {"c": 3, "a": 1})


@pytest.mark.filterwarnings("error::DeprecationWarning")  # of the array, which NumPy still takes
@pytest.mark.parametrize("kind", [Rows, FixedRows])
@pytest.mark.parametrize("value", [None, "2", "two", b"2", [2], 2j, np.array([2.0]), 10**400])
@pytest.mark.parametrize("others", [{}, {"b": 1.0, "c": 1.0}])
def test_what_is_no_number_is_refused(kind, value, others):
    rows = rows_of(["a", *others], kind)
    filled(rows, {"a": 0.0, **others})
    with pytest.raises((*MALFORMED, DeprecationWarning)):
        filled(rows, {"a": value, **others})
    with pytest.raises((TypeError, ValueError), match="the feature 'a' must be"):
        rows.check({**others, "a": value})


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (None, ValueError, "must be finite, got None; leave it out"),
        (float("nan"), ValueError, "must be finite, got nan; leave it out"),
        (float("inf"), ValueError, "must be finite, got inf$"),
        (1e39, ValueError, r"must be finite, got 1e\+39$"),
        ("much", TypeError, "must be a number, got 'much'; encode texts as numbers, one-hot say"),
        ([1], TypeError, r"must be a number, got \[1\]$"),
    ],
)
def test_errors_name_the_feature(value, kind, message):
    with pytest.raises(kind, match=f"the feature 'sun' {message}"):
        check_values({"rain": 1, "sun": value}, np.dtype("float32"), "; leave it out")


def test_a_row_is_a_dict():
    with pytest.raises(TypeError, match=r"x must be a dict of features, got \[1\]"):
        check_values([1], np.dtype("float64"))
