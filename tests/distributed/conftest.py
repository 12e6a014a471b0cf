"""A cluster of two processes, which the tests of this folder share."""

import numpy as np
import pytest

from fastnn import Dense, Network


def make(dtype="float64"):
    """Return a network with something random in its training, and something frozen."""
    layers = [
        Dense(4, "tanh", dropout=0.2),
        Dense(3, "softmax", biases=[0.1, 0.7, 0.3], train_bias=False),
    ]
    return Network(3, layers, loss="cross_entropy", dtype=dtype, seed=5)


@pytest.fixture(scope="session")
def cluster():
    """Two workers of a thread each; one that dies is started again by its nanny."""
    for dtype in ("float64", "float32"):  # compiled here once, not by both workers at once
        make(dtype).fit(np.zeros((2, 3)), np.zeros(2), batch_size=2)
    with pytest.importorskip("distributed").LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    """A client of it, when both workers are there."""
    with pytest.importorskip("distributed").Client(cluster) as client:
        client.wait_for_workers(2, timeout=120)  # a busy machine starts one anew in 30 s and more
        yield client


@pytest.fixture
def data():
    """90 points and their classes."""
    X = np.random.default_rng(0).normal(size=(90, 3))
    return X, (X[:, 0] > X[:, 1]).astype(int) + (X[:, 2] > 0.5)


@pytest.fixture
def blocks(data):
    """The same, as dask arrays of three blocks."""
    da = pytest.importorskip("dask.array")
    X, y = data
    return da.from_array(X, chunks=(30, 3)), da.from_array(y, chunks=30)


@pytest.fixture
def network():
    """A function that makes the same network each time."""
    return make
