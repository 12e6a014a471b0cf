"""Losses and activations of the user's own in all that trains or asks a network."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fastnn import Dense, DivergenceError, Network, Population
from fastnn.callbacks import Checkpoint, EarlyStopping
from fastnn.losses import Quantile
from fastnn.optimizers import Adam
from fastnn.reference import ReferenceNetwork

from ..core.test_api import (
    add_one_by_one,
    add_rows,
    differentiate_by_inputs,
    predict_many,
    predict_one_by_one,
    take_back,
    train_in_batches,
    train_one_by_one,
)
from ..support.functions import bent, fourth, own_half_sse, picky, tilted
from ..support.networks import TOLERANCES, central_difference

N = 40
X = np.random.default_rng(0).normal(size=(N, 3))
Y = np.random.default_rng(1).normal(size=(N, 2)).clip(-1.9, None)
WEIGHTS = np.random.default_rng(2).random(N)
DTYPES = ["float64", "float32"]


def make(loss=tilted, hidden=bent, dtype="float64", output="identity", **options):
    layers = [Dense(7, hidden, **options), Dense(2, output)]
    return Network(3, layers, loss=loss, dtype=dtype, seed=3)


def pair(**options):
    """Return networks with a loss of the user's, and with the same of the core."""
    return make(own_half_sse, "tanh", **options), make("half_sse", "tanh", **options)


