"""What is timed: two data sets and a network for each; and an epoch in bare NumPy."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import Dense, Network
from fastnn.datasets import load_digits, load_moons


@dataclass(frozen=True)
class Task:
    """Samples, one-hot targets and a network of sigmoids with half the summed squared error.

    `X` and `Y` have the network's dtype already: no contender pays for a conversion.
    """

    name: str
    X: NDArray[Any]
    Y: NDArray[Any]
    widths: tuple[int, ...]
    learning_rate: float

    @property
    def dtype(self) -> str:
        """The dtype of samples, targets and network."""
        return self.X.dtype.name

    def network(self) -> Network:
        """Make the network at its start: the same weights at each call."""
        layers = [Dense(width, "sigmoid") for width in self.widths]
        n_in = self.X.shape[1]
        return Network(n_in, layers, loss="half_sse", dtype=self.dtype, seed=0)


@cache
def digits(dtype: str) -> Task:
    """5000 digits through 400-25-10, shuffled once: the file is sorted by class."""
    X, y = load_digits()
    order = np.random.default_rng(0).permutation(len(X))
    X, Y = X[order].astype(dtype), np.eye(10, dtype=dtype)[y[order]]
    return Task("digits 400-25-10", X, Y, (25, 10), learning_rate=0.1)


@cache
def moons(dtype: str) -> Task:
    """1400 points of the plane through 2-25-50-25-2."""
    X, _, y, _ = load_moons()
    Y = np.eye(2, dtype=dtype)[y]
    return Task("moons 2-25-50-25-2", X.astype(dtype), Y, (25, 50, 25, 2), learning_rate=0.1)


def numpy_epoch(X: Any, Y: Any, W: Any, V: Any, b: Any, c: Any, rate: float) -> None:
    """Train two layers of sigmoids by sample, as a tutorial does: the least that NumPy can do.

    W and V are the weights, b and c the biases.
    """
    for x, y in zip(X, Y, strict=True):
        h = 1 / (1 + np.exp(-(x @ W + b)))
        a = 1 / (1 + np.exp(-(h @ V + c)))
        delta = (a - y) * a * (1 - a)
        below = (V @ delta) * h * (1 - h)
        V -= rate * np.outer(h, delta)
        c -= rate * delta
        W -= rate * np.outer(x, below)
        b -= rate * below
