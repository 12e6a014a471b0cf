"""A DataFrame or an array as numbers, texts and times."""

import datetime
from decimal import Decimal

import numpy as np
import pytest

pytest.importorskip("sklearn")

from fastnn.tables.columns import Column, columns_of

NAN = np.nan
DAYS = ["2020-01-01T05:00", "NaT", "2021-02-03T00:00"]
DATES = [datetime.date(2020, 1, 1), None, datetime.date(2020, 1, 2)]
TIMES = [datetime.time(3, 30), None, datetime.time(1)]


def objects(*values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([1, 2, 3]), [1.0, 2.0, 3.0]),
        (np.array([True, False, True]), [1.0, 0.0, 1.0]),
        (objects(1, None, 2.5), [1.0, NAN, 2.5]),
        (objects(True, None, False), [1.0, NAN, 0.0]),
        (objects(Decimal("0.5"), None, NAN), [0.5, NAN, NAN]),
        (objects(*TIMES), [3.5, NAN, 1.0]),
        (np.array([1, "NaT", 36], "m8[h]"), [1 / 24, NAN, 1.5]),
        (objects("a", None, "1"), ["a", None, "1"]),
        (objects(2**60 + 1, None, 0.5), [str(2**60 + 1), None, "0.5"]),
        (np.array([2**53, -(2**53)]), [2.0**53, -(2.0**53)]),
        (np.array([2**53, -(2**53) - 1]), [str(2**53), str(-(2**53) - 1)]),
        (objects("a", NAN, 7.0), ["a", None, "7"]),
        (np.array(["x", "y", "1"]), ["x", "y", "1"]),
        (objects(*DATES), ["2020-01-01", "NaT", "2020-01-02"]),
        (np.array(DAYS, "M8[ns]"), DAYS),
    ],
)
def test_columns_of_arrays(values, expected):
    (got,) = columns_of(values[:, None])
    assert got.name == "0"
    np.testing.assert_array_equal(got.values, np.array(expected, got.values.dtype))
    kinds = {"f": "number", "O": "text", "M": "time"}
    assert got.kind == kinds[got.values.dtype.kind]
    assert isinstance(expected[0], float) == (got.kind == "number")


def test_lists_keep_their_numbers_beside_texts():
    name, number = columns_of([["a", 1], ["b", 2]])
    assert (name.kind, number.kind) == ("text", "number")


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda pd: pd.array([1, None, 3], dtype="Int64"), [1.0, NAN, 3.0]),
        (lambda pd: pd.array([True, None, False], dtype="boolean"), [1.0, NAN, 0.0]),
        (lambda pd: pd.array([0.5, None, 1], dtype="Float32"), [0.5, NAN, 1.0]),
        (lambda pd: pd.Categorical([1, None, 2]), ["1", None, "2"]),
        (lambda pd: pd.Categorical([1.0, None, 2.0]), ["1", None, "2"]),
        (lambda pd: pd.Categorical(["x", None, "y"]), ["x", None, "y"]),
        (lambda pd: pd.array(["x", None, "y"], dtype="string"), ["x", None, "y"]),
        (lambda pd: pd.to_datetime(DAYS), DAYS),
        (lambda pd: pd.to_datetime(DAYS).tz_localize("UTC").tz_convert("Asia/Tokyo"), DAYS),
        (lambda pd: pd.array([2**60 + 1, None, 3], dtype="Int64"), [str(2**60 + 1), None, "3"]),
        (lambda pd: pd.array([2**64 - 1, 0], dtype="UInt64"), [str(2**64 - 1), "0"]),
        (lambda pd: pd.to_timedelta(["1D", None, "12h"]), [1.0, NAN, 0.5]),
        (lambda pd: pd.period_range("2020-01", periods=3, freq="M"),
         ["2020-01", "2020-02", "2020-03"]),
    ],
)  # fmt: skip
def test_columns_of_pandas(make, expected):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("narwhals")
    (got,) = columns_of(pd.DataFrame({"x": make(pd)}))
    assert got.name == "x"
    np.testing.assert_array_equal(got.values, np.array(expected, got.values.dtype))
    assert isinstance(expected[0], float) == (got.kind == "number")


