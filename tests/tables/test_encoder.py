"""The columns of a table as the inputs of a network."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from fastnn.tables.columns import columns_of
from fastnn.tables.encoder import MOST_CATEGORIES, TableEncoder

NONE = np.datetime64("NaT", "us")


def fitted(*columns, weights=None, encoding="scaled"):
    X = np.column_stack([np.array(column, object) for column in columns])
    encoder = TableEncoder([encoding])
    weights = np.ones(len(X)) if weights is None else weights
    rows = encoder.fit(columns_of(X), weights, np.random.RandomState(0))
    return encoder, rows.inputs(encoding)


def transformed(encoder, *columns):
    X = np.column_stack([np.array(column, object) for column in columns])
    return encoder.transform(columns_of(X)).inputs("scaled")


def test_missing_numbers_are_the_median_and_said():
    encoder, got = fitted([1.0, 2.0, 3.0, None], [1.0, 2.0, 3.0, 4.0])
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got[3], [0, got[3, 1], 1])
    np.testing.assert_array_equal(got[:3, 2], 0)
    assert transformed(encoder, [2.0], [None]).tolist() == [[0, 0, 0]]


def test_seldom_categories_share_a_place_with_unknown_ones():
    encoder, got = fitted(["a", "a", "b", "b", "c", "d"])
    assert got.tolist() == [[1, 0, 0]] * 2 + [[0, 1, 0]] * 2 + [[0, 0, 1]] * 2
    assert transformed(encoder, ["e", None, "b"]).tolist() == [[0, 0, 1]] * 2 + [[0, 1, 0]]


def test_a_missing_category_is_one():
    encoder, got = fitted(["a", "a", None, None])
    assert got.tolist() == [[1, 0]] * 2 + [[0, 1]] * 2
    assert transformed(encoder, [None]).tolist() == [[0, 1]]


def test_times_are_taken_apart():
    times = np.array(["2024-02-29T13:30", "2025-12-31T00:00", "1969-01-05T06:00"], "M8[us]")
    encoder = TableEncoder(["scaled"])
    columns = columns_of(np.append(times, NONE)[:, None])
    encoder.fit(columns, np.ones(4), np.random.RandomState(0))
    got = encoder._numbers(columns)
    assert got[:3, 1:].tolist() == [[2024, 2, 3, 13.5], [2025, 12, 2, 0], [1969, 1, 6, 6]]
    assert got[2, 0] == -361 + 0.25 + 0
    assert np.isnan(got[3]).all()


def test_blocks_of_an_encoding():
    random = np.random.default_rng(0)
    columns = random.normal(size=100), random.choice(["a", "b"], 100)
    scaled, bins, periodic = [
        fitted(*columns, encoding=name)[1] for name in ("scaled", "bins", "periodic")
    ]
    assert (scaled.shape[1], bins.shape[1], periodic.shape[1]) == (3, 11, 11)
    for got in (bins, periodic):
        np.testing.assert_array_equal(got[:, [0, 9, 10]], scaled)
        assert np.abs(got).max() < 3


def test_columns_of_many_categories():
    names = [f"n{k}" for k in range(MOST_CATEGORIES + 1)] * 2
    encoder, got = fitted(names, ["a", "b"] * (MOST_CATEGORIES + 1))
    assert encoder.many_valued_ == ["0"]
    assert got.shape[1] == MOST_CATEGORIES + 2
    rows = encoder.transform(columns_of([["n1", "a"], ["n", "b"]]))
    assert rows.many_valued.tolist() == [[1], [MOST_CATEGORIES + 1]]
    assert rows.n_codes == (MOST_CATEGORIES + 2,)


def test_rows_of_weight_0_do_not_count():
    weights = np.array([1.0, 1.0, 1.0, 0.0])
    encoder, _ = fitted(["a", "a", "b", "strange"], [1.0, 2.0, 3.0, 1e9], weights=weights)
    other, _ = fitted(["a", "a", "b"], [1.0, 2.0, 3.0])
    row = (["a"], [2.5])
    np.testing.assert_array_equal(transformed(encoder, *row), transformed(other, *row))
    encoder, got = fitted([None, None, None, 1.0], ["a", "a", "b", "b"], weights=weights)
    assert encoder.without_value == ["0"]
    assert got.shape == (4, 2)
    with pytest.raises(ValueError, match="X must have a column that holds a value, got 1 without"):
        fitted([None, None, None, 1.0], weights=weights)
