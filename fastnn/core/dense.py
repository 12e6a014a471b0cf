"""A dense layer, one sample at a time.

    forward    z = x W + b
    backward   error_below = delta W^T,   grad_W = x^T delta,   grad_b = delta

`layer` is one row of the layer table. z, a, delta, error and step are flat arrays of all units of
one sample; of each, a layer reads or writes the part that is its own or that of the layer below,
whose activations are its x. `nonzeros` is the set of units whose activation is not 0 (`bits`): the
weights of the others are left out, which changes nothing as long as they are finite. The caller
owns every array, guarantees shapes and one dtype, and that the padding of `params`, `delta` and
`step` is zero.

A pass over the rows of W keeps the sums of four registers of outputs; the last group is narrower.
"""

from ._jit import inner
from .bits import WORD, lowest, without_lowest
from .layout import BELOW, BIASES, N_IN, STRIDE, TRAIN_BIAS, UNITS, WEIGHTS
from .vectors import lanes_of, load, multiply_add, splat, splat_at, store, total, zeros


@inner
def dense_forward(params, layer, a, nonzeros, z):
    """Overwrite the layer's units of `z` with x W + b."""
    column, stride = 0, layer[STRIDE]
    four, two, one = zeros(params, 4), zeros(params, 2), zeros(params, 1)
    while stride - column >= lanes_of(four):
        _forward_columns(params, layer, column, a, nonzeros, z, four)
        column += lanes_of(four)
    if stride - column == lanes_of(two):
        _forward_columns(params, layer, column, a, nonzeros, z, two)
    elif stride - column == lanes_of(one):
        _forward_columns(params, layer, column, a, nonzeros, z, one)


