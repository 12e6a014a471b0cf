"""Random numbers that are counted, not drawn in turn: for dropout and for noise on the inputs.

A number is a function of (key, sample, stream, unit). None depends on what was drawn before, so it
is the same wherever a call is cut and in whatever order samples, or the rows of a block, are taken;
and it is the same in float32 and float64. The function is Philox4x32-10 [1]_: ten rounds make four
words of 32 bits, those of four neighbouring units, of a counter and a key. A stream is the number
of a layer, or `NOISE`.

A word is kept in a uint64, which holds its products; sums are cut off to 32 bits.

References
----------
.. [1] J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as
       1, 2, 3", SC 2011, section 3.3.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .jit import inner

NOISE = -1  # the stream of the inputs

_ROUNDS = 10
_BITS = np.uint64(32)
_WORD = np.uint64(0xFFFFFFFF)
_FACTOR_0, _FACTOR_2 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_STEP_0, _STEP_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


class Noise(NamedTuple):
    """What is drawn for a block of samples in training.

    Attributes
    ----------
    levels : ndarray, shape (n_layers,) or (0,)
        The standard deviation of the noise on the inputs, then the rate of dropout of each hidden
        layer; empty without noise.
    key : int
        Of all draws of a training.
    first_number : int
        The number of the block's first sample; the others follow.
    """

    levels: NDArray[Any]
    key: int
    first_number: int


@inner
def philox(c0, c1, c2, c3, k0, k1):
    """Return the four words of a counter of four words and a key of two."""
    for _ in range(_ROUNDS):
        product_0, product_2 = _FACTOR_0 * c0, _FACTOR_2 * c2
        c0, c2 = (product_2 >> _BITS) ^ c1 ^ k0, (product_0 >> _BITS) ^ c3 ^ k1
        c1, c3 = product_2 & _WORD, product_0 & _WORD
        k0, k1 = (k0 + _STEP_0) & _WORD, (k1 + _STEP_1) & _WORD
    return c0, c1, c2, c3


@inner
def low_word(number):
    """Return the lowest 32 bits of an integer."""
    return np.uint64(number & 0xFFFFFFFF)


@inner
def words_of(key, sample, stream, first):
    """Return the words of the units [first, first + 4), `first` a multiple of four."""
    return philox(
        low_word(first // 4),
        low_word(stream),
        low_word(sample),
        low_word(sample >> 32),
        low_word(key),
        low_word(key >> 32),
    )


@inner
def uniform(word):
    """Return the number in [0, 1), a multiple of 2^-24, that a word stands for."""
    return np.int64(word >> np.uint64(8)) * 2.0**-24


@inner
def drop_units(key, sample, stream, rate, start, n, a, h):
    """Overwrite h[start:start+n] with a / (1 - rate), or, with probability `rate`, with 0.

    Unit i of the stream is at start + i. `h` may be `a`.
    """
    dtype = a.dtype.type
    scale, bound, nothing = dtype(1.0 / (1.0 - rate)), dtype(rate), dtype(0)
    for first in range(0, n, 4):
        word, second, third, fourth = words_of(key, sample, stream, first)
        for j in range(start + first, start + min(first + 4, n)):
            # Compared and chosen in one dtype, or a branch would be guessed wrong every other time.
            h[j] = a[j] * (nothing if dtype(uniform(word)) < bound else scale)
            word, second, third = second, third, fourth


@inner
def normal_pair(word, second):
    """Return two independent standard normal numbers, by the method of Box and Muller."""
    radius = math.sqrt(-2.0 * math.log((np.int64(word) + 1) * 2.0**-32))
    angle = 2.0 * math.pi * 2.0**-32 * np.int64(second)
    return radius * math.cos(angle), radius * math.sin(angle)


@inner
def add_noise(key, sample, std, n, x):
    """Add normal numbers of standard deviation `std` to x[:n], in place."""
    for first in range(0, n, 4):
        words = words_of(key, sample, NOISE, first)
        number, second = normal_pair(words[0], words[1])
        third, fourth = normal_pair(words[2], words[3])
        for i in range(first, min(first + 4, n)):
            x[i] += std * number
            number, second, third = second, third, fourth
