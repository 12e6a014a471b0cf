"""The parameters of a population as a matrix."""

import copy

import numpy as np
import pytest

from fastnn import Dense, Network, Population
from fastnn._training.state import state_of

from ..support.networks import make_data, small_network

X, Y = make_data(12, 3, 2)


def alike(n_networks=4, **options):
    return Population(small_network(seed=seed, **options) for seed in range(n_networks))


def is_padding(net):
    padding = np.ones(net.params.size, bool)
    for view in net._views(padding):
        view[:] = False
    return padding


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_matrix_is_a_copy(dtype):
    population = alike(dtype=dtype)
    params = population.params
    assert (params.dtype, params.shape) == (dtype, (4, population[0].params.size))
    for row, net in zip(params, population, strict=True):
        np.testing.assert_array_equal(row, net.params)
    before = population.outputs(X)
    params[:] = 0
    np.testing.assert_array_equal(population.outputs(X), before)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_matrix_is_copied_in(dtype):
    population, other = alike(dtype=dtype), alike(dtype=dtype)
    views = [net.params for net in population]
    given = np.random.default_rng(0).normal(size=population.params.shape)
    population.params = given.tolist()
    for net, row, view in zip(other, given, views, strict=True):
        net.params = row
        np.testing.assert_array_equal(view, net.params)  # the memory that the network had
        assert not view[is_padding(net)].any()
    np.testing.assert_array_equal(population.outputs(X), other.outputs(X))


BAD = [
    (lambda good: good[:, :-1], ValueError, r"params must have shape \(4, \d+\).*got \(4, \d+\)"),
    (lambda good: good[:3], ValueError, r"params must have shape \(4, \d+\).*got \(3, \d+\)"),
    (lambda good: good[0], ValueError, r"params must have shape"),
    (lambda good: np.full_like(good, np.nan), ValueError, r"params must be finite in float64"),
    (lambda good: good.astype(str), TypeError, r"params must hold real numbers"),
    (lambda good: None, TypeError, r"params must"),
]


@pytest.mark.parametrize(("spoil", "error", "message"), BAD)
def test_a_bad_matrix_changes_nothing(spoil, error, message):
    population = alike()
    before = population.params
    with pytest.raises(error, match=message):
        population.params = spoil(before)
    np.testing.assert_array_equal(population.params, before)


@pytest.mark.parametrize(
    "other",
    [
        lambda: small_network(dtype="float32", seed=9),
        lambda: Network(3, [Dense(5, "relu"), Dense(2, "sigmoid")], seed=9),
        lambda: Network(3, [Dense(5, "tanh", bias=False), Dense(2, "sigmoid")], seed=9),
    ],
)
def test_networks_that_differ_have_no_matrix(other):
    population = Population([*alike(), other()])
    with pytest.raises(ValueError, match=r"must have the same layers and dtype.*at 0 and.*at 4"):
        population.params  # noqa: B018
    with pytest.raises(ValueError, match="must have the same layers and dtype"):
        population.params = np.zeros((5, 3))


# ---- from_params ---------------------------------------------------------------------------------


def test_networks_like_another():
    class Own(Network):
        pass

    net = Own(3, [Dense(5, "tanh", dropout=0.1), Dense(2)], loss="mae", dtype="float32", seed=0)
    net.metadata["unit"] = {"of": "m"}
    net.fit(X, Y, epochs=3)
    before = copy.deepcopy(net)
    given = np.random.default_rng(0).normal(size=(6, net.params.size)).astype("float32")
    population = Population.from_params(net, given, seed=1)
    for twin, row in zip(population, given, strict=True):
        assert type(twin) is Own
        assert repr(twin) == repr(net)
        assert twin.metadata == net.metadata
        assert twin.metadata["unit"] is not net.metadata["unit"]
        assert state_of(twin).training is None
        assert not twin.history
        padding = is_padding(net)
        np.testing.assert_array_equal(twin.params[~padding], row[~padding])
        assert not twin.params[padding].any()
    np.testing.assert_array_equal(net.params, before.params)
    assert state_of(net).random.random() == state_of(before).random.random()
    given[:] = 0  # it is copied
    assert population.params.any()


def test_seeds_differ_and_come_from_one():
    net = small_network()
    given = np.tile(net.params, (5, 1))

    def trained(seed):
        population = Population.from_params(net, given, seed=seed)
        population.fit(X, Y, epochs=2)
        return population.params

    first = trained(3)
    assert len(np.unique(first, axis=0)) == 5
    for seed in (3, np.random.default_rng(3)):
        np.testing.assert_array_equal(trained(seed), first)
    assert (trained(4) != first).any()
    assert (trained(None) != trained(None)).any()
    assert (trained(np.random.RandomState(3)) != first).any()


def test_column_names_are_those_of_the_network():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    net = small_network()
    net.fit(table, Y)
    population = Population.from_params(net, [net.params])
    np.testing.assert_array_equal(population.outputs(table)[0], net.predict(table))
    with pytest.raises(ValueError, match="c"):
        population.outputs(table[["c", "b", "a"]])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3, [[1.0]]), TypeError, "net must be a Network, got int"),
        ((Network(1, [Dense(1)]), [[1.0]]), ValueError, r"shape \(n_networks, \d+\).*got \(1, 1\)"),
        ((Network(1, [Dense(1)]), []), ValueError, "params must not be empty"),
        ((Network(1, [Dense(1)]), [["a"]]), TypeError, "params must hold real numbers"),
    ],
)
def test_what_no_population_is_made_of(arguments, error, message):
    with pytest.raises(error, match=message):
        Population.from_params(*arguments)


def test_a_seed_that_is_none():
    net = Network(1, [Dense(1)])
    with pytest.raises((TypeError, ValueError), match="seed must"):
        Population.from_params(net, [net.params], seed="a")
