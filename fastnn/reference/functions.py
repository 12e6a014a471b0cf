"""Activations and losses of whole arrays, and their derivatives."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


class Activation(NamedTuple):
    """An activation a = f(z) and its derivative f'(z), both elementwise functions of z.

    `from_output` is f'(z) as a function of a, where that needs no second exp, as in every tutorial.
    """

    function: Callable[[Array], Array]
    derivative: Callable[[Array], Array]
    from_output: Callable[[Array], Array] | None = None


class Loss(NamedTuple):
    """The loss of each sample, and its derivative, both functions of (z, a, y) of the last layer.

    `value` sums or averages over the last axis, the outputs. A loss may be bound to one activation,
    its `partner`: then `derivative` is taken with respect to z, which is the simpler, else to a.
    """

    value: Callable[[Array, Array, Array], Array]
    derivative: Callable[[Array, Array, Array], Array]
    partner: str = ""


# Every constant below is a Python number, which leaves a float32 array float32.


@np.errstate(over="ignore")  # exp(-z) may become inf, and 1 / (1 + inf) = 0 is the right answer
def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z))."""
    a: Array = 1 / (1 + np.exp(-z))
    return a


def softplus(z: Array) -> Array:
    """log(1 + exp(z)), by way of an exp that cannot overflow."""
    a: Array = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return a


_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def _normal_cdf(z: Array) -> Array:
    """(1 + erf(z / sqrt 2)) / 2, as an erfc: that sum would cancel where erf nears -1."""
    p: Array = 0.5 * _erfc(-z / math.sqrt(2))
    return p.astype(z.dtype)


@np.errstate(over="ignore")  # z^2 may become inf, and exp(-inf) = 0 is the right answer
def _gelu_derivative(z: Array) -> Array:
    density: Array = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return _normal_cdf(z) + z * density


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def _mish_derivative(z: Array) -> Array:
    t = np.tanh(softplus(z))
    slope: Array = t + z * (1 - t * t) * sigmoid(z)
    return slope


def log_softmax(z: Array) -> Array:
    """Return z - log sum exp(z)."""
    shifted = z - z.max(axis=-1, keepdims=True)  # at most 0: exp cannot overflow
    log_a: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_a


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    a: Array = e / e.sum(axis=-1, keepdims=True)
    return a


def _softmax_derivative(z: Array) -> Array:
    """The matrix da_i/dz_j, shape (..., n_out, n_out): softmax is not elementwise."""
    a = _softmax(z)
    return a[..., :, None] * (np.eye(a.shape[-1], dtype=a.dtype) - a[..., None, :])


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(np.copy, np.ones_like),
    "sigmoid": Activation(
        sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z)), from_output=lambda a: a * (1 - a)
    ),
    "tanh": Activation(
        np.tanh, lambda z: 1 - np.tanh(z) * np.tanh(z), from_output=lambda a: 1 - a * a
    ),
    "relu": Activation(lambda z: np.maximum(z, 0), lambda z: np.heaviside(z, 0)),  # f'(0) = 0
    "leaky_relu": Activation(
        lambda z: np.maximum(z, 0.01 * z),
        lambda z: np.maximum(np.heaviside(z, 0), 0.01),  # f'(0) = 0.01
    ),
    "elu": Activation(
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.exp(np.minimum(z, 0)),
    ),
    "softplus": Activation(softplus, sigmoid),
    "swish": Activation(
        lambda z: z * sigmoid(z),
        lambda z: sigmoid(z) * (1 + z * (1 - sigmoid(z))),
    ),
    "gelu": Activation(lambda z: z * _normal_cdf(z), _gelu_derivative),
    "softmax": Activation(_softmax, _softmax_derivative),
    "exp": Activation(np.exp, np.exp, from_output=lambda a: a),
    "selu": Activation(
        lambda z: _SELU_SCALE * np.where(z > 0, z, _SELU_ALPHA * np.expm1(np.minimum(z, 0))),
        lambda z: _SELU_SCALE * np.where(z > 0, 1, _SELU_ALPHA * np.exp(np.minimum(z, 0))),
    ),
    "mish": Activation(lambda z: z * np.tanh(softplus(z)), _mish_derivative),
}


