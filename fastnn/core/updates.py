"""The rules by which a batch's gradient changes the parameters, each a loop over flat vectors.

Formulas and defaults are PyTorch's (torch.optim, 2.13). In all of them g is the gradient and t the
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

Before that `finish_gradient` adds penalties and clips, and the weights decay: g += weight_decay W,
or for AdamW, not through the gradient, W -= rate weight_decay W. Biases neither decay nor have a
penalty. A frozen bias and the padding have zero gradients, and no rule moves them.

The hyperparameters are in `settings`, float64, by the numbers below; `slots`, shape (n_slots,
n_params), is the state of the rule, updated in place as `params` is.
"""

import math

import numpy as np

from ._jit import inner
from .layout import BIASES, N_OUT, STRIDE, UNITS, WEIGHTS
from .rows import row_of

SGD, MOMENTUM, NESTEROV, RMSPROP, ADAGRAD, ADAM, IRPROP = range(7)

# The places of the settings. ALPHA serves RMSPROP, BETA_1 and BETA_2 serve ADAM.
(
    RULE, MEAN, DIVIDE_PENALTY, CLIP_VALUE, CLIP_NORM, WEIGHT_DECAY, IS_DECOUPLED, EPS, EPS_HAT,
    FACTOR, DAMPENING, ALPHA, CENTERED, BETA_1, BETA_2, LR_DECAY,
    ETA_MINUS, ETA_PLUS, STEP_MIN, STEP_MAX,
) = range(20)  # fmt: skip
N_SETTINGS = 20

L1, L2, MAX_NORM = range(3)  # the columns of `penalties`, a row each layer, or no row at all


@inner
def penalty_of(params, layers, penalties):
    """Return the sum over the layers of l1 sum |W| + l2 / 2 sum W^2."""
    value = 0.0
    for k in range(penalties.shape[0]):
        if penalties[k, L1] > 0 or penalties[k, L2] > 0:
            for p in range(layers[k, WEIGHTS], layers[k, BIASES]):
                w = params[p]
                value += penalties[k, L1] * abs(w) + 0.5 * penalties[k, L2] * w * w
    return value


@inner
def finish_gradient(params, layers, penalties, settings, scale, grad):
    """Turn the sum of gradients into what a rule takes: times `scale`, with penalties, clipped."""
    scale_of_penalty = scale if settings[DIVIDE_PENALTY] else 1.0
    factor = grad.dtype.type(scale)
    for p in range(grad.shape[0]):
        grad[p] *= factor
    for k in range(penalties.shape[0]):
        l1 = grad.dtype.type(scale_of_penalty * penalties[k, L1])
        l2 = grad.dtype.type(scale_of_penalty * penalties[k, L2])
        if l1 > 0 or l2 > 0:
            for p in range(layers[k, WEIGHTS], layers[k, BIASES]):
                grad[p] += l2 * params[p] + l1 * np.sign(params[p])
    limit = grad.dtype.type(settings[CLIP_VALUE])
    if limit < np.inf:
        for p in range(grad.shape[0]):
            if abs(grad[p]) > limit:  # NaN stays
                grad[p] = math.copysign(limit, grad[p])
    if settings[CLIP_NORM] < np.inf:
        squares = 0.0
        for p in range(grad.shape[0]):
            squares += np.float64(grad[p]) * np.float64(grad[p])
        ratio = settings[CLIP_NORM] / (math.sqrt(squares) + 1e-6)  # as torch.nn.utils has it
        if not ratio >= 1.0:
            for p in range(grad.shape[0]):
                grad[p] *= grad.dtype.type(ratio)


@inner
def limit_norms(params, layers, penalties, units):
    """Scale each unit's incoming weights W[:, j] to a 2-norm of at most max_norm, in place.

    The units of one sample serve as scratch.
    """
    for k in range(penalties.shape[0]):
        if penalties[k, MAX_NORM] < np.inf:
            stride, n_out, largest = layers[k, STRIDE], layers[k, N_OUT], penalties[k, MAX_NORM]
            squares = units[layers[k, UNITS] :]
            for j in range(n_out):
                squares[j] = 0
            for first in range(layers[k, WEIGHTS], layers[k, BIASES], stride):
                for j in range(n_out):
                    squares[j] += params[first + j] * params[first + j]
            for j in range(n_out):
                norm = math.sqrt(squares[j])
                squares[j] = largest / norm if norm > largest else 1.0
            for first in range(layers[k, WEIGHTS], layers[k, BIASES], stride):
                for j in range(n_out):
                    params[first + j] *= squares[j]


@inner
def update_params(params, layers, settings, rate, scale, n_updates, slots, grad):
    """Change `params` and `slots` by the rule, for the gradient scale * grad; `grad` becomes 0."""
    if settings[RULE] == SGD and settings[WEIGHT_DECAY] == 0:
        step_sgd(0, params.shape[0], rate, scale, 0.0, params, grad)
    else:
        stop = 0
        for part in range(2 * layers.shape[0]):  # weights and biases in turn
            k, is_biases = part // 2, part % 2
            start = stop
            stop = layers[k, BIASES] + layers[k, STRIDE] * is_biases
            decay = 0.0 if is_biases else settings[WEIGHT_DECAY]
            update_range(start, stop, settings, rate, scale, decay, n_updates, params, slots, grad)
    grad[:] = 0


