"""Bitsets of units: which inputs of a layer are not zero.

The weights of an input that is 0 take no part in a sample: neither their products nor their
updates change anything. Images are half zeros, and so are the activations of relu. Where a weight
is not finite, nothing is left out, for 0 times NaN is NaN.

A bitset is a row of masks, words of 64 bits, one bit a unit; units are padded to whole words.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import lower_builtin, type_callable

from ..arrays import address_of
from ..jit import inner
from ..levels import REGISTER_BYTES

WORD = 64  # bits
# Samples that go through a layer together, and share a bitset (`tile`).
TILE_ROWS = 4 if REGISTER_BYTES == 64 else 3
_ONE = np.uint64(1)


# ---- the Python forms ----------------------------------------------------------------------------


def lowest(mask):
    """Return the number of the lowest bit that is set in a `mask` that is not 0."""
    mask = int(mask)
    return (mask & -mask).bit_length() - 1


def count_bits(mask):
    """Return how many bits of a `mask` are set."""
    return int(mask).bit_count()


def nonzero_mask(array, i):
    """Return a mask whose bit b is set where array[i + b] is not 0; NaN is not 0."""
    if not 0 <= i <= array.size - WORD:
        raise IndexError(f"a word must lie within [0, {array.size}), got [{i}, {i + WORD})")
    return np.packbits(array.reshape(-1)[i : i + WORD] != 0, bitorder="little").view(np.uint64)[0]


# ---- what Numba compiles for them ----------------------------------------------------------------


@type_callable(lowest)
def _type_lowest(context):
    return lambda mask: types.intp


@lower_builtin(lowest, types.uint64)
def _lower_lowest(context, builder, signature, args):
    return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))  # undefined for 0


@type_callable(count_bits)
def _type_count_bits(context):
    return lambda mask: types.intp


@lower_builtin(count_bits, types.uint64)
def _lower_count_bits(context, builder, signature, args):
    return builder.ctpop(args[0])


@type_callable(nonzero_mask)
def _type_nonzero_mask(context):
    return lambda array, i: types.uint64


@lower_builtin(nonzero_mask, types.Array, types.Integer)
def _lower_nonzero_mask(context, builder, signature, args):
    array, index = signature.args
    data = address_of(context, builder, array, args[0])
    i = context.cast(builder, args[1], index, types.intp)
    vector = ir.VectorType(context.get_value_type(array.dtype), WORD)
    loaded = builder.load(builder.bitcast(builder.gep(data, [i]), vector.as_pointer()))
    loaded.align = array.dtype.bitwidth // 8
    is_nonzero = builder.fcmp_unordered("!=", loaded, ir.Constant(vector, None))
    return builder.bitcast(is_nonzero, ir.IntType(WORD))


# ---- bitsets -------------------------------------------------------------------------------------


@inner
def n_tiles_of(n_rows):
    """Return how many tiles hold so many rows."""
    return (n_rows + TILE_ROWS - 1) // TILE_ROWS


@inner
def without_lowest(mask):
    """Return `mask` without its lowest bit."""
    return mask & (mask - _ONE)


@inner
def beyond(mask, n):
    """Return `mask` without its bits before number `n`."""
    return mask & (~np.uint64(0) << np.uint64(n)) if n < WORD else np.uint64(0)


@inner
def cut(mask, n):
    """Return `mask` without its bits from number `n` on."""
    return mask & ((_ONE << np.uint64(n)) - _ONE) if n < WORD else mask


@inner
def mark_units(a, start, n, skip_zeros, bitset):
    """Overwrite `bitset` from bit `start` on: bit start + i is set unless a[start + i] is skipped.

    `start` is at the beginning of a word, and `a` reaches to the end of the last one, of which the
    bits beyond `n` are cleared.
    """
    stop = start + n
    for first in range(start, stop, WORD):
        mask = nonzero_mask(a, first) if skip_zeros else ~np.uint64(0)
        bitset[first // WORD] = cut(mask, stop - first)


@inner
def mark_rows(a, starts, n, skip_zeros, n_tiles, bitsets):
    """Do `mark_tiles` for rows that begin at `starts` of a flat array, `n` >= `WORD` long.

    Nothing beyond their end is read.
    """
    for tile in range(n_tiles):
        for first in range(0, n, WORD):
            mask, beyond_end = ~np.uint64(0), max(0, first + WORD - n)
            if skip_zeros:
                mask = np.uint64(0)
                for t in range(TILE_ROWS * tile, TILE_ROWS * tile + TILE_ROWS):
                    mask |= nonzero_mask(a, starts[t] + first - beyond_end)
                mask >>= np.uint64(beyond_end)
            bitsets[tile, first // WORD] = cut(mask, n - first)


@inner
def has_zeros(a, n, eighths):
    """Return True if so many eighths at least of the first `n` elements are 0."""
    count = 0
    for i in range(n):
        count += a[i] == 0
    return 8 * count >= eighths * n


@inner
def mark_unit(i, bitset):
    """Set the bit of one unit."""
    bitset[i // WORD] |= _ONE << np.uint64(i % WORD)


@inner
def clear_units(n, a, bitset):
    """Set those of the first `n` units to 0 that are marked, and clear their masks."""
    for first in range(0, n, WORD):
        mask = bitset[first // WORD]
        while mask:
            a[first + lowest(mask)] = 0
            mask = without_lowest(mask)
        bitset[first // WORD] = 0


@inner
def clear_tiles(n, n_tiles, a, bitsets):
    """Set those of the first `n` units to 0, in each tile, that are marked; unmark them."""
    for tile in range(n_tiles):
        for first in range(0, n, WORD):
            mask = bitsets[tile, first // WORD]
            while mask:
                for t in range(TILE_ROWS * tile, TILE_ROWS * tile + TILE_ROWS):
                    a[t, first + lowest(mask)] = 0
                mask = without_lowest(mask)
            bitsets[tile, first // WORD] = 0


@inner
def mark_tiles(a, start, n, skip_zeros, n_tiles, bitsets):
    """Overwrite the masks of these `n` units of each tile: a bit is set unless all rows skip it.

    For `start` and the last word see `mark_units`.
    """
    stop, n_units = start + n, a.shape[1]
    for tile in range(n_tiles):
        for first in range(start, stop, WORD):
            place = TILE_ROWS * tile * n_units + first
            mask = ~np.uint64(0)
            if skip_zeros:
                mask = nonzero_mask(a, place)
                for t in range(1, TILE_ROWS):
                    mask |= nonzero_mask(a, place + t * n_units)
            bitsets[tile, first // WORD] = cut(mask, stop - first)
