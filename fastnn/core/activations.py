"""Activations and their derivatives, elementwise over a part of a flat array of units.

A derivative is taken from z or from a = f(z), whichever is cheaper and exact. Every form is stable:
no intermediate overflows for finite z (exp itself does), and a NaN stays a NaN.

Units [start, stop) are taken in whole registers: `start` is at the beginning of one, and the last
is filled with padding. There z is 0 and `delta` stays 0; a is overwritten with something finite.
"""

from .jit import inner
from .simd.arithmetic import multiply_add, vector_function, where
from .simd.functions import (
    exp,
    expm1,
    gelu,
    gelu_derivative,
    mish,
    mish_derivative,
    sigmoid,
    softplus,
    swish,
    tanh,
)
from .simd.vectors import lanes_of, load, splat, store, total, up_to, zeros

(
    IDENTITY, SIGMOID, TANH, RELU, LEAKY_RELU, ELU, SOFTPLUS, SWISH, GELU, SOFTMAX, EXP, SELU, MISH,
) = range(13)  # fmt: skip
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
    "exp": EXP,
    "selu": SELU,
    "mish": MISH,
}
# Under these names others know some of them: whoever takes a name takes these too.
SECOND_NAMES = {"silu": "swish", "linear": "identity", "logistic": "sigmoid"}

LEAKY_SLOPE = 0.01
# Klambauer et al., Self-normalizing neural networks, 2017: outputs tend to mean 0 and variance 1.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_SELU_LIMIT = SELU_ALPHA * SELU_SCALE  # minus selu at minus infinity


@vector_function
def relu(z):
    """Return max(z, 0)."""
    return where(z < 0.0, 0.0, z)


@vector_function
def scale_by_relu_derivative(delta, z):
    """Return delta relu'(z), where relu'(0) = 0."""
    return where(z > 0.0, delta, 0.0 * delta)


@vector_function
def leaky_relu(z):
    """Return z, scaled down where it is negative."""
    return where(z < 0.0, LEAKY_SLOPE * z, z)


@vector_function
def scale_by_leaky_relu_derivative(delta, z):
    """Return delta leaky_relu'(z), where leaky_relu'(0) is the slope of the left."""
    return where(z > 0.0, delta, LEAKY_SLOPE * delta)


@vector_function
def elu(z):
    """Return z where it is positive, e^z - 1 elsewhere."""
    return where(z > 0.0, z, expm1(where(z > 0.0, 0.0, z)))


@vector_function
def scale_by_elu_derivative(delta, a):
    """Return delta elu'(z), of a = elu(z)."""
    return where(a > 0.0, delta, (a + 1.0) * delta)


@vector_function
def selu_of_elu(a):
    """Return scale z where z is positive, scale alpha (e^z - 1) elsewhere, of a = elu(z)."""
    return where(a > 0.0, SELU_SCALE * a, _SELU_LIMIT * a)


@vector_function
def scale_by_selu_derivative(delta, a):
    """Return delta selu'(z), of a = selu(z)."""
    return where(a > 0.0, SELU_SCALE * delta, (a + _SELU_LIMIT) * delta)


@vector_function
def scale_by_sigmoid_derivative(delta, a):
    """Return delta sigmoid'(z), of a = sigmoid(z)."""
    return delta * (a * (1.0 - a))


@vector_function
def scale_by_tanh_derivative(delta, a):
    """Return delta tanh'(z), of a = tanh(z)."""
    return delta * (1.0 - a * a)


@vector_function
def scale_by_swish_derivative(delta, z, a):
    """Return delta swish'(z), of a = swish(z)."""
    s = sigmoid(z)
    return delta * (s + a * (1.0 - s))


@vector_function
def shifted_exp(z, largest):
    """Return e^(z - largest), at most 1, whatever there is in the padding."""
    shifted = z - largest
    return exp(where(shifted > 0.0, 0.0, shifted))


