from contextlib import closing

import numpy as np
import pytest

from fastnn.tabular.encoding import Category, Number
from fastnn.tabular.fields import TableError
from fastnn.tabular.passes import TableOptions, encode_table, take_profile
from fastnn.tabular.rows import SpillBuffer, Split
from fastnn.tabular.streaming import open_table

from .tables import IRISES, flowers, write

NOTHING_HELD = Split(0, 0, 0)


def options(target, **others):
    defaults = {"task": "auto", "missing": "error", "categories": [], "ignored": []}
    return TableOptions(target, **defaults | others)


@pytest.fixture
def profile(tmp_path):
    """Return a function that gives the profile of a text."""

    def of(text, target, split=NOTHING_HELD, **others):
        table = open_table(write(tmp_path / "t.csv", text), None)
        return take_profile(table, options(target, **others), split, quiet=True)

    return of


def encoded_parts(path, options, split):
    """Return the encoded rows of each part."""
    table = open_table(path, None)
    encoding = take_profile(table, options, split, quiet=True).encoding
    parts = [SpillBuffer(len(encoding.columns) + 1, np.dtype(np.float64), None) for _ in range(3)]
    encode_table(table, options, split, encoding, parts, quiet=True)
    tables = []
    for rows in parts:
        with closing(rows):
            tables.append(rows.read(0, rows.n_rows))
    return tables


def test_each_column_is_known_by_what_it_holds(profile):
    got = profile(IRISES, "species")
    assert (got.n_rows, got.n_dropped) == (6, 0)
    length, width, colour = got.encoding.columns
    assert isinstance(length, Number)
    assert (width.name, width.mean) == ("width", pytest.approx(18.8 / 6))
    assert colour == Category("colour", ("blue", "red", "white"), (1 / 3,) * 3)
    assert got.encoding.target.values == ("setosa", "versicolor", "virginica")


def test_any_column_may_be_the_target(profile):
    got = profile(IRISES, "length").encoding
    assert [column.name for column in got.columns] == ["width", "colour", "species"]
    assert isinstance(got.target, Number)


def test_columns_left_out_and_numbers_as_categories(profile):
    text = "id,code,y\nx1,10,0.5\nx2,20,1.5\nx3,10,2.5\n"
    got = profile(text, "y", categories=["code"], ignored=["id"]).encoding
    assert got.columns == (Category("code", ("10", "20"), (2 / 3, 1 / 3)),)


@pytest.mark.parametrize(
    ("missing", "n_dropped", "mean", "shares"),
    [("drop", 3, 2.5, (0.5, 0.5)), ("mean", 1, 2.0, (0.5, 0.5))],
)
def test_missing_values(profile, missing, n_dropped, mean, shares):
    text = "a,b,y\n1,u,0\n,v,1\n3,NA,0\n4,v,1\n9,v,\n0,u,1\n"
    got = profile(text, "y", missing=missing)
    assert (got.n_rows, got.n_dropped) == (6, n_dropped)
    number, category = got.encoding.columns
    kept = {"drop": [1, 4, 0], "mean": [1, 3, 4, 0]}[missing]
    assert number.mean == pytest.approx(np.mean(kept))
    assert sum(category.shares) == pytest.approx(1)
    assert got.encoding.fills_missing == (missing == "mean")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a,b,y\n1,2,0\n1,,1\n",
            r"line 3: 'b' must be given \(or --missing drop or mean\), got ''",
        ),
        ("a,b,y\n1,2,\n,2,1\n", r"line 2: 'y' must be given .*, got ''"),
        ('a,b,y\n"1",2,0\n\n3,NA,1\n', r"line 4: 'b' must be given .*, got 'NA'"),
        ("a,b,y\n1,2,0\n3,2,1\n5,x,1\n", r"line 4: 'b' must be a finite number.*, got 'x'"),
        ("a,b,y\n", "must have rows to train on, got 0"),
        ("a,b,y\n1,2,5\n3,4,5\n", "'y' must vary, got '5' in every row"),
        ("a,b,y\n1,2,5.5\n3,4,5.5\n", "'y' must vary, got '5.5' in every row"),
        ("a,b,y\n1,2,no\n3,4,no\n", "'y' must vary, got 'no' in every row"),
        ("y\n1\n2\n", "must have columns beside 'y', got none"),
        ("a,Y\n1,2\n", "must have the column 'y', got none of that name; 'Y' is near"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(profile, text, expected):
    with pytest.raises(TableError, match=expected):
        profile(text, "y")


def test_all_rows_dropped(profile):
    with pytest.raises(TableError, match="must have rows to train on, got 0"):
        profile("a,y\n,1\n2,\n", "y", missing="drop")


def test_a_target_of_texts_is_no_regression(profile):
    with pytest.raises(TableError, match=r"line 2: 'species' must be a finite number.*'setosa'"):
        profile(IRISES, "species", task="regression")


def test_the_parts_of_the_rows_are_those_of_the_profile(tmp_path):
    path = write(tmp_path / "t.csv", flowers(30_000))
    training, validation, held = encoded_parts(path, options("species"), Split(0.2, 0.1, 0))
    assert len(held) == 6000
    assert len(validation) == pytest.approx(2400, rel=0.1)
    assert len(training) + len(validation) + len(held) == 30_000
    np.testing.assert_allclose(training[:, [0, 2]].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(training[:, [0, 2]].std(axis=0), 1, rtol=1e-12)
    assert abs(held[:, 0].mean()) > 1e-9, "the mean is not that of all rows"


def test_dropped_rows_are_not_encoded(tmp_path):
    path = write(tmp_path / "t.csv", "a,y\n1,0\n,1\n3,1\n5,\n")
    training, *_ = encoded_parts(path, options("y", missing="drop"), NOTHING_HELD)
    assert training.tolist() == [[-1, 0], [1, 1]]


def test_parquet_and_csv_are_encoded_alike(tmp_path):
    csv = pytest.importorskip("pyarrow.csv")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = write(tmp_path / "t.csv", flowers(300))
    parquet.write_table(csv.read_csv(path), tmp_path / "t.parquet")
    for split in (NOTHING_HELD, Split(0.2, 0.1, 0)):
        expected = encoded_parts(path, options("species"), split)
        got = encoded_parts(tmp_path / "t.parquet", options("species"), split)
        for one, other in zip(got, expected, strict=True):
            np.testing.assert_array_equal(one, other)
