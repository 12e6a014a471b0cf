import numpy as np
import pytest
from numba import njit

from fastnn import Dense, DivergenceError, Network
from fastnn.core import dispatch
from fastnn.core.dispatch import FEW
from fastnn.core.simd import bitset
from fastnn.core.simd.bitset import (
    TILE_ROWS,
    WORD,
    beyond,
    count_bits,
    lowest,
    nonzero_mask,
    without_lowest,
)

from ...support.kernels import from_python

mark_rows = from_python(bitset.mark_rows)
mark_tiles = from_python(bitset.mark_tiles)
mark_units = from_python(bitset.mark_units)
may_skip_zeros = from_python(dispatch.may_skip_zeros)


@njit
def members(masks):
    found = []
    for first in range(len(masks)):
        mask = masks[first]
        while mask:
            found.append(WORD * first + lowest(mask))
            mask = without_lowest(mask)
    return found


@njit
def count(mask):
    return count_bits(mask)


def test_bits_are_counted_and_cut_off():
    mask = np.uint64(0b1011 | 1 << 63)
    assert count(mask) == count_bits(mask) == 4
    left = from_python(beyond)
    assert [left(mask, n) for n in (0, 1, 4, 64, 70)] == [mask, mask - 1, 1 << 63, 0, 0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 63, 64, 65, 150])
def test_bitsets_hold_what_is_not_zero(n, dtype):
    rng = np.random.default_rng(n)
    a = np.where(rng.random(5 * WORD) < 0.5, 0, rng.normal(size=5 * WORD)).astype(dtype)
    a[WORD : WORD + 3] = np.nan, -0.0, np.inf
    count = -(-n // WORD)
    for skip_zeros, expected in ((True, np.flatnonzero(a[WORD : WORD + n])), (False, range(n))):
        words = np.full(5, 7, dtype=np.uint64)
        mark_units(a, WORD, n, skip_zeros, words)
        assert members(words[1 : 1 + count]) == list(expected)
        assert (words[0] == 7) & (words[1 + count :] == 7).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 64, 100])
def test_a_unit_of_a_tile_is_skipped_where_all_its_rows_skip_it(n, dtype):
    rng = np.random.default_rng(n)
    a = np.where(rng.random((2 * TILE_ROWS, 3 * WORD)) < 0.7, 0, 1).astype(dtype)
    a[2, WORD] = np.nan
    count = -(-n // WORD)
    expected = {
        True: (a.reshape(2, TILE_ROWS, -1) != 0).any(axis=1)[:, WORD : WORD + n],
        False: np.ones((2, n), dtype=bool),
    }
    for skip_zeros, is_taken in expected.items():
        words = np.full((2, 3), 7, dtype=np.uint64)
        mark_tiles(a, WORD, n, skip_zeros, 2, words)
        for tile in range(2):
            got = members(words[tile, 1 : 1 + count])
            assert got == np.flatnonzero(is_taken[tile]).tolist()
            assert (words[tile, 0] == 7) & (words[tile, 1 + count :] == 7).all()


@pytest.mark.parametrize("skip_zeros", [True, False])
@pytest.mark.parametrize("n", [64, 100, 150])
def test_rows_that_lie_anywhere_are_marked_as_tiles_are(n, skip_zeros):
    rng = np.random.default_rng(n)
    a = np.zeros((2 * TILE_ROWS, 3 * WORD))
    a[:, :n] = np.where(rng.random((len(a), n)) < 0.7, 0, 1)
    order = rng.permutation(len(a))
    rows = np.empty((len(a), n))  # nothing is read beyond the last one
    rows[order] = a[:, :n]
    expected, words = np.full((2, 2, 3), 7, dtype=np.uint64)
    mark_tiles(a, 0, n, skip_zeros, 2, expected)
    mark_rows(rows.reshape(-1), order * n, n, skip_zeros, 2, words)
    np.testing.assert_array_equal(words, expected)


def test_the_python_form_checks_its_bounds():
    array = np.ones(100)
    assert nonzero_mask(array, 36) == np.iinfo(np.uint64).max
    with pytest.raises(IndexError, match=r"must lie within \[0, 100\), got \[37, 101\)"):
        nonzero_mask(array, 37)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n_samples", [1, FEW])
def test_nothing_is_left_out_beside_what_is_not_finite(bad, n_samples):
    values = np.ones(1000)
    assert may_skip_zeros(values, FEW)
    assert not may_skip_zeros(values, FEW - 1)
    values[777] = bad
    assert not may_skip_zeros(values, FEW)
    X, y = [[1, 0, 1]] * n_samples, [0] * n_samples
    net = Network(3, [Dense(2, "relu"), Dense(1)], seed=0)
    net.weights[0][1, 0] = bad
    with np.errstate(invalid="ignore"):  # of inf - inf NumPy warns where the compiler is off
        assert np.isnan(net.predict(X)).all()  # 0 times NaN is NaN
        assert np.isnan(net.loss(X, y))
        assert np.isnan(net.gradient(X, y)).any()
        for batch_size in (1, None):
            with pytest.raises(DivergenceError, match="a loss of nan in epoch 0"):
                net.fit(X, y, batch_size=batch_size)
