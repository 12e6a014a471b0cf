import json

import numpy as np
import pytest

from fastnn.tabular.encoding import Category, Encoding, Number, SourceLocation
from fastnn.tabular.fields import TableError

AGE = Number("age", 40.0, 10.0)
CITY = Category("city", ("Bonn", "Rom"), (0.25, 0.75))
RENT = Number("rent", 500.0, 100.0)
WHERE = SourceLocation("t.csv", "line", np.array([2, 3, 5]))


def encoding(*columns, target=RENT, fills_missing=False):
    return Encoding(columns, target, fills_missing)


def inputs_of(encoding, columns, where=WHERE):
    encoded = encoding.encode(columns, where, target=False)
    return encoding.expand(encoded, np.dtype(np.float64))


def test_numbers_are_standardised_and_categories_one_hot():
    got = inputs_of(encoding(AGE, CITY), [["40", "50", "35"], ["Rom", "Bonn", "Rom"]])
    assert got.tolist() == [[0, 0, 1], [1, 1, 0], [-0.5, 0, 1]]
    assert encoding(AGE, CITY).inputs == ["age", "city=Bonn", "city=Rom"]


def test_float32_stays_float32():
    encoded = encoding(AGE).encode([["40", "50", "35"]], WHERE, target=False)
    assert encoding(AGE).expand(encoded, np.dtype(np.float32)).dtype == np.float32


def test_a_number_beyond_float32_is_infinite_there():
    encoded = encoding(AGE).encode([["1e300", "50", "35"]], WHERE, target=False)
    got = encoding(AGE).expand(encoded, np.dtype(np.float32))
    assert np.isfinite(got).ravel().tolist() == [False, True, True]


def test_what_is_missing_is_the_mean_where_the_network_was_trained_so():
    columns = [["40", "", "35"], ["Rom", "Bonn", "NA"]]
    got = inputs_of(encoding(AGE, CITY, fills_missing=True), columns)
    assert got.tolist() == [[0, 0, 1], [0, 1, 0], [-0.5, 0.25, 0.75]]


@pytest.mark.parametrize(
    ("column", "fields", "expected"),
    [
        (AGE, ["40", "old", "35"], "t.csv line 3: 'age' must be a finite number, got 'old'"),
        (AGE, ["40", "41", "inf"], "t.csv line 5: 'age' must be a finite number, got 'inf'"),
        (CITY, ["Rom", "Rom", "Ulm"], "line 5: 'city' must be one of 'Bonn', 'Rom', got 'Ulm'"),
        (AGE, ["40", "", "35"], "line 3: 'age' must be given .*--missing mean.*, got ''"),
        (CITY, ["NA", "Rom", "Rom"], "line 2: 'city' must be given .*, got 'NA'"),
    ],
)
def test_a_bad_field_is_named_by_line_and_column(column, fields, expected):
    with pytest.raises(TableError, match=expected):
        inputs_of(encoding(column), [fields])


def test_of_many_categories_an_error_names_the_first():
    column = Category("n", tuple(map(str, range(30))), (1 / 30,) * 30)
    with pytest.raises(TableError, match=r"one of '0', '1', .*'9' and 20 more, got '30'"):
        inputs_of(encoding(column), [["30", "1", "2"]])


def test_a_category_that_is_a_number_has_many_spellings():
    column = Category("n", ("1", "2"), (0.5, 0.5))
    got = inputs_of(encoding(column), [["1", "2.0", "01"]])
    assert got.tolist() == [[1, 0], [0, 1], [1, 0]]


def test_a_column_of_float64_can_be_categories():
    column = Category("n", ("1", "2.5"), (0.5, 0.5))
    got = inputs_of(encoding(column), [np.array([1, 2.5, 1])])
    assert got.tolist() == [[1, 0], [0, 1], [1, 0]]


def test_the_target_is_the_last_of_an_encoded_row():
    got = encoding(AGE).encode([["40", "50", "35"], ["600", "500", "450"]], WHERE, target=True)
    assert got.tolist() == [[0, 1], [1, 0], [-0.5, -0.5]]
    classes = encoding(AGE, target=CITY)
    got = classes.encode([["40", "50", "35"], ["Rom", "Bonn", "Rom"]], WHERE, target=True)
    assert got[:, 1].tolist() == [1, 0, 1]


def test_outputs_are_labels_or_values():
    assert encoding(AGE, target=CITY).decode(np.array([[0.9, 0.1], [0.2, 0.8]])) == ["Bonn", "Rom"]
    assert encoding(AGE).decode(np.array([[1.0], [-0.5]], np.float32)) == ["600.0", "450.0"]


@pytest.mark.parametrize("target", [RENT, CITY])
def test_json_gives_it_back(target):
    expected = encoding(AGE, CITY, target=target, fills_missing=True)
    text = json.dumps(expected.to_json(), allow_nan=False)
    assert Encoding.from_json(json.loads(text)) == expected
    assert json.loads(text) == expected.to_json(), "no tuples, which JSON would not give back"


@pytest.mark.parametrize(
    "change",
    [
        {"columns": 1},
        {"columns": [{"kind": "number", "name": "a"}]},
        {"target": {"kind": "number", "name": "a", "mean": 0, "deviation": 0}},
        {"target": {"kind": "category", "name": "a", "values": ["x"], "shares": []}},
    ],
)
def test_another_description_is_refused(change):
    with pytest.raises((LookupError, TypeError, ValueError)):
        Encoding.from_json(encoding(AGE).to_json() | change)


def test_descriptions_in_a_line():
    assert AGE.describe() == "numbers, mean 40, standard deviation 10"
    assert CITY.describe() == "2 categories: 'Bonn', 'Rom'"
