import datetime

import pyarrow as pa
import pytest

from fastnn.tables.formats import EMPTY, NUMBER, PLAIN, TEXT, Format, Misfit, readings
from fastnn.tables.parsing import texts_of, values_of

DATE, BOOL, CLOCK = Format("date", order="ymd"), Format("bool"), Format("clock", n_parts=2)
ZONED = Format("date", order="ymd", zoned=True)


def read(values, form, na_values=("",), dtype=None):
    """Return values in a format as Python has them."""
    got = values_of(pa.array(values, dtype), form, na_values)
    assert got.type == form.type
    return got.to_pylist()


@pytest.mark.parametrize(
    ("texts", "form", "expected"),
    [
        (["1", "-2.5", "3e2", "+.5", "007", "5."], PLAIN, [1, -2.5, 300, 0.5, 7, 5]),
        (["\u22122", "\u20133", "4"], PLAIN, [-2, -3, 4]),
        (["1,5", "2"], Format(NUMBER, ","), [1.5, 2]),
        (["1.234,5", "12"], Format(NUMBER, ",", "."), [1234.5, 12]),
        (["1\u00a0234,5", "1 234"], Format(NUMBER, ",", " "), [1234.5, 1234]),
        (["1\u2019234.5"], Format(NUMBER, ".", "'"), [1234.5]),
        (["12,34,567.8"], Format(NUMBER, ".", ","), [1234567.8]),
        (["$12", "-$3", "$-4", "$ 5"], Format(NUMBER, prefix="$"), [12, -3, -4, 5]),
        (["12 kg", "-3kg"], Format(NUMBER, suffix="kg"), [12, -3]),
        (["1e5 e"], Format(NUMBER, suffix="e"), [1e5]),
        (["5 fl oz"], Format(NUMBER, suffix="fl oz"), [5]),
        (["(12.3)", "4"], Format(NUMBER, parentheses=True), [-12.3, 4]),
        (["($1,234 k)"], Format(NUMBER, ".", ",", "$", "k", parentheses=True), [-1234]),
        (["12:30", "-0:15"], CLOCK, [12.5, -0.25]),
        (["1:30:36"], Format("clock", n_parts=3), [1.51]),
        (["True", "false", "TRUE", "1", "0"], BOOL, [True, False, True, True, False]),
        (["01", "1.10", "x"], TEXT, ["01", "1.10", "x"]),
        (["whatever", "1"], EMPTY, [None, None]),
    ],
)
def test_texts_as_values(texts, form, expected):
    got = read([*texts, None, " "], form)
    assert got == [*(pytest.approx(value) for value in expected), None, None]


@pytest.mark.parametrize(
    ("texts", "order", "expected"),
    [
        (["2020-01-05", "2020-01-05T10:11"], "ymd", [(2020, 1, 5), (2020, 1, 5, 10, 11)]),
        (["2020-01-05 10:11:12.5"], "ymd", [(2020, 1, 5, 10, 11, 12, 500_000)]),
        (["05.01.20", "31.12.1969"], "dmy", [(2020, 1, 5), (1969, 12, 31)]),
        (["1/5/2020 12:01 am"], "mdy", [(2020, 1, 5, 0, 1)]),
        (["Jan 5, 2020 1:30 p.m."], "mdy", [(2020, 1, 5, 13, 30)]),
        (["2020-05"], "ymd", [(2020, 5, 1)]),
    ],
)  # fmt: skip
def test_dates(texts, order, expected):
    got = read([*texts, None], Format("date", order=order))
    assert got == [*(datetime.datetime(*parts) for parts in expected), None]


def test_dates_with_a_zone():
    got = read(["2020-01-05T10:00Z", "2020-01-05 10:00+02", None], ZONED)
    hours = [datetime.datetime(2020, 1, 5, hour, tzinfo=datetime.UTC) for hour in (10, 8)]
    assert got == [*hours, None]
    for wrong, texts in ((ZONED, ["2020-01-05"]), (DATE, ["2020-01-05", "2020-01-05T10:00Z"])):
        with pytest.raises(Misfit) as caught:
            read(texts, wrong)
        assert caught.value.row == len(texts) - 1
        assert caught.value.required.endswith((", with a zone", ", without a zone"))


@pytest.mark.parametrize("zone", ["+24:00", "-25:00", "+01:60", "+99:99", "+2400", "-24"])
def test_zones_that_none_can_be(zone):
    assert readings(f"2020-02-03T00:00:00{zone}") == frozenset()
    with pytest.raises(Misfit):
        read(["2020-02-03T00:00:00Z", f"2020-02-03T00:00:00{zone}"], ZONED)


def test_the_zones_that_are_furthest():
    got = read(["2020-02-03T23:59+23:59", "2020-02-03T00:01-2359"], ZONED)
    hours = [datetime.datetime(2020, 2, day, tzinfo=datetime.UTC) for day in (3, 4)]
    assert got == hours


