"""Losses of one sample and their derivatives with respect to the outputs' pre-activations.

    error e = a - y        delta = dLoss/dz = dLoss/da f'(z)

The cross-entropies and poisson are computed from z, so they stay finite where a rounds to 0 or 1,
and their delta is one expression, in which the activation's derivative has cancelled.
"""

import numpy as np

from .activations import EXP, SIGMOID, SOFTMAX, largest_of, scale_by_derivative, shifted_exp
from .jit import inner
from .simd.arithmetic import vector_function, where
from .simd.functions import softplus
from .simd.vectors import lanes_of, load, load_part, splat, store, total, up_to, zeros

HALF_SSE, SSE, MSE, MAE, HUBER, BINARY_CROSS_ENTROPY, CROSS_ENTROPY, POISSON = range(8)
CODES = {
    "half_sse": HALF_SSE,
    "sse": SSE,
    "mse": MSE,
    "mae": MAE,
    "huber": HUBER,
    "binary_cross_entropy": BINARY_CROSS_ENTROPY,
    "cross_entropy": CROSS_ENTROPY,
    "poisson": POISSON,
}
# The losses that are computed from z, with the one activation each of them goes with.
PARTNERS = {BINARY_CROSS_ENTROPY: SIGMOID, CROSS_ENTROPY: SOFTMAX, POISSON: EXP}
_FROM_Z = tuple(PARTNERS)


@vector_function
def sign(e):
    """Return 1, -1, or e where it is 0 or NaN."""
    return where(e > 0.0, 1.0, where(e < 0.0, -1.0, e))


@vector_function
def clipped(e):
    """Return e, cut off at -1 and 1."""
    return where(abs(e) > 1.0, sign(e), e)


@vector_function
def huber(e):
    """Return e^2 / 2 where |e| <= 1, |e| - 1/2 elsewhere."""
    return where(abs(e) > 1.0, abs(e) - 0.5, 0.5 * (e * e))


@vector_function
def binary_cross_entropy(z, y):
    """Return log(1 + e^z) - y z; its parts that grow are taken together, for they may cancel."""
    return softplus(-abs(z)) + (where(z > 0.0, z, 0.0 * z) - y * z)


@inner
def poisson(z, a, start, stop, y):
    """Return the sum of y (log y - z) + a - y, where 0 log 0 is 0."""
    loss = z.dtype.type(0)
    for j in range(stop - start):
        loss += a[start + j] - y[j]
        if y[j] > 0:
            loss += y[j] * (np.log(y[j]) - z[start + j])
    return loss


@inner
def is_target(code, y):
    """Return True if a target of a cross-entropy is shares, which for the classes sum to 1.

    It is strict: what rounding may have done to a target, `fastnn._checks.targets` knows.
    """
    if code != BINARY_CROSS_ENTROPY and code != CROSS_ENTROPY:
        return True
    sum_of_y, are_shares = 0.0, True
    for j in range(y.shape[0]):
        sum_of_y += np.float64(y[j])
        are_shares &= y[j] >= 0 and y[j] <= 1
    return are_shares and (code == BINARY_CROSS_ENTROPY or abs(sum_of_y - 1) < 1e-6)


@inner
def errors(a, j, stop, start, y, like):
    """Return a - y of as many units from `j` on as `like` has lanes, 0 from `stop` on."""
    return up_to(stop - j, load(a, j, like)) - load_part(y, j - start, stop - j, like)


@inner
def sample_loss(code, z, a, start, stop, y):
    """Return the loss of one sample, whose outputs are the units [start, stop).

    half_sse   sum e^2 / 2            mse   mean e^2
    sse        sum e^2                mae   mean |e|
    huber      mean of e^2 / 2 where |e| <= 1, of |e| - 1/2 elsewhere
    binary_cross_entropy   sum log(1 + e^z) - y z
    cross_entropy          sum y (log sum e^z - z)
    poisson                sum y (log y - z) + a - y
    """
    if code == POISSON:
        return poisson(z, a, start, stop, y)
    one, sums = zeros(z, 1), zeros(z, 1)
    if code == CROSS_ENTROPY:
        largest = splat(largest_of(z, start, stop), one)
        for j in range(start, stop, lanes_of(one)):
            sums = sums + up_to(stop - j, shifted_exp(load(z, j, one), largest))
        log_sum = splat(np.log(total(sums)), one)
        sums = zeros(z, 1)
        for j in range(start, stop, lanes_of(one)):
            targets = load_part(y, j - start, stop - j, one)
            sums = sums + targets * (log_sum + (largest - load(z, j, one)))
        return total(sums)
    for j in range(start, stop, lanes_of(one)):
        if code == BINARY_CROSS_ENTROPY:
            targets = load_part(y, j - start, stop - j, one)
            sums = sums + up_to(stop - j, binary_cross_entropy(load(z, j, one), targets))
        else:
            e = errors(a, j, stop, start, y, one)
            if code == MAE:
                sums = sums + abs(e)
            elif code == HUBER:
                sums = sums + huber(e)
            else:
                sums = sums + e * e
    loss = total(sums)
    if code == HALF_SSE:
        loss *= z.dtype.type(0.5)
    elif code in (MSE, MAE, HUBER):
        loss /= z.dtype.type(stop - start)
    return loss


@inner
def output_error(code, a, start, stop, y, error):
    """Overwrite error[start:stop] with dLoss/da; with delta where the loss is computed from z."""
    one, mass = zeros(a, 1), zeros(a, 1)
    n_out = splat(a.dtype.type(stop - start), one)
    if code == CROSS_ENTROPY:  # targets need not sum to one
        for j in range(start, stop, lanes_of(one)):
            mass = mass + load_part(y, j - start, stop - j, one)
        mass = splat(total(mass), one)
    for j in range(start, stop, lanes_of(one)):
        e = errors(a, j, stop, start, y, one)
        if code == SSE:
            e = e + e
        elif code == MSE:
            e = (e + e) / n_out
        elif code == MAE:
            e = sign(e) / n_out
        elif code == HUBER:
            e = clipped(e) / n_out
        elif code == CROSS_ENTROPY:
            outputs = up_to(stop - j, load(a, j, one))
            e = mass * outputs - load_part(y, j - start, stop - j, one)
        store(error, j, e)  # HALF_SSE, BINARY_CROSS_ENTROPY, POISSON: e itself


@inner
def output_delta(code, activation, z, a, start, stop, y, delta):
    """Overwrite delta[start:stop] with dLoss/dz."""
    output_error(code, a, start, stop, y, delta)
    if code not in _FROM_Z:
        scale_by_derivative(activation, z, a, delta, start, stop)
