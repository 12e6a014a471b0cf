"""Activations and their derivatives, elementwise over a part of a flat array of units.

A derivative is taken from z or from a = f(z), whichever is cheaper and exact. Every form is stable:
no intermediate overflows for finite z, and a NaN stays a NaN.
"""

import math

import numpy as np

from ._jit import inner

IDENTITY, SIGMOID, TANH, RELU, LEAKY_RELU, ELU, SOFTPLUS, SWISH, GELU, SOFTMAX = range(10)
CODES = {
    "identity": IDENTITY,
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "relu": RELU,
    "leaky_relu": LEAKY_RELU,
    "elu": ELU,
    "softplus": SOFTPLUS,
    "swish": SWISH,
    "gelu": GELU,
    "softmax": SOFTMAX,
}

LEAKY_SLOPE = 0.01
_SQRT_HALF = math.sqrt(0.5)
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


@inner
def sigmoid(z):
    """Return 1 / (1 + e^-z), by way of e^-|z|, which cannot overflow."""
    one = type(z)(1)
    e = np.exp(-abs(z))
    return (one if z >= 0 else e) / (one + e)


@inner
def softplus(z):
    """Return log(1 + e^z), by way of e^-|z|."""
    zero = type(z)(0)
    return (z if z > 0 else zero) + np.log1p(np.exp(-abs(z)))


@inner
def normal_cdf(z):
    """Return the standard normal distribution function, without cancellation in its tail."""
    scalar = type(z)
    return scalar(0.5) * scalar(math.erfc(-z * scalar(_SQRT_HALF)))


@inner
def normal_pdf(z):
    """Return the standard normal density; it is 0 beyond 40, where z^2 might overflow."""
    scalar = type(z)
    bounded = min(abs(z), scalar(40))
    return scalar(_INV_SQRT_2PI) * np.exp(scalar(-0.5) * bounded * bounded)


@inner
def softmax(z, a, start, stop):
    """Overwrite a[start:stop] with e^z / sum(e^z), shifted by the largest z."""
    largest = z[start]
    for j in range(start + 1, stop):
        largest = max(largest, z[j])
    total = np.exp(z[start] - largest)
    a[start] = total
    for j in range(start + 1, stop):
        a[j] = np.exp(z[j] - largest)
        total += a[j]
    for j in range(start, stop):
        a[j] /= total


@inner
def activate(code, z, a, start, stop):
    """Overwrite a[start:stop] with f(z[start:stop])."""
    scalar = z.dtype.type
    if code == IDENTITY:
        for j in range(start, stop):
            a[j] = z[j]
    elif code == SIGMOID:
        for j in range(start, stop):
            a[j] = sigmoid(z[j])
    elif code == TANH:
        for j in range(start, stop):
            a[j] = np.tanh(z[j])
    elif code == RELU:
        for j in range(start, stop):
            a[j] = scalar(0) if z[j] < 0 else z[j]
    elif code == LEAKY_RELU:
        for j in range(start, stop):
            a[j] = scalar(LEAKY_SLOPE) * z[j] if z[j] < 0 else z[j]
    elif code == ELU:
        for j in range(start, stop):
            a[j] = z[j] if z[j] > 0 else np.expm1(z[j])
    elif code == SOFTPLUS:
        for j in range(start, stop):
            a[j] = softplus(z[j])
    elif code == SWISH:
        for j in range(start, stop):
            a[j] = z[j] * sigmoid(z[j])
    elif code == GELU:
        for j in range(start, stop):
            a[j] = z[j] * normal_cdf(z[j])
    elif code == SOFTMAX:
        softmax(z, a, start, stop)


@inner
def scale_by_derivative(code, z, a, delta, start, stop):
    """Multiply delta[start:stop] by f'(z[start:stop]) in place.

    Softmax has no elementwise derivative: `losses.output_delta` holds it.
    """
    scalar = z.dtype.type
    one = scalar(1)
    if code == SIGMOID:
        for j in range(start, stop):
            delta[j] *= a[j] * (one - a[j])
    elif code == TANH:
        for j in range(start, stop):
            delta[j] *= one - a[j] * a[j]
    elif code == RELU:
        for j in range(start, stop):
            delta[j] *= one if z[j] > 0 else scalar(0)
    elif code == LEAKY_RELU:
        for j in range(start, stop):
            delta[j] *= one if z[j] > 0 else scalar(LEAKY_SLOPE)
    elif code == ELU:
        for j in range(start, stop):
            delta[j] *= one if z[j] > 0 else a[j] + one
    elif code == SOFTPLUS:
        for j in range(start, stop):
            delta[j] *= sigmoid(z[j])
    elif code == SWISH:
        for j in range(start, stop):
            s = sigmoid(z[j])
            delta[j] *= s + a[j] * (one - s)
    elif code == GELU:
        for j in range(start, stop):
            delta[j] *= normal_cdf(z[j]) + z[j] * normal_pdf(z[j])
