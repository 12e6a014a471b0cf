"""The update: how a batch's gradient changes the parameters, each rule a loop over flat vectors.

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
optimiser moves them. A layer that is not trained is left out, and so is what a state holds of it.
"""

import math
from typing import NamedTuple

import numpy as np

from .jit import inner
from .layout import BIASES, STRIDE, TRAIN_BIAS, TRAIN_WEIGHTS, Array
from .optimizers import (
    ADAGRAD,
    ADAM,
    ALPHA,
    BETA_1,
    BETA_2,
    CENTERED,
    DAMPENING,
    DECAY_BIASES,
    EPS,
    EPS_HAT,
    ETA_MINUS,
    ETA_PLUS,
    FACTOR,
    IS_DECOUPLED,
    L2,
    LR_DECAY,
    MOMENTUM,
    N_UPDATES,
    NESTEROV,
    RMSPROP,
    RULE,
    SGD,
    STEP_MAX,
    STEP_MIN,
    WEIGHT_DECAY,
    Step,
    Update,
    finish_gradient,
    limit_norms,
    needs_finish,
)
from .simd.arithmetic import largest, multiply_add, sign, smallest, vector_function, where
from .simd.borrow import row_of
from .simd.roots import divide_by_root
from .simd.vectors import lanes_of, load, splat, splat_at, store, zeros


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
    params, layer_table, step = net.params, net.layer_table, step_of(optimizer, update)
    has_penalties = update.share != 0 and optimizer.penalties.shape[0] > 0
    is_whole = optimizer.hyperparameters[WEIGHT_DECAY] == 0 and not has_penalties
    for k in range(layer_table.shape[0]):
        is_whole = is_whole and layer_table[k, TRAIN_WEIGHTS] != 0
    stop = 0
    for half in range(1 if is_whole else 2 * layer_table.shape[0]):  # weights and biases in turn
        k, start = half // 2, stop
        layer, step_of_part = row_of(layer_table, k), step
        if is_whole:
            stop = params.shape[0]
        elif half % 2 == 0:
            stop, step_of_part = layer[BIASES], step_of_weights(optimizer, update, step, k)
        else:
            stop = layer[BIASES] + layer[STRIDE]
            step_of_part = step_of_biases(optimizer, update, step, layer)
        if is_whole or layer[TRAIN_WEIGHTS]:
            # The only call: all rules are compiled into it.
            part = Part(start, 1, stop - start, grad, NO_LEFT, grad, start)
            update_part(params, optimizer, step_of_part, part)


@inner
def step_of(optimizer, update):
    """Return the step of parameters that do not decay."""
    hyperparameters, t, rate, root = (
        optimizer.hyperparameters, optimizer.counters[N_UPDATES], update.rate, 1.0
    )  # fmt: skip
    if hyperparameters[RULE] == ADAM:
        root = math.sqrt(1.0 - hyperparameters[BETA_2] ** t)
        rate = rate / (1.0 - hyperparameters[BETA_1] ** t) * root
    elif hyperparameters[RULE] == ADAGRAD:
        rate = rate / (1 + (t - 1) * hyperparameters[LR_DECAY])
    return Step(rate, update.scale, 0.0, 1.0, t == 1, root)


@inner
def step_of_weights(optimizer, update, step, k):
    """Return that of the weights of layer `k`."""
    hyperparameters, penalties = optimizer.hyperparameters, optimizer.penalties
    penalty = update.share * penalties[k, L2] if penalties.shape[0] > 0 else 0.0
    return _with_decay(hyperparameters, update.rate, step, penalty)


@inner
def step_of_biases(optimizer, update, step, layer):
    """Return that of the biases of a layer."""
    if optimizer.hyperparameters[DECAY_BIASES] and layer[TRAIN_BIAS]:
        return _with_decay(optimizer.hyperparameters, update.rate, step, 0.0)
    return step


@inner
def _with_decay(hyperparameters, rate, step, penalty):
    """Return the step with the decay of weights, and with a penalty's."""
    decay, shrink = hyperparameters[WEIGHT_DECAY], 1.0
    if hyperparameters[IS_DECOUPLED]:
        decay, shrink = 0.0, 1.0 - rate * decay
    return Step(step.rate, step.scale, decay + penalty, shrink, step.is_first, step.root)


NO_LEFT = -1
FLUSH_EVERY = 64


class Part(NamedTuple):
    """Rows of parameters, of whole pairs of registers, and their gradient: an outer product.

    In row i, element j, params[start + i length + j] has left[first_left + i] right[first_right +
    j]; or the right factor alone, where `first_left` is `NO_LEFT`.
    """

    start: int
    n_rows: int
    length: int
    left: Array
    first_left: int
    right: Array
    first_right: int


@inner
def update_part(params, optimizer, step, part):
    """Do a step of some parameters."""
    hyperparameters, state = optimizer.hyperparameters, optimizer.state
    rule = hyperparameters[RULE]
    if rule in (SGD, MOMENTUM, NESTEROV):
        step_linear(params, hyperparameters, step, part, state)
    elif rule == RMSPROP:
        step_rmsprop(params, hyperparameters, step, part, state)
    elif rule == ADAGRAD:
        step_adagrad(params, hyperparameters, step, part, state)
    elif rule == ADAM:
        step_adam(params, hyperparameters, step, part, state)
    else:
        step_irprop(params, hyperparameters, step, part, state)


