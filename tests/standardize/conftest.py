"""Data that `Standardize` has something to do with."""

import numpy as np
import pytest


@pytest.fixture
def data():
    """60 rows of 4 columns far from unit scale, the last one constant, and two targets."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) * [1, 10, 0.1, 1] + [0, 50, 3, 0]
    X[:, 3] = 0.1
    return X, np.tanh(X[:, :2] / [1, 100])
