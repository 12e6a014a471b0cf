"""Derivatives of whole networks: against the naive one, and central differences of the outputs."""

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._checks.inputs import as_samples
from fastnn._training.state import state_of
from fastnn.core import derivatives
from fastnn.reference import ReferenceNetwork
from fastnn.reference.functions import derivative_of

from ..support.networks import (
    HIDDEN,
    OUTPUTS,
    TOLERANCES,
    central_difference,
    make_data,
    small_network,
)
from ..support.properties import HealthCheck, given, settings, st

DTYPES = ["float64", "float32"]
BOUNDED = [name for name in HIDDEN if name != "exp"]  # a stack of which does not overflow
METHODS = {
    "gradient_per_sample": lambda net, X, y: net.gradient_per_sample(X, y),
    "gradient_of_inputs": lambda net, X, y: net.gradient_of_inputs(X, y),
    "jacobian": lambda net, X, y: net.jacobian(X),
    "hidden": lambda net, X, y: net.hidden(X),
}


def jacobian_of(reference, x):
    """Return the derivatives of the outputs of a naive network, layer by layer from the input."""
    zs, outputs = reference.forward(x)
    jacobian = np.eye(len(x))
    for W, name, z, a in zip(reference.weights, reference.activations, zs, outputs, strict=True):
        slope = derivative_of(name, z, a)
        matrix = np.diag(slope) if slope.ndim == 1 else slope
        jacobian = matrix @ W.T @ jacobian
    return jacobian


def input_gradient_of(reference, x, y):
    """Return dLoss/dx: that of the biases of an identity layer put in front."""
    n_in = len(x)
    longer = ReferenceNetwork(
        [np.eye(n_in, dtype=reference.dtype), *reference.weights],
        [np.zeros(n_in), *reference.biases],
        ["identity", *reference.activations],
        reference.loss_name,
    )
    return longer.gradient(x[np.newaxis], y[np.newaxis])[1][0]


def check_all(net, X, Y, tolerance):
    """Assert that all derivatives are those of the naive network."""
    reference = ReferenceNetwork.like(net)
    grads, grads_x = net.gradient_per_sample(X, Y), net.gradient_of_inputs(X, Y)
    jacobian, layers = net.jacobian(X), net.hidden(X)
    assert grads.shape == (len(X), net.params.size)
    assert jacobian.shape == (len(X), net.n_out, net.n_in)
    for array in (grads, grads_x, jacobian, *layers):
        assert array.dtype == net.dtype
    X, Y = X.astype(net.dtype), Y.astype(net.dtype)
    for s, (x, y) in enumerate(zip(X, Y, strict=True)):
        expected = net.params * 0
        of_weights, of_biases = reference.gradient(x[np.newaxis], y[np.newaxis])
        of_biases = [grad for grad in of_biases if grad is not None]
        for view, grad in zip(net._views(expected), [*of_weights, *of_biases], strict=True):
            view[...] = grad
        np.testing.assert_allclose(grads[s], expected, **tolerance)
        np.testing.assert_allclose(grads_x[s], input_gradient_of(reference, x, y), **tolerance)
        np.testing.assert_allclose(jacobian[s], jacobian_of(reference, x), **tolerance)
    for got, expected in zip(layers, reference.forward(X)[1], strict=True):
        np.testing.assert_allclose(got, expected, **tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("activation", "loss"), OUTPUTS)
