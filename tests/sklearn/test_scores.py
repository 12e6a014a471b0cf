"""What early stopping goes by."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

from fastnn.losses import Quantile
from fastnn.sklearn._scores import r2, score_of_classes, score_of_numbers
from fastnn.sklearn._split import Data

from .twins import CLASSIFIED, make_ours, make_samples, make_targets, of_both

X = make_samples()
WEIGHTS = [None, np.arange(1.0, 24)]


@pytest.mark.parametrize("kind", CLASSIFIED)
@pytest.mark.parametrize("weights", WEIGHTS, ids=["alike", "weighted"])
def test_of_a_classifier_it_is_the_accuracy(kind, weights):
    ours, y = make_ours(kind), make_targets(kind)
    of_both([ours], "fit", X, y)
    data = Data(X, ours._label_binarizer.transform(y), weights)
    score = score_of_classes(ours.out_activation_)
    expected = accuracy_score(y, ours.predict(X), sample_weight=weights)
    assert score.name == "accuracy"
    assert score.of(ours.network_, data) == pytest.approx(expected)


@pytest.mark.parametrize("weights", WEIGHTS, ids=["alike", "weighted"])
@pytest.mark.parametrize("off", [0.0, 0.7])
@pytest.mark.parametrize("constant", [False, True])
def test_r2_is_that_of_scikit_learn(weights, off, constant):
    targets = make_targets("numbers")
    if constant:
        targets[:, 1] = 2.0
    outputs = targets + off * np.sin(np.arange(46)).reshape(23, 2)
    assert r2(outputs, targets, weights) == pytest.approx(
        r2_score(targets, outputs, sample_weight=weights)
    )


@pytest.mark.parametrize("weights", WEIGHTS, ids=["alike", "weighted"])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", Quantile(0.9), "gaussian_nll"])
def test_of_a_regressor_it_is_r2_or_the_loss(loss, weights):
    ours, y = make_ours("numbers", loss=loss), make_targets("numbers")
    of_both([ours], "fit", X, y)
    score = score_of_numbers(ours.network_.loss_function)
    got = score.of(ours.network_, Data(X, y, weights))
    e = y - ours.predict(X)
    if loss == "squared_error":
        expected = r2_score(y, ours.predict(X), sample_weight=weights)
    elif loss == "absolute_error":
        expected = -np.average(abs(e).sum(axis=1), weights=weights)
    elif loss == "gaussian_nll":
        mean, std = ours.predict(X, return_std=True)
        nll = 0.5 * ((y - mean) / std) ** 2 + np.log(std) + 0.5 * np.log(2 * np.pi)
        expected = -np.average(nll.sum(axis=1), weights=weights)
    else:
        pinball = np.where(e > 0, 0.9 * e, -0.1 * e).sum(axis=1)
        expected = -np.average(pinball, weights=weights)
    assert score.name == ("r2" if loss == "squared_error" else "loss")
    assert got == pytest.approx(expected)
