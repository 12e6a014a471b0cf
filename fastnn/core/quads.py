"""A dense layer, four samples at a time: what `dense` does, at a quarter of its traffic.

The arrays of units, `a`, `z` and `delta`, hold whole quads: `n_units` elements a sample, one sample
after the other. Of each, a layer reads or writes the parts that are its own or those of the layer
below. `words` has `n_units / WORD` words a quad: the units that take part in any of its samples.
The caller zeroes what stands in the place of samples that are missing in the last quad.

The weights are taken in tiles of a word of inputs by two registers of outputs, and all quads go
through a tile while it is in the cache. Of a tile, four samples' sums (or deltas) stay in
registers: eight multiply-adds for each two registers of weights that are read.
"""

from ._jit import inner
from .bits import WORD, lowest, without_lowest
from .lanewise import multiply_add
from .layout import BELOW, BIASES, N_IN, STRIDE, TRAIN_BIAS, UNITS, WEIGHTS
from .vectors import lanes_of, load, splat_at, store, totals, up_to, zeros

QUAD = 4


@inner
def dense_forward_quads(params, layer, a, words, n_quads, n_units, z):
    """Overwrite the layer's units of `z` with x W + b."""
    _start_from_biases(params, layer, n_quads, n_units, z)
    two = zeros(params, 2)
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, layer[STRIDE], lanes_of(two)):
            _forward_tile(params, layer, first, column, a, words, n_quads, n_units, z, two)


@inner
def dense_error_below_quads(params, layer, delta, n_quads, n_units, error):
    """Overwrite the units below of `error` with delta W^T: their dLoss/da."""
    n_in, stride = layer[N_IN], layer[STRIDE]
    one = zeros(params, 1)
    for i in range(0, n_in, 4):  # four rows of W, the last one again where there are no more
        row0 = layer[WEIGHTS] + i * stride
        row1 = layer[WEIGHTS] + min(i + 1, n_in - 1) * stride
        row2 = layer[WEIGHTS] + min(i + 2, n_in - 1) * stride
        row3 = layer[WEIGHTS] + min(i + 3, n_in - 1) * stride
        for sample in range(0, QUAD * n_quads, 2):
            d, e = sample * n_units + layer[UNITS], sample * n_units + layer[BELOW] + i
            sums0 = sums1 = sums2 = sums3 = one
            more0 = more1 = more2 = more3 = one
            for column in range(0, stride, lanes_of(one)):
                weights0 = load(params, row0 + column, one)
                weights1 = load(params, row1 + column, one)
                weights2 = load(params, row2 + column, one)
                weights3 = load(params, row3 + column, one)
                deltas = load(delta, d + column, one)
                sums0 = multiply_add(weights0, deltas, sums0)
                sums1 = multiply_add(weights1, deltas, sums1)
                sums2 = multiply_add(weights2, deltas, sums2)
                sums3 = multiply_add(weights3, deltas, sums3)
                deltas = load(delta, d + n_units + column, one)
                more0 = multiply_add(weights0, deltas, more0)
                more1 = multiply_add(weights1, deltas, more1)
                more2 = multiply_add(weights2, deltas, more2)
                more3 = multiply_add(weights3, deltas, more3)
            store(error, e, up_to(n_in - i, totals(sums0, sums1, sums2, sums3)))
            store(error, e + n_units, up_to(n_in - i, totals(more0, more1, more2, more3)))


@inner
def dense_add_gradient_quads(target, layer, a, words, n_quads, n_units, delta):
    """Add the sum of x^T delta to the weights in `target` and of delta to its biases, in place."""
    _add_to_biases(target, layer, n_quads, n_units, delta)
    two = zeros(target, 2)
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, layer[STRIDE], lanes_of(two)):
            _add_tile(target, layer, first, column, a, words, n_quads, n_units, delta, two)


