"""A dense layer, a tile of samples at a time: what `dense` does, at a third of its traffic.

`block` is a `Block`, or a part of one: its arrays hold whole tiles of `TILE_ROWS` samples. Of each,
a layer reads or writes the parts that are its own or those of the layer below. The caller zeroes
what stands in the place of samples that are missing in the last tile. The rows of `h` may have
another length than those of the other arrays: below layer 0 they may be the samples themselves.

The weights are taken in parts, of a word of inputs by some registers of outputs, and all samples go
through a part while it is in the cache, a tile of them at a time (`simd.tile`).
"""

from .dense_narrow import (
    narrow_add_gradient_block,
    narrow_error_below_block,
    narrow_forward_block,
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
from .simd.bitset import TILE_ROWS, WORD
from .simd.borrow import flat, row_of
from .simd.tile import WIDE, Grid, Rows, add_outer_products, add_products
from .simd.vectors import lanes_of, load, store, totals, up_to, zeros


@inner
def dense_forward_block(params, layer, n_tiles, block):
    """Overwrite the layer's units of `z` with h W + b."""
    if is_narrow(layer):
        narrow_forward_block(params, layer, n_tiles, block)
        return
    _start_from_biases(params, layer, n_tiles, block.z)
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, layer[N_OUT], _width_of_part(params)):
            _forward_part(params, layer, first, column, n_tiles, block)


@inner
def dense_error_below_block(params, layer, n_tiles, block):
    """Overwrite the units below of `delta` with delta W^T: their dLoss/da."""
    if is_narrow(layer):
        narrow_error_below_block(params, layer, n_tiles, block.delta)
        return
    delta, n_in, stride = block.delta, layer[N_IN], layer[STRIDE]
    one, n_units = zeros(params, 1), block.delta.shape[1]
    for i in range(0, n_in, 4):  # four rows of W, the last one again where there are no more
        row0 = layer[WEIGHTS] + i * stride
        row1 = layer[WEIGHTS] + min(i + 1, n_in - 1) * stride
        row2 = layer[WEIGHTS] + min(i + 2, n_in - 1) * stride
        row3 = layer[WEIGHTS] + min(i + 3, n_in - 1) * stride
        last_row = TILE_ROWS * n_tiles - 1
        for t in range(0, last_row + 1, 3):  # three samples, likewise
            d0, d1, d2 = t * n_units, min(t + 1, last_row) * n_units, min(t + 2, last_row) * n_units
            sums0 = sums1 = sums2 = sums3 = (one, one, one)
            for column in range(layer[UNITS], layer[UNITS] + layer[N_OUT], lanes_of(one)):
                deltas = _load_three(delta, d0 + column, d1 + column, d2 + column, one)
                w = column - layer[UNITS]
                sums0 = _add_products(deltas, load(params, row0 + w, one), sums0)
                sums1 = _add_products(deltas, load(params, row1 + w, one), sums1)
                sums2 = _add_products(deltas, load(params, row2 + w, one), sums2)
                sums3 = _add_products(deltas, load(params, row3 + w, one), sums3)
            below = layer[BELOW] + i
            errors0 = totals(sums0[0], sums1[0], sums2[0], sums3[0])
            errors1 = totals(sums0[1], sums1[1], sums2[1], sums3[1])
            errors2 = totals(sums0[2], sums1[2], sums2[2], sums3[2])
            store(delta, d0 + below, up_to(n_in - i, errors0))
            store(delta, d1 + below, up_to(n_in - i, errors1))
            store(delta, d2 + below, up_to(n_in - i, errors2))


@inner
def dense_add_gradient_block(target, layer, n_tiles, block):
    """Add the sum of h^T delta to the weights in `target` and of delta to its biases, in place.

    Of a layer that is not trained nothing is added: its gradient is zero.
    """
    if not layer[TRAIN_WEIGHTS]:
        return
    if is_narrow(layer):
        narrow_add_gradient_block(target, layer, n_tiles, block)
        return
    _add_to_biases(target, layer, n_tiles, block.delta)
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, layer[N_OUT], _width_of_part(target)):
            _add_part(target, layer, first, column, n_tiles, block)


