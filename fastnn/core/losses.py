"""The table of losses, and the loss of one sample and its derivative with respect to z.

    error e = a - y        delta = dLoss/dz = dLoss/da f'(z)

The cross-entropies and poisson are computed from z, so they stay finite where a rounds to 0 or 1,
and their delta is one expression, in which the activation's derivative has cancelled.
"""

from typing import NamedTuple

import numpy as np

from .activations import CODES as ACTIVATION_CODES
from .activations import largest_of, scale_by_derivative, shifted_exp
from .jit import inner
from .simd.arithmetic import sign, vector_function, where
from .simd.functions import softplus
from .simd.vectors import lanes_of, load, load_part, splat, store, total, up_to, zeros

# ---- the table -----------------------------------------------------------------------------------


class Loss(NamedTuple):
    """What there is to know of a loss; e = a - y.

    `sample_loss` has its value in kernels, `output_error` its derivative.
    """

    equation: str
    # In C for double, an output's term and its dLoss/da (dLoss/dz if there is a partner), of e, z,
    # a and y; see `Activation.c`. A mean divides both.
    c: tuple[str, str]
    is_mean: bool = False  # over the outputs
    partner: str = ""  # the activation that goes with a loss computed from z


LOSSES = {
    "half_sse": Loss("sum e^2 / 2", c=("0.5 * e * e", "e")),
    "sse": Loss("sum e^2", c=("e * e", "2.0 * e")),
    "mse": Loss("mean e^2", c=("e * e", "2.0 * e"), is_mean=True),
    "mae": Loss(
        "mean |e|",
        c=("fabs(e)", "e > 0.0 ? 1.0 : e < 0.0 ? -1.0 : e"),
        is_mean=True,
    ),
    "huber": Loss(
        "mean of e^2 / 2 where |e| <= 1, of |e| - 1/2 elsewhere",
        c=("fabs(e) > 1.0 ? fabs(e) - 0.5 : 0.5 * e * e", "e > 1.0 ? 1.0 : e < -1.0 ? -1.0 : e"),
        is_mean=True,
    ),
    "binary_cross_entropy": Loss(
        "sum log(1 + e^z) - y z",
        # its parts that grow are taken together, for they may cancel
        c=("log1p(exp(-fabs(z))) + ((z > 0.0 ? z : 0.0) - y * z)", "e"),
        partner="sigmoid",
    ),
    "cross_entropy": Loss(
        "sum y (log sum e^z - z)",
        c=("", ""),  # not a sum of terms of an output each
        partner="softmax",
    ),
    "poisson": Loss(
        "sum y (log y - z) + a - y, where 0 log 0 is 0",
        c=("(y > 0.0 ? y * (log(y) - z) : 0.0) + (a - y)", "e"),
        partner="exp",
    ),
}  # fmt: skip
CODES = {name: code for code, name in enumerate(LOSSES)}
HALF_SSE, SSE, MSE, MAE, HUBER, BINARY_CROSS_ENTROPY, CROSS_ENTROPY, POISSON = CODES.values()
# The losses that are computed from z, with the one activation each of them goes with.
PARTNERS = {
    CODES[name]: ACTIVATION_CODES[known.partner] for name, known in LOSSES.items() if known.partner
}
_FROM_Z = tuple(PARTNERS)


# ---- kernels -------------------------------------------------------------------------------------


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

    It is strict: `fastnn._checks.targets` allows for rounding.
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
    """Return the loss of one sample, whose outputs are the units [start, stop)."""
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
