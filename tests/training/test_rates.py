"""Learning rates that change within an epoch."""

from fractions import Fraction

import numpy as np
import pytest
from numba import config

from fastnn import Dense, DivergenceError, Network, Population
from fastnn._training import model
from fastnn._training.state import state_of
from fastnn.core.simd.bitset import TILE_ROWS
from fastnn.optimizers import SGD, Adam, Momentum
from fastnn.reference import Optimizer, ReferenceNetwork
from fastnn.schedules import Constant, Cosine, Exponential, OneCycle

from ..support.networks import check_same, make_data, small_network
from ..support.training import Recorder, check_equal, snapshot

X, Y = make_data(13, 3, 2)
TOLERANCE = {"rtol": 1e-10, "atol": 1e-13}


def per_update(function):
    """Return a schedule of a user's own."""

    def schedule(update):
        return function(update)

    schedule.per = "update"
    return schedule


SCHEDULES = [
    Cosine(0.3, epochs=40, per="update", warmup=5),
    Exponential(0.3, 0.97, per="update"),
    OneCycle(0.3, epochs=52, per="update"),
    per_update(lambda update: 0.3 / (1 + update)),
]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("batch_size", [1, 5, None])
@pytest.mark.parametrize("rule", [SGD(), SGD(weight_decay=0.1), Momentum(), Adam()], ids=repr)
def test_each_update_has_its_rate(rule, batch_size, schedule):
    net, reference = small_network(), ReferenceNetwork.like(small_network())
    how = {"optimizer": rule, "batch_size": batch_size, "shuffle": False}
    net.fit(X, Y, epochs=4, learning_rate=schedule, **how)
    twin, update = Optimizer.like(rule), 0
    for _ in range(4):
        for start in range(0, len(X), batch_size or len(X)):
            batch = slice(start, start + (batch_size or len(X)))
            rows = (X[start], Y[start]) if batch_size == 1 else (X[batch], Y[batch])
            reference.update(*rows, schedule(update), optimizer=twin)
            update += 1
    check_same(net, reference, TOLERANCE)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rule", [SGD(), Momentum(0.01, momentum=0.9)], ids=repr)
def test_a_layer_that_looks_ahead(rule, dtype, monkeypatch):
    monkeypatch.setattr(model, "look_ahead_rows", lambda table, itemsize: TILE_ROWS)
    X, Y = make_data(40, 70, 3)
    layers = [Dense(19, "tanh"), Dense(3, "sigmoid")]
    net = Network(70, layers, dtype=dtype, seed=3)
    reference, twin = ReferenceNetwork.like(net), Optimizer.like(rule)
    schedule, epochs = Exponential(0.05, 0.98, per="update"), 1 if config.DISABLE_JIT else 2
    net.fit(X, Y, epochs=epochs, optimizer=rule, learning_rate=schedule, shuffle=False)
    for update in range(epochs * len(X)):
        row = update % len(X)
        reference.update(X[row], Y[row], schedule(update), optimizer=twin)
    check_same(net, reference, TOLERANCE if dtype == "float64" else {"atol": 1e-5})


