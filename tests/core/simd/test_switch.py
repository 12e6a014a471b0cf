import numpy as np
import pytest
from numba import njit

from fastnn.core.jit import JIT
from fastnn.core.levels import REGISTER_BYTES
from fastnn.core.simd.arithmetic import Traced
from fastnn.core.simd.switch import vector_switch
from fastnn.core.simd.vectors import lanes_of, load, store, zeros

DTYPES = [np.float64, np.float32]


def add(a, b):
    return a + b


def multiply(a, b):
    return a * b


@vector_switch({0: add, 3: multiply, 5: add, 6: None, -2: lambda a, b: a - b})
def combined(code, a, b):
    """Return b of an unknown code."""
    return b


@njit(**JIT)
def combine(code, a, b, results):
    one = zeros(a, 1)
    for j in range(0, a.size, lanes_of(one)):
        store(results, j, combined(code, load(a, j, one), load(b, j, one)))


EXPECTED = {0: [5, 7], 3: [6, 10], 5: [5, 7], 6: [3, 5], -2: [-1, -3], 7: [3, 5]}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("code_of", [int, np.int32, np.uint8])
@pytest.mark.parametrize(("code", "expected"), EXPECTED.items())
def test_the_code_chooses(code, expected, code_of, dtype):
    if code < 0 and code_of is np.uint8:
        code_of = np.int8
    n = REGISTER_BYTES // np.dtype(dtype).itemsize
    a, b = np.resize(np.array([2, 2], dtype), n), np.resize(np.array([3, 5], dtype), n)
    got = np.zeros_like(a)
    combine(code_of(code), a, b, got)
    np.testing.assert_array_equal(got, np.resize(expected, n))
    np.testing.assert_array_equal(combined(code, a, b), np.resize(expected, n))


def test_a_function_of_several_codes_is_there_once():
    calls = []

    def count(a):
        calls.append(a)
        return a + a

    @vector_switch({1: count, 2: count})
    def chosen(code, a):
        return a

    @njit(**JIT)
    def run(code, a):
        one = zeros(a, 1)
        store(a, 0, chosen(code, load(a, 0, one)))

    a = np.ones(8)  # a register, at most
    run(2, a)
    assert sum(isinstance(vector, Traced) for vector in calls) <= 1
    np.testing.assert_array_equal(a[:2], 2)
