"""Networks and data that several test files use."""

import numpy as np

from fastnn import Dense, Network
from fastnn.core import activations, losses
from fastnn.reference import ReferenceNetwork

HIDDEN = [name for name in activations.CODES if name != "softmax"]
# Every (output activation, loss) that goes together.
OUTPUTS = [
    (activation, loss)
    for loss in losses.CODES
    for activation in activations.CODES
    if (activation == "softmax") == (loss == "cross_entropy")
    and (loss != "binary_cross_entropy" or activation == "sigmoid")
]
BATCH_SIZES = [1, 3, None]
TOLERANCES = {  # of parameters of order 1, after one update or an epoch of a few
    "float64": {"rtol": 1e-12, "atol": 1e-14},
    "float32": {"rtol": 3e-5, "atol": 3e-6},
}


def make_data(n_samples, n_in, n_out, seed=0):
    """Return inputs and targets in (0, 1), whose rows sum to no particular number."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_samples, n_in)), rng.random((n_samples, n_out))


def make_pair(net):
    """Return the network and the naive one that starts from the same parameters."""
    return net, ReferenceNetwork.like(net)


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
