"""The models: each with the defaults of its library, and encoders fitted on what it trains on."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from fastnn.sklearn import TabularClassifier, TabularRegressor

MOST_CATEGORIES = 254  # of a column: no more fit in a histogram of HistGradientBoosting

# What builds a model: from whether there are classes, the table without dates, and a seed.
Build = Callable[[bool, pd.DataFrame, int], Any]


def ours(is_classes: bool, X: pd.DataFrame, seed: int) -> Any:
    """fastnn's; it takes the table as it is."""
    return (TabularClassifier if is_classes else TabularRegressor)(random_state=seed)


def linear(is_classes: bool, X: pd.DataFrame, seed: int) -> Any:
    """Logistic regression or ridge."""
    return make_pipeline(one_hot(X), LogisticRegression(max_iter=1000) if is_classes else Ridge())


def forest(is_classes: bool, X: pd.DataFrame, seed: int) -> Any:
    """A random forest, on codes of the categories."""
    model = RandomForestClassifier if is_classes else RandomForestRegressor
    return make_pipeline(codes(X), model(random_state=seed))


def boosting(is_classes: bool, X: pd.DataFrame, seed: int) -> Any:
    """Histogram gradient boosting, which is told which columns are categories."""
    model = HistGradientBoostingClassifier if is_classes else HistGradientBoostingRegressor
    numbers, categories = names(X)
    is_category = [False] * len(numbers) + [True] * len(categories)  # as `codes` orders them
    return make_pipeline(codes(X), model(categorical_features=is_category, random_state=seed))


def network(is_classes: bool, X: pd.DataFrame, seed: int) -> Any:
    """scikit-learn's network; a target that is a number is standardised for it."""
    if is_classes:
        return make_pipeline(one_hot(X), MLPClassifier(random_state=seed))
    model = make_pipeline(one_hot(X), MLPRegressor(random_state=seed))
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def realmlp(is_classes: bool, X: pd.DataFrame, seed: int) -> Any:
    """RealMLP-TD-S of pytabkit, with missing numbers filled in, which it does not take."""
    import torch
    from pytabkit import RealMLP_TD_S_Classifier, RealMLP_TD_S_Regressor

    torch.set_num_threads(1)
    model = RealMLP_TD_S_Classifier if is_classes else RealMLP_TD_S_Regressor
    numbers, categories = names(X)
    filled = ColumnTransformer([
        ("numbers", SimpleImputer(add_indicator=True), numbers),
        ("categories", "passthrough", categories),
    ]).set_output(transform="pandas")  # fmt: skip
    settings = {"device": "cpu", "n_threads": 1, "verbosity": 0}
    return make_pipeline(filled, model(random_state=seed, **settings))


OURS, LINEAR, BOOSTING = "fastnn", "linear", "HistGradientBoosting"
FOREST, MLP, REALMLP = "random forest", "scikit-learn's MLP", "RealMLP-TD-S"
CONTENDERS: dict[str, Build] = {
    OURS: ours,
    LINEAR: linear,
    FOREST: forest,
    BOOSTING: boosting,
    MLP: network,
    REALMLP: realmlp,
}


def names(X: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the columns of numbers and those of categories."""
    categories = list(X.select_dtypes("category"))
    return [name for name in X if name not in categories], categories


def one_hot(X: pd.DataFrame) -> ColumnTransformer:
    """Standardise numbers, a missing one as the mean and marked; make an input of a category."""
    numbers, categories = names(X)
    encoder = OneHotEncoder(
        drop="if_binary", handle_unknown="infrequent_if_exist", max_categories=MOST_CATEGORIES,
        sparse_output=False,
    )  # fmt: skip
    return ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
        ("categories", encoder, categories),
    ])  # fmt: skip


def codes(X: pd.DataFrame) -> ColumnTransformer:
    """Leave numbers as they are, missing ones too; give each category a number."""
    numbers, categories = names(X)
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=MOST_CATEGORIES
    )
    return ColumnTransformer([
        ("numbers", "passthrough", numbers),
        ("categories", encoder, categories),
    ])  # fmt: skip
