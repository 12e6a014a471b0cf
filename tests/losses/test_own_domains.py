"""Definitions of a user's functions: where they raise, and for which widths they go."""

import functools
import math

import numpy as np
import pytest

import fastnn
from fastnn import Dense, Network

FACTORS = {}


def asserting(y, a):
    assert a < 0.5
    return (a - y) ** 2, 2 * (a - y)


def looking_up(y, a):
    factor = FACTORS[float(a)] if a > 1 else 1.0
    return factor * (a - y) ** 2, 2 * factor * (a - y)


def running(y, a):
    if a > 1:
        raise RuntimeError("too far")
    return (a - y) ** 2, 2 * (a - y)


def adding_text(y, a):
    if a > 1:
        return a + "x"
    return (a - y) ** 2, 2 * (a - y)


def for_three(y, a, error):
    value = 0.0
    for j in range(3):
        error[j] = a[j] - y[j]
        value += 0.5 * error[j] ** 2
    return value


WEIGHTS = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


def for_six(y, a, error):
    error[:] = WEIGHTS * (a - y)
    return 0.5 * (WEIGHTS * (a - y) ** 2).sum()


@pytest.mark.parametrize("function", [asserting, looking_up, running, adding_text])
def test_any_error_is_the_end_of_a_domain(function):
    assert fastnn.loss(function).function is function


@pytest.mark.parametrize("error", [AssertionError, KeyError, RuntimeError, TypeError, OSError])
def test_an_error_everywhere_is_told(error):
    def loss(y, a):
        raise error("never")

    def activation(z):
        raise error("never")

    for made, function in ((fastnn.loss, loss), (fastnn.activation, activation)):
        with pytest.raises(ValueError, match=f"got none: it raised {error.__name__}: .*never"):
            made(function)


class Methods:
    def method(self, y, a):
        return (a - y) ** 2, 2 * (a - y)

    @classmethod
    def of_class(cls, y, a):
        return (a - y) ** 2, 2 * (a - y)

    @staticmethod
    def static(y, a):
        return (a - y) ** 2, 2 * (a - y)

    __call__ = method


@pytest.mark.parametrize(
    "function",
    [
        Methods().method, Methods.of_class, Methods(), functools.partial(asserting), math.hypot,
        np.add, Methods,
    ],
    ids=["method", "class method", "object", "partial", "builtin", "ufunc", "class"],
)  # fmt: skip
def test_what_is_no_plain_function(function):
    for made, what in ((fastnn.loss, "a loss"), (fastnn.activation, "an activation")):
        with pytest.raises(TypeError, match=f"^{what} must be a function defined by def or lambda"):
            made(function)


def test_a_static_method_is_a_plain_function():
    assert fastnn.loss(Methods.static)(1.0, 3.0) == (4.0, 4.0)


@pytest.mark.parametrize(("function", "width"), [(for_three, 3), (for_six, 6)])
def test_a_loss_for_one_width(function, width):
    loss = fastnn.loss(function)
    assert loss.widths == (width,)
    X, Y = np.ones((5, 2)), np.zeros((5, width))
    net = Network(2, [Dense(width)], loss=loss, seed=0)
    assert net.loss(X, Y) == pytest.approx(function(Y[0], net.predict(X[0]), np.zeros(width)))
    with pytest.raises(ValueError, match=r"the loss for_.*, with 2 outputs, must return finite"):
        Network(2, [Dense(2)], loss=loss)
    message = "must fill error, of shape|with 7 outputs, must return finite"
    with pytest.raises(ValueError, match=message):
        Network(2, [Dense(7)], loss=loss)


def test_a_loss_for_no_width_is_told():
    def unfilled(y, a, error):
        return 0.0

    with pytest.raises(
        ValueError, match=r"must fill error, of shape \(1,\), .*nor .* 2 to 128 out"
    ):
        fastnn.loss(unfilled)


def test_a_row_that_is_not_filled_somewhere_is_found():
    def forgetful(y, a, error):
        if a[0] > 1:
            return 0.0
        error[:] = a - y
        return 0.5 * ((a - y) ** 2).sum()

    with pytest.raises(ValueError, match="must fill error"):
        fastnn.loss(forgetful)
