"""Networks that hold out folds of the samples, and what they say of these."""

import copy

import numpy as np
import pytest

from fastnn import Dense, Network, Population
from fastnn.callbacks import EarlyStopping
from fastnn.population.folds import as_folds

from ..support.networks import make_data, noisy_network, small_network
from ..support.training import check_equal, snapshot

X, Y = make_data(23, 3, 2)
LABELS = np.array([0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1])


def make_population(n_networks=6, make=small_network):
    return Population(make(seed=seed) for seed in range(n_networks))


# ---- as_folds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_folds", [2, 3, 5, 23])
def test_folds_are_a_partition(n_folds):
    folds = as_folds(n_folds, Y, 23)
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), np.arange(23))
    assert {len(fold) for fold in folds} <= {23 // n_folds, -(-23 // n_folds)}
    for fold, again in zip(folds, as_folds(n_folds, 2 * Y, 40), strict=True):
        np.testing.assert_array_equal(fold, again)
        assert (np.diff(fold) > 0).all()


def test_folds_are_random():
    folds = as_folds(2, np.random.default_rng(0).normal(size=(1000, 1)), 2)
    assert (np.diff(folds[0]) > 2).any()


@pytest.mark.parametrize("labels", [LABELS[:, None], np.eye(2)[LABELS]])
def test_each_class_has_its_share_of_each_fold(labels):
    for n_folds in (2, 3, 5):
        counts = np.array([np.bincount(LABELS[fold]) for fold in as_folds(n_folds, labels, 5)])
        assert (np.ptp(counts, axis=0) <= 1).all()


# ---- in fit --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"optimizer": "adam", "batch_size": 4, "metrics": ["accuracy", "r2"]},
        {"batch_size": None, "shuffle": False},
        {"optimizer": "lbfgs", "batch_size": None},
    ],
)
def test_a_network_is_trained_as_if_it_were_alone_with_its_samples(kind, how):
    if how.get("optimizer") == "lbfgs":
        pytest.importorskip("scipy")
    make = np.asarray if kind == "dense" else pytest.importorskip("scipy.sparse").csr_array
    population, alone = make_population(), make_population()
    histories = population.fit(make(X), LABELS, folds=3, epochs=4, **how)
    held_rows = population.held_rows
    for k, (net, held) in enumerate(zip(alone, held_rows, strict=True)):
        np.testing.assert_array_equal(held, held_rows[k % 3])
        rows = np.setdiff1d(np.arange(23), held)
        validation_data = make(X[held]), LABELS[held]
        expected = net.fit(
            make(X[rows]), LABELS[rows], epochs=4, validation_data=validation_data, **how
        )
        assert dict(histories[k]) == dict(expected)
        np.testing.assert_array_equal(population[k].params, net.params)


def test_weights_are_those_of_the_samples():
    weights = np.arange(1.0, 24)
    population, alone = make_population(3), make_population(3)
    histories = population.fit(X, Y, folds=3, sample_weight=weights)
    for net, held, history in zip(alone, population.held_rows, histories, strict=True):
        rows = np.setdiff1d(np.arange(23), held)
        net.fit(X[rows], Y[rows], sample_weight=weights[rows])
        expected = net.loss(X[held], Y[held], sample_weight=weights[held])
        assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-12)


def test_training_resumes_with_the_same_folds():
    population, other = make_population(make=noisy_network), make_population(make=noisy_network)
    how = {"optimizer": "adam", "batch_size": 4, "folds": 3}
    for _ in range(2):
        population.fit(X, LABELS, epochs=3, resume=True, **how)
    other.fit(X, LABELS, epochs=6, **how)
    np.testing.assert_array_equal(population.params, other.params)


def test_folds_may_be_given():
    given = [[3, 1], range(5, 10), np.array([22])]
    population = make_population(4)
    population.fit(X, Y, folds=given)
    expected = [[1, 3], [5, 6, 7, 8, 9], [22], [1, 3]]
    assert [rows.tolist() for rows in population.held_rows] == expected
    kfold = pytest.importorskip("sklearn.model_selection").KFold(4)
    population.fit(X, Y, folds=[held for _, held in kfold.split(X)])
    assert population.held_rows[1].tolist() == [6, 7, 8, 9, 10, 11]
    one = Population([small_network()])
    one.fit(X, Y, folds=np.array([[0, 1]]))
    assert one.held_rows[0].tolist() == [0, 1]


def test_which_rows_are_held():
    population = make_population(3)
    assert population.held_rows == (None, None, None)
    population.fit(X, Y, validation_fraction=0.3)
    held = population.held_rows
    assert {len(rows) for rows in held} == {7}
    assert any((rows != held[0]).any() for rows in held[1:])  # each draws its own
    for net, rows in zip(population, held, strict=True):
        assert net.history["val_loss"][-1] == pytest.approx(net.loss(X[rows], Y[rows]), rel=1e-12)
    held[0][:] = 0  # a copy
    assert (population.held_rows[0] > 0).any()
    population[1].fit(X, Y)
    assert [rows is None for rows in population.held_rows] == [False, True, False]
    twin = copy.deepcopy(population)
    assert [rows is None for rows in twin.held_rows] == [False, True, False]
    population.fit(X, Y)
    assert population.held_rows == (None, None, None)


