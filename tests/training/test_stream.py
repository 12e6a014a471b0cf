"""`partial_fit` of one row, made ready: the same as without."""

import copy
import threading

import numpy as np
import pytest

from fastnn import Dense, DivergenceError, Network
from fastnn._training.state import state_of
from fastnn.core.optimizers import N_SEEN
from fastnn.optimizers import NAMED
from fastnn.schedules import Constant

from ..support.networks import OUTPUTS, make_data, noisy_network, small_network

pytestmark = pytest.mark.filterwarnings("ignore:batch_size must be None for irprop")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("activation", "loss"), OUTPUTS)
def test_rows_are_a_table(activation, loss, dtype):
    X, Y = (array.astype(dtype) for array in make_data(20, 3, 2, loss=loss))
    layers = [Dense(9, "tanh"), Dense(5, "relu", bias=False), Dense(2, activation)]
    nets = [Network(3, layers, loss=loss, dtype=dtype, seed=1) for _ in range(2)]
    nets[0].partial_fit(X, Y, learning_rate=0.1)
    nets[1].partial_fit(X[0], Y[0], learning_rate=0.1)
    assert (state_of(nets[1]).row_step is None) == (loss == "poisson")
    for x, y in zip(X[1:], Y[1:], strict=True):
        nets[1].partial_fit(x, y)
    np.testing.assert_allclose(
        nets[1].params, nets[0].params, rtol=1e-12 if dtype == "float64" else 1e-5
    )
    assert state_of(nets[1]).training.counters[N_SEEN] == 20


@pytest.mark.parametrize("label", [1, np.int64(1), np.array([0.0, 1.0]), [0, 1], np.array(1)])
def test_any_form_of_target(label):
    x = np.array([1.0, 2.0, 3.0])
    nets = [small_network().partial_fit(x, [0, 1]) for _ in range(2)]
    nets[0].partial_fit(x, label)
    nets[1].partial_fit([1, 2, 3], [0, 1])
    np.testing.assert_array_equal(nets[0].params, nets[1].params)


@pytest.mark.parametrize("y", [2, -1, 0.5, True, "a", None, [1, 2, 3], np.nan])
def test_bad_targets_change_nothing(y):
    x, net = np.ones(3), small_network()
    net.partial_fit(x, 1)
    before = net.params.copy()
    if y is True:  # as before any step: a label
        pytest.skip("a truth value is the label 1")
    with pytest.raises((ValueError, TypeError)):
        net.partial_fit(x, y)
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_rows_change_nothing(bad):
    x, net = np.ones(3), small_network()
    net.partial_fit(x, 1)
    before = net.params.copy()
    with pytest.raises(ValueError, match="X must be finite"):
        net.partial_fit(np.array([1.0, bad, 0.0]), 1)
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.compiled  # NumPy warns of what overflows
def test_divergence_keeps_the_last_finite_weights():
    net = Network(1, [Dense(1, weights=[[0.0]])])
    x = np.array([1e100])

    def stream():
        for _ in range(100):
            net.partial_fit(x, 1.0)

    with pytest.raises(DivergenceError, match="in epoch 0 at the learning rate"):
        stream()
    assert np.isfinite(net.params).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", [name for name in NAMED if name != "lbfgs"])
def test_rows_by_any_optimiser_are_fit_of_them(optimizer, dtype):
    X, Y = make_data(6, 3, 2)
    layers = [Dense(5, "tanh", l1=0.01, l2=0.1), Dense(2, "sigmoid", max_norm=1.0)]
    net, expected = (Network(3, layers, dtype=dtype, seed=0) for _ in range(2))
    expected.fit(X, Y, optimizer=optimizer, shuffle=False)
    for row, (x, y) in enumerate(zip(X.astype(dtype), Y.astype(dtype), strict=True)):
        net.partial_fit(x, y, optimizer=None if row else optimizer)
        assert state_of(net).row_step is not None
    close = 1e-13 if dtype == "float64" else 1e-5
    for got, wanted in zip(
        net.weights + net.biases, expected.weights + expected.biases, strict=True
    ):
        np.testing.assert_allclose(got, wanted, rtol=close, atol=close)


