import numpy as np
import pytest
from numba import njit

from fastnn.core.jit import JIT
from fastnn.core.levels import REGISTER_BYTES
from fastnn.core.simd.arithmetic import (
    nearest,
    power_of_two,
    times_power_of_two,
    vector_function,
    where,
)
from fastnn.core.simd.vectors import (
    lanes_of,
    load,
    splat,
    store,
    total,
    up_to,
    zeros,
)

DTYPES = [np.float32, np.float64]


@vector_function
def all_operators(a, b):
    quotient = 1.0 / (abs(-a) + 2.0) / (b * b + 1.0)
    smaller = where(a < b, a, b)
    larger = where(a > 0.5, 3.0 - a, 0.25 * b - 1.0)
    return (quotient + smaller) * (larger - nearest(b))


@njit(**JIT)
def use_operators(a, b, results):
    one = zeros(a, 1)
    u, v = load(a, 0, one), load(b, 0, one)
    store(results, 0, all_operators(u, v))
    store(results, lanes_of(one), -abs(u) - v / splat(results.dtype.type(2), one))
    for count in range(lanes_of(one) + 2):
        results[2 * lanes_of(one) + count] = total(up_to(count, u))


@pytest.mark.parametrize("dtype", DTYPES)
def test_operators_compute_what_numpy_does(dtype):
    lanes = REGISTER_BYTES // np.dtype(dtype).itemsize
    a, b = np.linspace(-2, 3, lanes).astype(dtype), np.linspace(2.5, -2.5, lanes).astype(dtype)
    a[0] = np.nan
    results = np.zeros(3 * lanes + 2, dtype)
    use_operators(a, b, results)
    np.testing.assert_allclose(results[:lanes], all_operators(a, b), rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(results[lanes : 2 * lanes], -abs(a) - b / 2)
    sums = [a[:count].sum() for count in range(lanes + 2)]
    np.testing.assert_allclose(results[2 * lanes :], sums, rtol=4 * np.finfo(dtype).eps)


@vector_function
def scaled(a, n):
    return times_power_of_two(a, n)


@vector_function
def powers(n):
    return power_of_two(n)


@njit(**JIT)
def use_powers(a, n, results, exact):
    one = zeros(a, 1)
    for i in range(0, a.size, lanes_of(one)):
        store(results, i, scaled(load(a, i, one), load(n, i, one)))
        store(exact, i, powers(load(n, i, one)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_powers_of_two_overflow_and_underflow(dtype):
    info = np.finfo(dtype)
    least = info.minexp - 1
    n = np.arange(info.minexp - info.nmant - 4, info.maxexp + 1).astype(dtype)
    n = np.resize(n, -(-n.size // 16) * 16)
    a = np.resize(np.array([1, -1.5, 0.75, 1 + info.eps, np.nan], dtype), n.size)
    got, got_powers = np.empty_like(n), np.empty_like(n)
    use_powers(a, n, got, got_powers)
    expected = np.ldexp(a, n.astype(int))
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(scaled(a, n), expected)
    expected = np.where(n == least, 0, np.ldexp(dtype(1), n.astype(int)))
    in_range = n >= least
    np.testing.assert_array_equal(got_powers[in_range], expected[in_range])
    np.testing.assert_array_equal(powers(n)[in_range], expected[in_range])
