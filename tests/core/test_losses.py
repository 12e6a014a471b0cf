import re

import numpy as np
import pytest

from fastnn import Network
from fastnn.core import activations, losses
from fastnn.core.levels import REGISTER_BYTES
from fastnn.reference import LOSSES

from ..support.kernels import from_python

output_delta = from_python(losses.output_delta)
sample_loss = from_python(losses.sample_loss)

DTYPES = [np.float64, np.float32]


def test_documentation_has_all_names():
    for name in losses.LOSSES:
        assert re.search(rf"\b{name}\b", Network.__doc__), name


def test_partners_are_those_of_the_reference():
    assert {name: known.partner for name, known in losses.LOSSES.items()} == {
        name: known.partner for name, known in LOSSES.items()
    }


def units_of(values, dtype):
    """Return the values after a register of other numbers, padded with 0, and their range."""
    start = REGISTER_BYTES // np.dtype(dtype).itemsize
    units = np.zeros(4 * start + len(values), dtype)
    units[:start] = 7
    units[start : start + len(values)] = values
    return units, start, start + len(values)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 5, 9])
def test_poisson_is_half_the_deviance_of_counts(n, dtype):
    deviance = pytest.importorskip("sklearn.metrics").mean_poisson_deviance
    y = np.random.default_rng(n).poisson(1.0, n).astype(dtype)
    assert n < 5 or 0 in y
    z, start, stop = units_of(np.linspace(-2, 3, n), dtype)
    a = np.exp(z)
    got = sample_loss(losses.POISSON, z, a, start, stop, y)
    expected = n / 2 * deviance(y, a[start:stop].astype(np.float64))
    np.testing.assert_allclose(got, expected, rtol=20 * np.finfo(dtype).eps)
    delta = np.zeros_like(z)
    output_delta(losses.POISSON, activations.CODES["exp"], z, a, start, stop, y, delta)
    np.testing.assert_array_equal(delta[start:stop], a[start:stop] - y)


@pytest.mark.parametrize("dtype", DTYPES)
def test_poisson_stays_finite_where_an_output_has_rounded_to_0(dtype):
    z, start, stop = units_of([-1e30, -1e30], dtype)
    y = np.array([0, 2], dtype)
    got = sample_loss(losses.POISSON, z, np.zeros_like(z), start, stop, y)
    np.testing.assert_allclose(got, 2e30, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("place", [0, 1])
def test_poisson_of_nan_is_nan(place):
    z, start, stop = units_of([0.5, 1.0], np.float64)
    z[start + place] = np.nan
    y = np.array([0.0, 2.0])
    assert np.isnan(sample_loss(losses.POISSON, z, np.exp(z), start, stop, y))
    y[place] = np.nan
    assert np.isnan(sample_loss(losses.POISSON, y, np.exp(y), 0, 2, y))