def test_columns_of_arrow_types():
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("narwhals")
    table = pa.table({
        "n": [1, None, 3],
        "flag": [True, None, False],
        "money": pa.array([Decimal("1.50"), None, Decimal("2.25")]),
        "text": ["a", None, "b"],
        "category": pa.array(["a", None, "b"]).dictionary_encode(),
        "date": DATES,
    })  # fmt: skip
    frames = [table]
    try:
        import pandas as pd
    except ImportError:
        pass
    else:
        frames.append(table.to_pandas(types_mapper=pd.ArrowDtype))
    for frame in frames:
        got = {column.name: column.values for column in columns_of(frame)}
        np.testing.assert_array_equal(got["n"], [1, NAN, 3])
        np.testing.assert_array_equal(got["flag"], [1, NAN, 0])
        np.testing.assert_array_equal(got["money"], [1.5, NAN, 2.25])
        assert got["text"].tolist() == got["category"].tolist() == ["a", None, "b"]
        np.testing.assert_array_equal(got["date"], np.array(DATES, "M8[us]"))


def test_columns_of_polars():
    pl = pytest.importorskip("polars")
    pytest.importorskip("narwhals")
    frame = pl.DataFrame({"n": [1, None, 3], "text": ["a", None, "b"], "date": DATES})
    number, text, date = columns_of(frame)
    np.testing.assert_array_equal(number.values, [1, NAN, 3])
    assert text.values.tolist() == ["a", None, "b"]
    np.testing.assert_array_equal(date.values, np.array(DATES, "M8[us]"))


BERLIN = datetime.timezone(datetime.timedelta(hours=1))
NOON = datetime.datetime(2020, 1, 1, 12)


@pytest.mark.parametrize("zone", [datetime.UTC, BERLIN])
def test_times_with_a_zone_are_a_kind_of_their_own(zone):
    times = [NOON.replace(tzinfo=datetime.UTC).astimezone(zone), None]
    columns = columns_of(objects(*times)[:, None])
    if pd := pytest.importorskip("pandas"):
        columns += columns_of(pd.DataFrame({"x": pd.to_datetime(times)}))
    (plain,) = columns_of(objects(NOON, None)[:, None])
    for column in columns:
        assert (column.kind, plain.kind) == ("time with a zone", "time")
        np.testing.assert_array_equal(column.values, plain.values)
        assert column.missing.tolist() == [False, True]
        for one, other, got in ((column, plain, "with"), (plain, column, "without")):
            with pytest.raises(ValueError, match=f"in training, got '2020-.*' {got} one in row 0"):
                one.as_kind(other.kind)
    empty = Column("x", np.array([NAN])).as_kind("time with a zone")
    assert empty.kind == "time with a zone"
    assert empty.missing.all()


def test_some_times_with_a_zone_are_refused():
    times = objects(None, NOON, NOON.replace(tzinfo=BERLIN))
    with pytest.raises(
        ValueError, match=r"column '0' must .* a zone, or none, got .*\+01:00 in row 2"
    ):
        columns_of(times[:, None])


def test_a_column_becomes_one_of_the_kind_of_training():
    digits = Column("x", np.array([1.0, NAN, 2.5]))
    assert digits.as_kind("number") is digits
    assert digits.as_kind("text").values.tolist() == ["1", None, "2.5"]
    large = Column("x", objects(str(2**60), None))
    np.testing.assert_array_equal(large.as_kind("number").values, [2.0**60, NAN])
    empty = Column("x", np.array([NAN, NAN]))
    assert np.isnat(empty.as_kind("time").values).all()
    assert empty.as_kind("text").values.tolist() == [None, None]
    with pytest.raises(ValueError, match=r"column 'x' must hold times, as in training, got '1.0'"):
        digits.as_kind("time")


@pytest.mark.parametrize(
    ("table", "got"), [({"a": [1, 2]}, "a dict"), ([{"a": 1}, {"a": 2}], "dicts")]
)
def test_a_dict_is_no_table(table, got):
    with pytest.raises(TypeError, match=rf"got {got}: pandas.DataFrame\(X\) makes one"):
        columns_of(table)
