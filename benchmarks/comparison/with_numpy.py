"""Naive NumPy: what a user writes for one given network, with the least that NumPy has to do."""

from math import sqrt

import numpy as np

from .task import BETAS, EPS, Array, Layers, Task


class Training:
    """An epoch as a script, for two layers or four, by sample or by batch."""

    def __init__(self, task: Task, variant: str) -> None:
        self._task = task
        self._X, self._Y = task.samples()
        self._start = task.start()
        self._layers = [(W.copy(), b.copy()) for W, b in self._start]
        self._rate = self._X.dtype.type(task.learning_rate)

    def restore(self) -> None:
        """Go back to the start."""
        for (W, b), (W_start, b_start) in zip(self._layers, self._start, strict=True):
            W[:], b[:] = W_start, b_start

    def run(self) -> None:
        """Go once through the samples."""
        if self._task.optimizer == "adam":
            adam(self._layers, self._X, self._Y, self._task.batch_size, self._rate)
        elif self._task.batch_size > 1:
            batches(self._layers, self._X, self._Y, self._task.batch_size, self._rate)
        elif len(self._layers) == 2:
            two_layers(self._layers, self._X, self._Y, self._rate)
        else:
            four_layers(self._layers, self._X, self._Y, self._rate)

    def weights(self) -> Layers:
        """Return the layers."""
        return self._layers


class Prediction:
    """A line a layer."""

    def __init__(self, task: Task, variant: str) -> None:
        self._layers = task.start()

    def prepare(self, X: Array) -> Array:
        """Take it as it is."""
        return X

    def predict(self, X: Array) -> Array:
        """Compute the outputs."""
        for W, b in self._layers:
            X = 1 / (1 + np.exp(-(X @ W + b)))
        return X


def two_layers(layers: Layers, X: Array, Y: Array, rate: float) -> None:
    """Update by sample; the rate is applied to delta, for that is the shorter array."""
    (W1, b1), (W2, b2) = layers
    for x, y in zip(X, Y, strict=True):
        h = 1 / (1 + np.exp(-(x @ W1 + b1)))
        a = 1 / (1 + np.exp(-(h @ W2 + b2)))
        delta2 = (a - y) * a * (1 - a)
        delta1 = (W2 @ delta2) * h * (1 - h)
        delta2 *= rate
        delta1 *= rate
        W2 -= np.outer(h, delta2)
        b2 -= delta2
        W1 -= np.outer(x, delta1)
        b1 -= delta1


def four_layers(layers: Layers, X: Array, Y: Array, rate: float) -> None:
    """Do the same, twice as deep."""
    (W1, b1), (W2, b2), (W3, b3), (W4, b4) = layers
    for x, y in zip(X, Y, strict=True):
        h1 = 1 / (1 + np.exp(-(x @ W1 + b1)))
        h2 = 1 / (1 + np.exp(-(h1 @ W2 + b2)))
        h3 = 1 / (1 + np.exp(-(h2 @ W3 + b3)))
        a = 1 / (1 + np.exp(-(h3 @ W4 + b4)))
        delta4 = (a - y) * a * (1 - a)
        delta3 = (W4 @ delta4) * h3 * (1 - h3)
        delta2 = (W3 @ delta3) * h2 * (1 - h2)
        delta1 = (W2 @ delta2) * h1 * (1 - h1)
        delta4 *= rate
        delta3 *= rate
        delta2 *= rate
        delta1 *= rate
        W4 -= np.outer(h3, delta4)
        b4 -= delta4
        W3 -= np.outer(h2, delta3)
        b3 -= delta3
        W2 -= np.outer(h1, delta2)
        b2 -= delta2
        W1 -= np.outer(x, delta1)
        b1 -= delta1


def batches(layers: Layers, X: Array, Y: Array, batch_size: int, rate: float) -> None:
    """Update by batch, with the mean gradient."""
    for first in range(0, len(X), batch_size):
        x, y = X[first : first + batch_size], Y[first : first + batch_size]
        inputs, deltas = inputs_and_deltas(layers, x, y, rate)
        for (W, b), a, delta in zip(layers, inputs, deltas, strict=True):
            W -= a.T @ delta
            b -= delta.sum(axis=0)


def adam(layers: Layers, X: Array, Y: Array, batch_size: int, rate: float) -> None:
    """Update by batch, by Adam: the corrections are in the rate and in eps."""
    params = [array for layer in layers for array in layer]
    means, squares = ([np.zeros_like(p) for p in params] for _ in range(2))
    beta1, beta2 = BETAS
    for t, first in enumerate(range(0, len(X), batch_size), start=1):
        x, y = X[first : first + batch_size], Y[first : first + batch_size]
        pairs = zip(*inputs_and_deltas(layers, x, y, 1), strict=True)
        gradients = [g for a, delta in pairs for g in (a.T @ delta, delta.sum(axis=0))]
        root = sqrt(1 - beta2**t)
        for p, m, v, g in zip(params, means, squares, gradients, strict=True):
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g * g
            p -= rate * root / (1 - beta1**t) * m / (np.sqrt(v) + EPS * root)


def inputs_and_deltas(
    layers: Layers, x: Array, y: Array, scale: float
) -> tuple[list[Array], list[Array]]:
    """Return the inputs of each layer, and `scale` times its deltas of the batch's mean loss."""
    inputs, a = [], x
    for W, b in layers:
        inputs.append(a)
        a = 1 / (1 + np.exp(-(a @ W + b)))
    deltas = [(a - y) * a * (1 - a) * x.dtype.type(scale / len(x))]
    for (W, _), a in zip(layers[:0:-1], inputs[:0:-1], strict=True):
        deltas.append((deltas[-1] @ W.T) * a * (1 - a))
    return inputs, deltas[::-1]
