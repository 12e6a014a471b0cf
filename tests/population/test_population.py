"""What a population is made of, what its networks say together, and which is the best."""

import pickle

import numpy as np
import pytest

from fastnn import Dense, Network, Population
from fastnn.callbacks import EarlyStopping
from fastnn.population import Best
from fastnn.population.record import record_of

from ..support.networks import make_data, noisy_network, small_network

X, Y = make_data(12, 3, 2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (list, ValueError, "a population must have at least one network, got none"),
        (lambda: 5, TypeError, r"of Network, got 5: write \[Network\(\.\.\., seed=k\) for k"),
        (lambda: [small_network(), 3], TypeError, "networks must be Network, got int at 1"),
        (lambda: [small_network()] * 2, ValueError, "be different ones, got one for both 0 and 1"),
        (
            lambda: [Network(1, [Dense(1)], seed=rng) for rng in [np.random.RandomState(0)] * 3],
            ValueError,
            "have seeds of their own, got one for both 0 and 1",
        ),
        (
            lambda: [small_network(), noisy_network(), Network(4, [Dense(2)])],
            ValueError,
            "must have the same n_in, got 3 at 0 and 4 at 2: all take the same X",
        ),
    ],
)
def test_what_a_population_is_made_of(make, error, message):
    with pytest.raises(error, match=message):
        Population(make())


def test_a_population_is_its_networks():
    networks = [small_network(seed=seed) for seed in range(3)]
    population = Population(iter(networks))
    assert (len(population), [*population]) == (3, networks)
    assert population[1] is networks[1]
    assert population[-1] is networks[2]
    assert repr(population) == "Population(3 networks)"
    twin = pickle.loads(pickle.dumps(population))
    np.testing.assert_array_equal(twin.predict(X).mean, population.predict(X).mean)


# ---- predict -------------------------------------------------------------------------------------


def ensemble(dtypes=("float64",), n_out=2):
    return Population(
        Network(3, [Dense(5, "tanh"), Dense(n_out)], dtype=dtype, seed=seed)
        for seed in range(4)
        for dtype in dtypes
    )


@pytest.mark.parametrize("dtypes", [("float64",), ("float32",), ("float32", "float64")])
@pytest.mark.parametrize("n_threads", [1, 2, 3, None])
@pytest.mark.parametrize("n_out", [1, 2])
def test_mean_and_spread(dtypes, n_threads, n_out, monkeypatch):
    monkeypatch.setattr("fastnn.population.outputs._MOST_ROWS", 5)
    population = ensemble(dtypes, n_out)
    outputs = np.array([net.predict(X) for net in population], np.float64)
    mean, spread = prediction = population.predict(X, n_threads=n_threads)
    expected = "float64" if "float64" in dtypes else "float32"
    close = {"rtol": 1e-12, "atol": 1e-15} if expected == "float64" else {"rtol": 1e-6}
    for got, table in ((mean, outputs.mean(axis=0)), (spread, outputs.std(axis=0))):
        assert (got.dtype, got.shape) == (expected, (12, n_out))
        np.testing.assert_allclose(got, table, **close)
    assert (prediction.mean is mean, prediction.spread is spread) == (True, True)
    for k, x in enumerate(X):
        row = population.predict(x, n_threads=n_threads)
        np.testing.assert_array_equal(row.mean, mean[k])
        np.testing.assert_array_equal(row.spread, spread[k])


def test_one_network_has_no_spread():
    population = Population([small_network()])
    mean, spread = population.predict(X)
    np.testing.assert_array_equal(mean, population[0].predict(X))
    np.testing.assert_array_equal(spread, 0)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"X": X[:, :2]}, ValueError, "X must have shape"),
        ({"X": np.full_like(X, np.nan)}, ValueError, "X must be finite in float64, got nan"),
        ({"n_threads": 0}, ValueError, "n_threads must be at least 1, got 0"),
    ],
)
def test_predict_is_refused(bad, error, message):
    with pytest.raises(error, match=message):
        ensemble().predict(**{"X": X} | bad)


