"""Training on chunks and memory maps."""

import tracemalloc

import numpy as np
import pytest

from fastnn import Dense, Network

from .networks import make_data, small_network


def chunks_of(X, Y, size, *more):
    return [
        tuple(array[start : start + size] for array in (X, Y, *more))
        for start in range(0, len(X), size)
    ]


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_chunks_in_order_are_the_whole(batch_size, optimizer):
    X, Y = make_data(24, 3, 2)
    weights = np.arange(1.0, 25)
    options = {"epochs": 3, "batch_size": batch_size, "optimizer": optimizer, "shuffle": False}
    whole, parts = small_network(), small_network()
    expected = whole.fit(X, Y, sample_weight=weights, metrics=["mse"], **options)
    got = parts.fit(chunks_of(X, Y, 8, weights), metrics=["mse"], **options)
    np.testing.assert_allclose(parts.params, whole.params, rtol=1e-12, atol=1e-15)
    for name in ("loss", "mse"):
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-12)


def test_a_function_of_a_generator_serves_every_epoch():
    X, Y = make_data(10, 3, 2)
    net = small_network()
    assert len(net.fit(lambda: iter(chunks_of(X, Y, 3)), epochs=4, callbacks=[])["loss"]) == 4
    assert net.fit(iter(chunks_of(X, Y, 3))).epoch == [0]
    with pytest.raises(ValueError, match="chunks must come in every epoch, got none in epoch 1"):
        net.fit(iter(chunks_of(X, Y, 3)), epochs=2)


def test_resumed_chunks_equal_uninterrupted():
    X, Y = make_data(20, 3, 2)
    nets = [small_network(), small_network()]
    chunks = chunks_of(X, Y, 7)
    nets[0].fit(chunks, epochs=4, optimizer="adam", batch_size=4, input_noise=0.1)
    for resume in (False, True):
        nets[1].fit(
            chunks, epochs=2, optimizer="adam", batch_size=4, input_noise=0.1, resume=resume
        )
    np.testing.assert_array_equal(nets[0].params, nets[1].params)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": [1.0]}, "sample_weight must not be given with chunks"),
        ({"class_weight": "balanced"}, "class_weight must not be given with chunks"),
        ({"validation_fraction": 0.1}, "validation_fraction must not be given with chunks"),
        ({"batch_size": None}, "batch_size must be a whole number"),
    ],
)
def test_what_needs_all_data_is_refused(options, message):
    net, (X, Y) = small_network(), make_data(4, 3, 2)
    before = net.params.copy()
    with pytest.raises((ValueError, TypeError), match=message):
        net.fit([(X, Y)], **options)
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize("X", [3.0, np.ones((2, 3))])
def test_y_is_needed_beside_arrays(X):
    with pytest.raises(TypeError, match=r"y must be given|without y"):
        small_network().fit(X)


def test_a_bad_chunk_is_named():
    with pytest.raises(ValueError, match="a chunk must be"):
        small_network().fit([np.ones((2, 3))])


@pytest.mark.compiled
def test_memory_is_flat(tmp_path):
    n_samples, n_in = 40_000, 100  # 32 MB
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float64, (n_samples, n_in))
    X[:] = np.random.default_rng(0).normal(size=X.shape)
    y = (X[:, :1] > 0).astype(float)
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "r")
    net = Network(n_in, [Dense(8, "tanh"), Dense(1, "sigmoid")], seed=0)
    rows = range(0, n_samples, 1000)
    ways = {
        "memmap": lambda: net.fit(X, y),
        "chunks": lambda: net.fit((X[s : s + 1000], y[s : s + 1000]) for s in rows),
    }
    for name, fit in ways.items():
        fit()
        tracemalloc.start()
        fit()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4e6, name
