"""Losses of classes: cross-entropies with smoothed labels, and the focal loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._checks.frozen import frozen
from .._checks.names import explained
from .._checks.scalars import as_amount, as_share, check_fields
from .base import Loss, Rows


@explained
@frozen
class CrossEntropy(Loss):  # numpydoc ignore=PR02
    """The cross-entropy of softmax outputs, with smoothed labels.

    Of K classes, a target y is taken for (1 - s) y + s / K.

    Parameters
    ----------
    label_smoothing : float
        The share s, at least 0 and below 1, by default 0, which is the loss "cross_entropy".

    Raises
    ------
    ValueError, TypeError
        If `label_smoothing` is not as described.

    Notes
    -----
    C. Szegedy and others, Rethinking the inception architecture for computer vision, 2016.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.losses import CrossEntropy
    >>> loss = CrossEntropy(label_smoothing=0.1)
    >>> net = Network(1, [Dense(2, "softmax", weights=[[1, -1]])], loss=loss)
    >>> round(net.loss([[1]], [0]), 4)
    0.2269
    """

    label_smoothing: float = 0.0
    name = "cross_entropy"
    partners = ("softmax",)
    targets = "distributions"

    def __post_init__(self) -> None:
        check_fields(self, label_smoothing=as_share)

    def _rows(self, activation: str) -> tuple[Rows, bool]:
        """Return the loss of a sample, which is computed from z."""
        return _cross_entropy, True

    @property
    def _parameters(self) -> Sequence[float]:
        return (self.label_smoothing,)


def _cross_entropy(y, z, a, error, parameters):  # type: ignore[no-untyped-def]
    n, smoothing = a.shape[0], parameters[0]
    largest, mass, value = z.max(), 0.0, 0.0
    log_sum = largest + np.log(np.exp(z - largest).sum())
    for j in range(n):
        smooth = (1 - smoothing) * y[j] + smoothing / n
        error[j] = -smooth
        mass += smooth
        value += smooth * (log_sum - z[j])
    for j in range(n):
        error[j] += mass * a[j]
    return value


@explained
@frozen
class BinaryCrossEntropy(Loss):  # numpydoc ignore=PR02
    """The binary cross-entropy of sigmoid outputs, summed over them, with smoothed labels.

    A target y is taken for (1 - s) y + s / 2.

    Parameters
    ----------
    label_smoothing : float
        The share s, at least 0 and below 1, by default 0, which is the loss "binary_cross_entropy".

    Raises
    ------
    ValueError, TypeError
        If `label_smoothing` is not as described.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.losses import BinaryCrossEntropy
    >>> loss = BinaryCrossEntropy(label_smoothing=0.1)
    >>> net = Network(1, [Dense(1, "sigmoid", weights=[[2]])], loss=loss)
    >>> round(net.loss([[1]], [1]), 4)
    0.2269
    """

    label_smoothing: float = 0.0
    name = "binary_cross_entropy"
    partners = ("sigmoid",)
    targets = "shares"

    def __post_init__(self) -> None:
        check_fields(self, label_smoothing=as_share)

    def _rows(self, activation: str) -> tuple[Rows, bool]:
        """Return the loss of a sample, which is computed from z."""
        return _binary_cross_entropy, True

    @property
    def _parameters(self) -> Sequence[float]:
        return (self.label_smoothing,)


def _binary_cross_entropy(y, z, a, error, parameters):  # type: ignore[no-untyped-def]
    smoothing, value = parameters[0], 0.0
    for j in range(a.shape[0]):
        smooth = (1 - smoothing) * y[j] + smoothing / 2
        error[j] = a[j] - smooth
        value += np.log1p(np.exp(-abs(z[j]))) + (max(z[j], 0.0) - smooth * z[j])
    return value


@explained
@frozen
class Focal(Loss):  # numpydoc ignore=PR02
    """The focal loss: a cross-entropy in which samples that are right already count for less.

    Of softmax outputs it is the sum of -y (1 - a)^gamma log a; of sigmoid outputs the same, and
    -(1 - y) a^gamma log(1 - a).

    Parameters
    ----------
    gamma : float
        The power, at least 0, by default 2; 0 is the cross-entropy.

    Raises
    ------
    ValueError, TypeError
        If `gamma` is not as described.

    Notes
    -----
    T.-Y. Lin and others, Focal loss for dense object detection, 2017.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> net = Network(1, [Dense(1, "sigmoid", weights=[[2]])], loss="focal")
    >>> round(net.loss([[1]], [1]), 4), round(net.loss([[1]], [0]), 4)
    (0.0018, 1.6501)
    """

    gamma: float = 2.0
    name = "focal"
    partners = ("softmax", "sigmoid")
    targets = "shares"

    def __post_init__(self) -> None:
        check_fields(self, gamma=as_amount)

    def _rows(self, activation: str) -> tuple[Rows, bool]:
        """Return the loss of a sample, which is computed from z."""
        return (_focal_of_softmax if activation == "softmax" else _focal_of_sigmoid), True

    @property
    def _parameters(self) -> Sequence[float]:
        return (self.gamma,)


def _focal_of_softmax(y, z, a, error, parameters):  # type: ignore[no-untyped-def]
    gamma, largest, total, value = parameters[0], z.max(), 0.0, 0.0
    log_sum = largest + np.log(np.exp(z - largest).sum())
    for j in range(a.shape[0]):
        log_a, rest = z[j] - log_sum, 1.0 - a[j]
        if gamma == 2:  # a power takes longer than all else
            power, lower = rest * rest, rest
        else:
            power, lower = rest**gamma, rest ** (gamma - 1)
        value -= y[j] * power * log_a
        # a times the derivative by a; where 1 - a is 0, so is log a
        of_power = gamma * lower * a[j] * log_a if rest > 0 else 0.0
        error[j] = y[j] * (of_power - power)
        total += error[j]
    for j in range(a.shape[0]):
        error[j] -= a[j] * total
    return value


def _focal_of_sigmoid(y, z, a, error, parameters):  # type: ignore[no-untyped-def]
    gamma, value = parameters[0], 0.0
    for j in range(a.shape[0]):
        size = np.log1p(np.exp(-abs(z[j])))
        log_a, log_rest = min(z[j], 0.0) - size, min(-z[j], 0.0) - size
        rest = 1.0 - a[j]
        if gamma == 2:
            right, wrong = rest * rest, a[j] * a[j]
        else:
            right, wrong = rest**gamma, a[j] ** gamma
        value -= y[j] * right * log_a + (1 - y[j]) * wrong * log_rest
        error[j] = y[j] * right * (gamma * a[j] * log_a - rest)
        error[j] += (1 - y[j]) * wrong * (a[j] - gamma * rest * log_rest)
    return value
