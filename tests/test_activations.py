"""Activations of a user's own."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastnn
from fastnn import Dense, Network
from fastnn.errors import DivergenceError
from fastnn.reference import ReferenceNetwork

from .support.functions import bent, steep
from .support.networks import TOLERANCES

X = np.random.default_rng(0).normal(size=(20, 3))
Y = np.random.default_rng(1).random((20, 2))


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("n_hidden", [1, 5, 40])
def test_training_is_that_of_the_reference(n_hidden, dtype):
    layers = [Dense(n_hidden, bent), Dense(3, "relu"), Dense(2, bent)]
    net = Network(3, layers, loss="mse", dtype=dtype, seed=0)
    reference = ReferenceNetwork.like(net)
    for batch_size in (1, 6, None):
        options = {"epochs": 2, "batch_size": batch_size, "learning_rate": 0.05}
        net.fit(X, Y, shuffle=False, **options)
        reference.fit(X.astype(dtype), Y.astype(dtype), **options)
    for ours, theirs in zip(net.weights, reference.weights, strict=True):
        assert_allclose(ours, theirs, **TOLERANCES[dtype])


def test_dropout_and_jacobian():
    net = Network(3, [Dense(8, bent, dropout=0.3), Dense(2, bent)], seed=0)
    net.fit(X, Y, epochs=3)
    jacobian = net.jacobian(X[0])
    step = 1e-6 * np.eye(3)
    slopes = [(net.predict(X[0] + s) - net.predict(X[0] - s)) / 2e-6 for s in step]
    assert_allclose(jacobian, np.transpose(slopes), rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda z: (z * z, z), ValueError, "at z = 1 it returned 1, and its value changes by 2"),
        (lambda z: z, TypeError, r"must return \(a, derivative\), two numbers, got"),
        (lambda z, a: (z, 1.0), TypeError, "got one of 2 arguments"),
        ("tanh", TypeError, "an activation must be a function"),
    ],
)
def test_functions_that_are_no_activations(function, error, message):
    with pytest.raises(error, match=message):
        fastnn.activation(function)


def test_a_function_without_the_decorator():
    with pytest.raises(TypeError, match=r"write @fastnn\.activation above it"):
        Dense(3, lambda z: (z, 1.0))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_layer_has_its_words_and_copies(copied):
    layer = Dense(3, bent)
    assert repr(layer) == "Dense(3, bent)"
    assert copied(layer).activation is bent
    assert str(bent) == "bent"
    assert bent(0.0) == (1.0, 0.5)


def test_relu_of_ones_own_has_the_bits_of_relu():
    @fastnn.activation
    def own_relu(z):
        return (z, 1.0) if z > 0 else (0.0, 0.0)

    nets = [Network(3, [Dense(9, f), Dense(2)], seed=1) for f in (own_relu, "relu")]
    for net in nets:
        net.fit(X, Y, epochs=2, batch_size=4)
    assert_array_equal(nets[0].params, nets[1].params)


def test_an_error_within_training_is_told():
    net, far = Network(3, [Dense(4), Dense(2, steep)], seed=0), X.copy()
    far[4] *= 1e4
    fault = r"the activation steep raised ValueError: z is too far, for z = .*, on layer 1"
    for options in ({"batch_size": 1}, {"batch_size": 8}, {"batch_size": None}):
        with pytest.raises(DivergenceError, match=fault):
            net.fit(far, Y, learning_rate=1e-9, **options)
    assert np.isfinite(net.params).all()
    for call in (net.loss, net.gradient):
        with pytest.raises(ValueError, match=fault):
            call(far, Y)
    with pytest.raises(DivergenceError, match=fault):
        net.partial_fit(far[4], Y[4])
    net.fit(X, Y, learning_rate=1e-9)


def test_an_output_that_is_not_finite_is_told():
    @fastnn.activation
    def root(z):
        return np.sqrt(z), 0.5 / np.sqrt(z)

    net = Network(3, [Dense(4, root), Dense(2)], seed=0)
    with pytest.raises(DivergenceError, match=r"the activation root returned \(.*nan.* on layer 0"):
        net.fit(X, Y)
