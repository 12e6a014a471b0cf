"""The estimators in searches and validations that joblib spreads over a cluster of dask."""

import copy

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastnn.sklearn import MLPClassifier, MLPRegressor

OPTIONS = {"batch_size": 8, "max_iter": 15, "early_stopping": True, "random_state": 0}

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # 15 epochs are none too many
)


def both(client, call):
    """Return what `call` returns here, and on the cluster."""
    here = call()
    with joblib.parallel_config(backend="dask", client=client):
        return here, call()


@pytest.mark.parametrize("Estimator", [MLPClassifier, MLPRegressor])
def test_scores_are_the_same(client, data, Estimator):
    model = make_pipeline(StandardScaler(), Estimator(**OPTIONS))
    here, there = both(client, lambda: cross_val_score(model, *data))
    assert_array_equal(here, there)
    assert len(set(here)) > 1


def test_a_search_finds_the_same(client, data):
    grid = {"hidden_layer_sizes": [(4,), (8, 4)], "alpha": [1e-4, 1.0]}
    search = GridSearchCV(MLPClassifier(**OPTIONS), grid, cv=3)
    here, there = both(client, lambda: clone_fit(search, data))
    assert here.best_params_ == there.best_params_
    assert_array_equal(here.cv_results_["mean_test_score"], there.cv_results_["mean_test_score"])
    for W, expected in zip(there.best_estimator_.coefs_, here.best_estimator_.coefs_, strict=True):
        assert_array_equal(W, expected)


def clone_fit(search, data):
    """Return a fitted search of its own."""
    return GridSearchCV(search.estimator, search.param_grid, cv=search.cv).fit(*data)


def test_fitted_models_and_large_tables_are_read_only_there(client, tmp_path):
    """Above 1 MB joblib and dask hand out memory that may not be written to."""
    X = np.random.default_rng(0).normal(size=(2000, 100))
    np.save(tmp_path / "X.npy", X)
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    y = (X[:, 0] > 0).astype(int)
    model = MLPClassifier((8,), warm_start=True, batch_size=100, max_iter=2, random_state=0)
    model.fit(X, y)
    here, there = both(client, lambda: cross_val_predict(model, X, y, cv=2))
    assert_array_equal(here, there)
    assert np.mean(there == y) > 0.5
    with joblib.parallel_config(backend="dask", client=client):
        trained = joblib.Parallel()(joblib.delayed(go_on)(model, X, y) for _ in range(2))
    assert_array_equal(*trained)
    assert (trained[0] != model.coefs_[0]).any()


def go_on(model, X, y):
    """Train a fitted model for an epoch more; a worker has it once for all tasks."""
    return copy.deepcopy(model).partial_fit(X, y).coefs_[0]
