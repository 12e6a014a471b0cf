import re

import numpy as np
import pytest

from fastnn import Dense
from fastnn.core import activations
from fastnn.core.levels import REGISTER_BYTES
from fastnn.reference import ACTIVATIONS
from fastnn.reference.functions import derivative_of

from ..support.kernels import from_python

activate = from_python(activations.activate)
pull_back = from_python(activations.pull_back)
scale_by_derivative = from_python(activations.scale_by_derivative)

DTYPES = [np.float64, np.float32]
WIDTHS = [1, 7, 8, 25]
CODES = list(activations.CODES.items())
ELEMENTWISE = [(name, code) for name, code in CODES if name != "softmax"]


def test_documentation_has_all_names():
    for name, known in activations.ACTIVATIONS.items():
        assert re.search(rf"\b{name}\b", Dense.__doc__), name
        assert known.second_name in Dense.__doc__
        assert known.note in Dense.__doc__.replace("\n        ", " ")


def padded(values):
    """Return the values between two registers of other numbers, padded with 0, and their range."""
    lanes = REGISTER_BYTES // values.itemsize
    stop = lanes + values.size
    units = np.zeros((-(-stop // lanes) + 1) * lanes, values.dtype)
    units[:lanes] = units[-lanes:] = 7
    units[lanes:stop] = values
    return units, lanes, stop


def tolerance(dtype):
    return {"rtol": 16 * np.finfo(dtype).eps, "atol": 4 * np.finfo(dtype).eps}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", WIDTHS)
@pytest.mark.parametrize(("name", "code"), CODES)
def test_values_of_some_rows_are_those_of_the_reference(name, code, n, dtype):
    table = np.linspace(-6, 5, 3 * n).astype(dtype).reshape(3, n)
    z = np.stack([padded(values)[0] for values in table])
    a, start, stop = padded(np.zeros(n, dtype))
    a = np.stack([a] * 3)
    activate(code, z.ravel(), a.ravel(), start, stop, 3, z.shape[1])
    expected = [ACTIVATIONS[name].function(values) for values in table]
    np.testing.assert_allclose(a[:, start:stop], expected, **tolerance(dtype))
    assert (a[:, :start] == 7).all()
    assert (a[:, -start:] == 7).all()
    assert np.isfinite(a).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", WIDTHS)
@pytest.mark.parametrize(("name", "code"), ELEMENTWISE)
def test_derivatives_are_those_of_the_reference(name, code, n, dtype):
    values = np.linspace(-6, 5, n).astype(dtype)
    values[n // 2] = 0
    z, start, stop = padded(values)
    a, _, _ = padded(np.zeros_like(values))
    activate(code, z, a, start, stop, 1, 1)
    errors = np.linspace(1, 2, n).astype(dtype)
    delta, _, _ = padded(errors)
    scale_by_derivative(code, z, a, delta, start, stop)
    expected = errors * ACTIVATIONS[name].derivative(values)
    np.testing.assert_allclose(delta[start:stop], expected, **tolerance(dtype))
    assert (delta[:start] == 7).all()
    assert (delta[-start:] == 7).all()
    assert (delta[stop:-start] == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", WIDTHS)
@pytest.mark.parametrize(("name", "code"), CODES)
def test_errors_are_pulled_back_by_the_matrix_of_derivatives(name, code, n, dtype):
    values = np.linspace(-2, 1.5, n).astype(dtype)
    z, start, stop = padded(values)
    a, _, _ = padded(np.zeros_like(values))
    activate(code, z, a, start, stop, 1, 1)
    errors = np.linspace(1, 2, n).astype(dtype)
    delta, _, _ = padded(errors)
    pull_back(code, z, a, start, stop, delta)
    slope = derivative_of(name, values, a[start:stop])
    expected = errors * slope if slope.ndim == 1 else errors @ slope
    np.testing.assert_allclose(delta[start:stop], expected, **tolerance(dtype))
    assert (delta[:start] == 7).all()
    assert (delta[-start:] == 7).all()
    assert (delta[stop:-start] == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "code"), ELEMENTWISE)
def test_nan_stays_nan(name, code, dtype):
    z, start, stop = padded(np.array([np.nan, 1, np.nan], dtype))
    a, delta = np.zeros_like(z), np.ones_like(z)
    activate(code, z, a, start, stop, 1, 1)
    np.testing.assert_array_equal(np.isnan(a[start:stop]), [True, False, True])
    scale_by_derivative(code, z, a, delta, start, stop)
    if name not in ("identity", "relu", "leaky_relu"):  # constant on either side of 0
        np.testing.assert_array_equal(np.isnan(delta[start:stop]), [True, False, True])
    delta[:] = np.nan
    scale_by_derivative(code, z, a, delta, start, stop)
    assert np.isnan(delta[start:stop]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shift", [-1e4, -100, 0, 100, 1e4])
def test_softmax_of_shifted_values(shift, dtype):
    values = np.array([0, 3, -2, 1, 0.5], dtype)
    z, start, stop = padded(values + dtype(shift))
    a = np.zeros_like(z)
    activate(activations.SOFTMAX, z, a, start, stop, 1, 1)
    expected = ACTIVATIONS["softmax"].function(values + dtype(shift))
    np.testing.assert_allclose(a[start:stop], expected, **tolerance(dtype))
    assert np.isfinite(a).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_of_nan_is_nan(dtype):
    for place in range(5):
        values = np.arange(5, dtype=dtype)
        values[place] = np.nan
        z, start, stop = padded(values)
        a = np.zeros_like(z)
        activate(activations.SOFTMAX, z, a, start, stop, 1, 1)
        assert np.isnan(a[start:stop]).all()