@inner
def dense_step_forward_block(params, layer, n_tiles, last, block):
    """Do the steps of the last block and the forward pass of this, in one pass over the weights.

    W += sum of last_h^T step, b += sum of steps, and then z = h W + b. The layer is trained, and it
    is not narrow.
    """
    _add_to_biases(params, layer, n_tiles, last.delta)
    _start_from_biases(params, layer, n_tiles, block.z)
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, layer[N_OUT], _width_of_part(params)):
            _add_part(params, layer, first, column, n_tiles, last)
            _forward_part(params, layer, first, column, n_tiles, block)


@inner
def _start_from_biases(params, layer, n_tiles, z):
    """Overwrite the layer's units of `z` with b."""
    two, n_units = zeros(params, 2), z.shape[1]
    for column in range(0, layer[N_OUT], lanes_of(two)):
        biases = load(params, layer[BIASES] + column, two)
        for row in range(TILE_ROWS * n_tiles):
            store(z, row * n_units + layer[UNITS] + column, biases)


@inner
def _add_to_biases(target, layer, n_tiles, delta):
    """Add the sum of delta to the biases in `target`, in place, unless they are frozen."""
    if layer[TRAIN_BIAS]:
        two, n_units = zeros(target, 2), delta.shape[1]
        for column in range(0, layer[N_OUT], lanes_of(two)):
            sums = load(target, layer[BIASES] + column, two)
            for row in range(TILE_ROWS * n_tiles):
                sums = sums + load(delta, row * n_units + layer[UNITS] + column, two)
            store(target, layer[BIASES] + column, sums)


@inner
def _width_of_part(params):
    """Return the number of columns of a part, but for the last."""
    return lanes_of(zeros(params, WIDE))


@inner
def _forward_part(params, layer, first, column, n_tiles, block):
    """Add to `z` what a word of inputs from `first` on brings to the outputs from `column` on."""
    W = Rows(params, layer[WEIGHTS] + first * layer[STRIDE] + column, layer[STRIDE])
    for tile in range(n_tiles):
        mask, h, place = _places(layer, first, column, tile, block)
        z = Rows(flat(block.z), place, block.z.shape[1])
        if mask:
            n_left = layer[N_OUT] - column
            if n_left > 3 * lanes_of(zeros(params, 1)):
                add_products(WIDE, z, h, W, mask)
            elif n_left > 2 * lanes_of(zeros(params, 1)):
                add_products(3, z, h, W, mask)
            elif n_left > lanes_of(zeros(params, 1)):
                add_products(2, z, h, W, mask)
            else:
                add_products(1, z, h, W, mask)


@inner
def _add_part(target, layer, first, column, n_tiles, block):
    """Add h^T delta to the weights between these inputs and outputs."""
    W = Rows(target, layer[WEIGHTS] + first * layer[STRIDE] + column, layer[STRIDE])
    for tile in range(n_tiles):
        mask, h, place = _places(layer, first, column, tile, block)
        delta = Rows(flat(block.delta), place, h.row)
        if mask:
            n_left = layer[N_OUT] - column
            if n_left > 3 * lanes_of(zeros(target, 1)):
                add_outer_products(WIDE, W, h, delta, mask)
            elif n_left > 2 * lanes_of(zeros(target, 1)):
                add_outer_products(3, W, h, delta, mask)
            elif n_left > lanes_of(zeros(target, 1)):
                add_outer_products(2, W, h, delta, mask)
            else:
                add_outer_products(1, W, h, delta, mask)


@inner
def _places(layer, first, column, tile, block):
    """Return a tile's mask of inputs, the inputs, and where its first sample has the outputs."""
    mask = row_of(block.bitsets, tile)[(layer[BELOW] + first) // WORD]
    row, n_inputs = TILE_ROWS * tile, block.h.shape[1]
    h = Grid(flat(block.h), row * n_inputs + layer[BELOW] + first, n_inputs)
    return mask, h, row * block.z.shape[1] + layer[UNITS] + column


# ---- of three samples ----------------------------------------------------------------------------


@inner
def _load_three(units, first, second, third, like):
    """Return the vectors at these places."""
    return load(units, first, like), load(units, second, like), load(units, third, like)


@inner
def _add_products(factors, row, sums):
    """Return the sums plus factors times `row`, sample by sample."""
    return (
        multiply_add(factors[0], row, sums[0]),
        multiply_add(factors[1], row, sums[1]),
        multiply_add(factors[2], row, sums[2]),
    )
