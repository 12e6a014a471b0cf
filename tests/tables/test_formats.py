import re

import pytest

from fastnn.tables.errors import TableError
from fastnn.tables.formats import NUMBER, PLAIN, TEXT, Format, readings


def styles_of(text):
    """Return the decimal and the thousands marks with which a text is a number."""
    return {(form.decimal, form.thousands) for form in readings(text) if form.kind == NUMBER}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5", {(".", ""), (".", ","), (".", "'"), (".", " ")}),
        ("1,5", {(",", ""), (",", "."), (",", "'"), (",", " ")}),
        ("1,234.5", {(".", ",")}),
        ("1.234,5", {(",", ".")}),
        ("1'234.5", {(".", "'")}),
        ("1\u2019234,5", {(",", "'")}),
        ("1 234.5", {(".", " ")}),
        ("1\u00a0234\u202f567,5", {(",", " ")}),
        ("1,234,567", {(".", ",")}),
        ("12,34,567", {(".", ",")}),  # as India writes
        ("0,234", {(",", ""), (",", "."), (",", "'"), (",", " ")}),  # a group begins with no 0
        ("1,23,4", set()),
        ("1.2.3", set()),
        ("1_000", set()),
        ("inf", set()),
        ("0x10", set()),
        ("", set()),
        ("--5", set()),
        ("- 5", set()),
    ],
)
def test_the_marks_of_a_number(text, expected):
    assert styles_of(text) == expected


def test_a_number_that_may_be_of_thousands_has_both_readings():
    assert {(",", ""), (".", ",")} < styles_of("1,234")
    assert {(".", ""), (",", ".")} < styles_of("1.234")


def test_a_whole_number_may_be_of_any_style_or_an_identifier():
    assert len(styles_of("12")) == 8
    assert TEXT in readings("12")
    assert TEXT not in readings("12.0")


@pytest.mark.parametrize("text", ["9007199254740993", "-9007199254740993", "0" * 5 + "9" * 20])
def test_a_whole_number_beyond_float64_is_a_text(text):
    assert readings(text) == {TEXT}


def test_the_largest_whole_number_is_a_number():
    assert PLAIN in readings(str(2**53))
    assert PLAIN in readings("9007199254740993.5")


@pytest.mark.parametrize(
    ("text", "prefix", "suffix"),
    [
        ("12%", "", "%"),
        ("12 kg", "", "kg"),
        ("12kg", "", "kg"),
        ("-3 m\u00b2", "", "m\u00b2"),
        ("5 fl oz", "", "fl oz"),
        ("$12", "$", ""),
        ("-$12", "$", ""),
        ("$-12", "$", ""),
        ("US$ 12", "US$", ""),
        ("EUR 12", "EUR", ""),
        ("12 \u20ac", "", "\u20ac"),
        ("1.5e3 km/h", "", "km/h"),
        ("12 \u00b5g", "", "\u00b5g"),
        ("12 z\u0142", "", "z\u0142"),
        ("12 \u00b0C", "", "\u00b0C"),
        ("12 \u5186", "", "\u5186"),
    ],
)
def test_a_unit(text, prefix, suffix):
    (form,) = (form for form in readings(text) if form == Format(NUMBER, ".", "", prefix, suffix))
    assert re.match(form.pattern, text)


@pytest.mark.parametrize(
    "text",
    [
        "A12",
        "#12",
        "<12",
        "~5",
        "25+",
        "18-25",
        "12/13",
        "3 of 5",
        "12-",
        "12\u00bd",
        "12\u2013",
        "9" * 5000,
    ],
)
def test_what_is_no_unit(text):
    assert not readings(text)


def test_parentheses_are_a_minus():
    assert {form.parentheses for form in readings("(12.3)")} == {True}
    assert {form.parentheses for form in readings("12.3")} == {False, True}
    assert not readings("(12.3")
    assert not readings("(-12.3)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-01-05", {"ymd"}),
        ("2020-01-05T10:11:12.123Z", {"ymd"}),
        ("2020-01-05 10:11+02:00", {"ymd"}),
        ("2020/1/5", {"ymd"}),
        ("2020-05", {"ymd"}),
        ("05.01.2020", {"dmy"}),
        ("5. 1. 2020", {"dmy"}),
        ("12.31.2020", {"mdy"}),
        ("05/01/2020", {"dmy", "mdy"}),
        ("31/01/2020", {"dmy"}),
        ("1/31/2020 1:30 PM", {"mdy"}),
        ("5 Jan 2020", {"dmy"}),
        ("05-JAN-20", {"dmy"}),
        ("January 5, 2020", {"mdy"}),
        ("01-02-03", {"ymd", "dmy", "mdy"}),
        ("2020-02-30", set()),
        ("30.02.2020", set()),
        ("2020-13", set()),
        ("1.2.10", set()),  # a version
        ("5 Foo 2020", set()),
        ("12.Jan.2020", {"dmy"}),
        ("2020-01-05 25:00", set()),
        ("2020-01-05 13:00 PM", set()),
    ],
)
def test_the_orders_of_a_date(text, expected):
    assert {form.order for form in readings(text)} == expected


def test_clocks_and_truth_values():
    assert {(form.kind, form.n_parts) for form in readings("12:34")} == {("clock", 2)}
    assert {(form.kind, form.n_parts) for form in readings("1:02:03.5")} == {("clock", 3)}
    assert not readings("12:61")
    assert {form.kind for form in readings("True")} == {"bool"}
    assert not readings("yes")


@pytest.mark.parametrize(
    "form",
    [
        PLAIN,
        TEXT,
        Format(NUMBER, ",", ".", "$", "kg", parentheses=True),
        Format("date", order="dmy"),
        Format("clock", n_parts=3),
        PLAIN._replace(na_values=["?"]),
        PLAIN._replace(na_values=[]),
    ],
)
def test_a_format_goes_through_json(form):
    assert Format.from_json(form.to_json()) == form


def test_json_holds_what_differs_from_the_defaults():
    assert PLAIN.to_json() == {"kind": "number"}


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"kind": "prose"},
        {"kind": "number", "decimal": ";"},
        {"kind": "number", "decimal": 5},
        {"kind": "number", "suffix": 5},
        {"kind": "number", "na_values": [5]},
        {"kind": "number", "na_values": 5},
        {"kind": "number", "more": 1},
        {"kind": "date"},
        {"kind": "date", "order": "ydm"},
        {"kind": "clock"},
        {"kind": ["number"]},
        5,
    ],
)
def test_a_malformed_format_is_told_in_one_line(description):
    with pytest.raises(TableError, match="a column's format must be as fastnn saved it, got"):
        Format.from_json(description)
