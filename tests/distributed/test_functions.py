"""Losses and activations beyond those of the core's tables, on workers, which compile their own."""

import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastnn
from fastnn import Dense, Network
from fastnn.distributed import fit
from fastnn.losses import Quantile

from ..support.functions import bent, tilted
from ..support.processes import run_python
from . import plain

OPTIONS = {"batch_size": 8, "optimizer": "adam", "learning_rate": 0.01}


def numbers(data):
    """Return a target to regress on."""
    X, y = data
    return X, X[:, 0] - 0.5 * y


def make(loss=tilted, hidden=bent, last="identity", n_out=1):
    return Network(3, [Dense(4, hidden), Dense(n_out, last)], loss=loss, seed=5)


@pytest.fixture
def chunks(client, data):
    X, y = numbers(data)
    delayed = pytest.importorskip("dask").delayed
    return [delayed((X[start : start + 30], y[start : start + 30])) for start in (0, 30, 60)]


@pytest.mark.parametrize(
    ("loss", "hidden", "last", "n_out"),
    [
        (tilted, bent, "identity", 1),
        (Quantile([0.2, 0.5, 0.8]), "tanh", "ascending", 3),
        ("gaussian_nll", "tanh", "mean_and_spread", 2),
    ],
    ids=["own", "quantiles", "spread"],
)
def test_is_the_mean_of_the_replicas(chunks, data, loss, hidden, last, n_out):
    net, twin = (make(loss, hidden, last, n_out) for _ in range(2))
    history = fit(net, chunks, rounds=3, **OPTIONS)
    X, y = numbers(data)
    parts = [(X[start : start + 30], y[start : start + 30]) for start in (0, 30, 60)]
    rate = OPTIONS["learning_rate"]
    expected = plain.fit(twin, parts, rounds=3, rate=lambda _: rate, batch_size=8, optimizer="adam")
    assert_allclose(net.params, twin.params, rtol=1e-12, atol=1e-12)
    assert_allclose(history["loss"], expected, rtol=1e-12)


def test_functions_without_a_place_are_taken_along(chunks):
    scale = 2.0

    @fastnn.loss
    def scaled(y, a):
        e = a - y
        return (scale * e * e, 2 * scale * e) if e > 0 else (e * e, 2 * e)

    @fastnn.activation
    def bent_here(z):
        root = (1 + z * z) ** 0.5
        return z / 2 + root, 0.5 + z / root

    net, twin = make(scaled, bent_here), make()
    for each in (net, twin):
        fit(each, chunks, rounds=2, **OPTIONS)
    assert_allclose(net.params, twin.params, rtol=1e-12, atol=1e-12)


def test_what_raises_is_told_with_its_place(chunks):
    @fastnn.loss
    def picky(y, a):
        if y < -0.5:
            raise ValueError("y is too low")
        return (a - y) ** 2, 2 * (a - y)

    net = make(picky)
    with pytest.raises(fastnn.DivergenceError, match=r"round 0, chunk \d: .*y is too low"):
        fit(net, chunks, **OPTIONS)


def test_a_later_call_goes_on(chunks, tmp_path):
    """Functions of the network are those of its checkpoint too, which holds none."""
    path = tmp_path / "net.fastnn"
    whole, net = make(), make()
    fit(whole, chunks, rounds=4, **OPTIONS)
    fit(make(), chunks, rounds=2, checkpoint=path, **OPTIONS)
    history = fit(net, chunks, rounds=4, checkpoint=path, **OPTIONS)
    assert_array_equal(net.params, whole.params)
    assert history.epoch == [0, 1, 2, 3]
    with pytest.raises(fastnn.FormatError, match="the loss tilted must be given"):
        fit(make("mse"), chunks, rounds=5, checkpoint=path, **OPTIONS)


SCRIPT = """
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster
import fastnn
from fastnn import Dense, Network
from fastnn.distributed import fit

FACTOR = 2.0

@fastnn.loss
def tilted(y, a):
    e = a - y
    return (FACTOR * e * e, 2 * FACTOR * e) if e > 0 else (e * e, 2 * e)

@fastnn.activation
def bent(z):
    root = (1 + z * z) ** 0.5
    return z / 2 + root, 0.5 + z / root

def train(loss, activation):
    net = Network(3, [Dense(4, activation), Dense(1)], loss=loss, seed=5)
    X = np.random.default_rng(0).normal(size=(60, 3))
    X, y = da.from_array(X, chunks=(30, 3)), da.from_array(X.sum(axis=1), chunks=30)
    fit(net, X, y, rounds=2)
    return net.params

if __name__ == "__main__":
    import tests.support.functions as ours
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster):
            assert (train(tilted, bent) == train(ours.tilted, ours.bent)).all()
    print("the same")
"""


@pytest.mark.compiled
def test_functions_of_a_script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    assert run_python("", path) == "the same\n"
