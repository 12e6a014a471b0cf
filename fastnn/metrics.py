"""Metrics as plain functions of targets and outputs; `fit` knows them by name."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .targets import as_targets
from .validation import Array, as_numbers

_FLOAT64 = np.dtype(np.float64)


def accuracy(y: ArrayLike, outputs: ArrayLike) -> float:
    """Return the share of samples whose largest output is at the largest target.

    Parameters
    ----------
    y : array_like, shape (n_samples, n_out), or (n_samples,) of class labels
        With a single output, targets and outputs are compared after rounding at 1/2.
    outputs : array_like, shape (n_samples, n_out)
        What `Network.predict` returns.

    Returns
    -------
    accuracy : float
        From 0 to 1.

    Raises
    ------
    ValueError
        If shapes do not match or a label is out of range.

    Examples
    --------
    >>> accuracy([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    0.6666666666666666
    """
    targets, outputs = _as_pair(y, outputs)
    if outputs.shape[1] == 1:
        return float(((outputs > 0.5) == (targets > 0.5)).mean())
    return float((outputs.argmax(axis=1) == targets.argmax(axis=1)).mean())


def mse(y: ArrayLike, outputs: ArrayLike) -> float:
    """Return the mean over samples and outputs of the squared error.

    Parameters
    ----------
    y, outputs
        As for `accuracy`.

    Returns
    -------
    mse : float
        In units of y squared.

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
    y, outputs
        As for `accuracy`.

    Returns
    -------
    mae : float
        In units of y.

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
    """Return the coefficient of determination, the mean over the outputs of

        1 - sum (y - a)^2 / sum (y - mean y)^2

    An output whose targets are all the same counts 1 if each is met exactly, else 0.

    Parameters
    ----------
    y, outputs
        As for `accuracy`.

    Returns
    -------
    r2 : float
        At most 1; 0 is as good as the mean of the targets. NaN for fewer than two samples.

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