def test_every_output(activation, loss, dtype):
    X, Y = make_data(5, 3, 4, seed=1, loss=loss)
    layers = [Dense(5, "tanh"), Dense(4, activation, bias_initializer="glorot_normal")]
    check_all(Network(3, layers, loss=loss, dtype=dtype, seed=1), X, Y, TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", HIDDEN)
def test_every_hidden_activation(activation, dtype):
    X, Y = make_data(5, 3, 2, seed=2, loss="cross_entropy")
    layers = [Dense(20, activation), Dense(6, activation), Dense(2, "softmax")]
    net = Network(3, layers, loss="cross_entropy", dtype=dtype, seed=2)
    check_all(net, X, Y, TOLERANCES[dtype])


@pytest.mark.parametrize(("activation", "loss"), OUTPUTS)
def test_central_differences(activation, loss):
    X, Y = make_data(3, 3, 4, seed=3, loss=loss)
    layers = [Dense(5, "swish"), Dense(4, activation, bias_initializer="glorot_normal")]
    net = Network(3, layers, loss=loss, seed=4)
    grads, jacobian = net.gradient_of_inputs(X, Y), net.jacobian(X)
    close = {"rtol": 1e-6, "atol": 1e-8}
    for x, y, grad, rows in zip(X, Y, grads, jacobian, strict=True):
        expected = central_difference(lambda x=x, y=y: net.loss(x[np.newaxis], y[np.newaxis]), x)
        np.testing.assert_allclose(grad, expected, **close)
        for j, row in enumerate(rows):
            expected = central_difference(lambda x=x, j=j: net.predict(x)[j], x)
            np.testing.assert_allclose(row, expected, **close)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_architecture(data):
    n_in = data.draw(st.integers(1, 70), "n_in")
    widths = data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=4), "widths")
    names = data.draw(st.lists(st.sampled_from(BOUNDED), min_size=4, max_size=4), "activations")
    biases = data.draw(st.lists(st.sampled_from(["yes", "no", "frozen"]), min_size=4, max_size=4))
    dtype = data.draw(st.sampled_from(DTYPES), "dtype")
    loss = data.draw(st.sampled_from(["huber", "cross_entropy"]), "loss")
    n_samples = data.draw(st.integers(1, 9), "n_samples")
    if loss == "cross_entropy":
        names[len(widths) - 1] = "softmax"
    layers = [
        Dense(
            n, name, bias=bias != "no", train_bias=bias == "yes", bias_initializer="glorot_uniform"
        )
        for n, name, bias in zip(widths, names, biases, strict=False)
    ]
    net = Network(n_in, layers, loss=loss, dtype=dtype, seed=8)
    X, Y = make_data(n_samples, n_in, widths[-1], seed=n_samples, loss=loss)
    tolerance = {"rtol": 1e-11, "atol": 1e-12} if dtype == "float64" else {"atol": 1e-4}
    check_all(net, X, Y, tolerance)


def test_frozen_biases_and_padding_have_none():
    X, Y = make_data(3, 3, 2)
    layers = [Dense(4, "tanh", train_bias=False, biases=[1, 2, 3, 4]), Dense(2, bias=False)]
    net = Network(3, layers, seed=0)
    grads = net.gradient_per_sample(X, Y)
    real = np.zeros(net.params.size, bool)
    for view in net._views(real)[:2]:  # the weights; the third is the frozen biases
        view[...] = True
    assert (grads[:, real] != 0).all()
    assert not grads[:, ~real].any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_their_mean_is_the_gradient(dtype):
    X, Y = make_data(50, 3, 2)
    net = small_network(dtype=dtype)
    got = net.gradient_per_sample(X, Y).mean(axis=0)
    np.testing.assert_allclose(got, net.gradient(X, Y), **TOLERANCES[dtype])


def test_the_last_of_the_layers_is_the_prediction():
    X, _ = make_data(35, 3, 2)
    net = small_network()
    np.testing.assert_array_equal(net.hidden(X)[-1], net.predict(X))
    assert [layer.shape for layer in net.hidden(X)] == [(35, 5), (35, 2)]
    assert all(layer.flags.c_contiguous for layer in net.hidden(X))


def arrays_of(answer):
    return answer if isinstance(answer, tuple) else (answer,)


@pytest.mark.parametrize("method", METHODS)
def test_one_row_comes_without_the_axis_of_samples(method):
    X, Y = make_data(4, 3, 2)
    net = small_network()
    table = arrays_of(METHODS[method](net, X, Y))
    row = arrays_of(METHODS[method](net, X[2].tolist(), Y[2]))
    rows = arrays_of(METHODS[method](net, X[2:3], Y[2:3]))
    for got, kept, expected in zip(row, rows, table, strict=True):
        np.testing.assert_array_equal(got, expected[2])
        np.testing.assert_array_equal(kept, expected[2:3])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_sparse_equals_dense(method, dtype):
    sparse = pytest.importorskip("scipy.sparse")
    X, Y = make_data(37, 70, 2)
    X[X < 1] = 0
    X[5] = 0
    net = Network(70, [Dense(9, "relu"), Dense(2, "gelu")], dtype=dtype, seed=3)
    got = arrays_of(METHODS[method](net, sparse.csr_array(X), Y))
    for sparse_array, array in zip(got, arrays_of(METHODS[method](net, X, Y)), strict=True):
        np.testing.assert_allclose(sparse_array, array, **TOLERANCES[dtype])


@pytest.mark.parametrize("method", METHODS)
def test_slices_do_not_change_a_bit(method, monkeypatch):
    X, Y = make_data(75, 3, 2)
    net = small_network()
    expected = arrays_of(METHODS[method](net, X, Y))
    monkeypatch.setattr("fastnn._training.model._SLICE", 7 * net.params.size)
    got = arrays_of(METHODS[method](net, X, Y))
    for some, whole in zip(got, expected, strict=True):
        np.testing.assert_array_equal(some, whole)


