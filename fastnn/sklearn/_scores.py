"""What early stopping goes by: accuracy and R2, as in scikit-learn, or the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .._checks.arrays import Array
from ..losses import Loss
from ..network import Network
from ._design import HALF_SQUARED_ERROR, POISSON, share_of_loss
from ._split import Data


class Score(NamedTuple):
    """How good a network is on data of validation, and the name of that in a record.

    More is better, of a loss too: it is taken with the sign changed.
    """

    name: str
    of: Callable[[Network, Data], float]


def score_of_classes(outputs: str) -> Score:
    """Return the accuracy of a network with such outputs."""

    def of(network: Network, data: Data) -> float:
        return accuracy(network.predict(data.X), data.y, data.weights, outputs)

    return Score("accuracy", of)


def score_of_numbers(loss: Loss) -> Score:
    """Return R2 for the losses that scikit-learn has, else the loss."""

    def of_predictions(network: Network, data: Data) -> float:
        return r2(network.predict(data.X), data.y, data.weights)

    def of_loss(network: Network, data: Data) -> float:
        value = network.loss(data.X, data.y, sample_weight=data.weights)
        return -share_of_loss(loss, data.y.shape[1]) * value

    if loss in (HALF_SQUARED_ERROR, POISSON):
        return Score("r2", of_predictions)
    return Score("loss", of_loss)


def accuracy(outputs: Array, targets: Array, weights: Array | None, activation: str) -> float:
    """Return the accuracy of outputs; a sample counts if all its labels are right."""
    if activation == "softmax":
        is_right = outputs.argmax(axis=1) == targets.argmax(axis=1)
    else:
        is_right = ((outputs > 0.5) == targets).all(axis=1)
    return float(np.average(is_right, weights=weights))


def r2(outputs: Array, targets: Array, weights: Array | None) -> float:
    """Return R2 of outputs, the mean over them."""
    mean = np.average(targets, axis=0, weights=weights)
    spread = np.average((targets - mean) ** 2, axis=0, weights=weights)
    error = np.average((targets - outputs) ** 2, axis=0, weights=weights)
    constant = np.where(error > 0, 0.0, 1.0)  # as in `r2_score` for constant targets
    score = 1 - np.divide(error, spread, out=1 - constant, where=spread > 0)
    return float(score.mean())
