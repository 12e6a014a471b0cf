"""Networks and data that several test files use."""

from itertools import pairwise

import numpy as np

from fastnn import Dense, Network
from fastnn.core import activations, counter_rng, losses
from fastnn.reference import ReferenceNetwork

from .kernels import from_python

HIDDEN = [name for name in activations.CODES if name != "softmax"]
# Every (output activation, loss) that goes together.
OUTPUTS = [
    (activation, loss)
    for loss, code in losses.CODES.items()
    for activation, activation_code in activations.CODES.items()
    if activation_code == losses.PARTNERS.get(code, activation_code)
    and (activation != "softmax" or loss == "cross_entropy")
]
BATCH_SIZES = [1, 3, None]
TOLERANCES = {  # of parameters of order 1, after one update or an epoch of a few
    "float64": {"rtol": 1e-12, "atol": 1e-14},
    "float32": {"rtol": 3e-5, "atol": 3e-6},
}


def make_data(n_samples, n_in, n_out, seed=0, loss=None):
    """Return inputs and targets in (0, 1); their rows sum to 1 for the loss cross_entropy only."""
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(n_samples, n_in)), rng.random((n_samples, n_out))
    return X, Y / Y.sum(axis=1, keepdims=True) if loss == "cross_entropy" else Y


def make_pair(net):
    """Return the network and the naive one that starts from the same parameters."""
    return net, ReferenceNetwork.like(net)


def random_reference(rng, sizes, activations, loss, dtype=np.float64, **options):
    """Return a naive network with normal parameters."""
    weights = [rng.normal(size=shape).astype(dtype) for shape in pairwise(sizes)]
    biases = [rng.normal(size=n).astype(dtype) for n in sizes[1:]]
    return ReferenceNetwork(weights, biases, activations, loss, **options)


def central_difference(f, x, step=1e-6):
    """Return the derivative of f() by each element of the array x that it reads."""
    derivative = np.empty_like(x)
    for index in np.ndindex(x.shape):
        value = x[index]
        x[index] = value + step
        above = f()
        x[index] = value - step
        below = f()
        x[index] = value
        derivative[index] = (above - below) / (2 * step)
    return derivative


add_noise = from_python(counter_rng.add_noise)
drop_units = from_python(counter_rng.drop_units)


def drawn_masks(net, key, epochs, n_samples):
    """Return which outputs training keeps, from its first sample on: the masks of a naive `fit`."""
    masks = []
    for k, layer in enumerate(net.layers[:-1]):
        kept = np.ones((epochs * n_samples, layer.n_out), net.dtype)
        for number, row in enumerate(kept):
            drop_units(key, number, k, layer.dropout, 0, layer.n_out, row, row)
        masks.append(kept.reshape(epochs, n_samples, -1) > 0)
    return masks


def drawn_noise(net, key, std, epochs, n_samples):
    """Return what training adds to the inputs, from its first sample on."""
    noise = np.zeros((epochs * n_samples, net.n_in), net.dtype)
    for number, row in enumerate(noise):
        add_noise(key, number, std, net.n_in, row)
    return noise.reshape(epochs, n_samples, -1)


def check_same(net, reference, tolerance):
    """Assert that both hold the same parameters."""
    for got, expected in zip(net.weights, reference.weights, strict=True):
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, **tolerance)
    for got, expected in zip(net.biases, reference.biases, strict=True):
        if expected is None:
            assert got is None
        else:
            np.testing.assert_allclose(got, expected, **tolerance)


def small_network(**options):
    """Return a 3-5-2 network with non-zero biases."""
    options = {"loss": "half_sse", "seed": 0} | options
    layers = [
        Dense(5, "tanh", bias_initializer="glorot_normal"),
        Dense(2, "sigmoid", bias_initializer="glorot_normal"),
    ]
    return Network(3, layers, **options)


def noisy_network(**options):
    """Return a 3-9-5-2 network with dropout and a penalty."""
    layers = [Dense(9, "tanh", dropout=0.3, l2=0.01), Dense(5, "relu", dropout=0.2), Dense(2)]
    return Network(3, layers, **{"seed": 0} | options)
