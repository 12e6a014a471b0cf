"""Training on chunks and memory maps."""

import pickle
import tracemalloc

import numpy as np
import pytest

from fastnn import Dense, DivergenceError, Network
from fastnn.schedules import ReduceOnPlateau

from ..support.networks import make_data, small_network


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
    with pytest.raises(
        ValueError, match="chunks with samples must come in every epoch, got none in epoch 1"
    ):
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


def everything(net):
    """Return what a call that fails must not change, as bytes."""
    return pickle.dumps(net.__getstate__())


def trained(how):
    net = small_network(seed=np.random.RandomState(1) if how == "legacy" else 0)
    if how != "fresh":
        plateau = ReduceOnPlateau(0.1, monitor="loss", patience=1)
        net.fit(*make_data(9, 3, 2), epochs=3, optimizer="adam", learning_rate=plateau)
    return net


@pytest.mark.parametrize("how", ["fresh", "trained", "resumed", "legacy"])
@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda X, Y: np.ones((2, 3)), ValueError, r"a chunk must be \(X, y\)"),
        (lambda X, Y: (X, Y, None, None), ValueError, r"a chunk must be \(X, y\)"),
        (lambda X, Y: (None, None), TypeError, "X must hold real numbers"),
        (lambda X, Y: (X * np.nan, Y), ValueError, "X must be finite"),
        (lambda X, Y: (X[:, :2], Y), ValueError, "X must have shape"),
        (lambda X, Y: (X, Y[:3]), ValueError, "y must have shape"),
        (lambda X, Y: (X[:0], Y), ValueError, "X must not be empty"),
        (lambda X, Y: (X, [7] * len(X)), ValueError, "y must hold class labels 0 ... 1"),
        (lambda X, Y: (X, ["u"] * len(X)), TypeError, "y must hold real numbers"),
        (lambda X, Y: (X, Y, -np.ones(len(X))), ValueError, "sample_weight must be at least 0"),
        (lambda X, Y: (np.ma.masked_less(X, 0), Y), ValueError, "X must have no masked elements"),
    ],
)
def test_a_bad_chunk_is_named_and_leaves_the_network_as_it_was(how, bad, error, message):
    X, Y = make_data(12, 3, 2)
    net = trained(how)
    passes = iter(range(9))

    def chunks():
        parts = chunks_of(X, Y, 4)
        return parts if next(passes) < 2 else [*parts[:2], bad(*parts[2])]

    before = everything(net)
    options = {"optimizer": "adam", "batch_size": 2, "resume": how == "resumed"}
    epoch = 5 if how == "resumed" else 2
    with pytest.raises(error, match=f"^chunk 2 of epoch {epoch}: {message}"):
        net.fit(chunks, epochs=4, **options)
    assert everything(net) == before


@pytest.mark.parametrize("how", ["fresh", "resumed"])
def test_a_source_that_fails_leaves_whole_epochs(how):
    X, Y = make_data(12, 3, 2)
    passes = iter(range(9))

    def chunks():
        yield from chunks_of(X, Y, 4)[:2]
        if next(passes) == 2:
            raise OSError("the disk is gone")
        yield from chunks_of(X, Y, 4)[2:]

    options = {"optimizer": "adam", "batch_size": 2, "resume": how == "resumed"}
    got, expected = trained(how), trained(how)
    with pytest.raises(OSError, match="the disk is gone") as caught:
        got.fit(chunks, epochs=4, **options)
    assert caught.value.__notes__ == [f"after chunk 1 of epoch {5 if how == 'resumed' else 2}"]
    expected.fit(lambda: chunks_of(X, Y, 4), epochs=2, **options)
    assert everything(got) == everything(expected)
    for net in (got, expected):
        net.fit(lambda: chunks_of(X, Y, 4), epochs=2, resume=True)
    assert everything(got) == everything(expected)


@pytest.mark.parametrize("how", ["fresh", "trained", "resumed"])
@pytest.mark.parametrize("value", [None, 5, small_network])
def test_a_function_must_return_chunks(how, value):
    net = trained(how)
    before = everything(net)
    with pytest.raises(TypeError, match=r"^chunks\(\) must return chunks, what yields \(X, y\)"):
        net.fit(lambda: value, epochs=3, resume=how == "resumed", optimizer="adam")
    assert everything(net) == before


@pytest.mark.parametrize("empty", [(np.zeros((0, 3)), np.zeros((0, 2))), ([], []), ([], [], [])])
def test_empty_chunks_are_passed_over(empty):
    X, Y = make_data(12, 3, 2)
    got, expected = small_network(), small_network()
    parts = chunks_of(X, Y, 4)
    history = got.fit([empty, *parts[:1], empty, empty, *parts[1:], empty], epochs=3)
    assert history == expected.fit(parts, epochs=3)
    assert everything(got) == everything(expected)
    with pytest.raises(ValueError, match="chunks with samples must come in every epoch"):
        got.fit([empty, empty])
    assert everything(got) == everything(expected)


def test_what_a_callback_raises_is_no_chunk():
    class Fail:
        def start(self, run):
            pass

        end = start

        def epoch(self, run):
            raise ValueError("of my own")

    net = small_network()
    before = net.params.copy()
    with pytest.raises(ValueError, match=r"^of my own$"):
        net.fit(chunks_of(*make_data(12, 3, 2), 4), callbacks=[Fail()])
    assert (net.params != before).any()


def test_the_chunk_that_diverges_is_noted():
    X = np.ones((4, 1))
    net = Network(1, [Dense(1, weights=[[1.0]])])
    with np.errstate(all="ignore"), pytest.raises(DivergenceError) as caught:
        net.fit([(X, X), (X * 1e200, X)], learning_rate=1.0)
    assert caught.value.__notes__ == ["chunk 1 of epoch 0"]


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
