"""The network of 80 lines trains as the reference and the compiled kernels do."""

from pathlib import Path

import numpy as np
import pytest

from fastnn import Dense, Network, datasets
from fastnn.examples import TUTORIALS
from fastnn.examples.programs import digits, first_column, gender, moons, xor
from fastnn.reference import ReferenceNetwork, TinyNetwork, tiny


def tutorial(name):
    """Return the network, the data, the rate, the batches and some epochs of a tutorial."""
    if name == "xor":
        return xor.build(4, 1), *datasets.load_xor(), xor.LEARNING_RATE, None, 50
    if name == "first_column":
        X, y = datasets.load_first_column()
        return first_column.build(), X, y, first_column.LEARNING_RATE, None, 50
    if name == "gender":
        net = gender.build(np.random.RandomState(gender.SEED).normal(size=9))
        return net, *datasets.load_gender(), gender.LEARNING_RATE, 1, 50
    if name == "moons":
        X, _, y, _ = datasets.load_moons()
        return moons.build(), X[:200], y[:200], moons.LEARNING_RATE, 1, 1
    X, y = datasets.load_digits()  # every 25th: some of each class
    return digits.build(25), X[::25], y[::25], digits.LEARNING_RATE, 1, 1


def tiny_like(net):
    activations = [layer.activation for layer in net.layers]
    copy = TinyNetwork(net.weights, net.biases, activations, net.loss_function.name)
    copy.train_biases = all(layer.train_bias for layer in net.layers)
    return copy


def assert_alike(got, expected):
    pairs = [(got.weights, expected.weights), (got.biases, expected.biases)]
    for a, b in ((a, b) for pair in pairs for a, b in zip(*pair, strict=True)):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", TUTORIALS)
def test_trains_as_the_others_do(name):
    net, X, y, rate, batch_size, epochs = tutorial(name)
    got, oracle, start = tiny_like(net), ReferenceNetwork.like(net), net.params.copy()
    Y = y[:, None] if net.n_out == 1 else np.eye(net.n_out)[y]
    np.testing.assert_allclose(got.forward(X)[-1], net.predict(X), rtol=1e-12)
    got.fit(X, Y, rate, epochs=epochs, batch_size=batch_size or len(X))
    how = {"epochs": epochs, "batch_size": batch_size, "learning_rate": rate, "reduction": "sum"}
    oracle.fit(X, Y, **how)
    net.fit(X, y, shuffle=False, **how)
    assert np.abs(net.params - start).max() > 1e-3
    assert_alike(got, oracle)
    assert_alike(got, net)


@pytest.mark.parametrize(
    ("activations", "loss"),
    [
        (["tanh", "identity"], "mse"),
        (["relu", "softmax"], "cross_entropy"),
        (["sigmoid", "sigmoid"], "binary_cross_entropy"),
        (["tanh", "relu"], "half_sse"),
        (["relu", "tanh"], "sse"),
    ],
)
def test_has_the_activations_and_losses_of_the_tutorials(activations, loss):
    layers = [Dense(n, name) for n, name in zip((5, 3), activations, strict=True)]
    net = Network(4, layers, loss=loss, seed=0)
    got, oracle, random = tiny_like(net), ReferenceNetwork.like(net), np.random.default_rng(0)
    X, Y = random.normal(size=(12, 4)), np.eye(3)[random.integers(3, size=12)]
    got.fit(X, Y, 0.1, epochs=5, batch_size=4)
    oracle.fit(X, Y, epochs=5, batch_size=4, learning_rate=0.1, reduction="sum")
    assert_alike(got, oracle)
    np.testing.assert_allclose(got.forward(X)[-1], oracle.predict(X), rtol=1e-12)


@pytest.mark.parametrize(
    ("activations", "loss", "expected"),
    [
        (["sigmoid", "swish"], "mse", "names must be of .*, got "),
        (["sigmoid", "sigmoid"], "mae", "names must be of .*, got "),
        (["sigmoid", "softmax"], "mse", "mse must go with all but softmax as the last, got "),
        (["softmax", "softmax"], "cross_entropy", "cross_entropy must go with softmax as the last"),
        (["tanh", "tanh"], "binary_cross_entropy", "must go with sigmoid as the last, got "),
    ],
)
def test_refuses_what_it_has_not(activations, loss, expected):
    with pytest.raises(ValueError, match=expected):
        TinyNetwork([np.ones((1, 1))] * 2, [None, None], activations, loss)


def test_it_is_short():
    lines = Path(tiny.__file__).read_text("utf-8").splitlines()
    assert len(lines) <= 80