# ---- training ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "options",
    [
        {"sample_weight": WEIGHTS},
        {"metrics": ["mse", "mae", "r2"], "validation_data": (X, Y)},
        {"validation_data": (X, Y), "callbacks": [EarlyStopping(patience=2)], "epochs": 30},
        {"optimizer": "adam", "batch_size": 8},
        {"optimizer": "momentum", "input_noise": 0.1},
        {"reduction": "sum", "batch_size": None},
        {"optimizer": "irprop", "batch_size": None, "epochs": 5},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_of_fit(options, dtype):
    own, built_in = pair(dtype=dtype, dropout=0.2, l2=0.01)
    for net in (own, built_in):
        net.fit(X, Y, **{"epochs": 3} | options)
    assert_array_equal(own.params, built_in.params)
    assert own.history.epoch == built_in.history.epoch
    for name in built_in.history:
        assert_allclose(own.history[name], built_in.history[name], rtol=1e-5, err_msg=name)


def test_forms_of_the_data():
    sparse = pytest.importorskip("scipy.sparse")
    X32 = (X * (X > 0)).astype("float32")
    nets = [make(dtype="float32") for _ in range(3)]
    nets[0].fit(X32, Y, shuffle=False)
    nets[1].fit(sparse.csr_array(X32), Y, shuffle=False)
    nets[2].fit([(X32[:20], Y[:20]), (X32[20:], Y[20:])], shuffle=False)
    for net in nets[1:]:
        assert_allclose(net.params, nets[0].params, **TOLERANCES["float32"])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_at_a_time_is_the_reference(dtype):
    net = make(dtype=dtype)
    reference = ReferenceNetwork.like(net)
    for x, y in zip(X, Y, strict=True):
        net.partial_fit(x, y, learning_rate=0.02)
    reference.fit(X.astype(dtype), Y.astype(dtype), learning_rate=0.02)
    for W, own in zip(net.weights, reference.weights, strict=True):
        assert_allclose(W, own, **TOLERANCES[dtype])


def test_a_row_that_raises_changes_nothing():
    net = make(picky)
    net.partial_fit(X[0], Y[0])
    before = net.params.copy()
    for _ in range(2):
        with pytest.raises(DivergenceError, match="the loss picky raised ValueError: y is too low"):
            net.partial_fit(X[1], [0.0, -3.0])
        assert_array_equal(net.params, before)
    net.partial_fit(X[1], Y[1])
    assert (net.params != before).any()


def test_a_checkpoint_is_of_the_network(tmp_path):
    net = make()
    net.fit(X, Y, epochs=3, callbacks=[Checkpoint(tmp_path / "net.fastnn")])
    twin = Network.load(tmp_path / "net.fastnn", functions=[tilted, bent])
    for each in (net, twin):
        each.fit(X, Y, resume=True)
    assert_array_equal(twin.params, net.params)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_population_is_its_networks(n_threads):
    seeds = range(6)

    def networks():
        layers = [Dense(5, bent), Dense(2, "ascending")]
        return [Network(3, layers, loss=fourth, seed=seed) for seed in seeds]

    population, alone = Population(networks()), networks()
    population.fit(X, Y, epochs=3, learning_rate=0.001, n_threads=n_threads)
    for net, twin in zip(population, alone, strict=True):
        twin.fit(X, Y, epochs=3, learning_rate=0.001)
        assert_array_equal(net.params, twin.params)
    mean, _ = population.predict(X)
    assert_allclose(mean, np.mean([net.predict(X) for net in alone], axis=0), rtol=1e-12)


# ---- derivatives ---------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["identity", bent, "ascending", "softmax"])
def test_derivatives(output):
    net = make(fourth, output=output)
    x, y = X[:1].copy(), Y[:1]
    for got, expected in (
        (net.gradient(X, Y), central_difference(lambda: net.loss(X, Y), net.params)),
        (net.gradient(X, Y, n_threads=2), net.gradient(X, Y)),
        (net.gradient_per_sample(X, Y).mean(axis=0), net.gradient(X, Y)),
        (net.gradient_of_inputs(x, y), central_difference(lambda: net.loss(x, y), x)),
        (
            net.jacobian(x)[0],
            [central_difference(lambda j=j: net.predict(x)[0, j], x)[0] for j in range(2)],
        ),
    ):
        assert_allclose(got, expected, rtol=1e-6, atol=1e-8)
    last = net.trace(x[0], y[0])[-1]
    assert_allclose(last.error, (last.a - y[0]) ** 3, rtol=1e-12)


# ---- compiled code of the user's, with a handle --------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("output", ["identity", bent, "ascending"])
def test_a_handle_predicts_and_finds_gradients(output, dtype):
    net = make(output=output, dtype=dtype)
    handle = net.handle()
    rows, targets, weights = (each.astype(dtype) for each in (X, Y, WEIGHTS))
    for predict in (predict_one_by_one, predict_many):
        got = np.zeros((N, 2), dtype)
        predict(handle, rows, got)
        assert_array_equal(got, net.predict(rows))
    expected = net.gradient(rows, targets, sample_weight=weights) * weights.sum()
    tolerance = {"rtol": TOLERANCES[dtype]["rtol"], "atol": 1e3 * TOLERANCES[dtype]["atol"]}
    for add in (add_one_by_one, add_rows):
        handle.grad[:] = 0
        value = add(handle, rows, targets, weights)
        assert_allclose(handle.grad, expected, **tolerance)
        assert_allclose(value / N, net.loss(rows, targets), rtol=1e2 * tolerance["rtol"])


def test_a_handle_finds_derivatives_by_the_inputs():
    net = make(fourth, output=bent)
    x, y, got = X[0].copy(), Y[0], np.zeros(3)
    value = differentiate_by_inputs(net.handle(), x, y, got)
    assert value == pytest.approx(net.loss([x], [y]), rel=1e-12)
    assert_allclose(got, net.gradient_of_inputs(x, y), rtol=1e-10)
    error = np.array([1.0, -2.0])
    take_back(net.handle(), x, error, got)
    assert_allclose(got, error @ net.jacobian(x), rtol=1e-10)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_handle_trains(dtype):
    rows, targets = X.astype(dtype), Y.astype(dtype)
    net, twin = make(dtype=dtype), make(dtype=dtype)
    value = train_one_by_one(net.handle(), rows, targets, 0.02)
    history = twin.fit(rows, targets, learning_rate=0.02, shuffle=False)
    assert value / N == pytest.approx(history["loss"][0], rel=1e-5)
    assert_allclose(net.params, twin.params, **TOLERANCES[dtype])
    handle = net.handle(optimizer=Adam())
    train_in_batches(handle, rows, targets, np.full(N, 1 / N, dtype), 0.01, 5)
    options = {"batch_size": None, "optimizer": "adam", "learning_rate": 0.01, "shuffle": False}
    twin.fit(rows, targets, epochs=5, **options)
    assert_allclose(net.params, twin.params, rtol=1e-4, atol=1e-5)


def test_a_row_that_raises_leaves_a_handle_as_it_was():
    net = make(picky)
    before = net.params.copy()
    assert np.isnan(train_one_by_one(net.handle(), X[:1], np.array([[0.0, -3.0]]), 0.1))
    assert_array_equal(net.params, before)


def test_a_handle_takes_a_target_for_each_output():
    """Of several outputs that predict one target, y has it as often."""
    net = Network(3, [Dense(3, "ascending")], loss=Quantile([0.2, 0.5, 0.8]), seed=0)
    handle = net.handle()
    value = add_rows(handle, X, np.repeat(Y[:, :1], 3, axis=1), np.full(N, 1 / N))
    assert value / N == pytest.approx(net.loss(X, Y[:, 0]), rel=1e-12)
    assert_allclose(handle.grad, net.gradient(X, Y[:, 0]), rtol=1e-12, atol=1e-15)
