"""Losses of numbers: quantiles, a mean with its spread, and others."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .._checks.arrays import as_numbers
from .._checks.frozen import frozen
from .._checks.names import explained
from .base import Loss, Rows


@explained
@frozen
class Quantile(Loss):  # numpydoc ignore=PR02
    """The pinball loss, the mean over the outputs: it is least at a quantile of the targets.

    With e = y - a it is q e where e is positive, (q - 1) e elsewhere. Several levels of one target
    need as many outputs, and the activation "ascending", by which they cannot cross.

    Parameters
    ----------
    levels : float or sequence of float
        The levels q, each above 0 and below 1, in ascending order; by default 0.5, the median. One
        level goes with any number of targets, several with one.

    Raises
    ------
    ValueError, TypeError
        If a level is not as described.

    Notes
    -----
    R. Koenker and G. Bassett, Regression quantiles, Econometrica 46, 1978.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.losses import Quantile
    >>> net = Network(1, [Dense(3, "ascending")], loss=Quantile([0.1, 0.5, 0.9]), seed=0)
    >>> low, median, high = net.predict([0.5])
    >>> bool(low < median < high)
    True
    """

    levels: float | Sequence[float] = 0.5
    name = "quantile"
    is_mean = True

    def __post_init__(self) -> None:
        levels = as_numbers("levels", _as_row(self.levels), np.dtype(np.float64))
        is_ascending = levels.ndim == 1 and bool((np.diff(levels) > 0).all())
        if not (levels.size and is_ascending and levels[0] > 0 and levels[-1] < 1):
            raise ValueError(
                f"levels must be between 0 and 1, in ascending order, got {self.levels!r}"
            )
        object.__setattr__(self, "levels", tuple(levels.tolist()))

    def __repr__(self) -> str:
        return f"Quantile({list(self._levels)})"

    @property
    def _levels(self) -> tuple[float, ...]:
        assert isinstance(self.levels, tuple)
        return self.levels

    @property
    def partners(self) -> tuple[str, ...]:  # type: ignore[override]
        """The activation of several levels."""
        return ("ascending",) if self.n_per_target > 1 else ()

    @property
    def n_per_target(self) -> int:  # type: ignore[override]
        """The number of levels."""
        return len(self._levels)

    def _rows(self, activation: str) -> tuple[Rows, bool]:
        """Return the loss of a sample."""
        return _quantiles, False

    @property
    def _parameters(self) -> Sequence[float]:
        return self._levels


def _quantiles(y, z, a, error, parameters):  # type: ignore[no-untyped-def]
    n, value = a.shape[0], 0.0
    for j in range(n):
        level, e = parameters[j % parameters.shape[0]], y[j] - a[j]
        slope = level if e > 0 else level - 1 if e < 0 else e  # e: 0, or NaN
        error[j] = -slope / n
        value += slope * e
    return value / n


def _as_row(levels: float | Sequence[float]) -> ArrayLike:
    return [levels] if np.ndim(levels) == 0 else levels


@explained
@frozen
class GaussianNLL(Loss):
    """The negative log-likelihood of a normal distribution, whose mean and spread are predicted.

    It is log s + ((y - m) / s)^2 / 2 + log(2 pi) / 2, summed over the targets. Each target has two
    outputs, its mean m and its standard deviation s, after the activation "mean_and_spread".

    Notes
    -----
    D. Nix and A. Weigend, Estimating the mean and variance of the target probability distribution,
    1994.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> net = Network(1, [Dense(2, "mean_and_spread")], loss="gaussian_nll", seed=0)
    >>> X = [[0], [0], [0], [0]]
    >>> _ = net.fit(X, [1, 2, 3, 4], epochs=2000, learning_rate=0.05, batch_size=None)
    >>> net.predict([0]).round(2)
    array([2.5 , 1.12])
    """

    name = "gaussian_nll"
    partners = ("mean_and_spread",)
    n_per_target = 2

    def _rows(self, activation: str) -> tuple[Rows, bool]:
        """Return the loss of a sample."""
        of_each = 0.5 * math.log(2 * math.pi)

        def rows(y, z, a, error, parameters):  # type: ignore[no-untyped-def]
            value = 0.0
            for j in range(0, a.shape[0] - 1, 2):
                spread = a[j + 1]
                u = (y[j] - a[j]) / spread
                error[j] = -u / spread
                error[j + 1] = (1 - u * u) / spread
                value += np.log(spread) + 0.5 * u * u + of_each
            return value

        return rows, False


@explained
@frozen
class LogCosh(Loss):
    """The mean over the outputs of log cosh(a - y): a square near 0, a distance far from it.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> net = Network(1, [Dense(1, weights=[[1]])], loss="log_cosh")
    >>> round(net.loss([[1]], [0]), 4)
    0.4338
    """

    name = "log_cosh"
    is_mean = True

    def _rows(self, activation: str) -> tuple[Rows, bool]:
        """Return the loss of a sample."""
        log_2 = math.log(2)

        def rows(y, z, a, error, parameters):  # type: ignore[no-untyped-def]
            n, value = a.shape[0], 0.0
            for j in range(n):
                e = a[j] - y[j]
                error[j] = np.tanh(e) / n
                value += abs(e) + np.log1p(np.exp(-2 * abs(e))) - log_2
            return value / n

        return rows, False


@explained
@frozen
class Gamma(Loss):
    """Half the deviance of a gamma distribution, y / a - 1 - log(y / a), summed over the outputs.

    It is for positive targets whose spread grows with their mean, after the activation "exp".

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> net = Network(1, [Dense(1, "exp", weights=[[0]])], loss="gamma")
    >>> round(net.loss([[1]], [2]), 4)
    0.3069
    """

    name = "gamma"
    partners = ("exp",)
    targets = "positive"

    def _rows(self, activation: str) -> tuple[Rows, bool]:
        """Return the loss of a sample, which is computed from z."""

        def rows(y, z, a, error, parameters):  # type: ignore[no-untyped-def]
            value = 0.0
            for j in range(a.shape[0]):
                ratio = y[j] * np.exp(-z[j])
                error[j] = 1 - ratio
                value += ratio - 1 - np.log(y[j]) + z[j]
            return value

        return rows, True