@pytest.mark.parametrize(
    ("texts", "form", "row", "required"),
    [
        (["1", "x"], PLAIN, 1, "a finite number"),
        (["1", "inf"], PLAIN, 1, "a finite number"),
        (["1", "2", "1e999"], PLAIN, 2, "a finite number"),
        (["1", "1,5"], PLAIN, 1, "a finite number"),
        (["1,5", "1.5"], Format(NUMBER, ","), 1, "a number written as 1234,5"),
        (["12 kg", "12 lb"], Format(NUMBER, suffix="kg"), 1, "a number written as 1234.5 kg"),
        (["1,234", "1,23"], Format(NUMBER, ".", ","), 1, "a number written as 1,234.5"),
        (["12:30", "12:30:00"], CLOCK, 1, "a time as in 12:30"),
        (["2020-01-05", "2020-02-30"], DATE, 1, "a date, year-month-day"),
        (["05.01.2020", "2020-01-05"], Format("date", order="dmy"), 1, "a date, day before month"),
        (["true", "2"], BOOL, 1, "true or false"),
    ],
)
def test_the_first_text_that_does_not_fit(texts, form, row, required):
    with pytest.raises(Misfit) as caught:
        read([*texts, None], form)
    assert (caught.value.row, caught.value.required) == (row, required)
    assert caught.value.got == texts[row]


def test_what_stands_for_nothing():
    assert read(["1", " NA ", ""], PLAIN, ("", "NA")) == [1, None, None]
    assert read(["NA", "-"], TEXT, ("", "-")) == ["NA", None]
    assert read(["NA", "-", ""], TEXT._replace(na_values=["NA"]), ("-",)) == [None, "-", None]


def test_a_number_stands_for_nothing_however_it_is_written():
    assert read(["-999", "-999.0", "1"], PLAIN, ("", "-999")) == [None, None, 1]
    assert read([-999, 1], PLAIN, ("", "-999")) == [None, 1]
    assert read(["-999.0"], TEXT, ("", "-999")) == ["-999.0"]


def test_white_space_around_a_text_goes():
    assert texts_of(pa.array([" a\t", "\u00a0b c"]), [""]).to_pylist() == ["a", "b c"]


NOON = datetime.datetime(2020, 1, 5, 12)
UTC_NOON = NOON.replace(tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("values", "dtype", "form", "expected"),
    [
        ([1, None, 3], pa.int32(), PLAIN, [1, None, 3]),
        ([0.5, float("nan"), None], pa.float32(), PLAIN, [0.5, None, None]),
        ([True, None], pa.bool_(), PLAIN, [1, None]),
        ([datetime.time(12, 30)], pa.time32("s"), PLAIN, [12.5]),
        ([datetime.timedelta(hours=36)], pa.duration("ns"), PLAIN, [1.5]),
        ([7, None], pa.int64(), TEXT, ["7", None]),
        ([7.0, 0.5], pa.float64(), TEXT, ["7", "0.5"]),
        ([True], pa.bool_(), TEXT, ["true"]),
        ([1, 0], pa.int8(), BOOL, [True, False]),
        ([1.0, 0.0], pa.float64(), BOOL, [True, False]),
        ([True, None], pa.bool_(), BOOL, [True, None]),
        ([NOON], pa.timestamp("ns"), DATE, [NOON]),
        ([NOON], pa.timestamp("s", "Asia/Tokyo"), DATE._replace(zoned=True), [UTC_NOON]),
        ([NOON.date()], pa.date32(), DATE, [datetime.datetime(2020, 1, 5)]),
        (["u", "v", None], pa.dictionary(pa.int8(), pa.string()), TEXT, ["u", "v", None]),
        ([None, None], pa.null(), TEXT, [None, None]),
        (["2", "1"], pa.large_string(), PLAIN, [2, 1]),
        (["2", "1"], pa.string_view(), PLAIN, [2, 1]),
    ],
)
def test_typed_columns(values, dtype, form, expected):
    assert read(values, form, dtype=dtype) == expected


@pytest.mark.parametrize(
    ("values", "form", "row"),
    [
        ([1.0, float("inf")], PLAIN, 1),
        ([None, NOON], PLAIN, 1),
        ([1.5], DATE, 0),
        ([2], BOOL, 0),
        ([[1]], PLAIN, 0),
        ([[1]], TEXT, 0),
        ([b"1"], TEXT, 0),
    ],
)
def test_a_typed_column_of_another_kind(values, form, row):
    with pytest.raises(Misfit) as caught:
        read(values, form)
    assert caught.value.row == row


@pytest.mark.parametrize(
    ("values", "dtype", "form"),
    [
        ([0.67], pa.float64(), Format(NUMBER, suffix="%")),
        ([12.5], pa.float64(), CLOCK),
        ([datetime.timedelta(hours=36)], pa.duration("s"), CLOCK),
    ],
)
def test_a_number_whose_unit_is_not_certain_is_refused(values, dtype, form):
    with pytest.raises(Misfit):
        read(values, form, dtype=dtype)