@inner
def update_range(start, stop, settings, rate, scale, decay, n_updates, params, slots, grad):
    """Do it for the parameters [start, stop), whose weight decay is `decay`."""
    rule = settings[RULE]
    if settings[IS_DECOUPLED] and decay > 0:
        shrink = params.dtype.type(1.0 - rate * decay)
        for p in range(start, stop):
            params[p] *= shrink
        decay = 0.0
    if rule == SGD:
        step_sgd(start, stop, rate, scale, decay, params, grad)
    elif rule in (MOMENTUM, NESTEROV):
        step_momentum(start, stop, settings, rate, scale, decay, n_updates, params, slots, grad)
    elif rule == RMSPROP:
        step_rmsprop(start, stop, settings, rate, scale, decay, params, slots, grad)
    elif rule == ADAGRAD:
        step_adagrad(start, stop, settings, rate, scale, decay, n_updates, params, slots, grad)
    elif rule == ADAM:
        step_adam(start, stop, settings, rate, scale, decay, n_updates, params, slots, grad)
    else:
        step_irprop(start, stop, settings, scale, decay, params, slots, grad)


@inner
def step_sgd(start, stop, rate, scale, decay, params, grad):
    """SGD over [start, stop)."""
    number = params.dtype.type
    factor, shrink = number(rate * scale), number(rate * decay)
    for p in range(start, stop):
        params[p] -= factor * grad[p] + shrink * params[p]


@inner
def step_momentum(start, stop, settings, rate, scale, decay, n_updates, params, slots, grad):
    """MOMENTUM and NESTEROV over [start, stop)."""
    number = params.dtype.type
    b, rate, scale, decay = row_of(slots, 0), number(rate), number(scale), number(decay)
    momentum = number(settings[FACTOR])
    keep = number(1.0 if n_updates == 1 else 1.0 - settings[DAMPENING])
    is_nesterov = settings[RULE] == NESTEROV
    for p in range(start, stop):
        g = scale * grad[p] + decay * params[p]
        b[p] = momentum * b[p] + keep * g
        params[p] -= rate * (g + momentum * b[p] if is_nesterov else b[p])


@inner
def step_rmsprop(start, stop, settings, rate, scale, decay, params, slots, grad):
    """RMSPROP over [start, stop); the slots are v, b if there is momentum, then m if centered."""
    number = params.dtype.type
    v, rate, scale, decay = row_of(slots, 0), number(rate), number(scale), number(decay)
    alpha, eps = number(settings[ALPHA]), number(settings[EPS])
    momentum = number(settings[FACTOR])
    b = row_of(slots, 1 if momentum > 0 else 0)
    m, centered = row_of(slots, slots.shape[0] - 1), settings[CENTERED] > 0
    for p in range(start, stop):
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
def step_adagrad(start, stop, settings, rate, scale, decay, n_updates, params, slots, grad):
    """ADAGRAD over [start, stop)."""
    number = params.dtype.type
    v, scale, decay = row_of(slots, 0), number(scale), number(decay)
    rate = number(rate / (1 + (n_updates - 1) * settings[LR_DECAY]))
    eps = number(settings[EPS])
    for p in range(start, stop):
        g = scale * grad[p] + decay * params[p]
        v[p] += g * g
        params[p] -= rate * g / (math.sqrt(v[p]) + eps)


@inner
def step_adam(start, stop, settings, rate, scale, decay, n_updates, params, slots, grad):
    """ADAM over [start, stop); with `EPS_HAT` eps is added to sqrt(v) in the place of sqrt(v')."""
    number = params.dtype.type
    beta_1, beta_2 = settings[BETA_1], settings[BETA_2]
    root = math.sqrt(1.0 - beta_2**n_updates)
    rate = number(rate / (1.0 - beta_1**n_updates) * root)
    eps = number(settings[EPS] if settings[EPS_HAT] else settings[EPS] * root)
    m, v, scale, decay = row_of(slots, 0), row_of(slots, 1), number(scale), number(decay)
    keep_m, keep_v = number(beta_1), number(beta_2)
    new_m, new_v = number(1.0 - beta_1), number(1.0 - beta_2)
    for p in range(start, stop):
        g = scale * grad[p] + decay * params[p]
        m[p] = keep_m * m[p] + new_m * g
        v[p] = keep_v * v[p] + new_v * g * g
        params[p] -= rate * m[p] / (math.sqrt(v[p]) + eps)


@inner
def step_irprop(start, stop, settings, scale, decay, params, slots, grad):
    """IRPROP over [start, stop); the slots are the last gradient and the steps."""
    number = params.dtype.type
    last, steps = row_of(slots, 0), row_of(slots, 1)
    eta_minus, eta_plus = number(settings[ETA_MINUS]), number(settings[ETA_PLUS])
    scale, decay = number(scale), number(decay)
    least, most = number(settings[STEP_MIN]), number(settings[STEP_MAX])
    for p in range(start, stop):
        g = scale * grad[p] + decay * params[p]
        agreement = g * last[p]
        if agreement > 0:
            steps[p] = min(steps[p] * eta_plus, most)
        elif agreement < 0:
            steps[p] = max(steps[p] * eta_minus, least)
            g = number(0)
        params[p] -= np.sign(g) * steps[p]
        last[p] = g
