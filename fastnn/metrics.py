"""Metrics as plain functions of targets and outputs; `fit` knows them by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .validation import Array, as_numbers, as_targets

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
    targets, outputs = _as_pair(y, outputs)
    return float(np.square(outputs - targets).mean())


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
    targets, outputs = _as_pair(y, outputs)
    return float(np.abs(outputs - targets).mean())


def _as_pair(y: ArrayLike, outputs: ArrayLike) -> tuple[Array, Array]:
    """Return targets and outputs as two tables of one shape."""
    table = as_numbers("outputs", outputs, _FLOAT64)
    if table.ndim == 1:
        table = table[:, np.newaxis]
    if table.ndim != 2:
        raise ValueError(f"outputs must have shape (n_samples, n_out), got {table.shape}")
    return as_targets(y, table.shape[0], table.shape[1], _FLOAT64), table
