"""Metrics: functions of targets and outputs, which `fit` also accepts by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._checks.arrays import Array, as_numbers
from ._checks.scalars import as_number
from ._checks.targets import as_targets

_FLOAT64 = np.dtype(np.float64)


def accuracy(y: ArrayLike, outputs: ArrayLike) -> float:
    """Return the share of samples whose largest output is at the place of the largest target.

    Parameters
    ----------
    y : array_like, shape (n_samples, n_out), or (n_samples,) of class labels
        The targets. If there is one output, targets and outputs are compared with 1/2.
    outputs : array_like, shape (n_samples, n_out)
        The outputs, as `Network.predict` returns them.

    Returns
    -------
    float
        The accuracy, from 0 to 1.

    Raises
    ------
    ValueError
        If shapes do not match, a label is out of range, or targets of a single output are not from
        0 to 1: they are no classes.

    Examples
    --------
    >>> accuracy([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    0.6666666666666666
    """
    targets, outputs = _as_pair(y, outputs)
    if outputs.shape[1] == 1:
        low, high = targets.min(), targets.max()
        if low < 0 or high > 1:
            raise ValueError(
                f"y must be from 0 to 1 for the accuracy of a single output, got {low:g} ... "
                f"{high:g}; for numbers use mse, mae or r2"
            )
        return float(((outputs > 0.5) == (targets > 0.5)).mean())
    return float((outputs.argmax(axis=1) == targets.argmax(axis=1)).mean())


def mse(y: ArrayLike, outputs: ArrayLike) -> float:
    """Return the mean over samples and outputs of the squared error.

    Parameters
    ----------
    y : array_like, shape (n_samples, n_out), or (n_samples,)
        The targets.
    outputs : array_like, shape (n_samples, n_out)
        The outputs, as `Network.predict` returns them.

    Returns
    -------
    float
        The mean squared error, in units of y squared.

    Raises
    ------
    ValueError
        If shapes do not match.

    Examples
    --------
    >>> mse([1.0, 2.0], [[1.0], [4.0]])
    2.0
    """
    return float(np.square(_errors(y, outputs)).mean())


def mae(y: ArrayLike, outputs: ArrayLike) -> float:
    """Return the mean over samples and outputs of the absolute error.

    Parameters
    ----------
    y : array_like, shape (n_samples, n_out), or (n_samples,)
        The targets.
    outputs : array_like, shape (n_samples, n_out)
        The outputs, as `Network.predict` returns them.

    Returns
    -------
    float
        The mean absolute error, in units of y.

    Raises
    ------
    ValueError
        If shapes do not match.

    Examples
    --------
    >>> mae([1.0, 2.0], [[1.0], [4.0]])
    1.0
    """
    return float(np.abs(_errors(y, outputs)).mean())


def r2(y: ArrayLike, outputs: ArrayLike) -> float:
    """Return the coefficient of determination, averaged over the outputs.

        1 - sum (y - a)^2 / sum (y - mean y)^2

    An output whose targets are all equal scores 1 if all predictions are exact, else 0.

    Parameters
    ----------
    y : array_like, shape (n_samples, n_out), or (n_samples,)
        The targets.
    outputs : array_like, shape (n_samples, n_out)
        The outputs, as `Network.predict` returns them.

    Returns
    -------
    float
        The coefficient, at most 1. The mean of the targets scores 0. NaN for fewer than two
        samples.

    Raises
    ------
    ValueError
        If shapes do not match.

    Examples
    --------
    >>> r2([1.0, 2.0, 3.0], [[1.0], [2.0], [4.0]])
    0.5
    """
    targets, outputs = _as_pair(y, outputs)
    if len(targets) < 2:
        return math.nan
    residual = np.square(outputs - targets).sum(axis=0)
    offsets = targets - targets[0]  # exactly 0 where all are the same; their mean may be rounded
    total = np.square(offsets - offsets.mean(axis=0)).sum(axis=0)
    missed = np.where(residual > 0, 1.0, 0.0)
    np.divide(residual, total, out=missed, where=total > 0)
    return float(1 - missed.mean())


class Targets(np.ndarray[Any, np.dtype[Any]]):
    """Targets of one output, shape (n, 1), that also act as shape (n,) in arithmetic.

    With an array of shape (n,), such as `outputs[:, 0]`, an ordinary column would be broadcast to
    (n, n); these targets act as shape (n,). With shape (n, 1) they are an ordinary column.
    """

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute elementwise after matching shapes; return a column as targets."""
        if "out" in options:
            options["out"] = tuple(map(_as_plain, options["out"]))
        plain = [_as_plain(item) for item in inputs]
        if method == "__call__" and ufunc.signature is None:
            others = [
                np.shape(item) for item in inputs if not isinstance(item, Targets) and np.ndim(item)
            ]
            shape = (-1,) if any(len(other) == 1 for other in others) else (-1, 1)
            plain = [
                item.reshape(shape) if _is_one_output(given) else item
                for item, given in zip(plain, inputs, strict=True)
            ]
        result = getattr(ufunc, method)(*plain, **options)
        is_column = isinstance(result, np.ndarray) and result.ndim == 2 and result.shape[1] == 1
        return result.view(Targets) if is_column else result


def _is_one_output(item: Any) -> bool:
    """Return True if an operand is targets, one for each sample, and not their transpose."""
    return isinstance(item, Targets) and item.shape in ((item.size,), (item.size, 1))


def _as_plain(item: Any) -> Any:
    """Return targets as an ordinary array."""
    return item.view(np.ndarray) if isinstance(item, Targets) else item


def figure_of(name: str, metric: Callable[[Any, Any], Any], y: Any, outputs: Any) -> float:
    """Return the value of a user-defined metric, `name` in messages.

    If there is one output, the metric gets the targets in the shape of the outputs; class labels
    stay one-dimensional. Of several heads, `y` and `outputs` are tuples with one for each.
    """
    if isinstance(outputs, tuple):  # of several heads
        targets: Any = tuple(map(_as_given, y, outputs))
        shapes = [tuple(part.shape for part in parts) for parts in (targets, outputs)]
    else:
        targets = _as_given(y, outputs)
        shapes = [targets.shape, outputs.shape]
    try:
        figure = metric(targets, outputs)
    except Exception as error:
        error.add_note(
            f"in the metric {name}, given y of shape {shapes[0]} and outputs of shape {shapes[1]}"
        )
        raise
    if isinstance(figure, bool | np.bool_):
        return float(figure)
    figure = _as_plain(figure)
    return as_number(f"the value of the metric {name}", figure)


def _as_given(y: ArrayLike, outputs: Array) -> Any:
    """Return the user's targets as a metric may see them, read-only."""
    targets = np.asarray(y).view()
    targets.flags.writeable = False  # the metric must not change the user's array
    if outputs.shape[1] == 1:
        return targets.reshape(-1, 1).view(Targets)
    return targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets


def _errors(y: ArrayLike, outputs: ArrayLike) -> Array:
    """Return outputs - targets."""
    targets, outputs = _as_pair(y, outputs)
    return outputs - targets


def _as_pair(y: ArrayLike, outputs: ArrayLike) -> tuple[Array, Array]:
    """Return targets and outputs as two tables of one shape."""
    table = as_numbers("outputs", outputs, _FLOAT64)
    if table.ndim == 1:
        table = table[:, np.newaxis]
    if table.ndim != 2:
        raise ValueError(f"outputs must have shape (n_samples, n_out), got {table.shape}")
    return as_targets(y, table.shape[0], table.shape[1], _FLOAT64), table
