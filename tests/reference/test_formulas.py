"""What pages and programs print as formulas is what the reference computes."""

import numpy as np
import pytest

from fastnn.core.losses import LOSSES
from fastnn.reference.formulas import BY_OUTPUT, FORMULAS, SLOPES, error_by_output
from fastnn.reference.functions import ACTIVATIONS, as_loss

Z = np.linspace(-2, 2, 12).reshape(4, 3)


def computed(formula, **values):
    """Return what a formula says, with numpy's functions."""
    for written, python in (
        ("^", "**"), ("(a - y) /", "(a - y) /"), ("2 (", "2 * ("), ("(a (1", "(a * (1"),
        ("a (1", "a * (1"), ("a sum", "a * sum"), ("1 where z > 0, else 0", "z > 0"),
    ):  # fmt: skip
        formula = formula.replace(written, python)
    names = {"sign": np.sign, "clip": np.clip, "sum": lambda y: y.sum(axis=1, keepdims=True)}
    return eval(formula, names | values)


@pytest.mark.parametrize("name", SLOPES)
def test_slopes(name):
    function = ACTIVATIONS[name]
    expected = function.derivative(Z)
    got = computed(SLOPES[name], a=function.function(Z), z=Z)
    np.testing.assert_allclose(got * np.ones_like(Z), expected, atol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_has_its_derivative(name):
    partner = LOSSES[name].partner
    a = ACTIVATIONS[partner].function(Z) if partner else Z
    y = np.roll(np.eye(4, 3) + 0.25, 1, axis=0)
    expected = as_loss(name).derivative(Z, a, y)
    got = computed(FORMULAS[name][1], a=a, y=y, n_out=3)
    np.testing.assert_allclose(got, expected, atol=1e-12)
    assert (name in BY_OUTPUT) == bool(partner)


@pytest.mark.parametrize("name", BY_OUTPUT)
def test_derivatives_by_the_outputs(name):
    a, y = np.array([[0.2, 0.7]]), np.array([[1.0, 0.0]])
    got = error_by_output(name, a, y)
    np.testing.assert_allclose(got, computed(BY_OUTPUT[name], a=a, y=y), atol=1e-12)
    assert not np.isfinite(error_by_output(name, np.zeros((1, 1)), np.ones((1, 1)))).any()
