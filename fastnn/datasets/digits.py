"""5000 handwritten digits: the 28x28 bytes of MNIST, resized to 20x20 on load.

    R = M I M^T       I (28, 28) an image in [0, 1], M (20, 28) the bicubic resize, R (20, 20)

The result is the matrix of the tutorial (Coursera's `ex3data1`), its order included.
"""

from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .readers import read_digits

_RAW_SIZE = 28
_TUTORIAL_SIZE = 20


def load_digits(
    path: str | PathLike[str] | None = None, *, size: int = 20
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Load 5000 handwritten digits, 500 of each class, sorted by class from 0 to 9.

    Parameters
    ----------
    path : str or path-like, optional
        The user's own copy of the digits, in one of these formats. By default the shipped digits
        are loaded.

        - ``.mat`` with the variables ``X`` and ``y`` (needs SciPy);
        - ``.xlsx`` with the sheets ``X`` and ``y``, without a header row (needs openpyxl, and takes
          some 20 s for 5000 images);
        - ``.csv`` with the pixels of an image and then its label in each row, with or without a
          header;
        - ``.npz`` with the arrays ``X`` and ``y``.

        The label 10 becomes 0, as in the tutorial's file; pixels are not changed.
    size : {20, 28}
        The pixels along a side, by default 20. Size 20 is the tutorial's matrix: each image is
        stored column by column, so that ``x.reshape(20, 20).T`` is upright. Size 28 is the original
        MNIST, stored row by row: ``x.reshape(28, 28)`` is upright.

    Returns
    -------
    X : ndarray(float64, ndim=2), shape (n_samples, size**2)
        The images, C-contiguous. Values at size 28 are from 0 (paper) to 1 (ink); at size 20
        bicubic overshoot extends them to -0.132 and 1.128.
    y : ndarray(int64, ndim=1), shape (n_samples,)
        The digits, 0 to 9.

    Raises
    ------
    ValueError
        If `size` is neither 20 nor 28, or the file has another suffix, cannot be read, lacks X or
        y, or holds other shapes, values that are not finite or labels outside 0 to 10.
    FileNotFoundError
        If there is no file at `path`.
    ImportError
        If the package that reads such a file is not installed.

    Notes
    -----
    Every call returns new arrays.

    A user's own file need not be trusted: reading it runs no code, and takes memory in proportion
    to its size. A ``.mat`` is read in another process, since a damaged one can crash SciPy's
    reader; which takes another half second.

    References
    ----------
    .. [1] Y. LeCun and C. Cortes, "The MNIST database of handwritten digits", CC BY-SA 3.0.
    .. [2] R. G. Keys, "Cubic convolution interpolation for digital image processing", IEEE
       Transactions on Acoustics, Speech and Signal Processing 29 (1981), equation 15.

    Examples
    --------
    >>> from fastnn.datasets import load_digits
    >>> X, y = load_digits()
    >>> X.shape, y[[0, 500, 4999]].tolist()
    ((5000, 400), [0, 1, 9])
    >>> load_digits(size=28)[0].shape
    (5000, 784)
    """
    if size not in (_TUTORIAL_SIZE, _RAW_SIZE):
        raise ValueError(f"size must be 20 or 28, got {size!r}")
    if path is not None:
        return read_digits(Path(path), n_pixels=size**2)

    with np.load(Path(__file__).with_name("digits.npz")) as file:
        pixels, y = file["X"], file["y"].astype(np.int64)
    return (pixels / 255 if size == _RAW_SIZE else _as_tutorial(pixels)), y


def _as_tutorial(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Resize images of 28x28 bytes, row by row, to 20x20 values, column by column."""
    M = _resize_matrix(_RAW_SIZE, _TUTORIAL_SIZE)
    images = pixels.reshape(-1, _RAW_SIZE, _RAW_SIZE).transpose(0, 2, 1)
    X = np.empty((len(images), _TUTORIAL_SIZE, _TUTORIAL_SIZE))
    for start in range(0, len(images), 250):  # in one piece, fresh memory costs up to 0.2 s more
        chunk = slice(start, start + 250)
        X[chunk] = M @ (images[chunk] / 255) @ M.T
    X[np.abs(X) < 1e-12] = 0.0  # rounding residue of empty paper: zeros can be skipped
    return X.reshape(len(X), -1)


def _resize_matrix(n_in: int, n_out: int) -> NDArray[np.float64]:
    """Return the (n_out, n_in) matrix of an antialiased bicubic resize; its rows sum to 1."""
    scale = n_in / n_out
    centres = (np.arange(n_out) + 0.5) * scale - 0.5
    reach = int(np.ceil(2 * scale))  # pixels beyond the edge that the widened kernel can touch
    pixels = np.arange(-reach, n_in + reach)
    weights = _cubic((pixels - centres[:, np.newaxis]) / scale)
    replicated = pixels[:, np.newaxis].clip(0, n_in - 1) == np.arange(n_in)
    M: NDArray[np.float64] = weights @ replicated
    M /= M.sum(axis=1, keepdims=True)
    return M


def _cubic(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate Keys' cubic convolution kernel with a = -0.5."""
    t = np.abs(t)
    near = (1.5 * t - 2.5) * t**2 + 1.0
    far = ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0
    return np.where(t <= 1.0, near, np.where(t < 2.0, far, 0.0))
