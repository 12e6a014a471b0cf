"""Activations of a whole row of outputs, for the last layer: a prediction of more than one number.

They are compiled apart from the kernels, on first use (`records`). `forward` overwrites `a`, and
`backward` turns `delta` from dL/da into dL/dz, in place.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

LEAST_SPREAD = 1e-6  # a spread is positive, even where softplus rounds to 0


class Head(NamedTuple):
    """What there is to know of such an activation."""

    forward: Callable[..., None]  # of z and a
    backward: Callable[..., None]  # of z, a and delta
    note: str  # what documentation adds to the name


def ascend(z, a):
    """Overwrite `a` with z_0, and from there on with steps up: softplus(z_j)."""
    a[0] = z[0]
    for j in range(1, z.shape[0]):
        a[j] = a[j - 1] + max(z[j], 0.0) + np.log1p(np.exp(-abs(z[j])))


def ascend_back(z, a, delta):
    """Go back: a step moves its own output and all that are above."""
    total = 0.0
    for j in range(z.shape[0] - 1, 0, -1):
        total += delta[j]
        delta[j] = total / (1.0 + np.exp(-z[j]))
    delta[0] += total


def mean_and_spread(z, a):
    """Overwrite `a`, pair by pair, with z and with softplus(z)."""
    for j in range(0, z.shape[0] - 1, 2):
        a[j] = z[j]
        a[j + 1] = max(z[j + 1], 0.0) + np.log1p(np.exp(-abs(z[j + 1]))) + LEAST_SPREAD


def mean_and_spread_back(z, a, delta):
    """Go back."""
    for j in range(1, z.shape[0], 2):
        delta[j] /= 1.0 + np.exp(-z[j])


HEADS = {
    "ascending": Head(ascend, ascend_back, "each output is above the one before"),
    "mean_and_spread": Head(
        mean_and_spread, mean_and_spread_back, "pairs of a number and a positive one"
    ),
}
