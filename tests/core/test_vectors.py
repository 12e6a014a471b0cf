import numpy as np
import pytest
from numba import njit

from fastnn.core.vectors import (
    REGISTER_BYTES,
    lanes_of,
    load,
    multiply_add,
    splat,
    store,
    total,
    zeros,
)


@njit
def use_all(source, target, scalar):
    two = zeros(source, 2)
    a = load(source, 3, two)
    b = splat(scalar, two)
    store(target, 1, multiply_add(a, b, a))
    store(target, 1 + lanes_of(two), a * b + b)
    return lanes_of(two), total(a)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
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
