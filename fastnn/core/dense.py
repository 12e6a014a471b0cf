"""A dense layer, one sample at a time.

    forward    z = x W + b
    backward   error_below = delta W^T
    step       W += x^T step,   b += step

`layer` is one row of the layer table. `sample` and `last` are a `Sample`: of its arrays a layer
reads or writes the part that is its own or that of the layer below, whose activations are its x. A
step is `delta` times a rate. The weights of units that `bitset` leaves out take no part, which
changes nothing as long as they are finite. The caller owns every array, guarantees shapes and one
dtype, and that the padding of `params` and `delta` is zero.

A pass over the rows of W keeps the sums of four registers of outputs, the last one of two perhaps.
"""

from .dense_narrow import (
    narrow_error_below,
    narrow_forward,
    narrow_step_forward,
)
from .jit import inner
from .layout import (
    BELOW,
    BIASES,
    N_IN,
    N_OUT,
    STRIDE,
    TRAIN_BIAS,
    TRAIN_WEIGHTS,
    UNITS,
    WEIGHTS,
    is_narrow,
)
from .simd.arithmetic import multiply_add
from .simd.bitset import WORD, lowest, without_lowest
from .simd.vectors import lanes_of, load, splat_at, store, totals, up_to, zeros


@inner
def dense_forward(params, layer, sample):
    """Overwrite the layer's units of `z` with x W + b."""
    if is_narrow(layer):
        narrow_forward(params, layer, sample.a, sample.bitset, sample.z)
        return
    column, n_out = 0, layer[N_OUT]
    four, two = zeros(params, 4), zeros(params, 2)
    while n_out - column > lanes_of(two):
        _forward_columns(params, layer, column, sample, four)
        column += lanes_of(four)
    if n_out > column:
        _forward_columns(params, layer, column, sample, two)


@inner
def _forward_columns(params, layer, column, sample, width):
    """Do it for as many outputs as `width` has lanes."""
    stride, below, weights = layer[STRIDE], layer[BELOW], layer[WEIGHTS] + column
    a, bitset = sample.a, sample.bitset
    sums = load(params, layer[BIASES] + column, width)
    for first in range(0, layer[N_IN], WORD):
        mask = bitset[(below + first) // WORD]
        while mask:
            i = first + lowest(mask)
            row = load(params, weights + i * stride, width)
            sums = multiply_add(splat_at(a, below + i, width), row, sums)
            mask = without_lowest(mask)
    store(sample.z, layer[UNITS] + column, sums)


@inner
def dense_step_forward(params, layer, last, sample):
    """Do the last sample's step and this sample's forward, in one pass over the weights.

        W += last_x^T step,   b += step,   then   z = x W + b

    This is exactly per-sample gradient descent, at half the traffic: W is read and written once.
    A layer that is not trained takes no step.
    """
    if not layer[TRAIN_WEIGHTS]:
        dense_forward(params, layer, sample)
        return
    if is_narrow(layer):
        narrow_step_forward(params, layer, last, sample)
        return
    column, n_out = 0, layer[N_OUT]
    four, two = zeros(params, 4), zeros(params, 2)
    while n_out - column > lanes_of(two):
        _step_columns(params, layer, column, last, sample, four)
        column += lanes_of(four)
    if n_out > column:
        _step_columns(params, layer, column, last, sample, two)


@inner
def _step_columns(params, layer, column, last, sample, width):
    """Do it for as many outputs as `width` has lanes."""
    stride, below, weights = layer[STRIDE], layer[BELOW], layer[WEIGHTS] + column
    units = layer[UNITS] + column
    last_a, last_bitset, a, bitset = last.a, last.bitset, sample.a, sample.bitset
    steps = load(last.delta, units, width)
    sums = load(params, layer[BIASES] + column, width)
    if layer[TRAIN_BIAS]:
        sums = sums + steps
        store(params, layer[BIASES] + column, sums)
    for first in range(0, layer[N_IN], WORD):
        mask = last_bitset[(below + first) // WORD] | bitset[(below + first) // WORD]
        while mask:
            i = first + lowest(mask)
            place = weights + i * stride
            row = multiply_add(
                splat_at(last_a, below + i, width), steps, load(params, place, width)
            )
            store(params, place, row)
            sums = multiply_add(splat_at(a, below + i, width), row, sums)
            mask = without_lowest(mask)
    store(sample.z, units, sums)


@inner
def dense_error_below(params, layer, delta, error):
    """Overwrite the units below of `error` with delta W^T: their dLoss/da."""
    if is_narrow(layer):
        narrow_error_below(params, layer, delta, error)
        return
    n_in, n_out, stride, units = layer[N_IN], layer[N_OUT], layer[STRIDE], layer[UNITS]
    two = zeros(params, 2)
    for i in range(0, n_in, 4):  # four rows of W, the last one again where there are no more
        row0 = layer[WEIGHTS] + i * stride
        row1 = layer[WEIGHTS] + min(i + 1, n_in - 1) * stride
        row2 = layer[WEIGHTS] + min(i + 2, n_in - 1) * stride
        row3 = layer[WEIGHTS] + min(i + 3, n_in - 1) * stride
        sums0 = sums1 = sums2 = sums3 = two
        for column in range(0, n_out, lanes_of(two)):
            deltas = load(delta, units + column, two)
            sums0 = multiply_add(load(params, row0 + column, two), deltas, sums0)
            sums1 = multiply_add(load(params, row1 + column, two), deltas, sums1)
            sums2 = multiply_add(load(params, row2 + column, two), deltas, sums2)
            sums3 = multiply_add(load(params, row3 + column, two), deltas, sums3)
        errors = totals(sums0, sums1, sums2, sums3)
        store(error, layer[BELOW] + i, up_to(n_in - i, errors))