def _huber(error: Array) -> Array:
    """error^2 / 2 where |error| <= 1, |error| - 1/2 beyond."""
    clipped = np.clip(error, -1, 1)
    return clipped * (error - 0.5 * clipped)


def _y_log_y(y: Array) -> Array:
    """Return y log y, which is 0 at 0."""
    return y * np.log(np.where(y == 0, 1, y))


LOSSES: dict[str, Loss] = {
    "half_sse": Loss(lambda z, a, y: 0.5 * np.square(a - y).sum(axis=-1), lambda z, a, y: a - y),
    "sse": Loss(lambda z, a, y: np.square(a - y).sum(axis=-1), lambda z, a, y: 2 * (a - y)),
    "mse": Loss(
        lambda z, a, y: np.square(a - y).mean(axis=-1),
        lambda z, a, y: 2 * (a - y) / y.shape[-1],
    ),
    "mae": Loss(
        lambda z, a, y: np.abs(a - y).mean(axis=-1),
        lambda z, a, y: np.sign(a - y) / y.shape[-1],  # 0 where a = y
    ),
    "huber": Loss(
        lambda z, a, y: _huber(a - y).mean(axis=-1),
        lambda z, a, y: np.clip(a - y, -1, 1) / y.shape[-1],
    ),
    # None of the following forms log(a), which is infinite once a has rounded to 0.
    "binary_cross_entropy": Loss(  # -sum y log a + (1 - y) log(1 - a), with a = sigmoid(z)
        lambda z, a, y: (softplus(z) - y * z).sum(axis=-1),
        lambda z, a, y: a - y,
        partner="sigmoid",
    ),
    "cross_entropy": Loss(  # -sum y log a, with a = softmax(z)
        lambda z, a, y: -(y * log_softmax(z)).sum(axis=-1),
        lambda z, a, y: a * y.sum(axis=-1, keepdims=True) - y,  # a - y if y sums to 1
        partner="softmax",
    ),
    "poisson": Loss(  # sum y log(y / a) + a - y, with a = exp(z)
        lambda z, a, y: (_y_log_y(y) - y * z + a - y).sum(axis=-1),
        lambda z, a, y: a - y,
        partner="exp",
    ),
}


def derivative_of(activation: str | Activation, z: Array, a: Array) -> Array:
    """Return f'(z), from a = f(z) where that is quicker."""
    known = as_activation(activation)
    return known.from_output(a) if known.from_output else known.derivative(z)


def pulled_back(activation: str | Activation, delta: Array, z: Array, a: Array) -> Array:
    """Return dL/dz, of dL/da: times f'(z), or times a matrix where f is of a whole row."""
    derivative = derivative_of(activation, z, a)
    if derivative.ndim == z.ndim:
        return delta * derivative
    pulled: Array = (delta[..., None, :] @ derivative)[..., 0, :]
    return pulled


def as_activation(activation: str | Activation) -> Activation:
    """Return an activation, which may be given by its name."""
    return ACTIVATIONS[activation] if isinstance(activation, str) else activation


def as_loss(loss: str | Loss) -> Loss:
    """Return a loss, which may be given by its name."""
    return LOSSES[loss] if isinstance(loss, str) else loss


def check_names(activations: Sequence[str | Activation], loss: str | Loss) -> None:
    """Raise ValueError for an unknown name, or an output layer that the loss does not go with."""
    for name in activations:
        if isinstance(name, str) and name not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {name!r}")
    if isinstance(loss, str) and loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}, got {loss!r}")
    if "softmax" in activations[:-1]:
        names = ", ".join(map(str, activations))
        raise ValueError(f"softmax must be the last activation, got {names}")
    last, partner = activations[-1], as_loss(loss).partner
    if partner in ACTIVATIONS and last != partner:
        raise ValueError(f"{loss} requires {partner} outputs, got {last}")
