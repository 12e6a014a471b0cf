"""What `fit` has not looked at: an input that is not finite leaves everything as it was."""

import pickle

import numpy as np
import pytest

from fastnn import Dense, DivergenceError, Network
from fastnn._training import request
from fastnn._training.state import state_of
from fastnn.optimizers import NAMED

from ..support.networks import HIDDEN, OUTPUTS, make_data, noisy_network, small_network

pytestmark = pytest.mark.filterwarnings("ignore:batch_size must be None for irprop")


@pytest.fixture(autouse=True)
def _nothing_is_so_small_that_it_is_checked_at_once(monkeypatch):
    monkeypatch.setattr(request, "CHECKED_AT_ONCE", 0)


def spoilt(X, value, place=(-1, 1)):
    X = X.copy()
    X[place] = value
    return X


def all_of(net):
    """Return what a call that fails must not change, as bytes."""
    return pickle.dumps(net.__getstate__() | {"random": state_of(net).random.__getstate__()})


def check_refused(net, X, Y, **options):
    before = all_of(net)
    with pytest.raises(ValueError, match="X must be finite in float") as caught:
        net.fit(X, Y, **options)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert all_of(net) == before


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("batch_size", [1, 4, None])
@pytest.mark.parametrize("activation", HIDDEN)
def test_whatever_the_activation(activation, batch_size, value):
    X, Y = make_data(9, 3, 2)
    net = Network(3, [Dense(4, activation), Dense(2, "tanh")], seed=0)
    check_refused(net, spoilt(X, value), Y, batch_size=batch_size, epochs=3)


@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
def test_whatever_the_loss(output, loss):
    X, Y = make_data(9, 3, 2, loss=loss)
    net = Network(3, [Dense(2, output)], loss=loss, dtype="float32", seed=0)
    check_refused(net, spoilt(X, np.inf), Y)


@pytest.mark.parametrize("optimizer", [name for name in NAMED if name != "lbfgs"])
def test_whatever_the_optimizer(optimizer):
    X, Y = make_data(9, 3, 2)
    net = small_network()
    net.fit(X, Y, epochs=2, optimizer=optimizer, batch_size=3)  # a history, a state
    check_refused(net, spoilt(X, -np.inf), Y, optimizer=optimizer, batch_size=3)


@pytest.mark.parametrize("place", [(0, 0), (4, 2)])
@pytest.mark.parametrize("seed", [1, np.random.default_rng(2), np.random.RandomState(3)])
def test_the_random_stream_is_put_back(seed, place):
    X, Y = make_data(9, 3, 2)
    check_refused(Network(3, [Dense(2, "tanh")], seed=seed), spoilt(X, np.nan, place), Y)


@pytest.mark.parametrize(
    "options",
    [
        {"resume": True},
        {"sample_weight": [1] * 8 + [0]},  # nothing of the last row reaches the parameters
        {"validation_fraction": 0.5},
        {"class_weight": {0: 0, 1: 1}},
    ],
)
def test_where_others_take_part(options):
    X, y = make_data(9, 3, 2)[0], np.arange(9) % 2
    net = small_network()
    net.fit(X, y)
    check_refused(net, spoilt(X, np.nan), y, **options)


def test_callbacks_are_not_even_started():
    class Started(Exception):
        pass

    class Callback:
        def start(self, run):
            raise Started

        epoch = end = start

    X, Y = make_data(9, 3, 2)
    check_refused(small_network(), spoilt(X, np.nan), Y, callbacks=[Callback()])


@pytest.mark.parametrize("first", [{}, {"optimizer": "adam", "learning_rate": 0.5}])
@pytest.mark.parametrize("make", [small_network, noisy_network])
def test_a_metric_that_fails_in_the_first_epoch_leaves_optimiser_and_history(make, first):
    def fails(y, outputs):
        raise KeyError("label")

    X, Y = make_data(9, 3, 2)
    net = make()
    net.fit(X, Y, epochs=2, **first)
    before = all_of(net)
    with pytest.raises(KeyError, match="label"):
        net.fit(X, Y, optimizer="adam", validation_data=(X, Y), metrics=[fails])
    assert all_of(net) == before


@pytest.mark.parametrize("value", [KeyError("label"), "no number"])
def test_a_metric_that_fails_later_leaves_the_network_as_after_the_last_whole_epoch(value):
    seen = []

    def fails(y, outputs):
        seen.append(len(y))
        if len(seen) < 3:
            return 0.0
        if isinstance(value, Exception):
            raise value
        return value

    X, Y = make_data(9, 3, 2)
    net, twin = noisy_network(), noisy_network()
    how = {"optimizer": "adam", "validation_data": (X, Y)}
    with pytest.raises((KeyError, TypeError)):
        net.fit(X, Y, epochs=5, metrics=[fails], **how)
    twin.fit(X, Y, epochs=2, **how)
    assert net.history.epoch == twin.history.epoch
    np.testing.assert_array_equal(net.params, twin.params)
    for one in (net, twin):
        one.fit(X, Y, epochs=2, resume=True, **how)
    np.testing.assert_array_equal(net.params, twin.params)


def test_dropout_and_noise_do_not_hide_it():
    X, Y = make_data(9, 3, 2)
    check_refused(noisy_network(), spoilt(X, np.inf), Y, input_noise=0.1, batch_size=2)


def test_a_divergence_of_finite_inputs_stays_one():
    X, Y = make_data(9, 3, 2)
    with pytest.raises(DivergenceError):
        Network(3, [Dense(2)], seed=0).fit(1e200 * X, Y)
