"""A dense layer, one sample at a time.

    forward    z = x W + b
    backward   error_below = delta W^T,   grad_W = x^T delta,   grad_b = delta

`layer` is one row of the layer table. z, a, delta and error are flat arrays of all units of one
sample; of each, a layer reads or writes the part that is its own or that of the layer below, whose
activations are its x. The caller owns every array, guarantees shapes and one dtype, and that the
padding of `params` and `delta` is zero.
"""

from ._jit import inner
from .layout import BELOW, BIASES, N_IN, STRIDE, TRAIN_BIAS, UNITS, WEIGHTS
from .vectors import lanes_of, load, multiply_add, splat, store, total, zeros


@inner
def dense_forward(params, layer, a, z):
    """Overwrite the layer's units of `z` with x W + b."""
    stride = layer[STRIDE]
    eight, four, two, one = zeros(params, 8), zeros(params, 4), zeros(params, 2), zeros(params, 1)
    column = 0
    while column + lanes_of(eight) <= stride:
        _forward_columns(params, layer, column, a, z, eight)
        column += lanes_of(eight)
    if column + lanes_of(four) <= stride:
        _forward_columns(params, layer, column, a, z, four)
        column += lanes_of(four)
    if column + lanes_of(two) <= stride:
        _forward_columns(params, layer, column, a, z, two)
        column += lanes_of(two)
    if column < stride:
        _forward_columns(params, layer, column, a, z, one)


@inner
def _forward_columns(params, layer, column, a, z, width):
    """Compute as many outputs as `width` has lanes; their sums stay in registers."""
    stride = layer[STRIDE]
    sums = load(params, layer[BIASES] + column, width)
    row, below = layer[WEIGHTS] + column, layer[BELOW]
    for i in range(below, below + layer[N_IN]):
        sums = multiply_add(splat(a[i], width), load(params, row, width), sums)
        row += stride
    store(z, layer[UNITS] + column, sums)


@inner
def dense_error_below(params, layer, delta, error):
    """Overwrite the units below of `error` with delta W^T: their dLoss/da."""
    stride, units, below = layer[STRIDE], layer[UNITS], layer[BELOW]
    one = zeros(params, 1)
    row = layer[WEIGHTS]
    for i in range(below, below + layer[N_IN]):
        sums = zeros(params, 1)
        for column in range(0, stride, lanes_of(one)):
            weights = load(params, row + column, one)
            sums = multiply_add(weights, load(delta, units + column, one), sums)
        error[i] = total(sums)
        row += stride


@inner
def dense_add_gradient(target, layer, a, delta, scale):
    """Add scale x^T delta to the weights in `target` and scale delta to its biases, in place.

    With `params` as the target and -learning_rate as the scale, this is a step of SGD.
    """
    stride = layer[STRIDE]
    eight, four, two, one = zeros(target, 8), zeros(target, 4), zeros(target, 2), zeros(target, 1)
    column = 0
    while column + lanes_of(eight) <= stride:
        _add_columns(target, layer, column, a, delta, scale, eight)
        column += lanes_of(eight)
    if column + lanes_of(four) <= stride:
        _add_columns(target, layer, column, a, delta, scale, four)
        column += lanes_of(four)
    if column + lanes_of(two) <= stride:
        _add_columns(target, layer, column, a, delta, scale, two)
        column += lanes_of(two)
    if column < stride:
        _add_columns(target, layer, column, a, delta, scale, one)


@inner
def _add_columns(target, layer, column, a, delta, scale, width):
    """Do it for as many outputs as `width` has lanes; their deltas stay in registers."""
    stride = layer[STRIDE]
    step = splat(scale, width) * load(delta, layer[UNITS] + column, width)
    row, below = layer[WEIGHTS] + column, layer[BELOW]
    for i in range(below, below + layer[N_IN]):
        weights = load(target, row, width)
        store(target, row, multiply_add(splat(a[i], width), step, weights))
        row += stride
    if layer[TRAIN_BIAS]:
        biases = layer[BIASES] + column
        store(target, biases, load(target, biases, width) + step)
