import numpy as np
import pytest

from fastnn.tabular.fields import MISSING, is_number, parse, plain, texts_of


def test_numbers_however_they_are_written():
    got = parse(["1", " -2.5", "3e2 ", "+.5", "007"])
    np.testing.assert_array_equal(got.numbers, [1, -2.5, 300, 0.5, 7])
    assert not got.missing.any()
    assert not got.is_text.any()


def test_each_field_is_a_number_missing_or_a_text():
    got = parse(["1", "", "abc", " NA ", "1_000", "inf", "1e999", "nan", "0x10"])
    assert got.missing.tolist() == [False, True, False, True, False, False, False, True, False]
    assert got.is_text.tolist() == [False, False, True, False, True, True, True, False, True]
    assert got.numbers[0] == 1


@pytest.mark.parametrize("text", sorted(MISSING))
def test_what_stands_for_nothing(text):
    assert parse(["1", text]).missing.tolist() == [False, True]


def test_a_zero_none_and_a_dash_are_not_nothing():
    assert not parse(["0", "None", "-", "?"]).missing.any()


def test_a_column_of_float64_is_taken_as_it_is():
    got = parse(np.array([1.0, np.nan, np.inf]))
    assert got.missing.tolist() == [False, True, False]
    assert got.is_text.tolist() == [False, False, True]


def test_texts():
    assert texts_of(["a ", " b", "1.0"]) == ["a", "b", "1.0"]
    assert texts_of(np.array([1.0, 0.5, -3.0])) == ["1", "0.5", "-3"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", "7"),
        ("007", "7"),
        ("7.0", "7"),
        ("-7e0", "-7"),
        ("0.10", "0.1"),
        ("1e300", "1e+300"),
        ("seven", "seven"),
        ("inf", "inf"),
        (7.0, "7"),
        (0.1, "0.1"),
    ],
)
def test_the_plain_spelling(value, expected):
    assert plain(value) == expected


def test_what_is_a_number():
    assert [is_number(text) for text in ("1", "-1e3", "", "x", "nan", "1_0", "1e999")] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip
