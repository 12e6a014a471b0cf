"""A dense layer, a tile of samples at a time: what `dense` does, at a third of its traffic.

`block` is a `Block`, or a part of one: its arrays hold whole tiles of `TILE_ROWS` samples. Of each,
a layer reads or writes the parts that are its own or those of the layer below. The caller zeroes
what stands in the place of samples that are missing in the last tile.

The weights are taken in tiles of a word of inputs by four registers of outputs, and all samples go
through a tile while it is in the cache. Of a tile, three samples' sums (or deltas) stay in
registers: twelve, with the three inputs and one of weights all sixteen that there are. That is why
the four are written one after the other: at once, they do not fit. What is left of the outputs is
two registers wide.
"""

from .dense_narrow import narrow_add_gradient_block, narrow_error_below, narrow_forward
from .jit import inner
from .layout import BELOW, BIASES, N_IN, STRIDE, TRAIN_BIAS, UNITS, WEIGHTS, is_narrow
from .simd.arithmetic import multiply_add
from .simd.bitset import TILE_ROWS, WORD, lowest, without_lowest
from .simd.borrow import row_of
from .simd.vectors import lanes_of, load, splat_at, store, totals, up_to, zeros


@inner
def dense_forward_block(params, layer, n_tiles, block):
    """Overwrite the layer's units of `z` with h W + b."""
    if is_narrow(layer):
        for t in range(TILE_ROWS * n_tiles):
            bitset = row_of(block.bitsets, t // TILE_ROWS)
            narrow_forward(params, layer, row_of(block.h, t), bitset, row_of(block.z, t))
        return
    _start_from_biases(params, layer, n_tiles, block.z)
    stride, four = layer[STRIDE], lanes_of(zeros(params, 4))
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, stride - four + 1, four):
            _forward_tile(params, layer, first, column, n_tiles, block)
        if stride % four:
            _forward_rest(params, layer, first, n_tiles, block)


@inner
def dense_error_below_block(params, layer, n_tiles, block):
    """Overwrite the units below of `delta` with delta W^T: their dLoss/da."""
    if is_narrow(layer):
        for t in range(TILE_ROWS * n_tiles):
            narrow_error_below(params, layer, row_of(block.delta, t), row_of(block.delta, t))
        return
    delta, n_in, stride = block.delta, layer[N_IN], layer[STRIDE]
    one, n_units = zeros(params, 1), block.delta.shape[1]
    for i in range(0, n_in, 4):  # four rows of W, the last one again where there are no more
        row0 = layer[WEIGHTS] + i * stride
        row1 = layer[WEIGHTS] + min(i + 1, n_in - 1) * stride
        row2 = layer[WEIGHTS] + min(i + 2, n_in - 1) * stride
        row3 = layer[WEIGHTS] + min(i + 3, n_in - 1) * stride
        for tile in range(n_tiles):
            d = TILE_ROWS * tile * n_units + layer[UNITS]
            sums0 = sums1 = sums2 = sums3 = (one, one, one)
            for column in range(0, stride, lanes_of(one)):
                deltas = _load_three(delta, d + column, one)
                sums0 = _add_products(deltas, load(params, row0 + column, one), sums0)
                sums1 = _add_products(deltas, load(params, row1 + column, one), sums1)
                sums2 = _add_products(deltas, load(params, row2 + column, one), sums2)
                sums3 = _add_products(deltas, load(params, row3 + column, one), sums3)
            errors = (
                up_to(n_in - i, totals(sums0[0], sums1[0], sums2[0], sums3[0])),
                up_to(n_in - i, totals(sums0[1], sums1[1], sums2[1], sums3[1])),
                up_to(n_in - i, totals(sums0[2], sums1[2], sums2[2], sums3[2])),
            )
            _store_three(delta, TILE_ROWS * tile * n_units + layer[BELOW] + i, errors)


@inner
def dense_add_gradient_block(target, layer, n_tiles, block):
    """Add the sum of h^T delta to the weights in `target` and of delta to its biases, in place."""
    if is_narrow(layer):
        narrow_add_gradient_block(target, layer, n_tiles, block)
        return
    _add_to_biases(target, layer, n_tiles, block.delta)
    stride, four = layer[STRIDE], lanes_of(zeros(target, 4))
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, stride - four + 1, four):
            _add_tile(target, layer, first, column, n_tiles, block)
        if stride % four:
            _add_rest(target, layer, first, n_tiles, block)


@inner
def dense_step_forward_block(params, layer, n_tiles, last, block):
    """Do the steps of the last block and the forward pass of this, in one pass over the weights.

    W += sum of last_h^T step, b += sum of steps, and then z = h W + b. The layer is not narrow.
    """
    _add_to_biases(params, layer, n_tiles, last.delta)
    _start_from_biases(params, layer, n_tiles, block.z)
    stride, four = layer[STRIDE], lanes_of(zeros(params, 4))
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, stride - four + 1, four):
            _add_tile(params, layer, first, column, n_tiles, last)
            _forward_tile(params, layer, first, column, n_tiles, block)
        if stride % four:
            _add_rest(params, layer, first, n_tiles, last)
            _forward_rest(params, layer, first, n_tiles, block)


@inner
def _start_from_biases(params, layer, n_tiles, z):
    """Overwrite the layer's units of `z` with b."""
    two, n_units = zeros(params, 2), z.shape[1]
    for column in range(0, layer[STRIDE], lanes_of(two)):
        biases = load(params, layer[BIASES] + column, two)
        for row in range(TILE_ROWS * n_tiles):
            store(z, row * n_units + layer[UNITS] + column, biases)


@inner
def _add_to_biases(target, layer, n_tiles, delta):
    """Add the sum of delta to the biases in `target`, in place, unless they are frozen."""
    if layer[TRAIN_BIAS]:
        two, n_units = zeros(target, 2), delta.shape[1]
        for column in range(0, layer[STRIDE], lanes_of(two)):
            sums = load(target, layer[BIASES] + column, two)
            for row in range(TILE_ROWS * n_tiles):
                sums = sums + load(delta, row * n_units + layer[UNITS] + column, two)
            store(target, layer[BIASES] + column, sums)


@inner
def _forward_tile(params, layer, first, column, n_tiles, block):
    """Add to `z` what the inputs from `first` on bring to four registers from `column` on."""
    stride, one, h, z = layer[STRIDE], zeros(params, 1), block.h, block.z
    weights, lanes = layer[WEIGHTS] + first * stride + column, lanes_of(one)
    for tile in range(n_tiles):
        mask, x, place = _places(layer, first, column, tile, block)
        sums0 = _load_three(z, place, one)
        sums1 = _load_three(z, place + lanes, one)
        sums2 = _load_three(z, place + 2 * lanes, one)
        sums3 = _load_three(z, place + 3 * lanes, one)
        while mask:
            i = lowest(mask)
            row, inputs = weights + i * stride, _splat_three(h, x + i, one)
            sums0 = _add_products(inputs, load(params, row, one), sums0)
            sums1 = _add_products(inputs, load(params, row + lanes, one), sums1)
            sums2 = _add_products(inputs, load(params, row + 2 * lanes, one), sums2)
            sums3 = _add_products(inputs, load(params, row + 3 * lanes, one), sums3)
            mask = without_lowest(mask)
        _store_three(z, place, sums0)
        _store_three(z, place + lanes, sums1)
        _store_three(z, place + 2 * lanes, sums2)
        _store_three(z, place + 3 * lanes, sums3)


@inner
def _forward_rest(params, layer, first, n_tiles, block):
    """Do it for the last two registers of outputs."""
    stride, two, h, z = layer[STRIDE], zeros(params, 2), block.h, block.z
    column = stride - lanes_of(two)
    for tile in range(n_tiles):
        mask, x, place = _places(layer, first, column, tile, block)
        sums = _load_three(z, place, two)
        while mask:
            i = lowest(mask)
            row = load(params, layer[WEIGHTS] + (first + i) * stride + column, two)
            sums = _add_products(_splat_three(h, x + i, two), row, sums)
            mask = without_lowest(mask)
        _store_three(z, place, sums)


@inner
def _add_tile(target, layer, first, column, n_tiles, block):
    """Add h^T delta to the weights between the inputs from `first` on and four registers."""
    stride, one, h, delta = layer[STRIDE], zeros(target, 1), block.h, block.delta
    weights, lanes = layer[WEIGHTS] + first * stride + column, lanes_of(one)
    for tile in range(n_tiles):
        mask, x, place = _places(layer, first, column, tile, block)
        deltas0 = _load_three(delta, place, one)
        deltas1 = _load_three(delta, place + lanes, one)
        deltas2 = _load_three(delta, place + 2 * lanes, one)
        deltas3 = _load_three(delta, place + 3 * lanes, one)
        while mask:
            i = lowest(mask)
            row, inputs = weights + i * stride, _splat_three(h, x + i, one)
            _add_sum(inputs, deltas0, target, row, one)
            _add_sum(inputs, deltas1, target, row + lanes, one)
            _add_sum(inputs, deltas2, target, row + 2 * lanes, one)
            _add_sum(inputs, deltas3, target, row + 3 * lanes, one)
            mask = without_lowest(mask)


@inner
def _add_rest(target, layer, first, n_tiles, block):
    """Do it for the last two registers of outputs."""
    stride, two, h, delta = layer[STRIDE], zeros(target, 2), block.h, block.delta
    column = stride - lanes_of(two)
    for tile in range(n_tiles):
        mask, x, place = _places(layer, first, column, tile, block)
        deltas = _load_three(delta, place, two)
        while mask:
            i = lowest(mask)
            row = layer[WEIGHTS] + (first + i) * stride + column
            _add_sum(_splat_three(h, x + i, two), deltas, target, row, two)
            mask = without_lowest(mask)


# ---- of a tile's three samples -------------------------------------------------------------------


@inner
def _places(layer, first, column, tile, block):
    """Return a tile's mask of inputs, and where its first sample has them and the outputs."""
    mask = row_of(block.bitsets, tile)[(layer[BELOW] + first) // WORD]
    sample = TILE_ROWS * tile * block.h.shape[1]
    return mask, sample + layer[BELOW] + first, sample + layer[UNITS] + column


@inner
def _load_three(units, place, like):
    """Return the vectors at `place`, in each sample."""
    n_units = units.shape[1]
    return (
        load(units, place, like),
        load(units, place + n_units, like),
        load(units, place + 2 * n_units, like),
    )


@inner
def _splat_three(units, place, like):
    """Return the vectors whose lanes all hold the unit at `place`, of each sample."""
    n_units = units.shape[1]
    return (
        splat_at(units, place, like),
        splat_at(units, place + n_units, like),
        splat_at(units, place + 2 * n_units, like),
    )


@inner
def _store_three(units, place, vectors):
    """Overwrite the units at `place`, in each sample."""
    n_units = units.shape[1]
    store(units, place, vectors[0])
    store(units, place + n_units, vectors[1])
    store(units, place + 2 * n_units, vectors[2])


@inner
def _add_products(factors, row, sums):
    """Return the sums plus factors times `row`, sample by sample."""
    return (
        multiply_add(factors[0], row, sums[0]),
        multiply_add(factors[1], row, sums[1]),
        multiply_add(factors[2], row, sums[2]),
    )


@inner
def _add_sum(factors, vectors, target, place, like):
    """Add the products of three samples to the vector at target[place], in place."""
    row = load(target, place, like)
    row = multiply_add(factors[0], vectors[0], row)
    row = multiply_add(factors[1], vectors[1], row)
    row = multiply_add(factors[2], vectors[2], row)
    store(target, place, row)
