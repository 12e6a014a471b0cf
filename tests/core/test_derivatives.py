import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._training.state import state_of
from fastnn.core import derivatives
from fastnn.core.inputs import Data
from fastnn.core.scratch import BLOCK_ROWS

from ..support.networks import TOLERANCES, make_data

DTYPES = ["float64", "float32"]
N_SAMPLES = 2 * BLOCK_ROWS + 3


def make_net(dtype):
    layers = [Dense(9, "relu"), Dense(5, "tanh", train_bias=False), Dense(3, "softmax")]
    return Network(4, layers, loss="cross_entropy", dtype=dtype, seed=3)


def run(net, X, Y, start, stop):
    """Return what each entry point makes of arrays full of NaN: tables of a row a sample."""
    samples, targets = state_of(net).as_pair(X, Y)
    n, data = len(Y), Data(samples, targets, np.empty(0, net.dtype))
    widths = [layer.n_out for layer in net.layers]
    units = np.full(n * sum(widths), np.nan, net.dtype)
    grads = np.full((n, net.params.size), np.nan, net.dtype)
    grads_x = np.full((n, net.n_in), np.nan, net.dtype)
    jacobian = np.full((n, net.n_out, net.n_in), np.nan, net.dtype)
    core = state_of(net).model.net
    rest = core.params, core.layer_table, samples, start, stop
    derivatives.activations_of_rows(*rest, units)
    derivatives.gradients_of_rows(core, data, start, stop, grads)
    derivatives.input_gradients_of_rows(core, data, start, stop, grads_x)
    derivatives.jacobian_of_rows(*rest, jacobian)
    tables = np.split(units, n * np.cumsum(widths)[:-1])
    return grads, grads_x, jacobian, *(table.reshape(n, -1) for table in tables)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_but_these_rows_is_overwritten(dtype):
    X, Y = make_data(N_SAMPLES, 4, 3, loss="cross_entropy")
    net = make_net(dtype)
    whole = run(net, X, Y, 0, N_SAMPLES)
    for start, stop in ((0, 1), (5, 5 + BLOCK_ROWS), (2, N_SAMPLES), (N_SAMPLES - 1, N_SAMPLES)):
        for got, expected in zip(run(net, X, Y, start, stop), whole, strict=True):
            assert np.isfinite(expected).all()
            np.testing.assert_array_equal(got[start:stop], expected[start:stop])
            assert np.isnan(got[:start]).all()
            assert np.isnan(got[stop:]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_they_agree_with_a_step_opened(dtype):
    X, Y = make_data(N_SAMPLES, 4, 3, loss="cross_entropy")
    net = make_net(dtype)
    grads, grads_x, jacobian, *layers = run(net, X, Y, 0, N_SAMPLES)
    steps = net.trace(X, Y)
    np.testing.assert_allclose(grads.mean(axis=0), net.gradient(X, Y), **TOLERANCES[dtype])
    np.testing.assert_allclose(grads_x, steps[0].delta @ net.weights[0].T, **TOLERANCES[dtype])
    for got, step in zip(layers, steps, strict=True):
        np.testing.assert_allclose(got, step.a, **TOLERANCES[dtype])
    by_outputs = -Y / steps[-1].a  # of cross_entropy
    got = np.einsum("sj,sji->si", by_outputs, jacobian)
    close = {"rtol": 1e-10, "atol": 1e-12} if dtype == "float64" else {"rtol": 1e-3, "atol": 1e-5}
    np.testing.assert_allclose(got, grads_x, **close)
