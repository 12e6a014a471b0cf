"""Networks that tests of exchange carry to and fro."""

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.core import activations

from ..support.properties import st

HIDDEN = [name for name in activations.CODES if name not in ("softmax", "exp")]
LOSSES = {
    "exp": "poisson",
    "identity": "mse",
    "sigmoid": "binary_cross_entropy",
    "softmax": "cross_entropy",
}
TOLERANCES = {  # of outputs, to a person's eye the rounding of numbers of order 1
    "float32": {"rtol": 1e-6, "atol": 1e-6},
    "float64": {"rtol": 1e-12, "atol": 1e-12},
}


def network_of(activation, dtype):
    """Return a network that has an activation where it may be, on hidden and on last units."""
    hidden = "tanh" if activation in ("softmax", "exp") else activation
    layers = [Dense(9, hidden), Dense(5, hidden, bias=False), Dense(3, activation)]
    net = Network(4, layers, loss=LOSSES.get(activation, "mse"), dtype=dtype, seed=2)
    if activation == "selu":
        net.weights[0][:] *= 0.5  # its slope is up to 1.76, and numbers are to be of order 1
    return with_biases(net)


def with_biases(net):
    """Return the network, with biases other than 0."""
    for b in net.biases:
        if b is not None:
            b[:] = np.linspace(-1, 1, len(b) + 1)[1:]
    return net


def rows(dtype, n=50):
    """Return inputs of four columns; among them are some that saturate units."""
    return 2 * np.random.default_rng(3).normal(size=(n, 4)).astype(dtype)


def session_of(path):
    """Return onnxruntime's session; it keeps swish as it is written.

    Before 1.31 it makes of it, in float64 too, an operator that it has in float32 only.
    """
    onnxruntime = pytest.importorskip("onnxruntime")
    return onnxruntime.InferenceSession(
        path, providers=["CPUExecutionProvider"], disabled_optimizers=["QuickGeluFusion"]
    )


def drawn_networks(hidden=HIDDEN, last=tuple(LOSSES), dtypes=("float32", "float64")):
    """Return a strategy for networks of up to four layers."""
    layers = st.lists(
        st.tuples(st.integers(1, 20), st.sampled_from(hidden), st.booleans()), max_size=3
    )
    return st.builds(
        _drawn, layers, st.integers(1, 20), st.sampled_from(last), st.sampled_from(dtypes)
    )


def _drawn(hidden, n_out, last, dtype):
    layers = [Dense(n, activation, bias=bias) for n, activation, bias in hidden]
    layers.append(Dense(n_out, last))
    return with_biases(Network(4, layers, loss=LOSSES.get(last, "mse"), dtype=dtype, seed=4))


def check_equal(got, expected):
    """Assert that two networks are the same to the bit, but for how they were trained."""
    assert repr(got) == repr(expected)
    np.testing.assert_array_equal(got.params, expected.params)
    for b, own in zip(got.biases, expected.biases, strict=True):
        assert (b is None) == (own is None)


def outputs_of(estimator, X):
    """Return what the network of an estimator answers, as ours does."""
    if not hasattr(estimator, "predict_proba"):
        return estimator.predict(X).reshape(len(X), -1)
    proba = estimator.predict_proba(X)
    return proba[:, 1:] if estimator.n_outputs_ == 1 else proba