@inner
def dense_step_forward_quads(
    params, layer, last_a, last_words, steps, a, words, n_quads, n_units, z
):
    """Do the steps of the last quads and the forward pass of these, in one pass over the weights.

    W += sum of last_x^T step, b += sum of steps, and then z = x W + b.
    """
    _add_to_biases(params, layer, n_quads, n_units, steps)
    _start_from_biases(params, layer, n_quads, n_units, z)
    two = zeros(params, 2)
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, layer[STRIDE], lanes_of(two)):
            _add_tile(
                params, layer, first, column, last_a, last_words, n_quads, n_units, steps, two
            )
            _forward_tile(params, layer, first, column, a, words, n_quads, n_units, z, two)


@inner
def _start_from_biases(params, layer, n_quads, n_units, z):
    """Overwrite the layer's units of `z` with b."""
    two = zeros(params, 2)
    for column in range(0, layer[STRIDE], lanes_of(two)):
        biases = load(params, layer[BIASES] + column, two)
        for row in range(QUAD * n_quads):
            store(z, row * n_units + layer[UNITS] + column, biases)


@inner
def _add_to_biases(target, layer, n_quads, n_units, delta):
    """Add the sum of delta to the biases in `target`, in place, unless they are frozen."""
    if layer[TRAIN_BIAS]:
        two = zeros(target, 2)
        for column in range(0, layer[STRIDE], lanes_of(two)):
            sums = load(target, layer[BIASES] + column, two)
            for row in range(QUAD * n_quads):
                sums = sums + load(delta, row * n_units + layer[UNITS] + column, two)
            store(target, layer[BIASES] + column, sums)


@inner
def _forward_tile(params, layer, first, column, a, words, n_quads, n_units, z, width):
    """Add to `z` what the inputs from `first` on bring to the outputs from `column` on."""
    stride = layer[STRIDE]
    tile = layer[WEIGHTS] + first * stride + column
    for quad in range(n_quads):
        word = words[(quad * n_units + layer[BELOW] + first) // WORD]
        x0 = QUAD * quad * n_units + layer[BELOW] + first
        x1, x2, x3 = x0 + n_units, x0 + 2 * n_units, x0 + 3 * n_units
        z0 = QUAD * quad * n_units + layer[UNITS] + column
        z1, z2, z3 = z0 + n_units, z0 + 2 * n_units, z0 + 3 * n_units
        sums0, sums1 = load(z, z0, width), load(z, z1, width)
        sums2, sums3 = load(z, z2, width), load(z, z3, width)
        while word:
            i = lowest(word)
            row = load(params, tile + i * stride, width)
            sums0 = multiply_add(splat_at(a, x0 + i, width), row, sums0)
            sums1 = multiply_add(splat_at(a, x1 + i, width), row, sums1)
            sums2 = multiply_add(splat_at(a, x2 + i, width), row, sums2)
            sums3 = multiply_add(splat_at(a, x3 + i, width), row, sums3)
            word = without_lowest(word)
        store(z, z0, sums0)
        store(z, z1, sums1)
        store(z, z2, sums2)
        store(z, z3, sums3)


@inner
def _add_tile(target, layer, first, column, a, words, n_quads, n_units, delta, width):
    """Add x^T delta to the weights between the inputs from `first` on and these outputs."""
    stride = layer[STRIDE]
    tile = layer[WEIGHTS] + first * stride + column
    for quad in range(n_quads):
        word = words[(quad * n_units + layer[BELOW] + first) // WORD]
        x0 = QUAD * quad * n_units + layer[BELOW] + first
        x1, x2, x3 = x0 + n_units, x0 + 2 * n_units, x0 + 3 * n_units
        d0 = QUAD * quad * n_units + layer[UNITS] + column
        delta0, delta1 = load(delta, d0, width), load(delta, d0 + n_units, width)
        delta2 = load(delta, d0 + 2 * n_units, width)
        delta3 = load(delta, d0 + 3 * n_units, width)
        while word:
            i = lowest(word)
            row = load(target, tile + i * stride, width)
            row = multiply_add(splat_at(a, x0 + i, width), delta0, row)
            row = multiply_add(splat_at(a, x1 + i, width), delta1, row)
            row = multiply_add(splat_at(a, x2 + i, width), delta2, row)
            row = multiply_add(splat_at(a, x3 + i, width), delta3, row)
            store(target, tile + i * stride, row)
            word = without_lowest(word)