def test_outputs_of_one_width():
    population = Population([*ensemble(), *ensemble(n_out=1)])
    with pytest.raises(ValueError, match="must have the same n_out, got 2 at 0 and 1 at 4"):
        population.predict(X)


# ---- best ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("monitor", "mode", "index"),
    [
        ("val_loss", "auto", np.argmin),
        ("loss", "min", np.argmin),
        ("val_r2", "auto", np.argmax),
        ("val_accuracy", "auto", np.argmax),
        ("val_loss", "max", np.argmax),
    ],
)
def test_best(monitor, mode, index):
    population = Population(small_network(seed=seed) for seed in range(6))
    how = {"epochs": 3, "metrics": ["accuracy", "r2"], "validation_data": (X, Y)}
    histories = population.fit(X, Y, **how)
    figures = [history[monitor][-1] for history in histories]
    k = int(index(figures))
    assert population.best(monitor, mode=mode) == Best(k, population[k], figures[k])


def test_best_goes_by_the_weights_that_early_stopping_has_put_back():
    def figures():
        return [net.loss(X[:4], Y[:4]) for net in population]

    population = Population(small_network(seed=seed) for seed in range(4))
    how = {"epochs": 300, "learning_rate": 2.0, "validation_data": (X[:4], Y[:4])}
    settings = [{"callbacks": [EarlyStopping(patience=40)]} for _ in population]
    settings[2] = {"callbacks": [EarlyStopping(patience=40, restore_best=False)]}
    histories = population.fit(X[4:], Y[4:], settings=settings, **how)
    assert histories[0]["val_loss"][-1] > min(histories[0]["val_loss"])
    for k, expected in enumerate(figures()):
        assert record_of(population).figure(k, "val_loss") == pytest.approx(expected, rel=1e-12)
    assert population.best().index == np.argmin(figures())
    for net in population:  # and goes by the last figures where that was not the last training
        net.fit(X[4:], Y[4:], resume=True, validation_data=(X[:4], Y[:4]))
    for k, expected in enumerate(figures()):
        assert record_of(population).figure(k, "val_loss") == pytest.approx(expected, rel=1e-12)


def test_best_of_those_that_have_a_figure():
    population = Population(small_network(seed=seed) for seed in range(3))
    with pytest.raises(ValueError, match="that a network has recorded, got 'val_loss'"):
        population.best()
    population[1].fit(X, Y)
    assert population.best("loss").index == 1
    population[0].history.record(0, {"loss": -1.0})  # of a copy
    assert population.best("loss").index == 1
    for bad, error in ((3, TypeError), ("loss", ValueError)):
        with pytest.raises(error, match="m"):
            population.best(bad, mode="low")


def test_best_of_what_no_network_has_recorded():
    population = Population(small_network(seed=seed) for seed in range(3))
    with pytest.raises(ValueError, match="recorded, got 'foo' before any training: call fit first"):
        population.best("foo")
    population[1].fit(X, Y, metrics=["accuracy"])
    for bad, expected in {
        "foo": "one of 'loss', 'accuracy'; got 'foo'$",
        "los": r"one of 'loss', 'accuracy'; got 'los'; did you mean 'loss'\?",
        "val_loss": "one of 'loss', 'accuracy'; got 'val_loss'; without validation data",
    }.items():
        with pytest.raises(ValueError, match=f"must be a metric that is recorded, {expected}"):
            population.best(bad)


def test_best_of_figures_that_are_all_nan():
    population = Population(small_network(seed=seed) for seed in range(2))

    def nowhere(y, outputs):
        return np.nan

    population.fit(X, Y, metrics=[nowhere], validation_data=(X, Y))
    with pytest.raises(ValueError, match="value that is not NaN, got 'val_nowhere', which is NaN"):
        population.best("val_nowhere", mode="min")
