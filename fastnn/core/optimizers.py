"""The optimisers: how a batch's gradient changes the parameters, each a loop over flat vectors.

Formulas are PyTorch's (torch.optim, 2.13). In all of them g is the gradient and t the
number of the update, the first one 1:

    SGD        params -= rate g
    MOMENTUM   b = momentum b + (1 - dampening) g, the first b = g;   params -= rate b
    NESTEROV   b likewise;   params -= rate (g + momentum b)
    RMSPROP    v = alpha v + (1 - alpha) g^2;   params -= rate g / (sqrt(v) + eps)
               centered: m = alpha m + (1 - alpha) g, and v - m^2 in the place of v
               momentum: b = momentum b + that quotient;   params -= rate b
    ADAGRAD    v += g^2;   params -= rate / (1 + (t - 1) lr_decay) g / (sqrt(v) + eps)
    ADAM       m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
               params -= rate m' / (sqrt(v') + eps), m' = m / (1 - beta1^t), v' = v / (1 - beta2^t)
    IRPROP     a step for each parameter, times `eta_plus` where the gradient keeps its sign, times
               `eta_minus` where it turns (and then it counts as 0);   params -= sign(g) step

Before that `finish_gradient` adds penalties and clips, where there is an l1 or something to clip
(a mere l2 is done with the decay, in one pass less), and the weights decay: g += weight_decay W,
or for AdamW, not through the gradient, W -= rate weight_decay W. Biases have no penalty, and decay
with `DECAY_BIASES` only. A frozen bias and the padding have zero gradients and no decay, and no
optimiser moves them.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .jit import inner
from .layout import (
    BIASES,
    N_IN,
    N_OUT,
    STRIDE,
    TRAIN_BIAS,
    UNITS,
    WEIGHTS,
    is_narrow,
    row_length,
)
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
    """An update of weights, or of biases, where g is scale * grad + decay * params."""

    rate: float
    scale: float
    decay: float
    n_updates: int


@inner
def penalty_of(net, penalties):
    """Return the sum over the layers of l1 sum |W| + l2 / 2 sum W^2."""
    params, layer_table, value = net.params, net.layer_table, 0.0
    for k in range(penalties.shape[0]):
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


@inner
def change_params(net, optimizer, update, grad, units):
    """Do an update by the sum of gradients `grad`, whose content is lost; `units` are scratch."""
    if needs_finish(optimizer):
        finish_gradient(net, optimizer, update, grad)
        update = Update(update.rate, 1.0, 0.0)
    update_params(net, optimizer, update, grad)
    limit_norms(net, optimizer.penalties, units)


@inner
def update_params(net, optimizer, update, grad):
    """Change parameters and state by the optimiser, in place.

    The gradient is scale * grad, and share * l2 W for the weights of a layer with a penalty.
    """
    params, layer_table, rate = net.params, net.layer_table, update.rate
    hyperparameters, penalties = optimizer.hyperparameters, optimizer.penalties
    n_updates = optimizer.counters[N_UPDATES]
    if hyperparameters[WEIGHT_DECAY] == 0 and (update.share == 0 or penalties.shape[0] == 0):
        update_part(optimizer, Step(rate, update.scale, 0.0, n_updates), params, grad, 0)
        return
    stop = 0
    for part in range(2 * layer_table.shape[0]):  # weights and biases in turn
        k, is_biases = part // 2, part % 2
        start = stop
        stop = layer_table[k, BIASES] + layer_table[k, STRIDE] * is_biases
        W, decay = params[start:stop], 0.0
        if not is_biases or (hyperparameters[DECAY_BIASES] and layer_table[k, TRAIN_BIAS]):
            decay = hyperparameters[WEIGHT_DECAY]
            if hyperparameters[IS_DECOUPLED]:
                shrink = params.dtype.type(1.0 - rate * decay)
                for p in range(W.shape[0]):
                    W[p] *= shrink
                decay = 0.0
            if penalties.shape[0] > 0 and not is_biases:
                decay += update.share * penalties[k, L2]
        step = Step(rate, update.scale, decay, n_updates)
        update_part(optimizer, step, W, grad[start:stop], start)


@inner
def update_part(optimizer, step, params, grad, start):
    """Do it for weights, or biases, that lie from `start` on."""
    hyperparameters, state = optimizer.hyperparameters, optimizer.state
    rule = hyperparameters[RULE]
    if rule == SGD:
        step_sgd(step, params, grad)
    elif rule in (MOMENTUM, NESTEROV):
        step_momentum(hyperparameters, step, params, grad, state, start)
    elif rule == RMSPROP:
        step_rmsprop(hyperparameters, step, params, grad, state, start)
    elif rule == ADAGRAD:
        step_adagrad(hyperparameters, step, params, grad, state, start)
    elif rule == ADAM:
        step_adam(hyperparameters, step, params, grad, state, start)
    else:
        step_irprop(hyperparameters, step, params, grad, state, start)


@inner
def step_sgd(step, params, grad):
    """Do an update by SGD."""
    number = params.dtype.type
    factor, shrink = number(step.rate * step.scale), number(step.rate * step.decay)
    for p in range(params.shape[0]):
        params[p] -= factor * grad[p] + shrink * params[p]


@inner
def step_momentum(hyperparameters, step, params, grad, state, start):
    """Do an update by MOMENTUM or NESTEROV."""
    number, here = params.dtype.type, slice(start, start + params.shape[0])
    b = row_of(state, 0)[here]
    rate, scale, decay = number(step.rate), number(step.scale), number(step.decay)
    momentum = number(hyperparameters[FACTOR])
    keep = number(1.0 if step.n_updates == 1 else 1.0 - hyperparameters[DAMPENING])
    is_nesterov = hyperparameters[RULE] == NESTEROV
    for p in range(params.shape[0]):
        g = scale * grad[p] + decay * params[p]
        b[p] = momentum * b[p] + keep * g
        params[p] -= rate * (g + momentum * b[p] if is_nesterov else b[p])


@inner
def step_rmsprop(hyperparameters, step, params, grad, state, start):
    """Do an update by RMSPROP; the state is v, b if there is momentum, then m if centered."""
    number, here = params.dtype.type, slice(start, start + params.shape[0])
    v = row_of(state, 0)[here]
    rate, scale, decay = number(step.rate), number(step.scale), number(step.decay)
    alpha, eps = number(hyperparameters[ALPHA]), number(hyperparameters[EPS])
    momentum = number(hyperparameters[FACTOR])
    b = row_of(state, 1 if momentum > 0 else 0)[here]
    m, centered = row_of(state, state.shape[0] - 1)[here], hyperparameters[CENTERED] > 0
    for p in range(params.shape[0]):
        g = scale * grad[p] + decay * params[p]
        v[p] = alpha * v[p] + (1 - alpha) * g * g
        spread = v[p]
        if centered:
            m[p] = alpha * m[p] + (1 - alpha) * g
            spread -= m[p] * m[p]
        quotient = g / (math.sqrt(spread) + eps)
        if momentum > 0:
            b[p] = momentum * b[p] + quotient
            quotient = b[p]
        params[p] -= rate * quotient


@inner
def step_adagrad(hyperparameters, step, params, grad, state, start):
    """Do an update by ADAGRAD."""
    number, here = params.dtype.type, slice(start, start + params.shape[0])
    v, scale, decay = row_of(state, 0)[here], number(step.scale), number(step.decay)
    rate = number(step.rate / (1 + (step.n_updates - 1) * hyperparameters[LR_DECAY]))
    eps = number(hyperparameters[EPS])
    for p in range(params.shape[0]):
        g = scale * grad[p] + decay * params[p]
        v[p] += g * g
        params[p] -= rate * g / (math.sqrt(v[p]) + eps)


@inner
def step_adam(hyperparameters, step, params, grad, state, start):
    """Do an update by ADAM; with `EPS_HAT` eps is added to sqrt(v) in the place of sqrt(v')."""
    number, here = params.dtype.type, slice(start, start + params.shape[0])
    beta_1, beta_2 = hyperparameters[BETA_1], hyperparameters[BETA_2]
    root = math.sqrt(1.0 - beta_2**step.n_updates)
    rate = number(step.rate / (1.0 - beta_1**step.n_updates) * root)
    eps = number(hyperparameters[EPS] if hyperparameters[EPS_HAT] else hyperparameters[EPS] * root)
    m, v = row_of(state, 0)[here], row_of(state, 1)[here]
    scale, decay = number(step.scale), number(step.decay)
    keep_m, keep_v = number(beta_1), number(beta_2)
    new_m, new_v = number(1.0 - beta_1), number(1.0 - beta_2)
    for p in range(params.shape[0]):
        g = scale * grad[p] + decay * params[p]
        m[p] = keep_m * m[p] + new_m * g
        v[p] = keep_v * v[p] + new_v * g * g
        params[p] -= rate * m[p] / (math.sqrt(v[p]) + eps)


@inner
def step_irprop(hyperparameters, step, params, grad, state, start):
    """Do an update by IRPROP; the state is the last gradient and the steps."""
    number, here = params.dtype.type, slice(start, start + params.shape[0])
    last, steps = row_of(state, 0)[here], row_of(state, 1)[here]
    eta_minus, eta_plus = number(hyperparameters[ETA_MINUS]), number(hyperparameters[ETA_PLUS])
    scale, decay = number(step.scale), number(step.decay)
    least, most = number(hyperparameters[STEP_MIN]), number(hyperparameters[STEP_MAX])
    for p in range(params.shape[0]):
        g = scale * grad[p] + decay * params[p]
        agreement = g * last[p]
        if agreement > 0:
            steps[p] = min(steps[p] * eta_plus, most)
        elif agreement < 0:
            steps[p] = max(steps[p] * eta_minus, least)
            g = number(0)
        params[p] -= np.sign(g) * steps[p]
        last[p] = g
