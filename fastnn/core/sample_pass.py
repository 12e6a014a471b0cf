"""One sample through a whole network: forward, the last one's step on the way, and backward.

With `skip_zeros`, the bitset of a sample leaves out the units that may be 0.
"""

import numpy as np

from .activations import activate, scale_by_derivative
from .counter_rng import add_noise, drop_units
from .dense import (
    dense_error_below,
    dense_forward,
    dense_step_forward,
)
from .dispatch import is_often_zero
from .jit import inner
from .layout import (
    ACTIVATION,
    BELOW,
    BIASES,
    N_IN,
    N_OUT,
    PASS_BACK,
    STRIDE,
    TRAIN_BIAS,
    TRAIN_WEIGHTS,
    UNITS,
    WEIGHTS,
    is_narrow,
    output_range,
    row_length,
)
from .losses import output_delta
from .optimizers import Update, finish_gradient, limit_norms, needs_finish
from .simd.bitset import mark_units
from .simd.borrow import row_of
from .simd.vectors import lanes_of, load, splat, store, total, zeros
from .updates import (
    NO_LEFT,
    Part,
    step_of,
    step_of_biases,
    step_of_weights,
    store_gradient,
    update_part,
)


@inner
def enter(x, skip_zeros, sample):
    """Put the inputs `x`, shape (n_in,), below layer 0."""
    for i in range(x.shape[0]):
        sample.a[i] = x[i]
    mark_units(sample.a, 0, x.shape[0], skip_zeros, sample.bitset)


@inner
def leave(layer, skip_zeros, sample):
    """Turn the layer's pre-activations into what the next one takes."""
    start, n_out = layer[UNITS], layer[N_OUT]
    activate(layer[ACTIVATION], sample.z, sample.a, start, start + n_out, 1, 1)
    mark_units(sample.a, start, n_out, skip_zeros and is_often_zero(layer), sample.bitset)


@inner
def forward(params, layer_table, x, skip_zeros, sample):
    """Overwrite `sample` for the inputs `x`, shape (n_in,)."""
    enter(x, skip_zeros, sample)
    forward_from(params, layer_table, 0, skip_zeros, sample)


@inner
def forward_from(params, layer_table, first_layer, skip_zeros, sample):
    """Do it from a layer on, below which the activations lie already."""
    for k in range(first_layer, layer_table.shape[0]):
        layer = row_of(layer_table, k)
        dense_forward(params, layer, sample)
        leave(layer, skip_zeros, sample)


@inner
def forward_with_noise(net, noise, skip_zeros, a, sample):
    """Do it for training with noise: `a` is what a layer makes, `sample.a` what it hands on."""
    layer_table, levels, n_in = net.layer_table, noise.levels, net.layer_table[0, N_IN]
    if levels[0] > 0:
        add_noise(noise.key, noise.first_number, levels[0], n_in, sample.a)
        mark_units(sample.a, 0, n_in, False, sample.bitset)
    for k in range(layer_table.shape[0]):
        layer = row_of(layer_table, k)
        start, n_out = layer[UNITS], layer[N_OUT]
        dense_forward(net.params, layer, sample)
        activate(layer[ACTIVATION], sample.z, a, start, start + n_out, 1, 1)
        if k + 1 < layer_table.shape[0]:
            rate = levels[k + 1]
            drop_units(noise.key, noise.first_number, k, rate, start, n_out, a, sample.a)
            skip = skip_zeros and (is_often_zero(layer) or rate > 0)
            mark_units(sample.a, start, n_out, skip, sample.bitset)


@inner
def step_forward(params, layer_table, first_layer, last, skip_zeros, sample):
    """Do the step of the `last` sample, and take this one forward, from a layer on."""
    for k in range(first_layer, layer_table.shape[0]):
        layer = row_of(layer_table, k)
        dense_step_forward(params, layer, last, sample)
        leave(layer, skip_zeros, sample)


@inner
def add_step(target, layer_table, sample, nothing):
    """Add a^T delta to the weights in `target` and delta to its biases, of all layers, in place.

    It is a step and a forward pass of no input: the bitset of `nothing` is empty, and the pass
    overwrites its z. What belongs to layers that are not trained stays as it is.
    """
    for k in range(layer_table.shape[0]):
        if layer_table[k, TRAIN_WEIGHTS]:
            dense_step_forward(target, row_of(layer_table, k), sample, nothing)


@inner
def change_params_by(net, optimizer, update, sample, grad):
    """Do an update by the gradient of one sample; `grad`, shape (n_params,), is scratch.

    It is made where it is used, a register at a time. What depends on all of it, as a clipped norm
    does, has it made first.
    """
    for k in range(net.layer_table.shape[0]):
        clear_padding(row_of(net.layer_table, k), sample.a)
    made = grad[:0]
    if needs_finish(optimizer):
        gradient(grad, net.layer_table, sample)
        finish_gradient(net, optimizer, update, grad)
        update, made = Update(update.rate, 1.0, 0.0), grad
    step = step_of(optimizer, update)
    for k in range(net.layer_table.shape[0]):
        change_layer_by(net, optimizer, update, step, k, True, sample, made)
    limit_norms(net, optimizer.penalties, sample.z)


