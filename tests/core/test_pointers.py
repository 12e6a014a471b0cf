"""Functions that kernels call by their address."""

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from fastnn.core import pointers, records
from fastnn.core.activations import CODES as ACTIVATIONS
from fastnn.core.losses import CODES as LOSSES

from ..support.kernels import from_python

N, START = 3, 2
DTYPES = ["float64", "float32"]


def half_square(y, z, a, error, parameters):
    value = 0.0
    for j in range(y.shape[0]):
        if a[j] > 100:
            raise ValueError("a is too large")
        error[j] = a[j] - y[j] + z[j]
        value += 0.5 * error[j] ** 2
    return value


def double(z, a):
    for j in range(z.shape[0]):
        if z[j] > 100:
            raise ValueError("z is too large")
        a[j] = 2 * z[j]


def double_back(z, a, delta):
    for j in range(z.shape[0]):
        if z[j] > 100:
            raise ValueError("z is too large")
        delta[j] *= 2


def scaled(y, z, a, error, parameters):
    error[:] = parameters[0]
    return parameters[0] * a.sum() + parameters[1]


def written(y, z, a, error, parameters):
    y[0] = 1
    return 0.0


def numbers(dtype, first):
    return np.arange(first, first + 8, dtype=dtype)


@njit
def loss_at(code, start, stop, y, z, a):
    return pointers.loss_at(code, start, stop, y, z, a)


@njit
def error_at(code, start, stop, y, z, a, error):
    pointers.error_at(code, start, stop, y, z, a, error)


@njit
def activate_at(code, start, stop, z, a):
    pointers.activate_at(code, start, stop, z, a)


@njit
def pull_back_at(code, start, stop, z, a, delta):
    pointers.pull_back_at(code, start, stop, z, a, delta)


is_address, is_from_z = from_python(pointers.is_address), from_python(pointers.is_from_z)


@pytest.mark.parametrize("from_z", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_losses(dtype, from_z):
    code = records.code_of_loss(half_square, dtype, from_z=from_z)
    assert is_address(code)
    assert is_from_z(code) == from_z
    y, z, a, error = (numbers(dtype, first) for first in (0, 10, 20, 30))
    expected = a[START : START + N] - y[:N] + z[START : START + N]
    value = loss_at(code, START, START + N, y, z, a)
    assert value == (0.5 * expected**2).sum()
    error_at(code, START, START + N, y, z, a, error)
    np.testing.assert_array_equal(error[START : START + N], expected)
    np.testing.assert_array_equal(np.delete(error, range(START, START + N)), [30, 31, 35, 36, 37])
    a[START] = 101
    assert np.isnan(loss_at(code, START, START + N, y, z, a))
    error_at(code, START, START + N, y, z, a, error)
    assert np.isnan(error[START : START + N]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_parameters_compile_nothing_anew(dtype):
    arrays = [numbers(dtype, 0) for _ in range(3)]
    pairs = [(2.0, 1.0), (3.0, 0.0), (0.5, -7.0)]
    codes = [records.code_of_loss(scaled, dtype, from_z=False, parameters=p) for p in pairs]
    assert len(set(codes)) == 3
    for code, (factor, offset) in zip(codes, pairs, strict=True):
        value = loss_at(code, START, START + N, *arrays)
        assert value == factor * arrays[2][START : START + N].sum() + offset
        error = numbers(dtype, 0)
        error_at(code, START, START + N, *arrays, error)
        assert (error[START : START + N] == factor).all()


@pytest.mark.compiled
def test_a_loss_that_writes_to_its_targets_does_not_compile():
    with pytest.raises(TypingError, match="readonly"):
        records.code_of_loss(written, "float64", from_z=False)


@pytest.mark.parametrize("dtype", DTYPES)
def test_activations(dtype):
    code = records.code_of_activation(double, double_back, dtype)
    z, a, delta = (numbers(dtype, first) for first in (10, 20, 30))
    activate_at(code, START, START + N, z, a)
    np.testing.assert_array_equal(a, [20, 21, 24, 26, 28, 25, 26, 27])
    pull_back_at(code, START, START + N, z, a, delta)
    np.testing.assert_array_equal(delta, [30, 31, 64, 66, 68, 35, 36, 37])
    z[START] = 101
    activate_at(code, START, START + N, z, a)
    assert np.isnan(a[START : START + N]).all()
    pull_back_at(code, START, START + N, z, a, delta)
    assert np.isnan(delta[START : START + N]).all()


@njit
def of_part(code, part, start):
    return pointers.part_at(code, part, start), pointers.weight_at(code, part)


n_parts_of, is_table = from_python(pointers.n_parts_of), from_python(pointers.is_table)


def test_tables_of_parts():
    own = records.code_of_loss(half_square, "float64", from_z=True)
    code = records.code_of_parts([(0, 2, 5, 1.0), (2, 3, own, 0.25)])
    assert is_table(code)
    assert n_parts_of(code) == 2
    assert of_part(code, 0, 10) == ((10, 12, 5), 1.0)
    assert of_part(code, 1, 10) == ((12, 13, own), 0.25)
    assert not any(is_table(other) for other in (5, own, *LOSSES.values()))


def test_codes_of_tables_are_no_addresses():
    assert not any(is_address(code) for code in (*LOSSES.values(), *ACTIVATIONS.values()))