@inner
def left_of(part, row, like):
    """Return the left factor of a row of the gradient."""
    if part.first_left == NO_LEFT:
        return splat(1.0, like)
    return splat_at(part.left, part.first_left + row, like)


@inner
def store_gradient(part, target):
    """Overwrite these parameters' places in `target` with the gradient."""
    two = zeros(target, 2)
    for row in range(part.n_rows):
        left, first = left_of(part, row, two), part.start + row * part.length
        for p in range(first, first + part.length, lanes_of(two)):
            store(target, p, left * load(part.right, part.first_right + p - first, two))


@inner
def gradient_at(part, left, place, decay, W):
    """Return left * right + decay * W, where `left` belongs to the row, and to the step's scale."""
    return multiply_add(decay, W, left * load(part.right, part.first_right + place, W))


@inner
def flush(optimizer):
    """Set means that have decayed to next to nothing to 0, and those of squares to little.

    It is done every `FLUSH_EVERY` updates. Where an input stays 0 they would become subnormal and
    remain so: 0.9 times 4 of the least numbers is 4 of them. To multiply one takes an Intel
    processor some 150 cycles: Adam took 11 us a sample of the digits in float32, and takes 7.
    """
    rule, state = optimizer.hyperparameters[RULE], optimizer.state
    is_due = optimizer.counters[N_UPDATES] % FLUSH_EVERY == 0
    if not is_due or rule not in (MOMENTUM, NESTEROV, RMSPROP, ADAM):
        return
    squares, n_params, two = 0 if rule == RMSPROP else 1, state.shape[1], zeros(state, 2)
    for row in range(state.shape[0]):
        for p in range(row * n_params, (row + 1) * n_params, lanes_of(two)):
            a = load(state, p, two)
            store(state, p, not_subnormal(a) if row == squares else without_traces(a))


class Linear(NamedTuple):
    """A linear rule: what is added to W, and what b becomes, are sums of W, b and grad times these.

    W += W_of_W W + W_of_b b + W_of_grad grad,    b = b_of_W W + b_of_b b + b_of_grad grad
    """

    W_of_W: float
    W_of_b: float
    W_of_grad: float
    b_of_W: float
    b_of_b: float
    b_of_grad: float


@inner
def linear_of(hyperparameters, step):
    """Return SGD, MOMENTUM or NESTEROV as such: W -= rate (of_g g + of_b b), the new b."""
    rule, momentum = hyperparameters[RULE], hyperparameters[FACTOR]
    keep = 1.0 if step.is_first else 1.0 - hyperparameters[DAMPENING]
    of_g = 0.0 if rule == MOMENTUM else 1.0
    of_b = momentum if rule == NESTEROV else 1.0 - of_g
    factor = -step.rate * (of_g + of_b * keep)
    return Linear(
        W_of_W=factor * step.decay,
        W_of_b=-step.rate * of_b * momentum,
        W_of_grad=factor * step.scale,
        b_of_W=keep * step.decay,
        b_of_b=momentum,
        b_of_grad=keep * step.scale,
    )


@inner
def step_linear(params, hyperparameters, step, part, state):
    """Do a step by SGD, MOMENTUM or NESTEROV; the state is b, but for SGD."""
    linear, two = linear_of(hyperparameters, step), zeros(params, 2)
    has_buffer = hyperparameters[RULE] != SGD
    buffer = row_of(state, 0) if has_buffer else params
    W_of_W, W_of_grad = splat(linear.W_of_W, two), splat(linear.W_of_grad, two)
    W_of_b, b_of_W = splat(linear.W_of_b, two), splat(linear.b_of_W, two)
    b_of_b, b_of_grad = splat(linear.b_of_b, two), splat(linear.b_of_grad, two)
    for row in range(part.n_rows):
        left, first = left_of(part, row, two), part.start + row * part.length
        for p in range(first, first + part.length, lanes_of(two)):
            W = load(params, p, two)
            g = left * load(part.right, part.first_right + p - first, two)
            change = multiply_add(W_of_W, W, W_of_grad * g)
            if has_buffer:
                b = load(buffer, p, two)
                change = multiply_add(W_of_b, b, change)
                store(buffer, p, multiply_add(b_of_b, b, multiply_add(b_of_W, W, b_of_grad * g)))
            store(params, p, W + change)


