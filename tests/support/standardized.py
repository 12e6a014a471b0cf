"""Networks with `Standardize`, and what it should learn."""

import numpy as np

from fastnn import Dense, Network

DTYPES = ["float64", "float32"]


def make(*first, bias=True, **options):
    """Return a 4-7-2 network, with what is given before its layers."""
    layers = [*first, Dense(7, "tanh", bias=bias, l2=0.01), Dense(2)]
    return Network(4, layers, loss="half_sse", **{"seed": 1} | options)


def moments(X, **options):
    """Return mean and scale as NumPy has them."""
    mean = np.average(X, axis=0, **options)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, **options))
    return mean, np.where(np.ptp(X, axis=0) == 0, 1, scale)


def check_moments(step, mean, scale):
    np.testing.assert_allclose(step.mean, mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(step.scale, scale, rtol=1e-12)