@pytest.mark.parametrize("optimizer", [name for name in NAMED if name != "lbfgs"])
def test_rows_with_dropout_are_a_table(optimizer):
    X, Y = make_data(6, 3, 2)
    net, expected = noisy_network(), noisy_network()
    expected.partial_fit(X, Y, optimizer=optimizer)
    for row, (x, y) in enumerate(zip(X, Y, strict=True)):
        net.partial_fit(x, y, optimizer=None if row else optimizer)
        assert state_of(net).row_step is not None
    np.testing.assert_array_equal(net.params, expected.params)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_a_row_that_leaves_the_finite_numbers_changes_nothing(optimizer):
    net = Network(1, [Dense(1, weights=[[1.0]])], dtype="float32")
    net.partial_fit(np.ones(1, "float32"), 1.0, optimizer=optimizer, learning_rate=1000)
    before = net.params.copy()
    with pytest.raises(DivergenceError, match="a parameter that is not"):
        net.partial_fit(np.array([1e18], "float32"), 0.0)
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "momentum", "nesterov"])
@pytest.mark.parametrize(("n_in", "dtype"), [(2, "float32"), (140, "float32"), (140, "float64")])
def test_a_copy_that_has_nothing_ready_takes_the_same_step(optimizer, n_in, dtype):
    X, Y = (array.astype(dtype) for array in make_data(9, n_in, 60))  # of 140, layer 0 looks ahead
    net = Network(n_in, [Dense(60)], dtype=dtype, seed=0)
    net.partial_fit(X[0], Y[0], optimizer=optimizer)
    other = copy.deepcopy(net)
    for x, y in zip(X[1:], Y[1:], strict=True):
        net.partial_fit(x, y)
        other.partial_fit(x.tolist(), y)
    np.testing.assert_array_equal(other.params, net.params)


def test_what_was_ready_is_given_up():
    x, net = np.ones(3), small_network()
    net.partial_fit(x, 1, learning_rate=0.5)
    assert state_of(net).row_step is not None
    twin = copy.deepcopy(net)
    for other in (net, twin):
        other.partial_fit(x, 1)
    np.testing.assert_array_equal(net.params, twin.params)
    before = state_of(net).row_step
    net.partial_fit(x, 1, optimizer="adam")
    assert state_of(net).row_step is not before
    net.fit([x], [1])
    assert state_of(net).row_step is None


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_the_rate_it_has_asked_for_again_is_ready(optimizer):
    X, y = np.random.default_rng(0).normal(size=(9, 3)), np.arange(9) % 2
    nets = [small_network() for _ in range(2)]
    for net in nets:
        net.partial_fit(X[0], y[0], optimizer=optimizer, learning_rate=0.1)
    for rows in (*((x, label) for x, label in zip(X, y, strict=True)), (X, y), (X[::2], y[::2])):
        nets[0].partial_fit(*rows)
        ready = state_of(nets[1]).row_step, state_of(nets[1]).batch_step
        nets[1].partial_fit(*rows, learning_rate=0.1)
        assert ready == (state_of(nets[1]).row_step, state_of(nets[1]).batch_step)
    np.testing.assert_array_equal(nets[0].params, nets[1].params)
    nets[1].partial_fit(X[0], y[0], learning_rate=0.2)
    nets[0].partial_fit(X[0], y[0])
    assert (nets[0].params != nets[1].params).any()


def test_a_rate_asked_for_ends_a_schedule():
    net = small_network()
    net.fit(np.ones((2, 3)), [0, 1], learning_rate=Constant(0.1))
    net.partial_fit(np.ones(3), 1)
    assert state_of(net).training.schedule is not None
    net.partial_fit(np.ones(3), 1, learning_rate=0.1)
    assert state_of(net).training.schedule is None


@pytest.mark.parametrize("rate", [0.0, -1.0, "0.1", True])
def test_a_rate_that_is_none_is_refused_where_a_step_is_ready(rate):
    net = small_network()
    net.partial_fit(np.ones(3), 1, learning_rate=1.0)
    with pytest.raises((ValueError, TypeError), match="learning_rate must be"):
        net.partial_fit(np.ones(3), 1, learning_rate=rate)


def test_one_thread_at_a_time():
    x, net = np.ones(3), small_network()
    net.partial_fit(x, 1)
    errors = []

    def second():
        try:
            net.partial_fit(x, 1)
        except RuntimeError as error:
            errors.append(str(error))

    with state_of(net).lock:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert errors == ["a network must be trained by one thread at a time, got a second"]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_step_without_checks_is_the_same_step(optimizer):
    x, nets = np.array([1.0, -2.0, 0.5]), [small_network() for _ in range(2)]
    for net in nets:
        net.partial_fit(x, 0, optimizer=optimizer, learning_rate=0.1)
    nets[0].partial_fit(x, 1)
    assert state_of(nets[1]).row_step.take(x, 1)
    np.testing.assert_array_equal(nets[0].params, nets[1].params)
    before = nets[1].params.copy()
    assert not state_of(nets[1]).row_step.take(np.array([1.0, np.nan, 0.5]), 1)
    nets[1].params.setflags(write=False)
    assert not state_of(nets[1]).row_step.take(x, 1)
    np.testing.assert_array_equal(nets[1].params, before)