@pytest.mark.parametrize("batch_size", [1, 5, None])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_it_goes_on_where_training_is_resumed(schedule, batch_size):
    whole, parts = small_network(), small_network()
    how = {"batch_size": batch_size, "optimizer": "adam"}
    whole.fit(X, Y, epochs=4, learning_rate=schedule, **how)
    parts.fit(X, Y, epochs=1, learning_rate=schedule, **how)
    parts.fit(X, Y, epochs=1, learning_rate=schedule, resume=True, **how)
    parts.fit(X, Y, epochs=2, resume=True, **how)
    check_equal(snapshot(parts), snapshot(whole))
    assert state_of(parts).training.updates == 4 * -(-13 // (batch_size or 13))


@pytest.mark.parametrize("per", ["epoch", "update"])
@pytest.mark.parametrize("callbacks", [[], [Recorder()]])
def test_a_function_is_called_once_for_each(per, callbacks):
    asked = []

    def schedule(number):
        asked.append(number)
        return 0.01

    schedule.per = per
    net, n = small_network(), {"epoch": 4, "update": 4 * 3}[per]
    for resume in (False, True):
        net.fit(
            X, Y, epochs=2, batch_size=5, learning_rate=schedule, resume=resume, callbacks=callbacks
        )
    assert asked == list(range(n))


class Rates:
    """A schedule with the method `rates`, which returns what is given."""

    def __init__(self, given):
        self.given = given

    def __call__(self, epoch):
        return 0.1

    def __repr__(self):
        return "Rates()"

    def rates(self, first, n):
        return self.given(n)


def my_rates(value):
    """Return a user's function with a name."""

    def mine(epoch):
        return value

    return mine


@pytest.mark.parametrize(
    "value", ["x", "0.1", None, np.ones(2), np.ones(1), [0.1], True, -1, np.nan]
)
def test_what_is_no_rate_is_refused_with_the_name_of_the_schedule(value):
    net = small_network()
    before = snapshot(net)
    with pytest.raises(
        ValueError, match=r"a finite rate of at least 0, got .* for epoch 0 of .*mine"
    ):
        net.fit(X, Y, learning_rate=my_rates(value))
    check_equal(snapshot(net), before)


@pytest.mark.parametrize("value", [1, np.float32(0.1), np.array(0.1), Fraction(1, 10)])
def test_what_is_a_rate(value):
    net, twin = small_network(), small_network()
    net.fit(X, Y, learning_rate=my_rates(value))
    twin.fit(X, Y, learning_rate=float(value))
    np.testing.assert_array_equal(net.params, twin.params)


@pytest.mark.parametrize(
    ("given", "got"),
    [
        (lambda n: 0.1, "got 0.1"),
        (lambda n: None, "got None"),
        (lambda n: np.full(n + 1, 0.1), r"got shape \(2,\)"),
        (lambda n: ["x"] * n, r"got shape \(1,\) and dtype <U1"),
    ],
)
def test_rates_must_be_as_many_as_asked_for(given, got):
    net = small_network()
    with pytest.raises(ValueError, match=rf"rates\(0, 1\) of .* Rates\(\) must return 1 .*{got}"):
        net.fit(X, Y, learning_rate=Rates(given))


def test_chunks_are_counted_through():
    schedule = Exponential(0.3, 0.97, per="update")
    net, reference = small_network(), ReferenceNetwork.like(small_network())
    chunks = [(X[:6], Y[:6]), (X[:0], Y[:0]), (X[6:], Y[6:])]
    net.fit(chunks, epochs=2, batch_size=4, learning_rate=schedule, shuffle=False)
    update = 0
    for _ in range(2):
        for rows in (slice(0, 4), slice(4, 6), slice(6, 10), slice(10, 13)):
            reference.update(X[rows], Y[rows], schedule(update))
            update += 1
    check_same(net, reference, TOLERANCE)


def test_a_batch_without_weight_counts():
    weights = np.ones(13)
    weights[5:10] = 0
    net, reference = small_network(), ReferenceNetwork.like(small_network())
    schedule = Exponential(0.3, 0.5, per="update")
    how = {"batch_size": 5, "shuffle": False, "sample_weight": weights}
    net.fit(X, Y, learning_rate=schedule, **how)
    reference.update(X[:5], Y[:5], 0.3)
    reference.update(X[10:], Y[10:], 0.3 / 4)
    check_same(net, reference, TOLERANCE)


def test_callbacks_see_the_rate_of_the_last_update():
    net, seen = small_network(), Recorder()
    schedule = Exponential(0.3, 0.97, per="update")
    net.fit(X, Y, epochs=2, learning_rate=schedule, callbacks=[seen])
    np.testing.assert_allclose(seen.rates, [schedule(0), schedule(12), schedule(25)], rtol=1e-14)
    at_once = small_network()
    at_once.fit(X, Y, epochs=2, learning_rate=schedule)  # one compiled call
    np.testing.assert_array_equal(at_once.params, net.params)


def test_partial_fit_takes_the_last_rate_and_counts_for_nothing():
    schedule = Exponential(0.3, 0.97, per="update")
    whole, parts = small_network(), small_network()
    for net in (whole, parts):
        net.fit(X, Y, epochs=2, learning_rate=schedule, shuffle=False)
    whole.partial_fit(X[0], Y[0])
    parts.partial_fit(X[0], Y[0], learning_rate=schedule(25))
    np.testing.assert_allclose(whole.params, parts.params, rtol=1e-14)
    seen = Recorder()
    whole.fit(X, Y, resume=True, callbacks=[seen])
    np.testing.assert_allclose(seen.rates, [schedule(26), schedule(38)], rtol=1e-14)


def test_a_population_has_schedules_of_its_own():
    schedules = [Constant(0.1), Cosine(0.3, epochs=60, per="update")]
    population = Population(small_network() for _ in schedules)
    options = {"epochs": 4, "optimizer": "momentum"}
    settings = [{"learning_rate": schedule} for schedule in schedules]
    population.fit(X, Y, settings=settings, n_threads=2, **options)
    for net, schedule in zip(population, schedules, strict=True):
        alone = small_network()
        alone.fit(X, Y, learning_rate=schedule, **options)
        np.testing.assert_array_equal(net.params, alone.params)


def test_an_error_in_the_midst_of_an_epoch_leaves_the_last_one():
    net, expected = small_network(), small_network()
    schedule = OneCycle(0.3, epochs=30, per="update")
    with pytest.raises(ValueError, match="update must be below 30 in a OneCycle, got 38"):
        net.fit(X, Y, epochs=3, learning_rate=schedule, callbacks=[Recorder()])
    expected.fit(X, Y, epochs=2, learning_rate=schedule)
    check_equal(snapshot(net), snapshot(expected))
    assert state_of(net).training.updates == 26


@pytest.mark.parametrize("rate", [np.nan, -0.1, np.inf])
def test_a_rate_that_is_none(rate):
    net, before = small_network(), snapshot(small_network())
    schedule = per_update(lambda update: rate if update == 9 else 0.1)
    with pytest.raises(ValueError, match=f"at least 0, got {rate} for update 9"):
        net.fit(X, Y, learning_rate=schedule)
    np.testing.assert_array_equal(net.params, before[0])


def test_a_schedule_per_something_else():
    schedule = per_update(lambda update: 0.1)
    schedule.per = "step"
    net = small_network()
    with pytest.raises(ValueError, match="per, of a schedule, must be one of 'epoch', 'update'"):
        net.fit(X, Y, learning_rate=schedule)
    assert state_of(net).training is None


def test_a_divergence_names_the_rates():
    schedule = Exponential(1.0, 2.0, per="update")
    with pytest.raises(DivergenceError, match=r"epoch \d at learning rates from .* to .*"):
        Network(3, [Dense(2)], seed=0).fit(X, Y, epochs=9, learning_rate=schedule)
