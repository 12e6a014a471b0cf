"""Successive halving: who is kept, for how long, and to the bit."""

import copy

import numpy as np
import pytest

from fastnn import Dense, DivergenceError, Network, Population
from fastnn.callbacks import Callback, EarlyStopping
from fastnn.population import halving

from ..support.networks import make_data, noisy_network, small_network
from ..support.training import check_equal, snapshot

X, Y = make_data(24, 3, 2)
HOW = {"optimizer": "adam", "batch_size": 4, "validation_data": (X[:8], Y[:8])}


def make_population(n_networks=8, make=noisy_network):
    return Population(make(seed=seed) for seed in range(n_networks))


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize(
    ("n_networks", "options", "expected"),
    [
        (8, {}, [(2, 8), (4, 4), (8, 2), (16, 1)]),
        (5, {}, [(2, 5), (4, 3), (8, 2), (16, 1)]),
        (9, {"factor": 3}, [(2, 9), (6, 3), (18, 1)]),
        (8, {"n_kept": 3}, [(2, 8), (4, 4), (8, 3)]),
        (3, {"n_kept": 3}, [(2, 3)]),
        (1, {}, [(2, 1)]),
    ],
)
def test_the_better_part_is_trained_for_longer(n_networks, options, expected, n_threads):
    population, alone = make_population(n_networks), make_population(n_networks)
    found = halving(population, X, Y, epochs=2, n_threads=n_threads, **HOW, **options)
    assert [(of_one.epochs, len(of_one.networks)) for of_one in found.rounds] == expected
    alive = set(range(n_networks))
    for of_one in found.rounds:
        assert set(of_one.networks) == alive
        figures = [
            copy.deepcopy(alone[k]).fit(X, Y, epochs=of_one.epochs, **HOW)["val_loss"][-1]
            for k in of_one.networks
        ]
        assert list(of_one.figures) == figures == sorted(figures)
        n_next = max(-(-len(alive) // options.get("factor", 2)), options.get("n_kept", 1))
        alive = set(of_one.networks[:n_next])
    last = {k: of_one.epochs for of_one in found.rounds for k in of_one.networks}
    assert found.epochs == tuple(last[k] for k in range(n_networks))
    for net, epochs, got in zip(alone, found.epochs, population, strict=True):
        net.fit(X, Y, epochs=epochs, **HOW)  # all at once
        np.testing.assert_array_equal(got.params, net.params)
        assert got.history.columns() == net.history.columns()
    best = found.best
    assert (best.index, best.figure) == (found.rounds[-1].networks[0], found.rounds[-1].figures[0])
    assert best.network is population[best.index]


def test_larger_may_be_better():
    population = make_population()
    labels = np.arange(24) % 2
    how = {**HOW, "validation_data": (X[:8], labels[:8]), "metrics": ["accuracy"]}
    found = halving(population, X, labels, monitor="val_accuracy", **how)
    for of_one in found.rounds:
        assert list(of_one.figures) == sorted(of_one.figures, reverse=True)
    found = halving(population, X, labels, monitor="val_loss", mode="max", **how)
    for of_one in found.rounds:
        assert list(of_one.figures) == sorted(of_one.figures, reverse=True)


def test_with_folds_and_settings():
    population, other = make_population(4), make_population(4)
    settings = [{"learning_rate": rate} for rate in (1e-3, 1e-2, 3e-2, 0.1)]
    found = halving(population, X, Y, folds=2, settings=settings, optimizer="adam")
    assert [len(rows) for rows in population.held_rows] == [12] * 4
    best = found.best.index
    options = [{**own, "epochs": 4 if k == best else 1} for k, own in enumerate(settings)]
    other.fit(X, Y, folds=2, settings=options, optimizer="adam")
    np.testing.assert_array_equal(population[best].params, other[best].params)


def test_a_search_may_go_on_from_earlier_training():
    population, other = make_population(2), make_population(2)
    for each in (population, other):
        each.fit(X, Y, epochs=3, **HOW)
    found = halving(population, X, Y, resume=True, **HOW)
    assert sorted(found.epochs) == [1, 2]
    for net, got, epochs in zip(other, population, found.epochs, strict=True):
        net.fit(X, Y, epochs=epochs, resume=True, **HOW)
        np.testing.assert_array_equal(got.params, net.params)


def test_what_diverges_is_left_behind():
    rates = [1e200, 0.1, 0.01, 1e200]
    settings = [{"learning_rate": rate} for rate in rates]
    population = Population(Network(3, [Dense(2)], loss="sse", seed=seed) for seed in range(4))
    found = halving(population, X, Y, monitor="loss", settings=settings)
    assert found.best.index in (1, 2)
    assert set(found.rounds[0].networks[2:]) == {0, 3}
    assert np.isnan(found.rounds[0].figures[2:]).all()
    assert set(found.rounds[1].networks) == {1, 2}
    assert len(found.rounds) == 3
    with pytest.raises(DivergenceError, match="4 of 4 networks diverged"):
        halving(population, X, Y, monitor="loss", learning_rate=1e200)


def test_networks_that_stop_early_have_fewer_epochs():
    class Stop(Callback):
        def epoch(self, run):
            run.stop()

    population = make_population(2, small_network)
    settings = [{"callbacks": [Stop()]} for _ in population]
    found = halving(population, X, Y, epochs=5, settings=settings, **HOW)
    assert sorted(found.epochs) == [1, 2]


def test_a_metric_that_a_callback_records():
    class Record(Callback):
        def __init__(self, value):
            self.value = value

        def epoch(self, run):
            run.history.record(run.epoch, {"own": self.value})

    population = make_population(4, small_network)
    settings = [{"callbacks": [Record(value)]} for value in (1.0, 4.0, 2.0, 3.0)]
    found = halving(population, X, Y, monitor="own", mode="max", settings=settings)
    assert found.rounds[0].networks == (1, 3, 2, 0)
    with pytest.raises(ValueError, match="monitor must be a metric that is recorded, got 'other'"):
        halving(population, X, Y, monitor="other", mode="max", settings=settings)


BAD = [
    ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
    ({"factor": 1}, ValueError, "factor must be at least 2, got 1"),
    ({"n_kept": 9}, ValueError, "n_kept must be at most the 8 networks, got 9"),
    ({"n_threads": 0}, ValueError, "n_threads must be at least 1, got 0"),
    ({"progress": 3}, TypeError, "progress must be True or False, got 3"),
    ({"monitor": "val_mae"}, ValueError, "(?s)monitor must be a metric.*network 0 of the popul"),
    ({"monitor": "own"}, ValueError, "mode must be 'min' or 'max' for 'own'"),
    ({"validation_data": None}, ValueError, "monitor must be a metric that is recorded"),
    ({"settings": [{"epochs": 3}] * 8}, TypeError, "epochs must be one number for all networks"),
    ({"settings": [{}]}, ValueError, "settings must be a sequence of 8"),
    ({"epoch": 3}, TypeError, r"must be those of Network.fit, got \['epoch'\]"),
    ({"X": X[:, :2]}, ValueError, "X must have shape"),
    ({"y": None}, TypeError, "y must be given"),
    ({"callbacks": [EarlyStopping("loss")]}, ValueError, "give each its own in settings"),
]


@pytest.mark.parametrize(("bad", "error", "message"), BAD)
def test_a_bad_argument_changes_no_network(bad, error, message):
    population = make_population()
    population.fit(X, Y)
    before = [snapshot(net) for net in population]
    with pytest.raises(error, match=message):
        halving(population, **{"X": X, "y": Y} | HOW | bad)
    for net, state in zip(population, before, strict=True):
        check_equal(snapshot(net), state)
    population.fit(X, Y)  # all locks are free


def test_it_takes_a_population():
    with pytest.raises(TypeError, match="population must be a Population, got Network"):
        halving(small_network(), X, Y)