@inner
def step_rmsprop(params, hyperparameters, step, part, state):
    """Do a step by RMSPROP; the state is v, b if there is momentum, then m if centered."""
    two, has_momentum = zeros(params, 2), hyperparameters[FACTOR] > 0
    squares, buffer = row_of(state, 0), row_of(state, 1 if has_momentum else 0)
    means, centered = row_of(state, state.shape[0] - 1), hyperparameters[CENTERED] > 0
    scale, decay, rate = splat(step.scale, two), splat(step.decay, two), splat(step.rate, two)
    alpha, new = splat(hyperparameters[ALPHA], two), splat(1.0 - hyperparameters[ALPHA], two)
    root_of_new = splat(math.sqrt(1.0 - hyperparameters[ALPHA]), two)
    eps, momentum = splat(hyperparameters[EPS], two), splat(hyperparameters[FACTOR], two)
    for row in range(part.n_rows):
        left, first = scale * left_of(part, row, two), part.start + row * part.length
        for p in range(first, first + part.length, lanes_of(two)):
            W = load(params, p, two)
            g = gradient_at(part, left, p - first, decay, W)
            root_of_share = root_of_new * g
            v = multiply_add(root_of_share, root_of_share, alpha * load(squares, p, two))
            store(squares, p, v)
            if centered:
                m = multiply_add(alpha, load(means, p, two), new * g)
                store(means, p, m)
                v = v - m * m
            b = divide_by_root(g, v, eps)
            if has_momentum:
                b = multiply_add(momentum, load(buffer, p, two), b)
                store(buffer, p, b)
            store(params, p, W - rate * b)


@inner
def step_adagrad(params, hyperparameters, step, part, state):
    """Do a step by ADAGRAD."""
    squares, two = row_of(state, 0), zeros(params, 2)
    scale, decay, rate = splat(step.scale, two), splat(step.decay, two), splat(step.rate, two)
    eps = splat(hyperparameters[EPS], two)
    for row in range(part.n_rows):
        left, first = scale * left_of(part, row, two), part.start + row * part.length
        for p in range(first, first + part.length, lanes_of(two)):
            W = load(params, p, two)
            g = gradient_at(part, left, p - first, decay, W)
            v = multiply_add(g, g, load(squares, p, two))
            store(squares, p, v)
            store(params, p, W - divide_by_root(rate * g, v, eps))


@inner
def step_adam(params, hyperparameters, step, part, state):
    """Do a step by ADAM; with `EPS_HAT` eps is added to sqrt(v) in the place of sqrt(v')."""
    means, squares, two = row_of(state, 0), row_of(state, 1), zeros(params, 2)
    beta_1, beta_2 = hyperparameters[BETA_1], hyperparameters[BETA_2]
    keep_m, new_m = splat(beta_1, two), splat(1.0 - beta_1, two)
    keep_v, root_of_new = splat(beta_2, two), splat(math.sqrt(1.0 - beta_2), two)
    scale, decay, rate = splat(step.scale, two), splat(step.decay, two), splat(step.rate, two)
    shrink = splat(step.shrink, two)
    eps = splat(hyperparameters[EPS] * (1.0 if hyperparameters[EPS_HAT] else step.root), two)
    for row in range(part.n_rows):
        left, first = scale * left_of(part, row, two), part.start + row * part.length
        for p in range(first, first + part.length, lanes_of(two)):
            W = load(params, p, two)
            g = gradient_at(part, left, p - first, decay, W)
            m = multiply_add(keep_m, load(means, p, two), new_m * g)
            root_of_share = root_of_new * g
            v = multiply_add(root_of_share, root_of_share, keep_v * load(squares, p, two))
            store(means, p, m)
            store(squares, p, v)
            store(params, p, shrink * W - divide_by_root(rate * m, v, eps))


@inner
def step_irprop(params, hyperparameters, step, part, state):
    """Do a step by IRPROP; the state is the last gradient and the steps."""
    last, steps, two = row_of(state, 0), row_of(state, 1), zeros(params, 2)
    scale, decay = splat(step.scale, two), splat(step.decay, two)
    shorter, longer = splat(hyperparameters[ETA_MINUS], two), splat(hyperparameters[ETA_PLUS], two)
    least, most = splat(hyperparameters[STEP_MIN], two), splat(hyperparameters[STEP_MAX], two)
    for row in range(part.n_rows):
        left, first = scale * left_of(part, row, two), part.start + row * part.length
        for p in range(first, first + part.length, lanes_of(two)):
            W, length = load(params, p, two), load(steps, p, two)
            g = gradient_at(part, left, p - first, decay, W)
            agreement = g * load(last, p, two)
            length = by_sign(
                agreement,
                largest(length * shorter, least),
                length,
                smallest(length * longer, most),
            )
            g = by_sign(agreement, zeros(params, 2), g, g)
            store(steps, p, length)
            store(last, p, g)
            store(params, p, W - sign(g) * length)


@vector_function
def by_sign(agreement, negative, zero, positive):
    """Return one of three by the sign of `agreement`; NaN counts as zero."""
    return where(agreement > 0.0, positive, where(agreement < 0.0, negative, zero))


@vector_function
def without_traces(a):
    """Return `a`, or 0 where it may be subnormal after `FLUSH_EVERY` times 0.7."""
    return where(abs(a) < np.finfo(a.dtype).tiny * 2.0**33, 0.0, a)


@vector_function
def not_subnormal(a):
    """Return `a`, or if it is above 0 what is normal after `FLUSH_EVERY` times 0.9."""
    least = np.finfo(a.dtype).tiny * 2.0**10
    return where(a > 0.0, where(a < least, least, a), a)
