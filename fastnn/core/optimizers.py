"""The rules by which a batch's gradient changes the parameters, each a loop over flat vectors.

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
rule moves them.

The hyperparameters are in `settings`, float64, by the numbers below; `slots`, shape (n_slots,
n_params), is the state of the rule, updated in place as `params` is.
"""

import math

import numpy as np

from .jit import inner
from .layout import BIASES, N_IN, N_OUT, STRIDE, TRAIN_BIAS, UNITS, WEIGHTS
from .simd.borrow import row_of

SGD, MOMENTUM, NESTEROV, RMSPROP, ADAGRAD, ADAM, IRPROP = range(7)

# The places of the settings. ALPHA serves RMSPROP, BETA_1 and BETA_2 serve ADAM.
(
    RULE, MEAN, DIVIDE_PENALTY, CLIP_VALUE, CLIP_NORM, WEIGHT_DECAY, IS_DECOUPLED, EPS, EPS_HAT,
    FACTOR, DAMPENING, ALPHA, CENTERED, BETA_1, BETA_2, LR_DECAY,
    ETA_MINUS, ETA_PLUS, STEP_MIN, STEP_MAX, DECAY_BIASES,
) = range(21)  # fmt: skip
N_SETTINGS = 21

L1, L2, MAX_NORM = range(3)  # the columns of `penalties`, a row each layer, or no row at all


@inner
def penalty_of(params, layers, penalties):
    """Return the sum over the layers of l1 sum |W| + l2 / 2 sum W^2."""
    value = 0.0
    for k in range(penalties.shape[0]):
        if penalties[k, L1] > 0 or penalties[k, L2] > 0:
            W = params[layers[k, WEIGHTS] : layers[k, BIASES]]
            absolute, squares = params.dtype.type(0), params.dtype.type(0)
            for p in range(W.shape[0]):
                absolute += abs(W[p])
                squares += W[p] * W[p]
            value += penalties[k, L1] * absolute + 0.5 * penalties[k, L2] * squares
    return value


@inner
def finish_gradient(params, layers, penalties, settings, scale, share, grad):
    """Turn the sum of gradients, times `scale`, into what a rule takes.

    That is with the gradient of the penalties, times `share`, and clipped.
    """
    number = grad.dtype.type
    factor = number(scale)
    for p in range(grad.shape[0]):
        grad[p] *= factor
    for k in range(penalties.shape[0]):
        l1, l2 = number(share * penalties[k, L1]), number(share * penalties[k, L2])
        first, stop = layers[k, WEIGHTS], layers[k, BIASES]
        W, grad_W = params[first:stop], grad[first:stop]
        if l2 > 0:
            for p in range(W.shape[0]):
                grad_W[p] += l2 * W[p]
        if l1 > 0:
            for p in range(W.shape[0]):
                grad_W[p] += l1 * np.sign(W[p])
    if settings[CLIP_VALUE] < np.inf:
        clip_value(number(settings[CLIP_VALUE]), grad)
    if settings[CLIP_NORM] < np.inf:
        clip_norm(settings[CLIP_NORM], grad)


@inner
def needs_finish(penalties, settings):
    """Return True if the gradient must be finished before the rule takes it."""
    l1 = 0.0
    for k in range(penalties.shape[0]):
        l1 += penalties[k, L1]
    return l1 > 0 or settings[CLIP_VALUE] < np.inf or settings[CLIP_NORM] < np.inf


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
def limit_norms(params, layers, penalties, units):
    """Scale each unit's incoming weights W[:, j] to a 2-norm of at most max_norm, in place.

    The units of one sample serve as scratch.
    """
    for k in range(penalties.shape[0]):
        if penalties[k, MAX_NORM] < np.inf:
            layer, largest = layers[k], penalties[k, MAX_NORM]
            W = params[layer[WEIGHTS] : layer[BIASES]].reshape(layer[N_IN], layer[STRIDE])
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
def change_params(
    params, layers, penalties, settings, rate, scale, share, n_updates, slots, units, grad
):
    """Do an update by the sum of gradients `grad`, times `scale`; `grad` becomes 0.

    The gradient of the penalties counts `share` times. The units of one sample serve as scratch.
    """
    if needs_finish(penalties, settings):
        finish_gradient(params, layers, penalties, settings, scale, share, grad)
        scale, share = 1.0, 0.0
    update_params(params, layers, penalties, settings, rate, scale, share, n_updates, slots, grad)
    limit_norms(params, layers, penalties, units)


@inner
def update_params(params, layers, penalties, settings, rate, scale, share, n_updates, slots, grad):
    """Change `params` and `slots` by the rule, in place; `grad` becomes 0.

    The gradient is scale * grad, and share * l2 W for the weights of a layer with a penalty.
    """
    if settings[WEIGHT_DECAY] == 0 and (share == 0 or penalties.shape[0] == 0):
        update_part(settings, rate, scale, 0.0, n_updates, params, grad, slots, 0)
        grad[:] = 0
        return
    stop = 0
    for part in range(2 * layers.shape[0]):  # weights and biases in turn
        k, is_biases = part // 2, part % 2
        start = stop
        stop = layers[k, BIASES] + layers[k, STRIDE] * is_biases
        W, decay = params[start:stop], 0.0
        if not is_biases or (settings[DECAY_BIASES] and layers[k, TRAIN_BIAS]):
            decay = settings[WEIGHT_DECAY]
            if settings[IS_DECOUPLED]:
                shrink = params.dtype.type(1.0 - rate * decay)
                for p in range(W.shape[0]):
                    W[p] *= shrink
                decay = 0.0
            if penalties.shape[0] > 0 and not is_biases:
                decay += share * penalties[k, L2]
        update_part(settings, rate, scale, decay, n_updates, W, grad[start:stop], slots, start)
    grad[:] = 0


