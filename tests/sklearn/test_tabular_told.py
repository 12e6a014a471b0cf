"""What `fit` warns of, since `fastnn train` would take it otherwise."""

import re
import warnings

import numpy as np
import pytest

pytest.importorskip("narwhals")
pytest.importorskip("pandas")

import pandas as pd

from fastnn.sklearn import TabularClassifier

pytestmark = pytest.mark.compiled
FAST = {"n_members": 1, "encodings": ["bins"], "max_epochs": 1, "random_state": 0}
LABELS = ["a", "b"] * 10
K = np.arange(20)


def fit(**columns):
    return TabularClassifier(**FAST).fit(pd.DataFrame({"x": K * 1.0} | columns), LABELS)


@pytest.mark.parametrize(
    "texts",
    [
        [f"{k}%" for k in K],
        ["1.5", None, "2"] + ["7"] * 17,
        [f"2020-01-{k + 1:02}" for k in K],
        [f"{k}:30" for k in K],
        [f"$1,{k + 100}" for k in K],
    ],
)
def test_texts_of_numbers_and_times(texts):
    told = re.escape(f"texts of them in 'y' ({texts[0]!r}): each text is a category; convert them")
    with pytest.warns(UserWarning, match=told) as warned:
        fit(y=texts)
    assert [one.filename for one in warned] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(y=pd.Series(texts, dtype="category"))  # so they are meant


@pytest.mark.parametrize(
    "texts",
    [
        [f"0{k}" for k in K],  # identifiers
        ["True", "false"] * 10,
        ["12%", "red"] * 10,
        ["2020-01-01", "5"] * 10,
        ["", " "] * 10,
    ],
)
def test_texts_that_are_no_numbers(texts):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(y=texts)


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "__index_level_0__"])
def test_an_index_of_pandas(name):
    with pytest.warns(
        UserWarning, match=f"got '{name}', pandas' index: it is an input; leave"
    ) as t:
        fitted = fit(**{name: K})
    assert [one.filename for one in t] == [__file__]
    assert fitted.n_features_in_ == 2
