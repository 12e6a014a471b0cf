"""A dense layer, a tile of samples at a time: what `dense` does, at a third of its traffic.

`block` is a `Block`, or a part of one: its arrays hold whole tiles of `TILE_ROWS` samples. Of each,
a layer reads or writes the parts that are its own or those of the layer below. The caller zeroes
what stands in the place of samples that are missing in the last tile. The rows of `h` may have
another length than those of the other arrays: below layer 0 they may be the samples themselves.

The weights are taken in parts, of some inputs by some registers of outputs, and all samples go
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
from .levels import REGISTER_BYTES
from .simd.arithmetic import rounded_sum
from .simd.bitset import TILE_ROWS, WORD, beyond, count_bits, lowest, n_tiles_of
from .simd.borrow import flat, on_stack, row_of
from .simd.tile import (
    AT_ONCE,
    TALL,
    WIDE,
    Ahead,
    Grid,
    Rows,
    add_chosen_products,
    add_outer_products,
    add_products,
    add_sums_of_products,
    from_row,
    store_dot_products,
)
from .simd.vectors import lanes_of, load, splat, store, zeros

# Inputs that are taken at once: the weights of so many, and of four registers of outputs, are 128
# KB and stay in the smallest second-level cache, which brings them as fast as they are multiplied.
MOST_INPUTS = (128 << 10) // (WIDE * REGISTER_BYTES)
# To find the inputs that take part costs more than it saves, from so many eighths of them on.
MOST_EIGHTHS = 7
SHORT = 16  # outputs at most of a layer whose weights are turned
_TURNED = (SHORT + 1) * 2 * REGISTER_BYTES // 4  # numbers of 4 bytes; those of 8 are half as many
MOST_SUMS = 32 * TILE_ROWS  # inputs whose weights' gradients are summed at once


@inner
def dense_forward_block(params, layer, n_tiles, block):
    """Overwrite the layer's units of `z` with h W + b."""
    if is_narrow(layer):
        narrow_forward_block(params, layer, n_tiles, block)
        return
    n_in, n_out = layer[N_IN], layer[N_OUT]
    if not _takes_most(layer, n_tiles, block.bitsets):
        _start_from_biases(params, layer, n_tiles, block.z)
        for first in range(0, n_in, WORD):
            for column in range(0, n_out, _width_of_part(params)):
                _forward_part(params, layer, first, column, n_tiles, block)
        return
    n_parts = (n_in + MOST_INPUTS - 1) // MOST_INPUTS
    n_at_once = (n_in + n_parts - 1) // n_parts
    for first in range(0, n_in, n_at_once):
        for column in range(0, n_out, _width_of_part(params)):
            n = min(n_at_once, n_in - first)
            _forward_all(params, layer, first, column, n, n_tiles, block)


@inner
def _takes_most(layer, n_tiles, bitsets):
    """Return True if so many inputs take part that the others, which are 0, are taken too."""
    n_marked = _count_inputs(layer, n_tiles, bitsets)
    return 8 * n_marked >= MOST_EIGHTHS * n_tiles * layer[N_IN]


