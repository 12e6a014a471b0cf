"""What is written in fewer instructions than Numba's means what it means in Python."""

import numpy as np
import pytest
from numba import njit

from fastnn.core.jit import inner

KNOWN = (2, 5, 7)


@inner
def numbers_in(start, stop, step, got):
    n = 0
    for i in range(start, stop, step):
        got[n] = i
        n += 1
    return n


@inner
def elements(x, table, i, j):
    return x[i], x[-1], x[2], table[i, j], table[-1, j], table[i, 1]


@inner
def put(x, table, i, j, value):
    x[i], table[i, j], table[-1, -2] = value, value, value


@inner
def quotients(a, b):
    return a // 8, a % 8, a // 3, a % 3, a // b, a % b


@inner
def choices(a, b):
    return min(a, b), max(a, b), min(a, b, 4), int(a), a in KNOWN, 1.0 * b in KNOWN


def called(function, *args):
    return njit(lambda *args: function(*args))(*args)


@pytest.mark.parametrize("bounds", [(0, 5, 1), (3, 3, 1), (4, -3, 1), (9, -1, -3), (0, 8, 3)])
def test_a_range(bounds):
    got = np.zeros(20, np.int64)
    n = called(numbers_in, *bounds, got)
    assert got[:n].tolist() == list(range(*bounds))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool_])
@pytest.mark.parametrize("place", [(0, 2), (1, -1), (-2, 0)])
def test_elements(dtype, place):
    x, table = np.arange(4).astype(dtype), np.arange(12).reshape(4, 3).astype(dtype)
    i, j = place
    expected = x[i], x[-1], x[2], table[i, j], table[-1, j], table[i, 1]
    assert called(elements, x, table, i, j) == expected
    assert called(elements, x, np.asfortranarray(table), i, j) == expected
    got, got_table = x.copy(), table.copy()
    called(put, got, got_table, i, j, 1)
    put.py_func(x, table, i, j, 1) if hasattr(put, "py_func") else put(x, table, i, j, 1)
    np.testing.assert_array_equal(got, x)
    np.testing.assert_array_equal(got_table, table)


@pytest.mark.parametrize("a", [-17, -8, -1, 0, 7, 16])
@pytest.mark.parametrize("b", [-4, 3, 8])
def test_integers(a, b):
    assert called(quotients, a, b) == (a // 8, a % 8, a // 3, a % 3, a // b, a % b)
    expected = min(a, b), max(a, b), min(a, b, 4), a, a in KNOWN, b in KNOWN
    assert called(choices, a, b) == expected


@inner
def sums_of_parts(x, table, first, last):
    total = 0.0
    for part in (x[first:last], x[first:], x[:last], x[:], table[1, first:last], table[-1]):
        total = 10 * total + part.shape[0]
        for i in range(part.shape[0]):
            total += part[i]
    rows = table[first:last]
    for i in range(rows.shape[0]):
        total += 100 * rows[i, 1]
    return total + rows.shape[1]


@inner
def clear(x, table, cube, first, last):
    x[first:last], table[1, first:last], cube[1:] = 0, 0, 0
    table[2, :last] = 0


@inner
def fill(x, table, first, last):
    x[first:last], table[first:last] = 2, 3


BOUNDS = [(0, 5), (1, 3), (3, 1), (-3, -1), (-9, 9), (2, 9), (5, 7), (4, -1), (-2, -9)]


@pytest.mark.parametrize("bounds", BOUNDS)
def test_parts_of_arrays(bounds):
    x, table = np.arange(1, 6.0), np.arange(15.0).reshape(3, 5)
    python = getattr(sums_of_parts, "py_func", sums_of_parts)
    assert called(sums_of_parts, x, table, *bounds) == python(x, table, *bounds)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool_])
@pytest.mark.parametrize("bounds", BOUNDS)
def test_parts_are_overwritten(dtype, bounds):
    for function, n_arrays in (clear, 3), (fill, 2):
        got = [np.ones(shape, dtype) for shape in ((5,), (3, 5), (3, 2, 2))][:n_arrays]
        expected = [array.copy() for array in got]
        called(function, *got, *bounds)
        getattr(function, "py_func", function)(*expected, *bounds)
        for array, other in zip(got, expected, strict=True):
            np.testing.assert_array_equal(array, other)
