"""The formulas of losses and activations as a page or a program prints them, and their numbers."""

import numpy as np

from .functions import Array

# Of a row; sums and means are over its outputs. The loss, and its derivative with which backward
# begins: by z where the loss goes with one activation only, by a elsewhere.
FORMULAS = {
    "half_sse": ("sum (a - y)^2 / 2", "a - y"),
    "sse": ("sum (a - y)^2", "2 (a - y)"),
    "mse": ("mean (a - y)^2", "2 (a - y) / n_out"),
    "mae": ("mean |a - y|", "sign(a - y) / n_out"),
    "huber": ("mean (a - y)^2 / 2, beyond 1 |a - y| - 1/2", "clip(a - y, -1, 1) / n_out"),
    "binary_cross_entropy": ("-sum (y log a + (1 - y) log(1 - a))", "a - y"),
    "cross_entropy": ("-sum y log a", "a sum(y) - y"),
    "poisson": ("sum (y log(y / a) + a - y)", "a - y"),
}
# Of the losses that go with one activation only: the derivative by a, which has no end where a is
# that of an output that is sure.
BY_OUTPUT = {
    "binary_cross_entropy": "(a - y) / (a (1 - a))",
    "cross_entropy": "-y / a",
    "poisson": "(a - y) / a",
}
SLOPES = {
    "sigmoid": "a (1 - a)",
    "tanh": "1 - a^2",
    "identity": "1",
    "exp": "a",
    "relu": "1 where z > 0, else 0",
}


def error_by_output(loss: str, a: Array, y: Array) -> Array:
    """Return dLoss/da of a loss in `BY_OUTPUT`; not finite where it has no end.

    Examples
    --------
    >>> error_by_output("binary_cross_entropy", np.array([0.5]), np.array([1.0]))
    array([-2.])
    """
    with np.errstate(all="ignore"):
        error: Array = {
            "binary_cross_entropy": lambda: (a - y) / (a * (1 - a)),
            "cross_entropy": lambda: -y / a,
            "poisson": lambda: (a - y) / a,
        }[loss]()
    return error
