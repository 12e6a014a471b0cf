"""A dense layer, a tile of samples at a time: what `dense` does, at a third of its traffic.

`block` is a `Block`, or a part of one: its arrays hold whole tiles of `TILE_ROWS` samples. Of each,
a layer reads or writes the parts that are its own or those of the layer below. The caller zeroes
what stands in the place of samples that are missing in the last tile. The rows of `h` may have
another length than those of the other arrays: below layer 0 they may be the samples themselves.

The weights are taken in parts, of a word of inputs by some registers of outputs, and all samples go
through a part while it is in the cache, a tile of them at a time (`simd.tile`).
"""

import numpy as np

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
from .simd.arithmetic import rounded_sum
from .simd.bitset import TILE_ROWS, WORD, beyond, count_bits, lowest
from .simd.borrow import flat, row_of
from .simd.tile import (
    AT_ONCE,
    TALL,
    WIDE,
    Grid,
    Rows,
    add_outer_products,
    add_products,
    add_sums_of_products,
    store_dot_products,
)
from .simd.vectors import lanes_of, load, splat, store, zeros


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
    delta, n_in, n_units = flat(block.delta), layer[N_IN], block.delta.shape[1]
    for i in range(0, n_in, AT_ONCE):
        W = Rows(params, layer[WEIGHTS] + i * layer[STRIDE], layer[STRIDE])
        for row in range(0, TILE_ROWS * n_tiles * n_units, TILE_ROWS * n_units):
            errors = Rows(delta, row + layer[BELOW] + i, n_units)
            deltas = Rows(delta, row + layer[UNITS], n_units)
            store_dot_products(errors, deltas, W, n_in - i, layer[N_OUT])


@inner
def dense_add_gradient_block(target, layer, n_tiles, block, rate):
    """Add h^T delta to the weights in `target` and delta to its biases, in place.

    The shares of the samples are added one after the other; or, at a rate that is not 0, their sum
    is made and then, times the rate, added. Of a layer that is not trained nothing is added.
    """
    if not layer[TRAIN_WEIGHTS]:
        return
    _add_to_biases(target, layer, n_tiles, block.delta, rate)
    if is_narrow(layer):
        narrow_add_gradient_block(target, layer, n_tiles, block, rate)
        return
    by_samples = rate != 0 or has_many(layer, n_tiles, block.bitsets)
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, layer[N_OUT], _width_of_part(target)):
            if by_samples:
                _add_sums(target, layer, first, column, n_tiles, block, rate)
            else:
                _add_part(target, layer, first, column, n_tiles, block)


@inner
def has_many(layer, n_tiles, bitsets):
    """Return True if half of the inputs take part: then the gradient is best made by samples.

    A sum stays in registers while all samples add to it, those too of which the input is 0. Where
    few are not, they are added tile by tile; above layer 0 that is rare.
    """
    if layer[BELOW] > 0:
        return True
    n_marked = 0
    for tile in range(n_tiles):
        for word in range((layer[N_IN] + WORD - 1) // WORD):
            n_marked += count_bits(bitsets[tile, word])
    return 2 * n_marked >= n_tiles * layer[N_IN]


@inner
def dense_step_forward_block(params, layer, n_tiles, last, block):
    """Do the steps of the last block and the forward pass of this, in one pass over the weights.

    W += sum of last_h^T step, b += sum of steps, and then z = h W + b. The layer is trained, and it
    is not narrow.
    """
    _add_to_biases(params, layer, n_tiles, last.delta, 0.0)
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
def _add_to_biases(target, layer, n_tiles, delta, rate):
    """Add delta, as above, to the biases in `target`, in place, unless they are frozen.

    It takes a register at a time: beyond that of a single output, `one_output` has packed others.
    """
    if layer[TRAIN_BIAS]:
        one, n_units = zeros(target, 1), delta.shape[1]
        for column in range(0, layer[N_OUT], lanes_of(one)):
            place = layer[BIASES] + column
            sums = one if rate != 0 else load(target, place, one)
            for row in range(TILE_ROWS * n_tiles):
                sums = sums + load(delta, row * n_units + layer[UNITS] + column, one)
            if rate != 0:
                sums = rounded_sum(load(target, place, one), splat(rate, one) * sums)
            store(target, place, sums)


@inner
def _width_of_part(params):
    """Return the number of columns of a part, but for the last."""
    return lanes_of(zeros(params, WIDE))


@inner
def _forward_part(params, layer, first, column, n_tiles, block):
    """Add to `z` what a word of inputs from `first` on brings to the outputs from `column` on."""
    W = Rows(params, layer[WEIGHTS] + first * layer[STRIDE] + column, layer[STRIDE])
    n_left, lanes, tile = layer[N_OUT] - column, lanes_of(zeros(params, 1)), 0
    while tile < n_tiles:
        mask, h, place = _places(layer, first, column, tile, block)
        z, is_tall = Rows(flat(block.z), place, block.z.shape[1]), False
        if n_left <= 2 * lanes and tile + 1 < n_tiles:
            is_tall = mask == _places(layer, first, column, tile + 1, block)[0]
        tile += 2 if is_tall else 1
        if not mask:
            continue
        if n_left > 3 * lanes:
            add_products(WIDE, TILE_ROWS, z, h, W, mask)
        elif n_left > 2 * lanes:
            add_products(3, TILE_ROWS, z, h, W, mask)
        elif n_left > lanes:
            if is_tall:
                add_products(2, TALL, z, h, W, mask)
            else:
                add_products(2, TILE_ROWS, z, h, W, mask)
        elif is_tall:
            add_products(1, TALL, z, h, W, mask)
        else:
            add_products(1, TILE_ROWS, z, h, W, mask)


@inner
def _add_sums(target, layer, first, column, n_tiles, block, rate):
    """Add h^T delta to the weights between these inputs and outputs, sample by sample."""
    n_left, lanes, n_inputs = layer[N_OUT] - column, lanes_of(zeros(target, 1)), block.h.shape[1]
    deltas = Rows(flat(block.delta), layer[UNITS] + column, block.delta.shape[1])
    mask, n_rows = np.uint64(0), TILE_ROWS * n_tiles
    for tile in range(n_tiles):
        mask |= _places(layer, first, column, tile, block)[0]
    while mask:
        i = first + lowest(mask)
        n_in = min(first + WORD, layer[N_IN]) - i
        mask = beyond(mask, i - first + (TALL if n_left <= 2 * lanes else TILE_ROWS))
        W = Rows(target, layer[WEIGHTS] + i * layer[STRIDE] + column, layer[STRIDE])
        h = Grid(flat(block.h), layer[BELOW] + i, n_inputs)
        if n_left > 3 * lanes:
            add_sums_of_products(WIDE, TILE_ROWS, W, n_in, h, deltas, n_rows, rate)
        elif n_left > 2 * lanes:
            add_sums_of_products(3, TILE_ROWS, W, n_in, h, deltas, n_rows, rate)
        elif n_left > lanes:
            add_sums_of_products(2, TALL, W, n_in, h, deltas, n_rows, rate)
        else:
            add_sums_of_products(1, TALL, W, n_in, h, deltas, n_rows, rate)


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
