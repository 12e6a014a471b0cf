"""What users' functions raise is told by all that computes with them; `predict` returns NaN."""

import numpy as np
import pytest

import fastnn
from fastnn import Dense, DivergenceError, Heads, Network, Population

from ..support.functions import picky

X, Y = np.array([[0.5], [2.0]]), np.ones((2, 1))
LOW = np.array([[1.0], [-3.0]])


@fastnn.activation
def fragile(z):
    if z > 1:
        raise ValueError("z is too large")
    return z, 1.0


@fastnn.activation
def vanishing(z):
    return (z, 1.0) if z < 1 else (np.nan, 1.0)


@fastnn.loss
def cliff(y, a, error):
    error[:] = a - y
    if y[0] < -2:
        error[0] = np.nan
    return 0.5 * ((a - y) ** 2).sum()


RAISED = "the activation fragile raised ValueError: z is too large, for z = 2.0, on layer 0"


def of_activation(known, *more):
    return Network(1, [Dense(1, known, weights=[[1]]), *more], seed=0)


@pytest.mark.parametrize(
    ("known", "told"),
    [(fragile, RAISED), (vanishing, r"the activation vanishing returned \(nan, 1.0\) for z = 2")],
)
def test_activations(known, told):
    net = of_activation(known, Dense(1, weights=[[1]]))
    assert np.isnan(net.predict(X)).tolist() == [[False], [True]]
    for call in (net.loss, net.gradient, net.gradient_per_sample, net.gradient_of_inputs):
        with pytest.raises(ValueError, match=told):
            call(X, Y)
    with pytest.raises(ValueError, match=told):
        net.jacobian(X)
    assert net.jacobian(X[:1]).tolist() == [[[1.0]]]
    with pytest.raises(DivergenceError, match=told):
        net.fit(X, Y)
    with pytest.raises(DivergenceError, match=f"network 0: .*{told}"):
        Population([of_activation(known, Dense(1)) for _ in range(2)]).fit(X, Y)


def test_activations_of_heads():
    heads = Heads(Dense(1, weights=[[1]]), far=Dense(1, fragile, weights=[[1]]))
    net = Network(1, [Dense(1, weights=[[1]]), heads], loss="mse", seed=0)
    targets = [Y, Y]
    told = "fragile raised ValueError: z is too large, for z = 2.0, of head far, on layer 1"
    assert np.isnan(net.predict(X)[1]).tolist() == [[False], [True]]
    for call in (net.loss, net.gradient, net.gradient_per_sample, net.gradient_of_inputs):
        with pytest.raises(ValueError, match=told):
            call(X, targets)
    with pytest.raises(ValueError, match=told):
        net.jacobian(X)
    with pytest.raises(DivergenceError, match=told):
        net.fit(X, targets)


@fastnn.loss
def wall(y, a):
    e = a - y
    return (e * e, 2 * e) if y > -2 else (1.0, -np.inf)


@fastnn.activation
def jump(z):
    return (z, 1.0) if z < 20 else (z, np.inf)


@fastnn.loss
def steep(y, a):
    e = a - y
    return (e * e, 2 * e) if y > -2 else (e * np.nan, np.nan)


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (picky, "the loss picky raised ValueError: y is too low, for y = -3.0 and a = "),
        (cliff, r"the loss cliff filled error with \[nan\] for y = \[-3.\]"),
        (steep, r"the loss steep returned \(nan, nan\) for y = -3.0 and a = "),
    ],
)
def test_losses(loss, told):
    net = Network(1, [Dense(1)], loss=loss, seed=0)
    calls = [net.gradient, net.gradient_per_sample, net.gradient_of_inputs]
    for call in calls if loss is cliff else [net.loss, *calls]:
        with pytest.raises(ValueError, match=told):
            call(X, LOW)
        call(X, Y)
    with pytest.raises(DivergenceError, match=told):
        net.fit(X, LOW)
    with pytest.raises(DivergenceError, match=told):
        Population([Network(1, [Dense(1)], loss=loss, seed=0)]).fit(X, LOW)


@pytest.mark.parametrize(
    ("net", "y", "told"),
    [
        (
            Network(1, [Dense(1)], loss=wall, seed=0),
            LOW,
            r"the loss wall returned \(1.0, -inf\) for y = -3.0",
        ),
        (
            Network(1, [Dense(1, jump, weights=[[15]])]),
            Y,
            r"the activation jump returned \(30.0, inf\) for z = 30.0",
        ),
    ],
    ids=["loss", "activation"],
)
def test_infinite_derivatives(net, y, told):
    for call in (net.gradient, net.gradient_per_sample, net.gradient_of_inputs):
        with pytest.raises(ValueError, match=told):
            call(X, y)
    assert np.isfinite(net.loss(X, y))


def test_finite_derivatives_whose_sum_is_infinite():
    net = Network(1, [Dense(1, weights=[[1]])], loss=steep, dtype="float32")
    assert np.isfinite(net.gradient_of_inputs(np.full((4, 1), 1e38), Y[[0, 0, 0, 0]])).all()


def test_losses_of_heads():
    net = Network(1, [Heads(Dense(1), Dense(1))], loss=["mse", picky], seed=0)
    for call in (net.loss, net.gradient, net.gradient_per_sample, net.gradient_of_inputs):
        with pytest.raises(ValueError, match="the loss picky raised ValueError: y is too low"):
            call(X, [Y, LOW])