@inner
def update_part(settings, rate, scale, decay, n_updates, params, grad, slots, start):
    """Do it for weights, or biases, whose gradient is scale * grad + decay * params."""
    rule = settings[RULE]
    if rule == SGD:
        step_sgd(rate, scale, decay, params, grad)
    elif rule in (MOMENTUM, NESTEROV):
        step_momentum(settings, rate, scale, decay, n_updates, params, grad, slots, start)
    elif rule == RMSPROP:
        step_rmsprop(settings, rate, scale, decay, params, grad, slots, start)
    elif rule == ADAGRAD:
        step_adagrad(settings, rate, scale, decay, n_updates, params, grad, slots, start)
    elif rule == ADAM:
        step_adam(settings, rate, scale, decay, n_updates, params, grad, slots, start)
    else:
        step_irprop(settings, scale, decay, params, grad, slots, start)


@inner
def step_sgd(rate, scale, decay, params, grad):
    """Do an update by SGD."""
    number = params.dtype.type
    factor, shrink = number(rate * scale), number(rate * decay)
    for p in range(params.shape[0]):
        params[p] -= factor * grad[p] + shrink * params[p]


@inner
def step_momentum(settings, rate, scale, decay, n_updates, params, grad, slots, start):
    """Do an update by MOMENTUM or NESTEROV."""
    number, here = params.dtype.type, slice(start, start + params.shape[0])
    b = row_of(slots, 0)[here]
    rate, scale, decay = number(rate), number(scale), number(decay)
    momentum = number(settings[FACTOR])
    keep = number(1.0 if n_updates == 1 else 1.0 - settings[DAMPENING])
    is_nesterov = settings[RULE] == NESTEROV
    for p in range(params.shape[0]):
        g = scale * grad[p] + decay * params[p]
        b[p] = momentum * b[p] + keep * g
        params[p] -= rate * (g + momentum * b[p] if is_nesterov else b[p])


@inner
def step_rmsprop(settings, rate, scale, decay, params, grad, slots, start):
    """Do an update by RMSPROP; the slots are v, b if there is momentum, then m if centered."""
    number, here = params.dtype.type, slice(start, start + params.shape[0])
    v = row_of(slots, 0)[here]
    rate, scale, decay = number(rate), number(scale), number(decay)
    alpha, eps = number(settings[ALPHA]), number(settings[EPS])
    momentum = number(settings[FACTOR])
    b = row_of(slots, 1 if momentum > 0 else 0)[here]
    m, centered = row_of(slots, slots.shape[0] - 1)[here], settings[CENTERED] > 0
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
def step_adagrad(settings, rate, scale, decay, n_updates, params, grad, slots, start):
    """Do an update by ADAGRAD."""
    number, here = params.dtype.type, slice(start, start + params.shape[0])
    v, scale, decay = row_of(slots, 0)[here], number(scale), number(decay)
    rate = number(rate / (1 + (n_updates - 1) * settings[LR_DECAY]))
    eps = number(settings[EPS])
    for p in range(params.shape[0]):
        g = scale * grad[p] + decay * params[p]
        v[p] += g * g
        params[p] -= rate * g / (math.sqrt(v[p]) + eps)


@inner
def step_adam(settings, rate, scale, decay, n_updates, params, grad, slots, start):
    """Do an update by ADAM; with `EPS_HAT` eps is added to sqrt(v) in the place of sqrt(v')."""
    number, here = params.dtype.type, slice(start, start + params.shape[0])
    beta_1, beta_2 = settings[BETA_1], settings[BETA_2]
    root = math.sqrt(1.0 - beta_2**n_updates)
    rate = number(rate / (1.0 - beta_1**n_updates) * root)
    eps = number(settings[EPS] if settings[EPS_HAT] else settings[EPS] * root)
    m, v = row_of(slots, 0)[here], row_of(slots, 1)[here]
    scale, decay = number(scale), number(decay)
    keep_m, keep_v = number(beta_1), number(beta_2)
    new_m, new_v = number(1.0 - beta_1), number(1.0 - beta_2)
    for p in range(params.shape[0]):
        g = scale * grad[p] + decay * params[p]
        m[p] = keep_m * m[p] + new_m * g
        v[p] = keep_v * v[p] + new_v * g * g
        params[p] -= rate * m[p] / (math.sqrt(v[p]) + eps)


@inner
def step_irprop(settings, scale, decay, params, grad, slots, start):
    """Do an update by IRPROP; the slots are the last gradient and the steps."""
    number, here = params.dtype.type, slice(start, start + params.shape[0])
    last, steps = row_of(slots, 0)[here], row_of(slots, 1)[here]
    eta_minus, eta_plus = number(settings[ETA_MINUS]), number(settings[ETA_PLUS])
    scale, decay = number(scale), number(decay)
    least, most = number(settings[STEP_MIN]), number(settings[STEP_MAX])
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
