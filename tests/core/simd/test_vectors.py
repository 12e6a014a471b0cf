import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from fastnn.core.levels import REGISTER_BYTES
from fastnn.core.simd.arithmetic import multiply_add
from fastnn.core.simd.vectors import (
    lanes_of,
    load,
    load_part,
    splat,
    store,
    total,
    totals,
    zeros,
)

DTYPES = [np.float32, np.float64]


@njit
def use_all(source, target, scalar):
    two = zeros(source, 2)
    a = load(source, 3, two)
    b = splat(scalar, two)
    store(target, 1, multiply_add(a, b, a))
    store(target, 1 + lanes_of(two), a * b + b)
    return lanes_of(two), total(a)


@pytest.mark.parametrize("dtype", DTYPES)
def test_vectors_compute_what_numpy_does(dtype):
    n = 2 * REGISTER_BYTES // np.dtype(dtype).itemsize
    source = np.arange(n + 5, dtype=dtype)
    target = np.zeros(2 * n + 3, dtype=dtype)
    lanes, sum_of_lanes = use_all(source, target, dtype(0.5))
    a = source[3 : 3 + n]
    assert lanes == n
    assert sum_of_lanes == a.sum()
    expected = np.concatenate([[0], a * dtype(1.5), a * dtype(0.5) + dtype(0.5), [0, 0]])
    np.testing.assert_array_equal(target, expected.astype(dtype))


def test_the_python_forms_check_their_bounds():
    array = np.zeros(8)
    four = np.zeros(4)
    assert load(array, 4, four).size == 4
    for i in (-1, 5):
        with pytest.raises(IndexError, match=rf"must lie within \[0, 8\), got \[{i}, {i + 4}\)"):
            load(array, i, four)
        with pytest.raises(IndexError, match=rf"must lie within \[0, 8\), got \[{i}, {i + 4}\)"):
            store(array, i, four)


@njit
def use_parts(source, target):
    one = zeros(source, 1)
    for count in range(1, lanes_of(one) + 2):
        part = load_part(source, source.size - count, count, one)
        store(target, count * lanes_of(one), part)
    a, b = load(source, 0, one), load(source, 1, one)
    store(target, (lanes_of(one) + 2) * lanes_of(one), totals(a, b, a + b, b - a))


@pytest.mark.parametrize("dtype", DTYPES)
def test_parts_and_totals(dtype):
    lanes = REGISTER_BYTES // np.dtype(dtype).itemsize
    source = np.arange(1, lanes + 2, dtype=dtype)
    target = np.full((lanes + 4, lanes), np.nan, dtype)
    use_parts(source, target.reshape(-1))
    a, b = source[:lanes].sum(), source[1:].sum()
    np.testing.assert_array_equal(target[lanes + 2 :].flat[:4], [a, b, a + b, b - a])
    for count in range(1, lanes + 2):
        expected = np.zeros(lanes, dtype)
        expected[: min(count, lanes)] = source[source.size - count :][:lanes]
        np.testing.assert_array_equal(target[count], expected)


@pytest.mark.compiled
def test_vectors_of_different_widths_do_not_mix():
    @njit
    def mix(array):
        return total(zeros(array, 1) + zeros(array, 2))

    with pytest.raises(TypingError):
        mix(np.zeros(8))


@pytest.mark.compiled
def test_what_is_loaded_is_of_the_dtype_of_the_network():
    @njit
    def mix(array, other):
        return total(load(array, 0, zeros(other, 1)))

    with pytest.raises(TypingError, match="arrays must have the network's dtype, float64, got "):
        mix(np.zeros(64, np.float32), np.zeros(1))
