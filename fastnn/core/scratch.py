"""The memory that kernels work in, and the one loop over rows in blocks.

What travels together through the kernels is one thing with a name. The caller owns all of it; the
padding of every array of units is zero when it is made.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .dispatch import looks_for_zeros, may_skip_zeros, worthwhile_zeros
from .jit import inner, maker
from .layout import CACHE_LINE, units_size
from .simd.bitset import TILE_ROWS, WORD, n_tiles_of
from .simd.borrow import flat, row_of, table_in

# So a block, a layer of weights and its gradient share a cache of 1 MB.
BLOCK_ROWS = TILE_ROWS * -(-32 // TILE_ROWS)
_IN_LINE = CACHE_LINE // 8  # numbers of 64 bits


class Sample(NamedTuple):
    """One sample's units of all layers, laid out by the layer table, and which of them count.

    Attributes
    ----------
    z, a, delta : ndarray, shape (n_units,)
        Pre-activations, activations (the inputs first), and dLoss/dz, or a step: that times a rate.
    bitset : ndarray of uint64, shape (n_units / WORD,)
        A bit for each unit, set where the activation takes part (`simd.bitset`).
    """

    z: NDArray[Any]
    a: NDArray[Any]
    delta: NDArray[Any]
    bitset: NDArray[np.uint64]


class Block(NamedTuple):
    """Up to `BLOCK_ROWS` samples that go through a network together.

    Attributes
    ----------
    z, a, h, delta : ndarray, shape (n_rows, n_units)
        A row for each sample, as in `Sample`; n_rows is a multiple of `TILE_ROWS`. `h` is what a
        layer hands to the next: `a` itself, or in training with noise an array of its own, the
        activations after dropout. In a last tile that is not full, the activations and deltas of
        the missing samples are zero.
    bitsets : ndarray of uint64, shape (n_rows / TILE_ROWS, n_units / WORD)
        For each tile, which units take part in any of its samples.
    numbers : ndarray of int64, shape (n_rows,), or None
        Where the numbers of the samples are written down; None in training, where they are given.
    next_inputs : ndarray
        Where the inputs of the block after this are.
    next_starts : ndarray of int64, shape (n_rows,) or (0,)
        And where each of its rows begins there, if it is to be brought from memory.
    starts : ndarray of int64, shape (n_rows,), or None
        Where the rows of `h` begin in its memory, unless they follow each other.
    """

    z: NDArray[Any]
    a: NDArray[Any]
    h: NDArray[Any]
    delta: NDArray[Any]
    bitsets: NDArray[np.uint64]
    numbers: NDArray[np.int64] | None
    next_inputs: NDArray[Any]
    next_starts: NDArray[np.int64]
    starts: NDArray[np.int64] | None


@maker
def new_block(net, X, n_rows, has_delta):
    """Return a block for so many rows of `X`; without `has_delta`, `delta` is not zeroed.

    All of it is one array's memory, which `numbers` keeps alive: of several, and of their slices,
    Numba makes so much code that it took a quarter of the time that `predict_rows` compiles.
    """
    n_units, n_tiles = units_size(net.layer_table), n_tiles_of(min(BLOCK_ROWS, n_rows))
    n_rows, n_words = TILE_ROWS * n_tiles, n_units // WORD
    n_lines = n_rows * n_units * net.params.itemsize // CACHE_LINE  # of a table of units
    n_lines_of_bitsets = n_tiles * n_words // _IN_LINE + 1
    n_numbers = _IN_LINE * (3 * n_lines + n_lines_of_bitsets + 1)
    memory = np.empty(n_numbers + n_rows, np.int64)
    z = table_in(memory, 0, n_rows, n_units, net.params.dtype)  # no pass reads what is not written
    a = table_in(memory, n_lines, n_rows, n_units, net.params.dtype)
    delta = table_in(memory, 2 * n_lines, n_rows, n_units, net.params.dtype)
    bitsets = table_in(memory, 3 * n_lines, n_tiles, n_words, np.uint64)
    if X.starts.shape[0] > 0:  # but sparse samples find zeros where no bit is set
        _clear(a)
    if has_delta:
        _clear(delta)
    _clear(bitsets)
    return Block(z, a, a, delta, bitsets, memory[n_numbers:], z, memory[:0], None)


@inner
def _clear(table):
    """Fill it with zeros."""
    elements = flat(table)
    for i in range(elements.shape[0]):
        elements[i] = 0


@inner
def sample_of(block, t):
    """Return row `t` of a block."""
    return Sample(
        row_of(block.z, t),
        row_of(block.a, t),
        row_of(block.delta, t),
        row_of(block.bitsets, t // TILE_ROWS),
    )


def for_each_block(body, in_place=False):
    """Return a loop that calls body(net, data, samples, skip_zeros, block, target) for each block.

    The loop goes over the rows [start, stop), and ends where the body returns False; it returns
    whether the body was called for all rows. `samples` are the numbers of a block's rows, which it
    multiplies where they lie if `in_place` is set.
    """

    @inner
    def loop(net, data, start, stop, block, target):
        n_samples, eighths = stop - start, 1
        if in_place and n_samples % TILE_ROWS == 0:  # else they are copied
            eighths = worthwhile_zeros(row_of(net.layer_table, 0), net.params)
        skip_zeros = looks_for_zeros(net, data.X, start, stop, eighths)
        skip_zeros = skip_zeros and may_skip_zeros(net.params, n_samples)
        n_at_once = min(BLOCK_ROWS, block.numbers.shape[0])
        for first in range(start, stop, n_at_once):
            samples = block.numbers[: min(n_at_once, stop - first)]
            for t in range(samples.shape[0]):
                samples[t] = first + t
            if not body(net, data, samples, skip_zeros, block, target):
                return False
        return True

    return loop
