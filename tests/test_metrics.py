"""Metrics worked by hand, and R2 against scikit-learn."""

import math

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.metrics import accuracy, mae, mse, r2

from .networks import make_data, small_network


def test_worked_by_hand():
    y, outputs = [[1, 0], [0, 2]], [[2, 0], [0, 5]]
    assert mse(y, outputs) == (1 + 9) / 4
    assert mae(y, outputs) == (1 + 3) / 4
    # The errors have squares 1 and 9, the targets 1/2 and 2 about their means.
    assert r2(y, outputs) == ((1 - 1 / 0.5) + (1 - 9 / 2)) / 2
    assert accuracy(y, outputs) == 1
    assert accuracy([1, 1, 0], [0.6, 0.4, 0.5]) == 2 / 3


@pytest.mark.parametrize("n_out", [1, 3])
def test_agree_with_scikit_learn(n_out):
    theirs = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(n_out)
    y, outputs = rng.normal(7, 2, size=(2, 40, n_out))
    assert r2(y, outputs) == pytest.approx(theirs.r2_score(y, outputs), rel=1e-12)
    assert mse(y, outputs) == pytest.approx(theirs.mean_squared_error(y, outputs), rel=1e-12)
    assert mae(y, outputs) == pytest.approx(theirs.mean_absolute_error(y, outputs), rel=1e-12)


@pytest.mark.parametrize(
    ("y", "outputs"),
    [
        ([2, 2, 2], [2, 2, 2]),
        ([2, 2, 2], [2, 2, 3]),
        ([[2, 1], [2, 2]], [[2, 1], [2, 3]]),
        ([[2, 1], [2, 2]], [[2, 1], [1, 3]]),
        ([[1, 2], [2, 1]], [[1, 2], [2, 1]]),
    ],
)
def test_r2_of_constant_targets(y, outputs):
    theirs = pytest.importorskip("sklearn.metrics")
    assert r2(y, outputs) == theirs.r2_score(y, outputs)


def test_r2_of_constant_targets_that_no_float_holds():
    assert np.mean([0.1] * 3) != 0.1  # so that targets seem to vary about their mean
    assert r2([0.1] * 3, [0.1, 0.1, 0.2]) == 0


def test_r2_of_one_sample():
    assert math.isnan(r2([1.0], [1.0]))


@pytest.mark.parametrize("metric", [accuracy, mse, mae, r2])
def test_arguments_are_checked(metric):
    with pytest.raises(ValueError, match=r"y must have shape \(4, 2\).*got \(3, 2\)"):
        metric(np.ones((3, 2)), np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"outputs must have shape .* got \(1, 4, 2\)"):
        metric(np.ones((4, 2)), np.ones((1, 4, 2)))


def test_metrics_agree_with_fit():
    X, Y = make_data(4, 3, 2)
    net = small_network()
    names = ["accuracy", "mse", "mae", "r2"]
    history = net.fit(X, Y, metrics=names, validation_data=(X, Y))
    outputs = net.predict(X)
    for name, metric in zip(names, (accuracy, mse, mae, r2), strict=True):
        assert history[f"val_{name}"][0] == pytest.approx(metric(Y, outputs), rel=1e-12)
    one = Network(3, [Dense(1, "sigmoid")], seed=1)
    history = one.fit(X, [0, 1, 1, 0], metrics=["accuracy"], validation_data=(X, [0, 1, 1, 0]))
    assert history["val_accuracy"][0] == accuracy([0, 1, 1, 0], one.predict(X))
