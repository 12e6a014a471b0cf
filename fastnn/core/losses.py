"""Losses of one sample and their derivatives with respect to the outputs' pre-activations.

    error e = a - y        delta = dLoss/dz = dLoss/da f'(z)

The two cross-entropies are computed from z, so they stay finite where a rounds to 0 or 1, and their
delta is one expression, in which the activation's derivative has cancelled.
"""

import numpy as np

from ._jit import inner
from .activations import SIGMOID, SOFTMAX, largest_of, scale_by_derivative, shifted_exp
from .elementary import softplus
from .vectors import lanes_of, load, splat, total, up_to, zeros

HALF_SSE, SSE, MSE, MAE, HUBER, BINARY_CROSS_ENTROPY, CROSS_ENTROPY = range(7)
CODES = {
    "half_sse": HALF_SSE,
    "sse": SSE,
    "mse": MSE,
    "mae": MAE,
    "huber": HUBER,
    "binary_cross_entropy": BINARY_CROSS_ENTROPY,
    "cross_entropy": CROSS_ENTROPY,
}
# The losses that are computed from z, with the one activation each of them goes with.
PARTNERS = {BINARY_CROSS_ENTROPY: SIGMOID, CROSS_ENTROPY: SOFTMAX}


@inner
def sample_loss(code, z, a, start, stop, y):
    """Return the loss of one sample, whose outputs are the units [start, stop).

    half_sse   sum e^2 / 2            mse   mean e^2
    sse        sum e^2                mae   mean |e|
    huber      mean of e^2 / 2 where |e| <= 1, of |e| - 1/2 elsewhere
    binary_cross_entropy   sum log(1 + e^z) - y z
    cross_entropy          sum y (log sum e^z - z)
    """
    scalar = z.dtype.type
    n_out = scalar(stop - start)
    loss = scalar(0)
    one = zeros(z, 1)
    if code in (HALF_SSE, SSE, MSE):
        for j in range(start, stop):
            loss += (a[j] - y[j - start]) * (a[j] - y[j - start])
        if code == HALF_SSE:
            loss *= scalar(0.5)
        elif code == MSE:
            loss /= n_out
    elif code == MAE:
        for j in range(start, stop):
            loss += abs(a[j] - y[j - start])
        loss /= n_out
    elif code == HUBER:
        for j in range(start, stop):
            e = abs(a[j] - y[j - start])
            loss += scalar(0.5) * e * e if e <= 1 else e - scalar(0.5)
        loss /= n_out
    elif code == BINARY_CROSS_ENTROPY:
        for j in range(start, stop, lanes_of(one)):
            loss += total(up_to(stop - j, softplus(-abs(load(z, j, one)))))
        for j in range(start, stop):  # the rest of softplus(z): it may cancel with y z
            loss += (z[j] if z[j] > 0 else scalar(0)) - y[j - start] * z[j]
    elif code == CROSS_ENTROPY:
        largest = largest_of(z, start, stop)
        sum_of_powers = scalar(0)
        for j in range(start, stop, lanes_of(one)):
            powers = shifted_exp(load(z, j, one), splat(largest, one))
            sum_of_powers += total(up_to(stop - j, powers))
        log_sum = np.log(sum_of_powers)
        for j in range(start, stop):
            loss += y[j - start] * (log_sum + (largest - z[j]))
    return loss


@inner
def output_error(code, a, start, stop, y, error):
    """Overwrite error[start:stop] with dLoss/da, or with delta for the two cross-entropies."""
    scalar = a.dtype.type
    n_out = scalar(stop - start)
    if code == SSE:
        for j in range(start, stop):
            error[j] = scalar(2) * (a[j] - y[j - start])
    elif code == MSE:
        for j in range(start, stop):
            error[j] = scalar(2) * (a[j] - y[j - start]) / n_out
    elif code == MAE:
        for j in range(start, stop):
            error[j] = np.sign(a[j] - y[j - start]) / n_out
    elif code == HUBER:
        for j in range(start, stop):
            e = a[j] - y[j - start]
            error[j] = (e if abs(e) <= 1 else np.sign(e)) / n_out
    elif code == CROSS_ENTROPY:  # targets need not sum to one
        mass = y[0]
        for j in range(1, stop - start):
            mass += y[j]
        for j in range(start, stop):
            error[j] = mass * a[j] - y[j - start]
    else:  # HALF_SSE, BINARY_CROSS_ENTROPY
        for j in range(start, stop):
            error[j] = a[j] - y[j - start]


@inner
def output_delta(code, activation, z, a, start, stop, y, delta):
    """Overwrite delta[start:stop] with dLoss/dz."""
    output_error(code, a, start, stop, y, delta)
    if code != BINARY_CROSS_ENTROPY and code != CROSS_ENTROPY:
        scale_by_derivative(activation, z, a, delta, start, stop)
