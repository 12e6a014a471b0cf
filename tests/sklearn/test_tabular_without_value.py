"""A column without a value in training: `fit` warns, once, and predictions do not depend on it."""

import warnings

import numpy as np
import pytest

pytest.importorskip("narwhals")
pytest.importorskip("pandas")

import pandas as pd

from fastnn.sklearn import TabularClassifier, TabularRegressor

from ..support.files import saved_and_loaded

pytestmark = pytest.mark.compiled
FAST = {"n_members": 2, "max_epochs": 3, "random_state": 0}
LABELS = ["a", "b"] * 10


def make_frame(**columns):
    return pd.DataFrame({"x": np.arange(20.0), "colour": ["red", "blue"] * 10} | columns)


def test_one_warning_names_all_such_columns_and_the_caller():
    X = make_frame(gone=None, lost=np.nan)
    with pytest.warns(UserWarning, match=r"got none in 'gone', 'lost': .*; leave them out") as told:
        TabularClassifier(**FAST).fit(X, LABELS)
    assert [one.filename for one in told] == [__file__]


@pytest.mark.parametrize("dtype", [None, "float64", "string", "M8[ns]", "category", "Int64"])
def test_what_it_holds_later_does_not_count(dtype):
    X = make_frame(gone=pd.Series([None] * 20, dtype=dtype or object))
    with pytest.warns(UserWarning, match="got none in 'gone'"):
        fitted = TabularRegressor(**FAST).fit(X, np.arange(20.0))
    expected = fitted.predict(X)
    assert fitted.n_features_in_ == 3
    for value in (7.5, "new", pd.Timestamp("2020-01-01"), None):
        for estimator in (fitted, saved_and_loaded(fitted)):
            np.testing.assert_array_equal(estimator.predict(X.assign(gone=value)), expected)


def test_it_is_no_input():
    X = make_frame()
    expected = TabularClassifier(**FAST).fit(X, LABELS).predict_proba(X)
    X = X.assign(gone=None)
    with pytest.warns(UserWarning, match="got none in 'gone'"):
        fitted = TabularClassifier(**FAST).fit(X, LABELS)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected)


def test_rows_of_weight_0_have_no_values():
    X = make_frame(late=[None] * 16 + [1.0] * 4)
    with pytest.warns(UserWarning, match="got none in 'late'"):
        TabularClassifier(**FAST).fit(X, LABELS, sample_weight=np.arange(20) < 16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TabularClassifier(**FAST).fit(X, LABELS)