@inner
def _count_inputs(layer, n_tiles, bitsets):
    """Return how many inputs take part, in all tiles together."""
    n_marked = 0
    for tile in range(n_tiles):
        for first in range(0, layer[N_IN], WORD):
            n_marked += count_bits(bitsets[tile, (layer[BELOW] + first) // WORD])
    return n_marked


@inner
def _forward_all(params, layer, first, column, n, n_tiles, block):
    """Overwrite `z` of the outputs from `column` on with what `n` inputs from `first` on bring.

    It is added to the biases, or to what the inputs before have brought. Where rows of inputs
    follow each other, as those of a table do that is predicted, the next tile is brought from
    memory on the way: 5000 rows through 400-25-10 take 0.66 and 0.7 of the time so (float64 and
    float32; a busy Intel, AVX-512), and 0.8 and 0.75 with AVX2; on a quiet machine 0.93 to 1.
    """
    W = Rows(params, layer[WEIGHTS] + first * layer[STRIDE] + column, layer[STRIDE])
    z = Rows(flat(block.z), layer[UNITS] + column, block.z.shape[1])
    h = Grid(flat(block.h), layer[BELOW] + first, block.h.shape[1], block.starts)
    biases = layer[BIASES] + column if first == 0 else -1
    brings = column == 0 and h.row == n and _waits_for_memory(layer, params)
    _add_all(n_tiles, z, h, W, n, biases, layer[N_OUT] - column, brings)


@inner
def _add_all(n_tiles, sums, factors, terms, n, biases, n_left, brings):
    """Do `add_products` for all rows of so many tiles, and the registers that `n_left` sums take.

    Three or four rows of one register take as long as of two: the additions wait for each other.
    """
    lanes, tile = lanes_of(zeros(terms.array, 1)), 0
    while tile < n_tiles:
        row = TILE_ROWS * tile
        z = Rows(sums.array, sums.first + row * sums.step, sums.step)
        h = from_row(factors, row)
        is_tall = n_left <= 2 * lanes and tile + 1 < n_tiles
        tile += 2 if is_tall else 1
        ahead = (TALL if is_tall else TILE_ROWS) * n if brings else 0
        if n_left > 3 * lanes:
            add_products(WIDE, TILE_ROWS, z, h, terms, n, biases, ahead)
        elif n_left > 2 * lanes:
            add_products(3, TILE_ROWS, z, h, terms, n, biases, ahead)
        elif not is_tall:
            add_products(2, TILE_ROWS, z, h, terms, n, biases, ahead)
        elif n_left > lanes:
            add_products(2, TALL, z, h, terms, n, biases, ahead)
        else:
            add_products(1, TALL, z, h, terms, n, biases, ahead)


@inner
def _waits_for_memory(layer, params):
    """Return True if the inputs come from memory, and there is little to do with each.

    To bring them while there is much to do makes a wide layer slower by up to a tenth (AVX2).
    """
    return layer[BELOW] == 0 and layer[N_OUT] <= 2 * _width_of_part(params)


@inner
def dense_error_below_block(params, layer, n_tiles, block):
    """Overwrite the units below of `delta` with delta W^T: their dLoss/da."""
    if is_narrow(layer):
        narrow_error_below_block(params, layer, n_tiles, block.delta)
        return
    delta, n_in, n_units = flat(block.delta), layer[N_IN], block.delta.shape[1]
    if layer[N_OUT] <= min(SHORT, lanes_of(zeros(params, 2))):
        _short_error_below_block(params, layer, n_tiles, block)
        return
    for i in range(0, n_in, AT_ONCE):
        W = Rows(params, layer[WEIGHTS] + i * layer[STRIDE], layer[STRIDE])
        for row in range(0, TILE_ROWS * n_tiles * n_units, TILE_ROWS * n_units):
            errors = Rows(delta, row + layer[BELOW] + i, n_units)
            deltas = Rows(delta, row + layer[UNITS], n_units)
            store_dot_products(errors, deltas, W, n_in - i, layer[N_OUT])


@inner
def _short_error_below_block(params, layer, n_tiles, block):
    """Do it for rows of one or two registers of weights, those of some inputs turned at a time.

    To add up the lanes of such a row took three times as long as its products: 64-100-10 is trained
    in 0.94 (float64) and 0.87 of the time, 100-256-128-10 in 0.99 and 0.95 (Intel, AVX-512).
    """
    n_in, n_out, turned = layer[N_IN], layer[N_OUT], on_stack(_TURNED, params)
    delta, n_units = flat(block.delta), block.delta.shape[1]
    width = lanes_of(zeros(params, 2))
    none = n_out * width  # where there are zeros for a sum to begin with
    store(turned, none, zeros(params, 2))
    deltas = Grid(delta, layer[UNITS], n_units, block.starts)  # of the rows of `h` that go on
    for first in range(0, n_in, width):
        n = min(width, n_in - first)
        for j in range(n_out):
            if n < width:
                store(turned, j * width, zeros(params, 2))
            place = layer[WEIGHTS] + first * layer[STRIDE] + j
            for i in range(n):
                turned[j * width + i] = params[place + i * layer[STRIDE]]
        errors = Rows(delta, layer[BELOW] + first, n_units)  # 0 in the padding
        _add_all(n_tiles, errors, deltas, Rows(turned, 0, width), n_out, none, n, False)


@inner
def dense_add_gradient_block(target, layer, n_rows, block, rate):
    """Add h^T delta, of so many samples, to the weights in `target` and delta to its biases.

    The shares of the samples are added one after the other; or, at a rate that is not 0, their sum
    is made and then, times the rate, added. Of a layer that is not trained nothing is added.
    """
    if not layer[TRAIN_WEIGHTS]:
        return
    n_tiles = n_tiles_of(n_rows)
    _add_to_biases(target, layer, n_rows, block.delta, rate)
    if is_narrow(layer):
        narrow_add_gradient_block(target, layer, n_tiles, block, rate)
        return
    n = MOST_SUMS if _takes_most(layer, n_tiles, block.bitsets) else WORD
    by_samples = rate != 0 or n > WORD or has_many(layer, n_tiles, block.bitsets)
    for first in range(0, layer[N_IN], n):
        for column in range(0, layer[N_OUT], _width_of_part(target)):
            if by_samples:
                _add_sums(target, layer, first, n, column, n_rows, block, rate)
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
    return 2 * _count_inputs(layer, n_tiles, bitsets) >= n_tiles * layer[N_IN]


@inner
def dense_step_forward_block(params, layer, n_tiles, last, block):
    """Do the steps of the last block and the forward pass of this, in one pass over the weights.

    W += sum of last_h^T step, b += sum of steps, and then z = h W + b. The layer is trained, and it
    is not narrow.
    """
    _add_to_biases(params, layer, TILE_ROWS * n_tiles, last.delta, 0.0)
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
def _add_to_biases(target, layer, n_rows, delta, rate):
    """Add delta, as above, to the biases in `target`, in place, unless they are frozen.

    The last ones take a register at a time: beyond that of a single output, `one_output` has packed
    others. A sum of four registers does not wait for each addition.
    """
    if not layer[TRAIN_BIAS]:
        return
    one, four, column = zeros(target, 1), zeros(target, 4), 0
    while layer[N_OUT] - column > 2 * lanes_of(one):
        _add_some_biases(target, layer, column, n_rows, delta, rate, four)
        column += lanes_of(four)
    for last in range(column, layer[N_OUT], lanes_of(one)):
        _add_some_biases(target, layer, last, n_rows, delta, rate, one)


@inner
def _add_some_biases(target, layer, column, n_rows, delta, rate, width):
    """Do it for as many outputs as `width` has lanes."""
    place, n_units = layer[BIASES] + column, delta.shape[1]
    sums = width if rate != 0 else load(target, place, width)
    for row in range(n_rows):
        sums = sums + load(delta, row * n_units + layer[UNITS] + column, width)
    if rate != 0:
        sums = rounded_sum(load(target, place, width), splat(rate, width) * sums)
    store(target, place, sums)


@inner
def _width_of_part(params):
    """Return the number of columns of a part, but for the last."""
    return lanes_of(zeros(params, WIDE))


@inner
def _forward_part(params, layer, first, column, n_tiles, block):
    """Add to `z` what a word of inputs from `first` on brings to the outputs from `column` on."""
    W = Rows(params, layer[WEIGHTS] + first * layer[STRIDE] + column, layer[STRIDE])
    n_left, lanes = layer[N_OUT] - column, lanes_of(zeros(params, 1))
    for tile in range(n_tiles):
        mask, h, place = _places(layer, first, column, tile, block)
        z = Rows(flat(block.z), place, block.z.shape[1])
        if not mask:
            continue
        if n_left > 3 * lanes:
            add_chosen_products(WIDE, z, h, W, mask)
        elif n_left > 2 * lanes:
            add_chosen_products(3, z, h, W, mask)
        else:
            add_chosen_products(2, z, h, W, mask)


@inner
def _add_sums(target, layer, first, n, column, n_rows, block, rate):
    """Add h^T delta to the weights between these inputs and outputs, sample by sample.

    If `n` is more than a word all of so many inputs take part, else those that a word marks. On the
    way the inputs of the block after this are brought from memory, if it says where they are: the
    digits in batches of 32 and 200 take 0.87 to 0.95 of the time so (Intel, AVX-512 and AVX2).
    """
    n_left, lanes, n_inputs = layer[N_OUT] - column, lanes_of(zeros(target, 1)), block.h.shape[1]
    deltas = Rows(flat(block.delta), layer[UNITS] + column, block.delta.shape[1])
    mask, stop = np.uint64(0), min(first + n, layer[N_IN])
    for tile in range(n_tiles_of(n_rows)):
        mask |= row_of(block.bitsets, tile)[(layer[BELOW] + first) // WORD]
    brings = _waits_for_memory(layer, target) and block.next_starts.shape[0] > 0
    i = first
    while i < stop:
        if n == WORD:
            mask = beyond(mask, i - first)
            if not mask:
                break
            i = first + lowest(mask)
        W = Rows(target, layer[WEIGHTS] + i * layer[STRIDE] + column, layer[STRIDE])
        h = Grid(flat(block.h), layer[BELOW] + i, n_inputs, block.starts)
        ahead = Ahead(block.next_inputs, block.next_starts, i if brings and column == 0 else -1)
        if n_left > 3 * lanes:
            add_sums_of_products(WIDE, W, stop - i, h, deltas, n_rows, rate, ahead)
        elif n_left > 2 * lanes:
            add_sums_of_products(3, W, stop - i, h, deltas, n_rows, rate, ahead)
        elif n_left > lanes:
            add_sums_of_products(2, W, stop - i, h, deltas, n_rows, rate, ahead)
        else:
            add_sums_of_products(1, W, stop - i, h, deltas, n_rows, rate, ahead)
        i += TALL if n_left <= 2 * lanes else TILE_ROWS


@inner
def _add_part(target, layer, first, column, n_tiles, block):
    """Add h^T delta to the weights between these inputs and outputs."""
    W = Rows(target, layer[WEIGHTS] + first * layer[STRIDE] + column, layer[STRIDE])
    for tile in range(n_tiles):
        mask, h, place = _places(layer, first, column, tile, block)
        delta = Rows(flat(block.delta), place, block.delta.shape[1])
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
    row = TILE_ROWS * tile
    h = Grid(flat(block.h), layer[BELOW] + first, block.h.shape[1], block.starts)
    return mask, from_row(h, row), row * block.z.shape[1] + layer[UNITS] + column