@inner
def largest_of(z, start, stop):
    """Return the largest of z[start:stop]."""
    largest = z[start]
    for j in range(start + 1, stop):
        if z[j] > largest:
            largest = z[j]
    return largest


@inner
def softmax(z, a, start, stop):
    """Overwrite a[start:stop] with e^z / sum(e^z), shifted by the largest z."""
    one = zeros(z, 1)
    largest = splat(largest_of(z, start, stop), one)
    sums = zeros(z, 1)
    for j in range(start, stop, lanes_of(one)):
        powers = shifted_exp(load(z, j, one), largest)
        store(a, j, powers)
        sums = sums + up_to(stop - j, powers)
    inverse = splat(z.dtype.type(1) / total(sums), one)
    for j in range(start, stop, lanes_of(one)):
        store(a, j, load(a, j, one) * inverse)


@inner
def activate(code, z, a, start, stop):
    """Overwrite a[start:stop] with f(z[start:stop])."""
    if code == SOFTMAX:
        softmax(z, a, start, stop)
        return
    one = zeros(z, 1)
    for j in range(start, stop, lanes_of(one)):
        units = load(z, j, one)
        if code == SIGMOID:
            units = sigmoid(units)
        elif code == TANH:
            units = tanh(units)
        elif code == RELU:
            units = relu(units)
        elif code == LEAKY_RELU:
            units = leaky_relu(units)
        elif code in (ELU, SELU):  # one e^z in the kernel for both
            units = elu(units)
            if code == SELU:
                units = selu_of_elu(units)
        elif code == SOFTPLUS:
            units = softplus(units)
        elif code == SWISH:
            units = swish(units)
        elif code == GELU:
            units = gelu(units)
        elif code == MISH:
            units = mish(units)
        elif code == EXP:
            units = exp(units)
        store(a, j, units)


@inner
def scale_by_derivative(code, z, a, delta, start, stop):
    """Multiply delta[start:stop] by f'(z[start:stop]) in place.

    Softmax has no elementwise derivative: see `pull_back`, and `losses.output_delta`.
    """
    one = zeros(z, 1)
    for j in range(start, stop, lanes_of(one)):
        before, outputs, scaled = load(z, j, one), load(a, j, one), load(delta, j, one)
        if code == SIGMOID:
            scaled = scale_by_sigmoid_derivative(scaled, outputs)
        elif code == TANH:
            scaled = scale_by_tanh_derivative(scaled, outputs)
        elif code == RELU:
            scaled = scale_by_relu_derivative(scaled, before)
        elif code == LEAKY_RELU:
            scaled = scale_by_leaky_relu_derivative(scaled, before)
        elif code == ELU:
            scaled = scale_by_elu_derivative(scaled, outputs)
        elif code == SOFTPLUS:
            scaled = scaled * sigmoid(before)
        elif code == SWISH:
            scaled = scale_by_swish_derivative(scaled, before, outputs)
        elif code == GELU:
            scaled = scaled * gelu_derivative(before)
        elif code == EXP:
            scaled = scaled * outputs
        elif code == SELU:
            scaled = scale_by_selu_derivative(scaled, outputs)
        elif code == MISH:
            scaled = scaled * mish_derivative(before)
        store(delta, j, scaled)


@inner
def pull_back(code, z, a, start, stop, delta):
    """Turn delta[start:stop] from dL/da into dL/dz, in place, of whatever activation.

    Of softmax that is a (dL/da - the mean of dL/da, weighted by a).
    """
    if code != SOFTMAX:
        scale_by_derivative(code, z, a, delta, start, stop)
        return
    one, sums = zeros(z, 1), zeros(z, 1)
    for j in range(start, stop, lanes_of(one)):
        sums = multiply_add(load(a, j, one), load(delta, j, one), sums)
    mean = splat(total(sums), one)
    for j in range(start, stop, lanes_of(one)):
        pulled = load(a, j, one) * (load(delta, j, one) - mean)
        store(delta, j, up_to(stop - j, pulled))
