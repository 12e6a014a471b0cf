"""Activations of a whole row: their values, and delta taken back through them."""

import numpy as np
import pytest

from fastnn.core.heads import HEADS, LEAST_SPREAD
from fastnn.reference.parametric import ROWS

Z = np.random.default_rng(0).normal(0, 3, (7, 6))
FAR = np.array([-800.0, -800.0, 800.0, 800.0])


@pytest.mark.parametrize("name", HEADS)
def test_values_and_slopes_are_those_of_the_reference(name):
    for z in Z:
        a, delta = np.empty(6), np.arange(1.0, 7.0)
        HEADS[name].forward(z, a)
        np.testing.assert_allclose(a, ROWS[name].function(z), rtol=1e-14)
        derivative = ROWS[name].derivative(z)
        expected = delta @ derivative if derivative.ndim == 2 else delta * derivative
        HEADS[name].backward(z, a, delta)
        np.testing.assert_allclose(delta, expected, rtol=1e-13)


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning")
def test_far_from_zero_all_is_finite(name):
    a, delta = np.empty(4), np.ones(4)
    HEADS[name].forward(FAR, a)
    HEADS[name].backward(FAR, a, delta)
    assert np.isfinite(a).all()
    assert np.isfinite(delta).all()


def test_outputs_are_in_order_and_spreads_positive():
    a = np.empty(6)
    for z in Z:
        HEADS["ascending"].forward(z, a)
        assert (np.diff(a) > 0).all()
        HEADS["mean_and_spread"].forward(z, a)
        assert (a[1::2] > LEAST_SPREAD).all()
