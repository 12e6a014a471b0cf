"""Targets far from unit scale: the estimator says so, and the remedy, where it is no use."""

import warnings

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from fastnn.sklearn import MLPClassifier, MLPRegressor

X = np.random.default_rng(0).random((60, 3))
FAR = 1e5 + 2e4 * (X @ [1.0, 2.0, 3.0])
NEAR = (FAR - FAR.mean()) / FAR.std()


def warnings_of(estimator, y, method="fit", **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(estimator, method)(X, y, **options)
    assert all(warning.category is ConvergenceWarning for warning in caught)
    assert all(warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("weights", [None, np.arange(1.0, 61)])
def test_worse_than_the_mean(weights):
    regressor = MLPRegressor(max_iter=20, random_state=0)
    (got,) = warnings_of(regressor, FAR, sample_weight=weights)
    assert got.startswith("Stochastic Optimizer: Maximum iterations (20) reached")
    score = regressor.score(X, FAR, sample_weight=weights)
    assert score < -4
    assert f"worse than their mean does, R2 {score:.3g}: the targets have mean 1.6" in got
    assert "standardise them" in got
    assert "TransformedTargetRegressor" in got


def test_the_remedy_helps():
    inner = MLPRegressor(learning_rate_init=0.01, random_state=0)
    regressor = TransformedTargetRegressor(inner, transformer=StandardScaler())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        regressor.fit(X, FAR)
    assert not any("worse" in str(warning.message) for warning in caught)
    assert regressor.score(X, FAR) > 0.9


def test_unit_scale_has_another_remedy():
    regressor = MLPRegressor(max_iter=1, learning_rate_init=1e-9, random_state=3)
    (got,) = warnings_of(regressor, NEAR - 1.0)
    assert "worse than their mean does" in got
    assert "try more epochs (max_iter)" in got


def test_what_has_learnt_is_not_blamed():
    assert warnings_of(MLPRegressor(solver="lbfgs", random_state=0, max_iter=2000), NEAR) == []
    got = warnings_of(MLPRegressor(learning_rate_init=0.01, max_iter=100, random_state=0), NEAR)
    assert not any("worse" in message for message in got)
    assert warnings_of(MLPRegressor(random_state=0), FAR, "partial_fit") == []
    (got,) = warnings_of(MLPClassifier(max_iter=2, random_state=0), FAR.mean() < FAR)
    assert "worse" not in got


def test_divergence_names_the_scale():
    options = {"solver": "sgd", "activation": "identity", "learning_rate_init": 1.0}
    with pytest.raises(
        ValueError, match=r"preprocessed\. Here the targets have mean 1.6.*standardise"
    ):
        MLPRegressor(**options, random_state=0).fit(X, FAR)
    with (
        np.errstate(all="ignore"),
        pytest.warns(ConvergenceWarning, match=r"until then are kept\. Here the targets have mean"),
    ):
        MLPRegressor(**options, early_stopping=True, random_state=0, n_iter_no_change=1000).fit(
            X, FAR
        )
