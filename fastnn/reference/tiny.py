"""A network in 80 lines, to read first: forward, backward, gradient descent.

The names are those of `ReferenceNetwork`, which has all that this one lacks. X has a sample a row,
W_k of layer k the shape (n_in, n_out), and a_(-1) is X:

    forward     z_k = a_(k-1) W_k + b_k              a_k = f(z_k)
    backward    error = dLoss/da_k                   delta_k = error f'(z_k)
                of the last layer; of the others error = delta_(k+1) W_(k+1)^T
    update      W_k -= rate a_(k-1)^T delta_k        b_k -= rate sum of the rows of delta_k
"""

from collections.abc import Sequence
from typing import Any

import numpy as np


def softmax(z: Any) -> Any:
    """Return exp(z), a row divided by its sum; less its largest z, for exp not to overflow."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


ACTIVATIONS: dict[str, Any] = {  # f(z), and f'(z) in terms of a = f(z)
    "identity": (lambda z: z, lambda a: 1.0),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda a: a > 0),
    "softmax": (softmax, None),  # its loss has no error: it begins with delta
}
LOSSES = {  # the error of the last layer; of the last two, which go with one activation, its delta
    "half_sse": lambda a, y: a - y,
    "sse": lambda a, y: 2 * (a - y),
    "mse": lambda a, y: 2 * (a - y) / y.shape[1],
    "binary_cross_entropy": lambda a, y: a - y,
    "cross_entropy": lambda a, y: a - y,
}
PARTNERS = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}


class TinyNetwork:
    """A dense network: of each layer W, b or None, a name in `ACTIVATIONS`; a name in `LOSSES`."""

    def __init__(self, weights: Any, biases: Any, activations: Sequence[str], loss: str) -> None:
        if not ACTIVATIONS.keys() >= {*activations} or loss not in LOSSES:
            raise ValueError(f"names must be of {[*ACTIVATIONS, *LOSSES]}, got {activations, loss}")
        partner = PARTNERS.get(loss, "all but softmax")
        hidden = activations[:-1] if loss in PARTNERS else activations
        if "softmax" in hidden or (loss in PARTNERS and activations[-1] != partner):
            raise ValueError(f"{loss} must go with {partner} as the last, got {activations}")
        self.weights = [np.array(W, float) for W in weights]
        self.biases = [None if b is None else np.array(b, float) for b in biases]
        self.activations, self.loss, self.train_biases = activations, loss, True

    def forward(self, X: Any) -> list[Any]:
        """Return X and the a of each layer; the last is the prediction."""
        outputs = [np.asarray(X, float)]
        for W, b, name in zip(self.weights, self.biases, self.activations, strict=True):
            z = outputs[-1] @ W + (0 if b is None else b)
            outputs.append(ACTIVATIONS[name][0](z))
        return outputs

    def update(self, X: Any, Y: Any, rate: float) -> None:
        """Take one step down the gradient, which is summed over the rows of X and Y."""
        *inputs, a = self.forward(X)
        error = LOSSES[self.loss](a, np.asarray(Y, float))
        for k in reversed(range(len(self.weights))):
            is_delta = k == len(inputs) - 1 and self.loss in PARTNERS
            delta = error if is_delta else error * ACTIVATIONS[self.activations[k]][1](a)
            a, error = inputs[k], delta @ self.weights[k].T  # of the layer below
            self.weights[k] -= rate * a.T @ delta
            if self.biases[k] is not None and self.train_biases:
                self.biases[k] -= rate * delta.sum(axis=0)

    def fit(self, X: Any, Y: Any, rate: float, *, epochs: int = 1, batch_size: int = 1) -> None:
        """Train in order; with a batch of one sample this is stochastic gradient descent."""
        for _ in range(epochs):
            for start in range(0, len(X), batch_size):
                batch = slice(start, start + batch_size)
                self.update(X[batch], Y[batch], rate)
