"""Points in the plane, drawn by NumPy: two classes that no straight line can tell apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = tuple[NDArray[np.float64], NDArray[np.float64]]
N_POINTS = 400


def circles(noise: float = 0.1, seed: int = 0) -> Points:
    """Return the points of two circles around 0, with noise.

    Parameters
    ----------
    noise : float
        The standard deviation of the normal noise added to each coordinate, by default 0.1.
    seed : int
        The seed of NumPy's generator, by default 0.

    Returns
    -------
    X : ndarray(float64, ndim=2), shape (400, 2)
        The coordinates x1 and x2 of each point.
    y : ndarray(float64, ndim=1), shape (400,)
        The class of each point: 1 on the inner circle, of radius 0.4, 0 on the outer one, of
        radius 0.9.

    Raises
    ------
    ValueError
        If `seed` is below 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.play.shapes import circles
    >>> X, y = circles(noise=0.0)
    >>> X.shape, np.hypot(*X[y == 1].T).round(6).max().item()
    ((400, 2), 0.4)
    """
    random = np.random.default_rng(seed)
    y = np.arange(N_POINTS, dtype=np.float64) % 2
    angle = random.uniform(0, 2 * np.pi, N_POINTS)
    radius = np.where(y == 1, 0.4, 0.9)
    return _noisy(radius * np.cos(angle), radius * np.sin(angle), noise, random), y


def spirals(noise: float = 0.05, seed: int = 0) -> Points:
    """Return the points of two spirals around 0, of one and a half turns, with noise.

    Parameters
    ----------
    noise : float
        The standard deviation of the normal noise added to each coordinate, by default 0.05.
    seed : int
        The seed of NumPy's generator, by default 0.

    Returns
    -------
    X : ndarray(float64, ndim=2), shape (400, 2)
        The coordinates x1 and x2 of each point.
    y : ndarray(float64, ndim=1), shape (400,)
        The class of each point, 0 and 1 in turn.

    Raises
    ------
    ValueError
        If `seed` is below 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.play.shapes import spirals
    >>> X, y = spirals(noise=0.0)
    >>> X.shape, y.mean().item(), bool(np.abs(X).max() <= 1)
    ((400, 2), 0.5, True)
    """
    random = np.random.default_rng(seed)
    y = np.arange(N_POINTS, dtype=np.float64) % 2
    radius = np.sqrt(random.uniform(0.01, 1, N_POINTS))
    angle = 3 * np.pi * radius + np.pi * y
    return _noisy(radius * np.sin(angle), radius * np.cos(angle), noise, random), y


def _noisy(
    x: NDArray[np.float64], y: NDArray[np.float64], noise: float, random: np.random.Generator
) -> NDArray[np.float64]:
    points: NDArray[np.float64] = np.column_stack((x, y))
    return points + noise * random.standard_normal(points.shape)
