"""Sets of units as bits: which inputs of a layer are not zero.

The weights of an input that is 0 take no part in a sample: neither their products nor their
updates change anything. Images are half zeros, and so are the activations of relu. Where a weight
is not finite, nothing is left out, for 0 times NaN is NaN.

A set is a row of 64-bit words, one bit a unit; units are padded to whole words.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import lower_builtin, type_callable

from ..jit import inner

WORD = 64  # bits
TRIPLE = 3  # samples that go through a layer together, and share a set
_ONE = np.uint64(1)


# ---- the Python forms ----------------------------------------------------------------------------


def lowest(word):
    """Return the number of the lowest bit that is set in a `word` that is not 0."""
    word = int(word)
    return (word & -word).bit_length() - 1


def nonzeros(array, i):
    """Return a word whose bit b is set where array[i + b] is not 0; NaN is not 0."""
    if not 0 <= i <= array.size - WORD:
        raise IndexError(f"a word must lie within [0, {array.size}), got [{i}, {i + WORD})")
    return np.packbits(array.reshape(-1)[i : i + WORD] != 0, bitorder="little").view(np.uint64)[0]


# ---- what Numba compiles for them ----------------------------------------------------------------


@type_callable(lowest)
def _type_lowest(context):
    return lambda word: types.intp


@lower_builtin(lowest, types.uint64)
def _lower_lowest(context, builder, signature, args):
    return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))  # undefined for 0


@type_callable(nonzeros)
def _type_nonzeros(context):
    return lambda array, i: types.uint64


@lower_builtin(nonzeros, types.Array, types.Integer)
def _lower_nonzeros(context, builder, signature, args):
    array, index = signature.args
    data = context.make_array(array)(context, builder, args[0]).data
    i = context.cast(builder, args[1], index, types.intp)
    vector = ir.VectorType(context.get_value_type(array.dtype), WORD)
    loaded = builder.load(builder.bitcast(builder.gep(data, [i]), vector.as_pointer()))
    loaded.align = array.dtype.bitwidth // 8
    is_nonzero = builder.fcmp_unordered("!=", loaded, ir.Constant(vector, None))
    return builder.bitcast(is_nonzero, ir.IntType(WORD))


# ---- sets ----------------------------------------------------------------------------------------


@inner
def without_lowest(word):
    """Return `word` without its lowest bit."""
    return word & (word - _ONE)


@inner
def mark_units(a, start, n, skip_zeros, words):
    """Overwrite `words` from bit `start` on: bit start + i is set unless a[start + i] is skipped.

    `start` is at the beginning of a word, and `a` reaches to the end of the last one, of which the
    bits beyond `n` are cleared.
    """
    stop = start + n
    for first in range(start, stop, WORD):
        word = nonzeros(a, first) if skip_zeros else ~np.uint64(0)
        if stop - first < WORD:
            word &= (_ONE << np.uint64(stop - first)) - _ONE
        words[first // WORD] = word


@inner
def mark_unit(i, words):
    """Set the bit of one unit."""
    words[i // WORD] |= _ONE << np.uint64(i % WORD)


@inner
def clear_units(n, a, words):
    """Set those of the first `n` units to 0 that are marked, and clear their words."""
    for first in range(0, n, WORD):
        word = words[first // WORD]
        while word:
            a[first + lowest(word)] = 0
            word = without_lowest(word)
        words[first // WORD] = 0


@inner
def clear_triples(n, n_triples, a, words):
    """Set those of the first `n` units to 0, in each triple, that are marked; unmark them."""
    n_words = a.shape[1] // WORD
    for triple in range(n_triples):
        for first in range(0, n, WORD):
            place = triple * n_words + first // WORD
            word = words[place]
            while word:
                for t in range(TRIPLE * triple, TRIPLE * triple + TRIPLE):
                    a[t, first + lowest(word)] = 0
                word = without_lowest(word)
            words[place] = 0


@inner
def mark_triples(a, start, n, skip_zeros, n_triples, n_units, words):
    """Overwrite the words of these `n` units of each triple: a bit is set unless all rows skip it.

    `a` holds `n_units` elements a row, row after row, and `words` n_units / WORD a triple; for
    `start` and the last word see `mark_units`.
    """
    stop = start + n
    for triple in range(n_triples):
        for first in range(start, stop, WORD):
            place = TRIPLE * triple * n_units + first
            word = ~np.uint64(0)
            if skip_zeros:
                word = nonzeros(a, place) | nonzeros(a, place + n_units)
                word |= nonzeros(a, place + 2 * n_units)
            if stop - first < WORD:
                word &= (_ONE << np.uint64(stop - first)) - _ONE
            words[(triple * n_units + first) // WORD] = word
