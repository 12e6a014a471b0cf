"""A dense layer of few outputs: its rows of W belong to outputs, and sums go along the inputs.

The arguments are those of `dense` and `dense_block`. A whole word of inputs is left out where none
of its units takes part; all others are taken, those that are 0 too.
"""

from .jit import inner
from .layout import BELOW, BIASES, N_IN, N_OUT, TRAIN_BIAS, UNITS, WEIGHTS, row_length
from .simd.arithmetic import multiply_add, rounded_sum
from .simd.bitset import TILE_ROWS, WORD
from .simd.borrow import row_of
from .simd.vectors import lanes_of, load, splat, splat_at, store, total, up_to, zeros


@inner
def _inputs(a, place, n_left, like):
    """Return the vector of inputs at `place`, of which `n_left` are left: 0 in their padding."""
    return load(a, place, like) if n_left >= lanes_of(like) else up_to(n_left, load(a, place, like))


@inner
def narrow_forward(params, layer, a, bitset, z):
    """Overwrite the layer's units of `z` with x W + b."""
    n_in, below, units, two = layer[N_IN], layer[BELOW], layer[UNITS], zeros(params, 2)
    store(z, units, two)
    for j in range(layer[N_OUT]):
        row, sums = layer[WEIGHTS] + j * row_length(layer), two
        for first in range(0, n_in, WORD):
            if bitset[(below + first) // WORD]:
                for i in range(first, min(first + WORD, n_in), lanes_of(two)):
                    x = _inputs(a, below + i, n_in - i, two)
                    sums = multiply_add(x, load(params, row + i, two), sums)
        z[units + j] = params[layer[BIASES] + j] + total(sums)


@inner
def narrow_forward_block(params, layer, n_tiles, block):
    """Do it for tiles of samples, four at a time, the last one again where there are no more."""
    n_in, below, units, two = layer[N_IN], layer[BELOW], layer[UNITS], zeros(params, 2)
    h, z, bitsets, last_row = block.h, block.z, block.bitsets, TILE_ROWS * n_tiles - 1
    for t in range(0, last_row + 1, 4):
        t1, t2, t3 = min(t + 1, last_row), min(t + 2, last_row), min(t + 3, last_row)
        h0, h1, h2, h3 = row_of(h, t), row_of(h, t1), row_of(h, t2), row_of(h, t3)
        store(z, t * z.shape[1] + units, two)
        store(z, t1 * z.shape[1] + units, two)
        store(z, t2 * z.shape[1] + units, two)
        store(z, t3 * z.shape[1] + units, two)
        for j in range(layer[N_OUT]):
            row, bias = layer[WEIGHTS] + j * row_length(layer), params[layer[BIASES] + j]
            sums0 = sums1 = sums2 = sums3 = two
            for first in range(0, n_in, WORD):
                word = (below + first) // WORD
                if bitsets[t // TILE_ROWS, word] | bitsets[t3 // TILE_ROWS, word]:
                    for i in range(first, min(first + WORD, n_in), lanes_of(two)):
                        weights, place, n_left = load(params, row + i, two), below + i, n_in - i
                        sums0 = multiply_add(_inputs(h0, place, n_left, two), weights, sums0)
                        sums1 = multiply_add(_inputs(h1, place, n_left, two), weights, sums1)
                        sums2 = multiply_add(_inputs(h2, place, n_left, two), weights, sums2)
                        sums3 = multiply_add(_inputs(h3, place, n_left, two), weights, sums3)
            z[t, units + j], z[t1, units + j] = bias + total(sums0), bias + total(sums1)
            z[t2, units + j], z[t3, units + j] = bias + total(sums2), bias + total(sums3)


@inner
def narrow_step_forward(params, layer, last, sample):
    """Do the last sample's step and this sample's forward, in one pass over the weights."""
    n_in, below, units, two = layer[N_IN], layer[BELOW], layer[UNITS], zeros(params, 2)
    last_a, last_bitset, a, bitset, z = last.a, last.bitset, sample.a, sample.bitset, sample.z
    for j in range(layer[N_OUT]):
        row, sums = layer[WEIGHTS] + j * row_length(layer), two
        step = splat_at(last.delta, units + j, two)
        for first in range(0, n_in, WORD):
            if last_bitset[(below + first) // WORD] | bitset[(below + first) // WORD]:
                for i in range(first, min(first + WORD, n_in), lanes_of(two)):
                    last_x = _inputs(last_a, below + i, n_in - i, two)
                    weights = multiply_add(last_x, step, load(params, row + i, two))
                    store(params, row + i, weights)
                    sums = multiply_add(_inputs(a, below + i, n_in - i, two), weights, sums)
        if layer[TRAIN_BIAS]:
            params[layer[BIASES] + j] += last.delta[units + j]
        z[units + j] = params[layer[BIASES] + j] + total(sums)


@inner
def narrow_error_below(params, layer, delta, error):
    """Overwrite the units below of `error` with delta W^T: their dLoss/da; 0 in their padding."""
    length, two = row_length(layer), zeros(params, 2)
    for i in range(0, layer[N_IN], lanes_of(two)):
        errors = two
        for j in range(layer[N_OUT]):
            weights = load(params, layer[WEIGHTS] + j * length + i, two)
            errors = multiply_add(splat_at(delta, layer[UNITS] + j, two), weights, errors)
        store(error, layer[BELOW] + i, errors)


@inner
def narrow_error_below_block(params, layer, n_tiles, delta):
    """Do it for tiles of samples, in place."""
    n_units, two = delta.shape[1], zeros(params, 2)
    for start in range(0, TILE_ROWS * n_tiles * n_units, n_units):
        for j in range(layer[N_OUT]):  # one round of the loop inside would cost more than itself
            row, below = layer[WEIGHTS] + j * row_length(layer), start + layer[BELOW]
            step = splat_at(delta, start + layer[UNITS] + j, two)
            for i in range(0, layer[N_IN], lanes_of(two)):
                errors = load(delta, below + i, two) if j > 0 else two
                store(delta, below + i, multiply_add(step, load(params, row + i, two), errors))


@inner
def narrow_add_gradient_block(target, layer, n_tiles, block, rate):
    """Add h^T delta to the weights in `target`, in place.

    For the rate see `dense_block.dense_add_gradient_block`.
    """
    n_in, below, units, two = layer[N_IN], layer[BELOW], layer[UNITS], zeros(target, 2)
    h, delta, bitsets = block.h, block.delta, block.bitsets
    for j in range(layer[N_OUT]):
        row = layer[WEIGHTS] + j * row_length(layer)
        for i in range(0, n_in, lanes_of(two)):
            sums = two if rate != 0 else load(target, row + i, two)
            for tile in range(n_tiles):
                if bitsets[tile, (below + i) // WORD]:
                    for t in range(TILE_ROWS * tile, TILE_ROWS * tile + TILE_ROWS):
                        x = _inputs(row_of(h, t), below + i, n_in - i, two)
                        sums = multiply_add(x, splat_at(row_of(delta, t), units + j, two), sums)
            if rate != 0:
                sums = rounded_sum(load(target, row + i, two), splat(rate, two) * sums)
            store(target, row + i, sums)