BAD = [
    ({"folds": 7}, ValueError, "folds must be at most the 6 networks.*got 7"),
    ({"folds": 1}, ValueError, "folds must be 2 to 23, the samples, got 1"),
    ({"folds": 0}, ValueError, "folds must be at least 1, got 0"),
    ({"folds": 2.5}, TypeError, "folds must be a whole number, got 2.5"),
    ({"folds": "five"}, TypeError, r"folds\[0\] must"),
    ({"folds": []}, ValueError, "folds must be 1 to 23"),
    ({"folds": [[0]] * 7}, ValueError, "folds must be at most the 6 networks"),
    ({"folds": [[0], [23]]}, ValueError, r"folds\[1\] must be different numbers from 0 to 22"),
    ({"folds": [[0], [-1]]}, ValueError, r"folds\[1\] must be different numbers"),
    ({"folds": [[0, 0]]}, ValueError, r"folds\[0\] must be different numbers"),
    ({"folds": [[0.5]]}, TypeError, r"folds\[0\] must be the numbers of samples, got float64"),
    ({"folds": [[[0]]]}, TypeError, r"folds\[0\] must be the numbers of samples"),
    ({"folds": [[]]}, ValueError, r"folds\[0\] must not be empty"),
    ({"folds": [range(23)]}, ValueError, r"folds\[0\] must leave samples to train on, got all 23"),
    ({"validation_data": (X, Y)}, ValueError, "validation_data must not be given beside folds"),
    ({"validation_fraction": 0.5}, ValueError, "validation_fraction must not be given beside fold"),
    (
        {"sample_weight": np.arange(23) < 4, "folds": [[0, 1, 2, 3]]},
        ValueError,
        "weights must not all be 0 on either side of what is held out",
    ),
    ({"callbacks": [EarlyStopping("val_mse")]}, ValueError, "monitor must be a metric"),
]


@pytest.mark.parametrize(("bad", "error", "message"), BAD)
def test_bad_folds_change_nothing(bad, error, message):
    population = make_population()
    population.fit(X, Y, folds=2)
    before, held = [snapshot(net) for net in population], population.held_rows
    with pytest.raises(error, match=message):
        population.fit(X, Y, **{"folds": 3} | bad)
    for net, state in zip(population, before, strict=True):
        check_equal(snapshot(net), state)
    for rows, expected in zip(population.held_rows, held, strict=True):
        np.testing.assert_array_equal(rows, expected)


# ---- out of fold ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_samples_are_predicted_by_those_that_have_not_seen_them(dtype):
    population = Population(small_network(seed=seed, dtype=dtype) for seed in range(5))
    population.fit(X, Y, folds=3, epochs=3)
    mean, spread = population.predict(X, out_of_fold=True)
    assert (mean.dtype, mean.shape, spread.shape) == (dtype, (23, 2), (23, 2))
    for s in range(23):
        outputs = np.array(
            [
                net.predict(X[s])
                for net, held in zip(population, population.held_rows, strict=True)
                if s in held
            ],
            np.float64,
        )
        assert len(outputs) in (1, 2)
        tolerance = 1e-12 if dtype == "float64" else 1e-6
        np.testing.assert_allclose(mean[s], outputs.mean(axis=0), rtol=tolerance)
        np.testing.assert_allclose(spread[s], outputs.std(axis=0), rtol=tolerance, atol=1e-12)


def test_samples_that_no_network_has_held_out_are_nan():
    population = make_population(2)
    population.fit(X, Y, folds=[[0], [2]])
    mean, spread = population.predict(X, out_of_fold=True)
    for table in (mean, spread):
        assert np.flatnonzero(~np.isnan(table[:, 0])).tolist() == [0, 2]


def test_out_of_fold_is_better_judged_than_on_the_samples_themselves():
    """Of noise that networks learn by heart, they know nothing where they have not seen it."""
    random = np.random.default_rng(0)
    X, y = random.normal(size=(30, 5)), random.normal(size=30)
    layers = [Dense(30, "tanh"), Dense(1)]
    population = Population(Network(5, layers, seed=seed) for seed in range(5))
    population.fit(X, y, folds=5, epochs=500, optimizer="adam", learning_rate=0.01)
    seen = np.mean((population.predict(X).mean[:, 0] - y) ** 2)
    unseen = np.mean((population.predict(X, out_of_fold=True).mean[:, 0] - y) ** 2)
    assert seen < 0.5 * unseen


def test_out_of_fold_is_refused():
    population = make_population()
    with pytest.raises(ValueError, match="out_of_fold must come after `fit` with folds"):
        population.predict(X, out_of_fold=True)
    population.fit(X, Y, folds=3)
    with pytest.raises(ValueError, match=r"X must have the 23 samples of `fit`.*got 22"):
        population.predict(X[1:], out_of_fold=True)
    with pytest.raises(ValueError, match=r"X must have the 23 samples of `fit`.*got 1"):
        population.predict(X[0], out_of_fold=True)
    with pytest.raises(TypeError, match="out_of_fold must be True or False, got 3"):
        population.predict(X, out_of_fold=3)
