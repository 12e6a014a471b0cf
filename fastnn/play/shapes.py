"""Points in the plane, drawn by NumPy: two classes that no straight line can tell apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = tuple[NDArray[np.float64], NDArray[np.float64]]
N_POINTS = 400


def circles(noise: float = 0.1, seed: int = 0) -> Points:
    """Return the points of two circles around 0, of radius 0.4 (class 1) and 0.9 (class 0).

    Examples
    --------
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
    """Return the points of two spirals around 0, each with one and a half turns.

    Examples
    --------
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
