"""What a block of samples with one output gives, against what each sample gives by itself."""

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._training.state import state_of
from fastnn.core import losses
from fastnn.core.activations import ACTIVATIONS
from fastnn.core.layout import bias_views, weight_views
from fastnn.core.losses import LOSSES

from ..support.kernels import from_python
from ..support.networks import TOLERANCES, make_data

N_ROWS = 41  # a block and a part of one, of which the last tile is not full
PAIRS = [("mse", name) for name in ACTIVATIONS if name != "softmax"]
PAIRS += [(name, known.partner or "sigmoid") for name, known in LOSSES.items()]

sample_loss = from_python(losses.sample_loss)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("loss", "activation"), PAIRS)
def test_block_agrees_with_its_samples(loss, activation, dtype):
    rng = np.random.default_rng(3)
    layers = [Dense(1, "tanh"), Dense(1, activation)]  # one unit in the hidden layer, too
    net = Network(5, layers, loss=loss, dtype=dtype, seed=1)
    X = rng.normal(size=(N_ROWS, 5)).astype(dtype)
    y = np.ones((N_ROWS, 1), dtype) if loss == "cross_entropy" else rng.random((N_ROWS, 1))
    y, shares = y.astype(dtype), (rng.random(N_ROWS) + 0.1).astype(dtype)
    first, last = net.trace(X, y)  # sample by sample
    table = state_of(net).model.table

    np.testing.assert_array_equal(net.predict(X), last.a)
    gradient = net.gradient(X, y, sample_weight=shares)
    assert np.count_nonzero(gradient) <= net.n_params  # no padding
    weights = shares[:, None] / shares.sum()
    got, expected = weight_views(gradient, table)[0], X.T @ (weights * first.delta)
    np.testing.assert_allclose(got, expected, **TOLERANCES[dtype])
    got, expected = bias_views(gradient, table)[1], (weights * last.delta).sum(axis=0)
    np.testing.assert_allclose(got, expected, **TOLERANCES[dtype])

    z, a = np.zeros((2, 64), dtype)
    expected = 0.0
    for z[0], a[0], target, share in zip(last.z[:, 0], last.a[:, 0], y, weights[:, 0], strict=True):
        expected += share * sample_loss(state_of(net).model.net.loss, z, a, 0, 1, target)
    got = net.loss(X, y, sample_weight=shares)
    np.testing.assert_allclose(got, expected, **TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [2, 20, None])
def test_padding_stays_zero(batch_size, dtype):
    X, Y = make_data(40, 5, 1)
    net = Network(5, [Dense(9, "tanh"), Dense(1)], dtype=dtype, seed=0)
    net.fit(X, Y, epochs=3, batch_size=batch_size)
    assert np.count_nonzero(net.params) == net.n_params
