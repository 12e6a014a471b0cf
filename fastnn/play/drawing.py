"""A digit drawn with the mouse, made like those of `fastnn.datasets.load_digits`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 20
_BOX = 14.3  # pixels that the longer side of a digit takes: as in MNIST, 20 of 28
_INK = 0.3  # from which on a pixel belongs to the digit


def as_digit(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a drawing of 20 x 20 values from 0 to 1, row by row, as a row of X, column by column.

    It is scaled to the size of the digits, and its centre of mass is moved to the middle. A sheet
    without ink stays blank.

        R = M_rows I M_columns^T    each row of M is a tent, about the place in I of a pixel of R

    Examples
    --------
    >>> sheet = np.zeros((20, 20))
    >>> sheet[3:9, 2] = 1  # a small 1 in a corner
    >>> image = as_digit(sheet).reshape(20, 20).T
    >>> np.flatnonzero(image.max(axis=0) > 0.5).tolist()
    [9, 10]
    """
    ink = np.argwhere(pixels > _INK)
    if not len(ink):
        return np.zeros(SIDE * SIDE)
    scale = _BOX / (np.ptp(ink, axis=0) + 1).max()
    centre = [(np.arange(SIDE) * pixels.sum(axis=1 - k)).sum() / pixels.sum() for k in (0, 1)]
    M_rows, M_columns = (_tents(middle, scale) for middle in centre)
    image = M_rows @ pixels @ M_columns.T
    row: NDArray[np.float64] = (image / image.max()).T.ravel()
    return row


def _tents(middle: float, scale: float) -> NDArray[np.float64]:
    """Return the matrix that resizes an axis by `scale` and moves the place `middle` to 9.5."""
    places = (np.arange(SIDE) - (SIDE - 1) / 2) / scale + middle
    width = max(1.0, 1 / scale)
    distances = np.abs(places[:, None] - np.arange(SIDE))
    tents: NDArray[np.float64] = np.maximum(0, 1 - distances / width) / width
    return tents