@inner
def _forward_columns(params, layer, column, a, nonzeros, z, width):
    """Do it for as many outputs as `width` has lanes."""
    stride, below, weights = layer[STRIDE], layer[BELOW], layer[WEIGHTS] + column
    sums = load(params, layer[BIASES] + column, width)
    for first in range(0, layer[N_IN], WORD):
        word = nonzeros[(below + first) // WORD]
        while word:
            i = first + lowest(word)
            row = load(params, weights + i * stride, width)
            sums = multiply_add(splat_at(a, below + i, width), row, sums)
            word = without_lowest(word)
    store(z, layer[UNITS] + column, sums)


@inner
def dense_step_forward(params, layer, last_a, last_nonzeros, step, a, nonzeros, z):
    """Do the last sample's step and this sample's forward, in one pass over the weights.

        W += last_x^T step,   b += step,   then   z = x W + b

    This is exactly per-sample gradient descent, at half the traffic: W is read and written once.
    """
    column, stride = 0, layer[STRIDE]
    four, two, one = zeros(params, 4), zeros(params, 2), zeros(params, 1)
    while stride - column >= lanes_of(four):
        _step_columns(params, layer, column, last_a, last_nonzeros, step, a, nonzeros, z, four)
        column += lanes_of(four)
    if stride - column == lanes_of(two):
        _step_columns(params, layer, column, last_a, last_nonzeros, step, a, nonzeros, z, two)
    elif stride - column == lanes_of(one):
        _step_columns(params, layer, column, last_a, last_nonzeros, step, a, nonzeros, z, one)


@inner
def _step_columns(params, layer, column, last_a, last_nonzeros, step, a, nonzeros, z, width):
    """Do it for as many outputs as `width` has lanes."""
    stride, below, weights = layer[STRIDE], layer[BELOW], layer[WEIGHTS] + column
    units = layer[UNITS] + column
    steps = load(step, units, width)
    sums = load(params, layer[BIASES] + column, width)
    if layer[TRAIN_BIAS]:
        sums = sums + steps
        store(params, layer[BIASES] + column, sums)
    for first in range(0, layer[N_IN], WORD):
        word = last_nonzeros[(below + first) // WORD] | nonzeros[(below + first) // WORD]
        while word:
            i = first + lowest(word)
            place = weights + i * stride
            row = multiply_add(
                splat_at(last_a, below + i, width), steps, load(params, place, width)
            )
            store(params, place, row)
            sums = multiply_add(splat_at(a, below + i, width), row, sums)
            word = without_lowest(word)
    store(z, units, sums)


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
def dense_add_gradient(target, layer, a, nonzeros, delta, scale):
    """Add scale x^T delta to the weights in `target` and scale delta to its biases, in place."""
    column, stride = 0, layer[STRIDE]
    four, two, one = zeros(target, 4), zeros(target, 2), zeros(target, 1)
    while stride - column >= lanes_of(four):
        _add_columns(target, layer, column, a, nonzeros, delta, scale, four)
        column += lanes_of(four)
    if stride - column == lanes_of(two):
        _add_columns(target, layer, column, a, nonzeros, delta, scale, two)
    elif stride - column == lanes_of(one):
        _add_columns(target, layer, column, a, nonzeros, delta, scale, one)


@inner
def _add_columns(target, layer, column, a, nonzeros, delta, scale, width):
    """Do it for as many outputs as `width` has lanes; their deltas stay in registers."""
    stride, below, weights = layer[STRIDE], layer[BELOW], layer[WEIGHTS] + column
    step = splat(scale, width) * load(delta, layer[UNITS] + column, width)
    for first in range(0, layer[N_IN], WORD):
        word = nonzeros[(below + first) // WORD]
        while word:
            i = first + lowest(word)
            place = weights + i * stride
            row = load(target, place, width)
            store(target, place, multiply_add(splat_at(a, below + i, width), step, row))
            word = without_lowest(word)
    if layer[TRAIN_BIAS]:
        biases = layer[BIASES] + column
        store(target, biases, load(target, biases, width) + step)


@inner
def dense_add_gradient_of_rows(target, layer, a, rows, delta, n_units, n_rows, scale):
    """Add scale times the sum of x^T delta over some samples to `target`, in place.

    `a` and `delta` hold the units of `n_rows` samples, one after the other; `rows` has a word for
    each unit: the samples in which it takes part. W is read and written once for all of them.
    """
    column, stride = 0, layer[STRIDE]
    four, two, one = zeros(target, 4), zeros(target, 2), zeros(target, 1)
    while stride - column >= lanes_of(four):
        _add_columns_of_rows(target, layer, column, a, rows, delta, n_units, n_rows, scale, four)
        column += lanes_of(four)
    if stride - column == lanes_of(two):
        _add_columns_of_rows(target, layer, column, a, rows, delta, n_units, n_rows, scale, two)
    elif stride - column == lanes_of(one):
        _add_columns_of_rows(target, layer, column, a, rows, delta, n_units, n_rows, scale, one)


@inner
def _add_columns_of_rows(target, layer, column, a, rows, delta, n_units, n_rows, scale, width):
    """Do it for as many outputs as `width` has lanes; the sum over the samples is in registers."""
    stride, below, weights = layer[STRIDE], layer[BELOW], layer[WEIGHTS] + column
    units = layer[UNITS] + column
    scales = splat(scale, width)
    for i in range(layer[N_IN]):
        word = rows[below + i]
        if word:
            sums = width  # zeros
            while word:
                row = lowest(word) * n_units
                x = splat_at(a, row + below + i, width)
                sums = multiply_add(x, load(delta, row + units, width), sums)
                word = without_lowest(word)
            place = weights + i * stride
            store(target, place, multiply_add(scales, sums, load(target, place, width)))
    if layer[TRAIN_BIAS]:
        sums = load(delta, units, width)
        for row in range(1, n_rows):
            sums = sums + load(delta, row * n_units + units, width)
        place = layer[BIASES] + column
        store(target, place, multiply_add(scales, sums, load(target, place, width)))
