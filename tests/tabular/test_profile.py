import math

import numpy as np
import pytest

from fastnn.tabular.encoding import Category, Number, SourceLocation
from fastnn.tabular.fields import TableError, parse
from fastnn.tabular.profile import MOST_CATEGORIES, ColumnProfile, task_of


def profile_of(*chunks, held_out=()):
    """Return the profile of the chunks of a column named x; rows by number are held out."""
    profile, start = ColumnProfile("x"), 0
    for fields in chunks:
        rows = np.arange(start, start + len(fields))
        where = SourceLocation("t.csv", "line", rows + 2)
        profile.add(fields, parse(fields), ~np.isin(rows, held_out), where)
        start += len(fields)
    return profile


def test_mean_and_deviation_over_chunks_are_those_of_the_whole():
    random = np.random.default_rng(0)
    numbers = random.normal(1e6, 1.0, 1000)
    chunks = [numbers[:1], numbers[1:500], numbers[500:]]
    got = profile_of(*chunks).as_number()
    assert got.mean == pytest.approx(numbers.mean(), rel=1e-14)
    assert got.deviation == pytest.approx(numbers.std(), rel=1e-9)


def test_mean_and_deviation_are_of_training_rows_alone():
    profile = profile_of(["1", "1000", "3"], ["-1000", "5"], held_out=[1, 3])
    assert profile.as_number() == Number("x", 3.0, pytest.approx(math.sqrt(8 / 3)))


def test_what_is_missing_counts_for_nothing():
    assert profile_of(["1", "", "3", "NA"]).as_number() == Number("x", 2.0, 1.0)


@pytest.mark.parametrize("value", ["0.1", "7", "-1e300"])
def test_a_constant_column_has_deviation_1(value):
    assert profile_of([value] * 7, [value] * 3).as_number() == Number("x", float(value), 1.0)


def test_numbers_too_large_for_a_deviation():
    with pytest.raises(TableError, match="'x' must have a finite deviation, got"):
        profile_of(["1e300", "-1e300"]).as_number()


def test_a_text_in_a_column_of_numbers_is_named_by_its_line():
    profile = profile_of(["1", "2"], ["3", "four", "five", "6"])
    assert profile.is_numeric
    with pytest.raises(TableError, match=r"t.csv line 5: 'x' must be a finite number, .*'four'"):
        profile.as_number()


def test_mostly_texts_are_categories_numbers_included():
    got = profile_of(["b", "1", "a", "b"])
    assert not got.is_numeric
    assert got.as_category() == Category("x", ("1", "a", "b"), (0.25, 0.25, 0.5))


def test_categories_are_known_from_all_rows_and_shared_by_training_rows():
    got = profile_of(["a", "b", "c", "a"], held_out=[2]).as_category()
    assert got == Category("x", ("a", "b", "c"), (2 / 3, 1 / 3, 0.0))


def test_numbers_as_categories_are_in_their_order_and_plain():
    got = profile_of(["10", "9", "9.0", "010", "2.5"]).as_category()
    assert got == Category("x", ("2.5", "9", "10"), (0.2, 0.4, 0.4))


def test_too_many_categories_are_refused_with_their_count():
    texts = [f"c{i}" for i in range(MOST_CATEGORIES + 500)]
    assert len(profile_of(texts[:MOST_CATEGORIES]).as_category().values) == MOST_CATEGORIES
    with pytest.raises(TableError, match="at most 1000 categories, got 1500 up to line 1501"):
        profile_of(texts, ["c0", "c1"]).as_category()


@pytest.mark.parametrize("n", [3, 1200])
def test_decimal_commas_are_not_categories(n):
    texts = [f"{i},5" for i in range(n)]
    with pytest.raises(TableError, match=r"line 2: 'x' must be a number with a decimal point.*0,5"):
        profile_of(texts).as_category()


def test_a_column_of_gaps_is_refused():
    with pytest.raises(TableError, match="'x' must have a value in some row"):
        profile_of(["", "NA"]).as_category()
    with pytest.raises(TableError, match="'x' must have a value in some row to train on"):
        profile_of(["", "1"], held_out=[1]).as_number()


@pytest.mark.parametrize(
    ("fields", "expected", "reason"),
    [
        (["a", "b"], True, "'x' holds texts"),
        (["0", "1"], True, "'x' holds 2 different whole numbers"),
        (["0.0", "1.0", "1.0", "2"] * 2, True, "'x' holds 3 different whole numbers"),
        ([str(i) for i in range(20)] * 2, True, "'x' holds 20 different whole numbers"),
        ([str(i) for i in range(21)] * 9, False, "'x' holds whole numbers, 21 different ones"),
        (["3", "1", "2"], False, "'x' holds whole numbers, 3 different ones"),
        (["0.5", "1.5"] * 9, False, "'x' holds numbers with fractions, 2 different ones"),
        ([f"{i}.5" for i in range(1001)], False, "'x' holds numbers, more than 1000 different"),
    ],
)
def test_the_task_is_guessed_with_a_reason(fields, expected, reason):
    is_classification, got = task_of(profile_of(fields), "auto")
    assert is_classification == expected
    assert got.startswith(reason)


def test_the_user_knows_better():
    assert task_of(profile_of(["0", "1"]), "regression") == (False, "as --task regression says")
    assert task_of(profile_of(["0.5", "1"]), "classification")[0]


def test_a_misspelt_number_of_the_target_is_no_class():
    with pytest.raises(TableError, match=r"line 4: 'x' must be a finite number.*'O'"):
        task_of(profile_of(["0", "1", "O", "1"]), "auto")
