"""The optimisers as kernels take them, and what goes before and after an update's rule.

Penalties are added to the gradient, and it is clipped, before; norms are limited after it.
`updates` has the rules and their formulas.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .jit import inner
from .layout import BIASES, N_IN, N_OUT, STRIDE, UNITS, WEIGHTS, is_narrow, row_length
from .simd.borrow import row_of

SGD, MOMENTUM, NESTEROV, RMSPROP, ADAGRAD, ADAM, IRPROP = range(7)

# The places of the hyperparameters. ALPHA serves RMSPROP, BETA_1 and BETA_2 serve ADAM.
(
    RULE, MEAN, DIVIDE_PENALTY, CLIP_VALUE, CLIP_NORM, WEIGHT_DECAY, IS_DECOUPLED, EPS, EPS_HAT,
    FACTOR, DAMPENING, ALPHA, CENTERED, BETA_1, BETA_2, LR_DECAY,
    ETA_MINUS, ETA_PLUS, STEP_MIN, STEP_MAX, DECAY_BIASES,
) = range(21)  # fmt: skip
N_SETTINGS = 21

L1, L2, MAX_NORM = range(3)  # the columns of `penalties`, a row each layer, or no row at all

N_UPDATES, N_SEEN, KEY = range(3)  # the places of the counters
N_COUNTERS = 3


class Optimizer(NamedTuple):
    """An optimiser, and all that it remembers.

    Attributes
    ----------
    hyperparameters : ndarray of float64, shape (N_SETTINGS,)
        By the numbers above.
    penalties : ndarray of float64, shape (n_layers, 3) or (0, 3)
    state : ndarray, shape (n_slots, n_params)
        Updated in place, as `params` is.
    counters : ndarray of int64, shape (N_COUNTERS,)
        The number of updates, updated in place; of samples seen before a call's first position; and
        the key of what is drawn.
    """

    hyperparameters: NDArray[np.float64]
    penalties: NDArray[np.float64]
    state: NDArray[Any]
    counters: NDArray[np.int64]


class Update(NamedTuple):
    """An update: the gradient is scale * grad, and that of the penalties counts share times."""

    rate: float
    scale: float
    share: float


class Step(NamedTuple):
    """What an update does to some parameters, where g is scale * grad + decay * params.

    `shrink` is what they are multiplied by where the decay does not go through g: by Adam alone.
    `rate` is what the rule makes of an update's, and `root` is sqrt(1 - beta2^t).
    """

    rate: float
    scale: float
    decay: float
    shrink: float
    is_first: bool
    root: float


@inner
def penalty_of(net, penalties, first_layer):
    """Return the sum over the layers, from one on, of l1 sum |W| + l2 / 2 sum W^2."""
    params, layer_table, value = net.params, net.layer_table, 0.0
    for k in range(first_layer, penalties.shape[0]):
        if penalties[k, L1] > 0 or penalties[k, L2] > 0:
            W = params[layer_table[k, WEIGHTS] : layer_table[k, BIASES]]
            absolute, squares = params.dtype.type(0), params.dtype.type(0)
            for p in range(W.shape[0]):
                absolute += abs(W[p])
                squares += W[p] * W[p]
            value += penalties[k, L1] * absolute + 0.5 * penalties[k, L2] * squares
    return value


@inner
def finish_gradient(net, optimizer, update, grad):
    """Turn the sum of gradients into what an optimiser takes: with all penalties, and clipped."""
    number, layer_table, penalties = grad.dtype.type, net.layer_table, optimizer.penalties
    factor = number(update.scale)
    for p in range(grad.shape[0]):
        grad[p] *= factor
    for k in range(penalties.shape[0]):
        l1, l2 = number(update.share * penalties[k, L1]), number(update.share * penalties[k, L2])
        first, stop = layer_table[k, WEIGHTS], layer_table[k, BIASES]
        W, grad_W = net.params[first:stop], grad[first:stop]
        if l2 > 0:
            for p in range(W.shape[0]):
                grad_W[p] += l2 * W[p]
        if l1 > 0:
            for p in range(W.shape[0]):
                grad_W[p] += l1 * np.sign(W[p])
    hyperparameters = optimizer.hyperparameters
    if hyperparameters[CLIP_VALUE] < np.inf:
        clip_value(number(hyperparameters[CLIP_VALUE]), grad)
    if hyperparameters[CLIP_NORM] < np.inf:
        clip_norm(hyperparameters[CLIP_NORM], grad)


@inner
def needs_finish(optimizer):
    """Return True if the gradient must be finished before the optimiser takes it."""
    hyperparameters, penalties, l1 = optimizer.hyperparameters, optimizer.penalties, 0.0
    for k in range(penalties.shape[0]):
        l1 += penalties[k, L1]
    return l1 > 0 or hyperparameters[CLIP_VALUE] < np.inf or hyperparameters[CLIP_NORM] < np.inf


@inner
def clip_value(limit, grad):
    """Cut the elements off at -limit and limit; NaN stays."""
    for p in range(grad.shape[0]):
        if abs(grad[p]) > limit:
            grad[p] = math.copysign(limit, grad[p])


@inner
def clip_norm(limit, grad):
    """Scale `grad` to a 2-norm of at most `limit`, as torch.nn.utils.clip_grad_norm_ does."""
    squares = 0.0
    for p in range(grad.shape[0]):
        squares += np.float64(grad[p]) * np.float64(grad[p])
    ratio = limit / (math.sqrt(squares) + 1e-6)
    if not ratio >= 1.0:
        factor = grad.dtype.type(ratio)
        for p in range(grad.shape[0]):
            grad[p] *= factor


@inner
def limit_norms(net, penalties, units):
    """Scale each unit's incoming weights W[:, j] to a 2-norm of at most max_norm, in place.

    The units of one sample serve as scratch.
    """
    for k in range(penalties.shape[0]):
        if penalties[k, MAX_NORM] < np.inf:
            layer, largest = row_of(net.layer_table, k), penalties[k, MAX_NORM]
            if is_narrow(layer):
                _limit_norms_of_rows(net.params, layer, largest)
                continue
            W = net.params[layer[WEIGHTS] : layer[BIASES]].reshape(layer[N_IN], layer[STRIDE])
            factors = units[layer[UNITS] : layer[UNITS] + layer[N_OUT]]
            factors[:] = 0
            for i in range(W.shape[0]):
                for j in range(factors.shape[0]):
                    factors[j] += W[i, j] * W[i, j]
            for j in range(factors.shape[0]):
                norm = math.sqrt(factors[j])
                factors[j] = largest / norm if norm > largest else 1.0
            for i in range(W.shape[0]):
                for j in range(factors.shape[0]):
                    W[i, j] *= factors[j]


@inner
def _limit_norms_of_rows(params, layer, largest):
    """Do it for a narrow layer, whose rows of W belong to the units."""
    length = row_length(layer)
    for j in range(layer[N_OUT]):
        start = layer[WEIGHTS] + j * length
        row, squares = params[start : start + length], params.dtype.type(0)
        for i in range(length):
            squares += row[i] * row[i]
        norm = math.sqrt(squares)
        if norm > largest:
            factor = params.dtype.type(largest / norm)
            for i in range(length):
                row[i] *= factor