@inner
def change_layer_by(net, optimizer, update, step, k, with_weights, sample, made):
    """Do it for the biases of layer `k`, and its weights perhaps; `made` may be empty."""
    layer = row_of(net.layer_table, k)
    if not layer[TRAIN_WEIGHTS]:
        return
    step_of_W = step_of_weights(optimizer, update, step, k)
    step_of_b = step_of_biases(optimizer, update, step, layer)
    for is_biases in range(0 if with_weights else 1, 1 + layer[TRAIN_BIAS]):
        part = part_by(layer, is_biases, sample)
        if made.shape[0] > 0:
            n = part.n_rows * part.length
            part = Part(part.start, 1, n, part.left, NO_LEFT, made, part.start)
        # The only call: all rules are compiled into it.
        update_part(net.params, optimizer, step_of_b if is_biases else step_of_W, part)


@inner
def gradient(target, layer_table, sample):
    """Overwrite the weights in `target` with a^T delta and its biases with delta, of all layers.

    Where a layer, or its biases, are not trained, `target` stays as it is: 0.
    """
    for k in range(layer_table.shape[0]):
        layer = row_of(layer_table, k)
        for is_biases in range(layer[TRAIN_WEIGHTS] + layer[TRAIN_BIAS]):
            store_gradient(part_by(layer, is_biases, sample), target)


@inner
def part_by(layer, is_biases, sample):
    """Return the layer's weights, or its biases, with the gradient of one sample."""
    a, delta, below, units = sample.a, sample.delta, layer[BELOW], layer[UNITS]
    if is_biases:
        return Part(layer[BIASES], 1, layer[STRIDE], a, NO_LEFT, delta, units)
    if is_narrow(layer):
        return Part(layer[WEIGHTS], layer[N_OUT], row_length(layer), delta, units, a, below)
    return Part(layer[WEIGHTS], layer[N_IN], layer[STRIDE], a, below, delta, units)


@inner
def clear_padding(layer, a):
    """Set to 0 what rows of a narrow layer, as long as those of its weights, have in padding."""
    if is_narrow(layer):
        a[layer[BELOW] + layer[N_IN] : layer[BELOW] + row_length(layer)] = 0


@inner
def scale_units(factor, start, stop, units):
    """Multiply units[start:stop] by `factor`, in place; the padding beyond them is zero."""
    one = zeros(units, 1)
    factors = splat(factor, one)
    for unit in range(start, stop, lanes_of(one)):
        store(units, unit, factors * load(units, unit, one))


@inner
def find_delta(net, y, factor, sample):
    """Overwrite `delta` with factor dLoss/dz, for the target `y`, shape (n_out,).

    It ends at the first layer that is trained; `backward_to_inputs` goes on from there. A factor of
    0 empties the sample, whose values may be infinite: in a step they would make NaN of it.
    """
    if factor == 0:
        sample.a[:] = 0
        sample.delta[:] = 0
        return
    find_delta_of_output(net, y, factor, sample)
    backward(net.params, net.layer_table, sample)


@inner
def find_delta_of_output(net, y, factor, sample):
    """Do it for the last layer."""
    first, last = output_range(net.layer_table)
    code = net.layer_table[-1, ACTIVATION]
    output_delta(net.loss, code, sample.z, sample.a, first, last, y, sample.delta)
    scale_units(factor, first, last, sample.delta)


@inner
def find_delta_with_noise(net, noise, y, factor, sample):
    """Do it after `forward_with_noise`; the activations of `sample` are what layers make."""
    find_delta_of_output(net, y, factor, sample)
    for k in range(net.layer_table.shape[0] - 1, 0, -1):
        layer, delta = row_of(net.layer_table, k), sample.delta
        if not layer[PASS_BACK]:
            break
        backward_layer(net.params, net.layer_table, k, sample)
        start, n, rate = layer[BELOW], layer[N_IN], noise.levels[k]
        drop_units(noise.key, noise.first_number, k - 1, rate, start, n, delta, delta)


@inner
def backward(params, layer_table, sample):
    """Overwrite `delta` with dLoss/dz from that of the output units, to the first trained layer."""
    for k in range(layer_table.shape[0] - 1, 0, -1):
        if not layer_table[k, PASS_BACK]:
            break
        backward_layer(params, layer_table, k, sample)


@inner
def backward_to_inputs(params, layer_table, sample):
    """Go on where `backward` has ended: overwrite `delta` below layer 0 with dLoss/dx."""
    for k in range(layer_table.shape[0] - 1, 0, -1):
        if not layer_table[k, PASS_BACK]:
            backward_layer(params, layer_table, k, sample)
    dense_error_below(params, row_of(layer_table, 0), sample.delta, sample.delta)


@inner
def backward_layer(params, layer_table, k, sample):
    """Overwrite `delta` below layer `k`, not 0, from that of its own units."""
    layer, delta = row_of(layer_table, k), sample.delta
    start, stop = layer[BELOW], layer[BELOW] + layer[N_IN]
    dense_error_below(params, layer, delta, delta)
    scale_by_derivative(layer_table[k - 1, ACTIVATION], sample.z, sample.a, delta, start, stop)


@inner
def is_moderate(sample, rate):
    """Return True if no step at this rate can overflow: else it is made where it can be undone."""
    one, sums = zeros(sample.a, 1), zeros(sample.a, 1)
    for unit in range(0, sample.a.shape[0], lanes_of(one)):
        sums = sums + (abs(load(sample.a, unit, one)) + abs(load(sample.delta, unit, one)))
    bits = 32.0 if sample.a.itemsize == 4 else 256.0  # of a gradient's square all, at most
    return max(1.0, rate) * np.float64(total(sums)) < 2.0**bits
