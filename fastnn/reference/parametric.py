"""Losses with parameters, activations of a whole row, and functions of the user's own."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .functions import (
    Activation,
    Array,
    Loss,
    as_activation,
    as_loss,
    log_softmax,
    pulled_back,
    sigmoid,
    softplus,
)


def _steps_up(z: Array) -> Array:
    """z_0, then steps of softplus(z_j)."""
    steps = np.concatenate([z[..., :1], softplus(z[..., 1:])], axis=-1)
    a: Array = np.cumsum(steps, axis=-1)
    return a


def _steps_up_derivative(z: Array) -> Array:
    """The matrix da_i/dz_j: the slope of step j for all i from j on."""
    slopes = np.concatenate([np.ones_like(z[..., :1]), sigmoid(z[..., 1:])], axis=-1)
    matrix: Array = np.tri(z.shape[-1], dtype=z.dtype) * slopes[..., None, :]
    return matrix


def _is_spread(z: Array) -> Any:
    return np.arange(z.shape[-1]) % 2 == 1


ROWS = {
    "ascending": Activation(_steps_up, _steps_up_derivative),
    "mean_and_spread": Activation(
        lambda z: np.where(_is_spread(z), softplus(z) + 1e-6, z),
        lambda z: np.where(_is_spread(z), sigmoid(z), 1),
    ),
}


def _quantile(loss: Any) -> Loss:
    """The mean of q e where e = y - a is positive, of (q - 1) e elsewhere."""
    levels = np.array(loss.levels)

    def weights(a: Array, y: Array) -> Array:
        q = np.resize(levels, a.shape[-1]).astype(a.dtype)
        of_each: Array = np.where(y > a, q, np.where(y < a, q - 1, 0))
        return of_each

    return Loss(
        lambda z, a, y: (weights(a, y) * (y - a)).mean(axis=-1),
        lambda z, a, y: -weights(a, y) / y.shape[-1],
    )


def _gaussian_nll(loss: Any) -> Loss:
    """The sum of log s + ((y - m) / s)^2 / 2 + log(2 pi) / 2."""

    def parts(a: Array, y: Array) -> tuple[Array, Array]:
        return a[..., 1::2], (y[..., ::2] - a[..., ::2]) / a[..., 1::2]

    def value(z: Array, a: Array, y: Array) -> Array:
        s, u = parts(a, y)
        total: Array = (np.log(s) + 0.5 * u * u + 0.5 * math.log(2 * math.pi)).sum(axis=-1)
        return total

    def derivative(z: Array, a: Array, y: Array) -> Array:
        s, u = parts(a, y)
        return np.stack([-u / s, (1 - u * u) / s], axis=-1).reshape(a.shape)

    return Loss(value, derivative)


def _log_cosh(loss: Any) -> Loss:
    """The mean of log cosh(a - y), by way of an exp that cannot overflow."""

    def value(z: Array, a: Array, y: Array) -> Array:
        size = np.abs(a - y)
        mean: Array = (size + np.log1p(np.exp(-2 * size)) - math.log(2)).mean(axis=-1)
        return mean

    return Loss(value, lambda z, a, y: np.tanh(a - y) / y.shape[-1])


def _gamma(loss: Any) -> Loss:
    """The sum of y / a - 1 - log(y / a), with a = exp(z)."""
    return Loss(
        lambda z, a, y: (y * np.exp(-z) - 1 - np.log(y) + z).sum(axis=-1),
        lambda z, a, y: 1 - y * np.exp(-z),
        partner="exp",
    )


def _cross_entropy(loss: Any) -> Loss:
    """Of a smoothed y."""
    share = loss.label_smoothing

    def smooth(y: Array) -> Array:
        shares: Array = (1 - share) * y + share / y.shape[-1]
        return shares

    return Loss(
        lambda z, a, y: -(smooth(y) * log_softmax(z)).sum(axis=-1),
        lambda z, a, y: a * smooth(y).sum(axis=-1, keepdims=True) - smooth(y),
        partner="softmax",
    )


def _binary_cross_entropy(loss: Any) -> Loss:
    """Of a smoothed y."""
    share = loss.label_smoothing

    def smooth(y: Array) -> Array:
        shares: Array = (1 - share) * y + share / 2
        return shares

    return Loss(
        lambda z, a, y: (softplus(z) - smooth(y) * z).sum(axis=-1),
        lambda z, a, y: a - smooth(y),
        partner="sigmoid",
    )


def _focal(loss: Any, activation: str) -> Loss:
    """The sum of -y (1 - a)^gamma log a; of sigmoid outputs, with the same of 1 - y and 1 - a."""
    gamma = loss.gamma

    def slope(p: Array, log_p: Array) -> Array:
        """Return p times the derivative of -(1 - p)^gamma log p by p."""
        with np.errstate(divide="ignore", invalid="ignore"):
            power = np.where(p < 1, gamma * (1 - p) ** (gamma - 1) * p * log_p, 0)
        of_all: Array = power - (1 - p) ** gamma
        return of_all

    if activation == "softmax":

        def value(z: Array, a: Array, y: Array) -> Array:
            total: Array = -(y * (1 - a) ** gamma * log_softmax(z)).sum(axis=-1)
            return total

        def derivative(z: Array, a: Array, y: Array) -> Array:
            of_each = y * slope(a, log_softmax(z))
            by_z: Array = of_each - a * of_each.sum(axis=-1, keepdims=True)
            return by_z

        return Loss(value, derivative, partner=activation)

    def value_of_each(z: Array, a: Array, y: Array) -> Array:
        right, wrong = y * (1 - a) ** gamma * softplus(-z), (1 - y) * a**gamma * softplus(z)
        total: Array = (right + wrong).sum(axis=-1)
        return total

    def derivative_of_each(z: Array, a: Array, y: Array) -> Array:
        rest = sigmoid(-z)
        return y * rest * slope(a, -softplus(-z)) - (1 - y) * a * slope(rest, -softplus(z))

    return Loss(value_of_each, derivative_of_each, partner=activation)


_KINDS: dict[str, Callable[[Any], Loss]] = {
    "Quantile": _quantile,
    "GaussianNLL": _gaussian_nll,
    "LogCosh": _log_cosh,
    "Gamma": _gamma,
    "CrossEntropy": _cross_entropy,
    "BinaryCrossEntropy": _binary_cross_entropy,
}


def _of_heads(loss: Any) -> Loss:
    """The weighted sum of the losses of several heads, each of its own columns, by z."""
    parts = [
        (slice(part.start, part.stop), as_loss(loss_like(own, part.activation)), weight, part)
        for part, own, weight in zip(loss.parts, loss.losses, loss.weights, strict=True)
    ]

    def value(z: Array, a: Array, y: Array) -> Array:
        values = [w * own.value(z[..., at], a[..., at], y[..., at]) for at, own, w, _ in parts]
        total: Array = np.sum(values, axis=0)
        return total

    def derivative(z: Array, a: Array, y: Array) -> Array:
        columns = []
        for at, own, weight, part in parts:
            delta = own.derivative(z[..., at], a[..., at], y[..., at])
            if not own.partner:
                activation = activation_like(part.activation)
                delta = pulled_back(activation, delta, z[..., at], a[..., at])
            columns.append(weight * delta)
        return np.concatenate(columns, axis=-1)

    return Loss(value, derivative, partner="each head's own")


def _activations_of_heads(activation: Any) -> Activation:
    """The activation of each head, of its own columns; the derivative is a matrix of blocks."""
    parts = [
        (slice(part.start, part.stop), as_activation(activation_like(part.activation)))
        for part in activation.parts
    ]

    def function(z: Array) -> Array:
        return np.concatenate([own.function(z[..., at]) for at, own in parts], axis=-1)

    def matrix(z: Array) -> Array:
        blocks = np.zeros((*z.shape, z.shape[-1]), z.dtype)
        for at, own in parts:
            slope = own.derivative(z[..., at])
            if slope.ndim == z.ndim:
                slope = slope[..., None] * np.eye(slope.shape[-1], dtype=z.dtype)
            blocks[..., at, at] = slope
        return blocks

    return Activation(function, matrix)


def loss_like(loss: Any, activation: Any) -> str | Loss:
    """Return a loss of `fastnn.losses`, of a network whose last activation is known."""
    kind = type(loss).__name__
    if kind == "HeadLosses":
        return _of_heads(loss)
    if kind == "NamedLoss":
        return str(loss.name)
    if kind == "Focal":
        return _focal(loss, activation)
    return _KINDS[kind](loss) if kind in _KINDS else _own_loss(loss)


def _own_loss(loss: Any) -> Loss:
    """A user's function, called for an output, or a row of them, after the other."""
    if len(inspect.signature(loss.function).parameters) == 2:
        pair = np.vectorize(loss.function, otypes=[np.float64, np.float64])
        return Loss(
            lambda z, a, y: pair(y, a)[0].sum(axis=-1).astype(a.dtype),
            lambda z, a, y: pair(y, a)[1].astype(a.dtype),
        )

    def of_rows(a: Array, y: Array) -> tuple[Array, Array]:
        error = np.empty_like(a)
        rows = zip(y, a, error, strict=True) if a.ndim > 1 else [(y, a, error)]
        values = np.array([loss.function(*row) for row in rows], a.dtype)
        return (values if a.ndim > 1 else values[0]), error

    return Loss(lambda z, a, y: of_rows(a, y)[0], lambda z, a, y: of_rows(a, y)[1])


def activation_like(activation: Any) -> str | Activation:
    """Return an activation of a layer of fastnn."""
    if isinstance(activation, str):
        return ROWS.get(activation, activation)
    if hasattr(activation, "parts"):
        return _activations_of_heads(activation)
    pair = np.vectorize(activation.function, otypes=[np.float64, np.float64])
    return Activation(lambda z: pair(z)[0].astype(z.dtype), lambda z: pair(z)[1].astype(z.dtype))
