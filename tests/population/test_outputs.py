"""The outputs of all networks, and their means, have the bits of each network's own."""

import numpy as np
import pytest

from fastnn import Dense, Network, Population

from ..support.networks import make_data, small_network

X, Y = make_data(40, 3, 2)


def make_networks(dtypes=("float64",), wide=False):
    """Return networks of two architectures, one after the other, and perhaps of a large one."""
    kinds = [[Dense(5, "tanh"), Dense(2)], [Dense(9, "relu"), Dense(4, "tanh"), Dense(2)]]
    kinds += [[Dense(400, "tanh"), Dense(200), Dense(2)]] * wide
    return [
        Network(3, layers, dtype=dtype, seed=seed)
        for seed in range(3)
        for layers in kinds
        for dtype in dtypes
    ]


@pytest.fixture
def small_parts(monkeypatch):
    """Let rows and networks be cut into several parts, and threads be worth it."""
    monkeypatch.setattr("fastnn.population.outputs._MOST_ROWS", 15)
    monkeypatch.setattr("fastnn.population.outputs._PART", 3000)
    monkeypatch.setattr("fastnn.population.outputs._LEAST", 100)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("n_threads", [1, 2, 3, None])
@pytest.mark.parametrize("dtypes", [("float64",), ("float32",), ("float32", "float64")])
def test_outputs_are_those_of_each_network(dtypes, n_threads):
    population = Population(make_networks(dtypes, wide=True))
    expected = np.array([net.predict(X) for net in population])
    got = population.outputs(X, n_threads=n_threads)
    assert (got.dtype, got.shape) == (expected.dtype, (len(population), 40, 2))
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(population.outputs(X[7], n_threads=n_threads), expected[:, 7])


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("n_threads", [1, 3])
def test_means_of_parts_are_those_of_the_outputs(n_threads):
    population = Population(make_networks())
    outputs = population.outputs(X)
    for rows in (X, X[:4]):  # many rows, which threads share, and few: then they share networks
        mean, spread = population.predict(rows, n_threads=n_threads)
        np.testing.assert_allclose(mean, outputs[:, : len(rows)].mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(spread, outputs[:, : len(rows)].std(axis=0), rtol=1e-12)
    few, _ = population.predict(X[:4], n_threads=n_threads)
    np.testing.assert_array_equal(few, population.predict(X)[0][:4])


def test_sparse_tables():
    csr_array = pytest.importorskip("scipy.sparse").csr_array
    population = Population(make_networks())
    np.testing.assert_array_equal(population.outputs(csr_array(X)), population.outputs(X))


def test_tables_with_names():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    population = Population(make_networks())
    population.fit(table, Y)
    np.testing.assert_array_equal(population.outputs(table), population.outputs(X))
    with pytest.raises(ValueError, match=r"(?s)c.*network 0 of the population"):
        population.outputs(table[["a", "c", "b"]])


def test_outputs_are_refused():
    population = Population(make_networks())
    for bad, message in (
        ({"X": X[:, :2]}, "X must have shape"),
        ({"X": np.full_like(X, np.inf)}, "X must be finite in float64, got inf"),
        ({"X": X, "n_threads": 0}, "n_threads must be at least 1, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            population.outputs(**bad)
    other = Population([small_network(), Network(3, [Dense(1)])])
    with pytest.raises(ValueError, match="must have the same n_out, got 2 at 0 and 1 at 1"):
        other.outputs(X)


def test_networks_may_change_between_calls():
    population = Population(make_networks())
    before = population.outputs(X)
    population[0].params = 2 * population[0].params
    after = population.outputs(X)
    assert (after[0] != before[0]).any()
    np.testing.assert_array_equal(after[1:], before[1:])
