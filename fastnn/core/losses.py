"""The table of losses, and the loss of one sample and its derivative with respect to z.

    error e = a - y        delta = dLoss/dz = dLoss/da f'(z)

The cross-entropies and poisson are computed from z, so they stay finite where a rounds to 0 or 1,
and their delta is one expression, in which the activation's derivative has cancelled.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .activations import CODES as ACTIVATION_CODES
from .activations import pull_back_part
from .jit import inner
from .pointers import (
    error_at,
    is_address,
    is_from_z,
    is_table,
    loss_at,
    n_parts_of,
    part_at,
    weight_at,
)
from .simd.arithmetic import sign, where
from .simd.borrow import part_of
from .simd.functions import softplus
from .simd.switch import vector_switch
from .simd.vectors import lanes_of, load, load_part, splat, store, total, up_to, zeros
from .softmax import largest_of

# ---- terms and their derivatives: functions of vectors, of e = a - y, z and y --------------------


def half_square(e, z, y):
    """Return e^2 / 2."""
    return 0.5 * (e * e)


def square(e, z, y):
    """Return e^2."""
    return e * e


def absolute(e, z, y):
    """Return |e|."""
    return abs(e)


def huber(e, z, y):
    """Return e^2 / 2 where |e| <= 1, |e| - 1/2 elsewhere."""
    return where(abs(e) > 1.0, abs(e) - 0.5, 0.5 * (e * e))


def binary_cross_entropy(e, z, y):
    """Return log(1 + e^z) - y z; its parts that grow are taken together, for they may cancel."""
    return softplus(-abs(z)) + (where(z > 0.0, z, 0.0 * z) - y * z)


def itself(e, z, y):
    """Return e."""
    return e


def twice(e, z, y):
    """Return 2 e."""
    return e + e


def sign_of_error(e, z, y):
    """Return 1, -1, or e where it is 0 or NaN."""
    return sign(e)


def clipped(e, z, y):
    """Return e, cut off at -1 and 1."""
    return where(abs(e) > 1.0, sign(e), e)


# ---- the table -----------------------------------------------------------------------------------


class Loss(NamedTuple):
    """What there is to know of a loss, the sum of a term an output; e = a - y."""

    equation: str
    term: Callable[..., Any] | None  # None where it is more than a function of vectors
    error: Callable[..., Any] | None  # its derivative by a, or by z if there is a partner
    # In C for double, the same two, of e, z, a and y; see `Activation.c`.
    c: tuple[str, str]
    is_mean: bool = False  # over the outputs: they divide both
    partner: str = ""  # the activation that goes with a loss computed from z


LOSSES = {
    "half_sse": Loss("sum e^2 / 2", half_square, itself, c=("0.5 * e * e", "e")),
    "sse": Loss("sum e^2", square, twice, c=("e * e", "2.0 * e")),
    "mse": Loss("mean e^2", square, twice, c=("e * e", "2.0 * e"), is_mean=True),
    "mae": Loss(
        "mean |e|", absolute, sign_of_error,
        c=("fabs(e)", "e > 0.0 ? 1.0 : e < 0.0 ? -1.0 : e"),
        is_mean=True,
    ),
    "huber": Loss(
        "mean of e^2 / 2 where |e| <= 1, of |e| - 1/2 elsewhere", huber, clipped,
        c=("fabs(e) > 1.0 ? fabs(e) - 0.5 : 0.5 * e * e", "e > 1.0 ? 1.0 : e < -1.0 ? -1.0 : e"),
        is_mean=True,
    ),
    "binary_cross_entropy": Loss(
        "sum log(1 + e^z) - y z", binary_cross_entropy, itself,
        # its parts that grow are taken together, for they may cancel
        c=("log1p(exp(-fabs(z))) + ((z > 0.0 ? z : 0.0) - y * z)", "e"),
        partner="sigmoid",
    ),
    "cross_entropy": Loss(
        "sum y (log sum e^z - z)", None, None,
        c=("", ""),  # not a sum of terms of an output each
        partner="softmax",
    ),
    "poisson": Loss(
        "sum y (log y - z) + a - y, where 0 log 0 is 0", None, itself,
        c=("(y > 0.0 ? y * (log(y) - z) : 0.0) + (a - y)", "e"),
        partner="exp",
    ),
}  # fmt: skip
CODES = {name: code for code, name in enumerate(LOSSES)}
BINARY_CROSS_ENTROPY, CROSS_ENTROPY = CODES["binary_cross_entropy"], CODES["cross_entropy"]
POISSON = CODES["poisson"]
# The losses that are computed from z, with the one activation each of them goes with.
PARTNERS = {
    CODES[name]: ACTIVATION_CODES[known.partner] for name, known in LOSSES.items() if known.partner
}
FROM_Z = tuple(PARTNERS)
_MEANS = tuple(CODES[name] for name, known in LOSSES.items() if known.is_mean)


# ---- kernels -------------------------------------------------------------------------------------


@vector_switch({CODES[name]: known.term for name, known in LOSSES.items()})
def term_of(code, e, z, y):
    """Return the loss of outputs, before a mean is taken, if it is a function of vectors."""
    return e


@vector_switch({CODES[name]: known.error for name, known in LOSSES.items()})
def error_of(code, e, z, y):
    """Return its derivative by a, or by z if the loss is computed from z."""
    return e


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
def cross_entropy(z, a, start, stop, y):
    """Return the sum of y (log sum e^z - z), where a is the softmax of z.

    Of the largest z, a is 1 / sum e^(z - largest).
    """
    one, losses = zeros(z, 1), zeros(z, 1)
    largest = splat(largest_of(z, start, stop), one)
    log_sum = splat(-np.log(largest_of(a, start, stop)), one)
    for j in range(start, stop, lanes_of(one)):
        targets = load_part(y, j - start, stop - j, one)
        losses = losses + up_to(stop - j, targets * (log_sum + (largest - load(z, j, one))))
    return total(losses)


@inner
def sample_loss(code, z, a, start, stop, y):
    """Return the loss of one sample, whose outputs are the units [start, stop)."""
    if not is_table(code):
        return loss_of_part(code, z, a, start, stop, y)
    value = z.dtype.type(0)
    for k in range(n_parts_of(code)):
        weight = z.dtype.type(weight_at(code, k))
        if weight != 0:  # else not even an infinite loss counts
            value += weight * loss_of_kth_part(code, k, z, a, start, y)
    return value


@inner
def add_losses_of_parts(code, z, a, start, y, weight, sums):
    """Add the loss of one sample to `sums`, in place, and then that of each part, unweighted."""
    total_loss = z.dtype.type(0)
    for k in range(n_parts_of(code)):
        share, value = z.dtype.type(weight_at(code, k)), loss_of_kth_part(code, k, z, a, start, y)
        total_loss += share * value if share != 0 else share
        sums[1 + k] += weight * value
    sums[0] += weight * total_loss


@inner
def loss_of_kth_part(code, k, z, a, start, y):
    """Return the loss of a part, without its weight; the outputs begin at `start`."""
    first, last, own = part_at(code, k, start)
    return loss_of_part(own, z, a, first, last, part_of(y, first - start, last - first))


@inner
def loss_of_part(code, z, a, start, stop, y):
    """Return the loss of all outputs, or of a part."""
    if is_address(code):
        return loss_at(code, start, stop, y, z, a)
    if code == POISSON:
        return poisson(z, a, start, stop, y)
    if code == CROSS_ENTROPY:
        return cross_entropy(z, a, start, stop, y)
    one, sums = zeros(z, 1), zeros(z, 1)
    for j in range(start, stop, lanes_of(one)):
        targets = load_part(y, j - start, stop - j, one)
        terms = term_of(code, load(a, j, one) - targets, load(z, j, one), targets)
        sums = sums + up_to(stop - j, terms)
    loss = total(sums)
    return loss / z.dtype.type(stop - start) if code in _MEANS else loss


@inner
def output_error(code, z, a, start, stop, y, error):
    """Overwrite error[start:stop] with dLoss/da; with delta where the loss is computed from z."""
    output_of_parts(code, code, z, a, start, stop, y, error, False)


@inner
def output_delta(code, activation, z, a, start, stop, y, delta):
    """Overwrite delta[start:stop] with dLoss/dz."""
    output_of_parts(code, activation, z, a, start, stop, y, delta, True)


@inner
def output_of_parts(code, activation, z, a, start, stop, y, delta, is_by_z):
    """Do it: by z, or, where the loss is a function of a, by a."""
    if not is_table(code):
        delta_of_part(code, activation, z, a, start, stop, y, delta, is_by_z)
        return
    for k in range(n_parts_of(code)):
        first, last, own_activation = part_at(activation, k, start)
        first, last, own = part_at(code, k, start)
        targets = part_of(y, first - start, last - first)
        delta_of_part(own, own_activation, z, a, first, last, targets, delta, is_by_z)
        weight = z.dtype.type(weight_at(code, k))
        if weight != 1:
            for j in range(first, last):
                delta[j] = weight * delta[j] if weight != 0 else weight
    store(delta, stop, zeros(z, 1))  # the padding


@inner
def delta_of_part(code, activation, z, a, start, stop, y, delta, is_by_z):
    """Do it for all outputs, or for a part.

    Beyond it, up to a register is overwritten: what is of the next part comes after it.
    """
    error_of_part(code, z, a, start, stop, y, delta)
    if is_by_z and not (is_from_z(code) if is_address(code) else code in FROM_Z):
        pull_back_part(activation, z, a, start, stop, delta)


@inner
def error_of_part(code, z, a, start, stop, y, error):
    """Overwrite error[start:stop] likewise, with dLoss/da or, of a loss of z, with delta."""
    if is_address(code):
        error_at(code, start, stop, y, z, a, error)
        return
    one, mass = zeros(a, 1), zeros(a, 1)
    if code == CROSS_ENTROPY:  # targets need not sum to one
        for j in range(start, stop, lanes_of(one)):
            mass = mass + load_part(y, j - start, stop - j, one)
        mass = splat(total(mass), one)
    for j in range(start, stop, lanes_of(one)):
        targets, outputs = load_part(y, j - start, stop - j, one), load(a, j, one)
        if code == CROSS_ENTROPY:
            errors = mass * outputs - targets
        else:
            errors = error_of(code, outputs - targets, load(z, j, one), targets)
            if code in _MEANS:
                errors = errors / splat(a.dtype.type(stop - start), one)
        store(error, j, up_to(stop - j, errors))
