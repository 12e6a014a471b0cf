import numpy as np
import pytest
from numba import njit

from fastnn.core.jit import JIT
from fastnn.core.simd.roots import divide_by_root
from fastnn.core.simd.vectors import lanes_of, load, store, zeros


@njit(**JIT)
def sweep(a, b, c, quotients):
    two = zeros(a, 2)
    for j in range(0, a.size, lanes_of(two)):
        store(quotients, j, divide_by_root(load(a, j, two), load(b, j, two), load(c, j, two)))


def quotients_of(a, b, c):
    quotients = np.empty_like(a)
    sweep(a, b, c, quotients)
    return quotients


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_quotients_are_exact_to_the_last_bits(dtype):
    rng, n, info = np.random.default_rng(0), 1 << 14, np.finfo(dtype)
    most = np.log10(float(info.max)) - 1
    a = rng.normal(size=n).astype(dtype)
    b = (10.0 ** rng.uniform(-most, most, n)).astype(dtype)
    c = (10.0 ** rng.uniform(-12, 2, n)).astype(dtype)
    exact = np.longdouble
    expected = a.astype(exact) / (np.sqrt(b.astype(exact)) + c.astype(exact))
    is_normal = abs(expected) > 4 * info.tiny
    error = abs(quotients_of(a, b, c) - expected) / np.spacing(abs(expected).astype(dtype))
    assert is_normal.mean() > 0.9
    assert error[is_normal].max() < 4


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_special_numbers(dtype):
    info, nan, inf = np.finfo(dtype), np.nan, np.inf
    cases = [  # a, b, and what a / (sqrt(b) + 1e-8) is
        (1, 0, 1e8), (0, 0, 0), (1, inf, 0), (-1, inf, 0), (1, nan, nan), (nan, 1, nan),
        (inf, 1, inf), (1, info.smallest_subnormal, 1e8), (1, info.max, info.max**-0.5),
    ]  # fmt: skip
    a, b, expected = (np.resize(np.array(column, dtype), 64) for column in zip(*cases, strict=True))
    quotients = quotients_of(a, b, np.full(64, 1e-8, dtype))
    np.testing.assert_allclose(quotients, expected, rtol=4 * info.eps, atol=info.max**-0.5)
    huge = np.full(64, inf, dtype)  # as the eps of RMSprop may be in float32
    quotients = quotients_of(np.ones(64, dtype), np.ones(64, dtype), huge)
    np.testing.assert_allclose(quotients, 0, atol=info.tiny)