def test_a_pass_for_each_output_makes_slices_shorter():
    net = small_network()
    samples, size = state_of(net).as_pair(*make_data(3, 3, 2))[0], net.params.size
    several = [state_of(net).model.samples_per_slice(samples, n * size) for n in (0, 10)]
    assert several[0] > several[1]
    assert next(state_of(net).model.slices(samples, 0, 10**9, 10 * size)) == (0, several[1])


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_changed(method):
    X, Y = make_data(5, 3, 2)
    net, given_X, given_Y = small_network(), X.copy(), Y.copy()
    params, state = net.params.copy(), state_of(net).random.bit_generator.state
    METHODS[method](net, X, Y)
    np.testing.assert_array_equal(net.params, params)
    np.testing.assert_array_equal(X, given_X)
    np.testing.assert_array_equal(Y, given_Y)
    assert state_of(net).random.bit_generator.state == state


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_nan_in_the_weights_is_not_hidden_by_zeros(activation):
    X, Y = make_data(9, 3, 2)
    X[:, 1] = 0
    net = Network(3, [Dense(4, activation), Dense(2)], seed=0)
    net.weights[0][1, 0] = np.nan
    assert np.isnan(net.hidden(X)[0][:, 0]).all()
    assert np.isnan(net.hidden(X)[1]).all()
    assert np.isnan(net.gradient_per_sample(X, Y)).any(axis=1).all()
    assert np.isnan(net.gradient_of_inputs(X, Y)).any(axis=1).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((5, 4)), r"X must have shape \(n_samples, 3\) or \(3,\), got \(5, 4\)"),
        (np.full((5, 3), np.nan), r"X must be finite in float64, got nan at \(0, 0\)"),
        (np.empty((0, 3)), "X must not be empty"),
    ],
)
def test_wrong_inputs_are_refused(method, X, message):
    with pytest.raises(ValueError, match=message):
        METHODS[method](small_network(), X, np.ones((len(X), 2)))


@pytest.mark.parametrize("method", ["gradient_per_sample", "gradient_of_inputs"])
def test_wrong_targets_are_refused(method):
    with pytest.raises(ValueError, match=r"y must have shape \(5, 2\), or .*, got \(4, 2\)"):
        METHODS[method](small_network(), np.ones((5, 3)), np.ones((4, 2)))
    net = Network(3, [Dense(1, "exp")], loss="poisson", seed=0)
    with pytest.raises(ValueError, match="y must be at least 0 for the loss poisson"):
        METHODS[method](net, np.ones((2, 3)), [1, -1])


@pytest.mark.parametrize("method", ["gradient_per_sample", "gradient_of_inputs"])
def test_labels_are_one_hot_rows(method):
    X, _ = make_data(4, 2, 3)
    net = Network(2, [Dense(3, "softmax")], loss="cross_entropy", seed=0)
    got = METHODS[method](net, X, [0, 2, 1, 0])
    expected = METHODS[method](net, X, np.eye(3)[[0, 2, 1, 0]])
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("method", [*METHODS, "trace"])
def test_an_interrupt_comes_between_slices(method, monkeypatch):
    X, Y = make_data(9, 3, 2)
    net = small_network()

    def interrupted(*args, **options):
        yield 0, 1
        raise KeyboardInterrupt

    monkeypatch.setattr("fastnn._training.model.Model.slices", interrupted)
    with pytest.raises(KeyboardInterrupt):
        METHODS.get(method, Network.trace)(net, X, Y)


def test_what_is_written_counts_in_the_length_of_a_call(monkeypatch):
    """Fresh memory costs more than arithmetic: some 16 MB of it a call, or Ctrl-C is not heard."""
    net, kernel, written = (
        Network(20, [Dense(50), Dense(2)], seed=0),
        derivatives.gradients_of_rows,
        [],
    )

    def counted(*arguments):
        *_, start, stop, grads = arguments
        written.append(grads[start:stop].nbytes)
        kernel(*arguments)

    monkeypatch.setattr(derivatives, "gradients_of_rows", counted)
    grads = net.gradient_per_sample(np.ones((4000, 20)), np.ones((4000, 2)))
    assert sum(written) == grads.nbytes > 32e6
    assert max(written) <= 16e6


def test_a_trace_in_slices_is_the_whole(monkeypatch):
    X, Y = make_data(9, 3, 2)
    net = small_network()
    whole = net.trace(X, Y)
    monkeypatch.setattr("fastnn._training.model._SLICE", 3000)
    assert (
        len(list(state_of(net).model.slices(as_samples(X, 3, net.dtype), 0, 9, net.params.size)))
        > 1
    )
    for got, expected in zip(net.trace(X, Y), whole, strict=True):
        for one, other in zip(got, expected, strict=True):
            np.testing.assert_array_equal(one, other)
