"""A digit drawn with the mouse, made like those of `fastnn.datasets.load_digits`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 20
_BOX = 14  # pixels that the digits' longer side takes, as in MNIST: 20 of 28
_BLUR = np.array([0.25, 0.5, 0.25])


def as_digit(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a drawing of 20 x 20 values from 0 to 1, row by row, as a row of X, column by column.

    It is scaled to the size of the digits, its centre of mass is moved to the middle, and its edges
    are softened. A sheet without ink stays blank.

    Examples
    --------
    >>> sheet = np.zeros((20, 20))
    >>> sheet[3:9, 2] = 1  # a small 1 in a corner
    >>> image = as_digit(sheet).reshape(20, 20).T
    >>> np.flatnonzero(image.max(axis=0) > 0.3).tolist()
    [9, 10]
    """
    ink = np.argwhere(pixels > 0.05)
    if not len(ink):
        return np.zeros(SIDE * SIDE)
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0) + 1
    height, width = bottom - top, right - left
    scale = _BOX / max(height, width)
    drawn = _resized(pixels[top:bottom, left:right], scale)
    rows, columns = np.indices(drawn.shape)
    mass = drawn.sum()
    centre = np.array([(rows * drawn).sum(), (columns * drawn).sum()]) / mass
    middle = (SIDE - 1) / 2
    place = np.clip(np.rint(middle - centre), 0, SIDE - np.array(drawn.shape)).astype(int)
    sheet = np.zeros((SIDE, SIDE))
    sheet[place[0] : place[0] + drawn.shape[0], place[1] : place[1] + drawn.shape[1]] = drawn
    for axis in (0, 1):
        sheet = np.apply_along_axis(np.convolve, axis, sheet, _BLUR, "same")
    row: NDArray[np.float64] = (sheet / sheet.max()).T.ravel()
    return row


def _resized(image: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Return an image at another size, each pixel the mean of what it covers."""
    for axis in (0, 1):
        n_in = image.shape[axis]
        n_out = max(1, round(n_in * scale))
        edges = np.linspace(0, n_in, n_out + 1)
        sums = np.concatenate(
            (
                np.zeros((1, image.shape[1 - axis])),
                np.cumsum(image if axis == 0 else image.T, axis=0),
            )
        )
        # the integral of the image up to each edge, linear between pixels
        whole = np.minimum(edges.astype(int), n_in - 1)
        upto = sums[whole] + (edges - whole)[:, None] * (sums[whole + 1] - sums[whole])
        means = np.diff(upto, axis=0) / np.diff(edges)[:, None]
        image = means if axis == 0 else means.T
    return image
