import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fastnn.reference import ACTIVATIONS, LOSSES

ELEMENTWISE = [name for name in ACTIVATIONS if name != "softmax"]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivative_agrees_with_central_differences(name):
    z = np.concatenate([np.linspace(-6, 6, 40), [-30.0, 30.0]])  # not 0, where relu has a corner
    function, derivative = ACTIVATIONS[name].function, ACTIVATIONS[name].derivative
    expected = (function(z + 1e-6) - function(z - 1e-6)) / 2e-6
    assert_allclose(derivative(z), expected, atol=1e-8)


def test_softmax_derivative_is_the_matrix_of_central_differences():
    z = np.array([[0.3, -1.2, 0.8]])
    got = ACTIVATIONS["softmax"].derivative(z)
    for j in range(3):
        step = 1e-6 * np.eye(3)[j]
        above, below = (ACTIVATIONS["softmax"].function(z + s) for s in (step, -step))
        assert_allclose(got[..., j], (above - below) / 2e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "z", "a", "slope"),
    [
        ("identity", -2.0, -2.0, 1.0),
        ("sigmoid", math.log(3), 0.75, 0.1875),
        ("tanh", math.log(2), 0.6, 0.64),
        ("relu", 0.0, 0.0, 0.0),
        ("relu", 3.0, 3.0, 1.0),
        ("leaky_relu", -2.0, -0.02, 0.01),
        ("leaky_relu", 0.0, 0.0, 0.01),
        ("elu", -math.log(2), -0.5, 0.5),
        ("softplus", 0.0, math.log(2), 0.5),
        ("swish", math.log(3), 0.75 * math.log(3), 0.75 + 0.1875 * math.log(3)),
        ("selu", -math.log(2), -0.8790496704236883, 0.8790496704236883),  # scale alpha / 2
        ("selu", 0.0, 0.0, 1.7580993408473766),  # of PyTorch: that of the left
        ("mish", 0.0, 0.0, 0.6),
        ("mish", math.log(2), 0.8 * math.log(2), 0.8 + 0.24 * math.log(2)),
        ("gelu", 1.0, 0.8413447460685429, 1.0833154705876864),  # Phi(1), Phi(1) + phi(1)
        ("exp", math.log(3), 3.0, 3.0),
    ],
)
def test_activation_at_a_point(name, z, a, slope):
    function, derivative = ACTIVATIONS[name].function, ACTIVATIONS[name].derivative
    assert_allclose(function(np.array([z])), a, rtol=1e-15)
    assert_allclose(derivative(np.array([z])), slope, rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "limits", "slopes"),
    [
        ("identity", (-1e300, 1e300), (1, 1)),
        ("sigmoid", (0, 1), (0, 0)),
        ("tanh", (-1, 1), (0, 0)),
        ("relu", (0, 1e300), (0, 1)),
        ("leaky_relu", (-1e298, 1e300), (0.01, 1)),
        ("elu", (-1, 1e300), (0, 1)),
        ("softplus", (0, 1e300), (0, 1)),
        ("swish", (0, 1e300), (0, 1)),
        ("selu", (-1.7580993408473766, 1.0507009873554805e300), (0, 1.0507009873554805)),
        ("mish", (0, 1e300), (0, 1)),
        ("gelu", (0, 1e300), (0, 1)),
    ],
)
def test_activation_far_out(name, limits, slopes):
    function, derivative = ACTIVATIONS[name].function, ACTIVATIONS[name].derivative
    z = np.array([-1e300, 1e300])
    assert_allclose(function(z), limits, rtol=1e-15)
    assert_allclose(derivative(z), slopes, rtol=1e-15)


@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_left_tail_is_exp(name):
    z = np.array([-40.0, -300.0, -700.0])
    assert_allclose(ACTIVATIONS[name].function(z), np.exp(z), rtol=1e-15)


def test_left_tail_of_gelu():
    z = -20.0
    expected = z * 2.7536241186062337e-89  # Phi(-20)
    assert_allclose(ACTIVATIONS["gelu"].function(np.array([z])), expected, rtol=1e-13)


def test_softmax_of_huge_logits():
    z = np.array([[1e300, -1e300, 0.0], [1e300, 1e300, -1e300]])
    assert_array_equal(ACTIVATIONS["softmax"].function(z), [[1, 0, 0], [0.5, 0.5, 0]])


@pytest.mark.parametrize(
    ("loss", "expected"),  # a - y is -3, 0 and 0.5
    [("half_sse", 4.625), ("sse", 9.25), ("mse", 9.25 / 3), ("mae", 3.5 / 3), ("huber", 2.625 / 3)],
)
def test_loss_by_hand(loss, expected):
    a, y = np.array([[-1.0, 1.0, 2.5]]), np.array([[2.0, 1.0, 2.0]])
    assert_allclose(LOSSES[loss].value(a, a, y), [expected], rtol=1e-15)


def test_derivative_of_mae_is_zero_where_it_has_a_corner():
    a = np.array([1.0, 2.0, 3.0])
    assert_array_equal(LOSSES["mae"].derivative(a, a, np.array([1.0, 3.0, 2.0])) * 3, [0, -1, 1])


def test_cross_entropies_are_their_definitions():
    z, y = np.array([0.5, -1.0, 2.0]), np.array([0.2, 0.9, 0.4])
    a = ACTIVATIONS["sigmoid"].function(z)
    expected = -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a))
    assert_allclose(LOSSES["binary_cross_entropy"].value(z, a, y), expected, rtol=1e-14)
    a = ACTIVATIONS["softmax"].function(z)
    expected = -np.sum(y * np.log(a))
    assert_allclose(LOSSES["cross_entropy"].value(z, a, y), expected, rtol=1e-14)


def test_poisson_is_half_the_deviance():
    z, y = np.array([[0.5, -1.0, 2.0]]), np.array([[0.2, 3.0, 0.0]])
    a = ACTIVATIONS["exp"].function(z)
    expected = 0.2 * np.log(0.2 / a[0, 0]) + 3 * np.log(3 / a[0, 1]) + a.sum() - 3.2
    assert_allclose(LOSSES["poisson"].value(z, a, y), [expected], rtol=1e-14)
    assert_array_equal(LOSSES["poisson"].value(np.log([2.0]), np.array([2.0]), np.array([2.0])), 0)


def test_poisson_stays_finite_where_an_output_has_rounded_to_0():
    z, y = np.array([-1e300, -1e300]), np.array([0.0, 2.0])
    a = ACTIVATIONS["exp"].function(z)
    assert_array_equal(a, [0, 0])
    assert_allclose(LOSSES["poisson"].value(z, a, y), 2e300, rtol=1e-15)
    assert_array_equal(LOSSES["poisson"].derivative(z, a, y), [0, -2])


@pytest.mark.parametrize(
    ("activation", "loss", "expected"),
    [("sigmoid", "binary_cross_entropy", 3e300), ("softmax", "cross_entropy", 2e300)],
)
def test_cross_entropies_stay_finite(activation, loss, expected):
    z, y = np.array([1e300, -1e300, 1e300]), np.array([0.0, 1.0, 0.0])
    a = ACTIVATIONS[activation].function(z)
    assert_allclose(LOSSES[loss].value(z, a, y), expected, rtol=1e-15)
    assert np.isfinite(LOSSES[loss].derivative(z, a, y)).all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_keeps_float32(activation):
    z = np.linspace(-3, 3, 5, dtype=np.float32)
    known = ACTIVATIONS[activation]
    a = known.function(z)
    assert a.dtype == known.derivative(z).dtype == np.float32
    if known.from_output is not None:
        assert known.from_output(a).dtype == np.float32
