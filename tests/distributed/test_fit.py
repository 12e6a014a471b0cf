"""A fit on a cluster beside the same in one process."""

import dask
import dask.array
import numpy as np
import pytest
from dask import delayed
from numpy.testing import assert_allclose, assert_array_equal

import fastnn.distributed
from fastnn import Network, Standardize
from fastnn._training.state import state_of
from fastnn.callbacks import Checkpoint, EarlyStopping
from fastnn.distributed import fit
from fastnn.schedules import Exponential, ReduceOnPlateau

from . import plain

OPTIONS = {"batch_size": 8, "optimizer": "adam"}


def thirds(*arrays):
    return [tuple(array[start : start + 30] for array in arrays) for start in (0, 30, 60)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_is_the_mean_of_the_replicas(client, network, data, blocks, dtype):
    net, twin = network(dtype), network(dtype)
    schedule = Exponential(0.01, gamma=0.5)
    history = fit(
        net, *blocks, rounds=3, epochs_per_round=2, learning_rate=schedule, client=client, **OPTIONS
    )
    expected = plain.fit(
        twin, thirds(*data), rounds=3, epochs_per_round=2, rate=schedule, **OPTIONS
    )
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    assert_allclose(net.params, twin.params, rtol=tolerance, atol=tolerance)
    assert_allclose(history["loss"], expected, rtol=tolerance)
    assert history.epoch == [0, 1, 2]
    assert net.dtype == net.params.dtype == dtype


def test_frozen_biases_stay(client, network, blocks):
    net = network()
    fit(net, *blocks, rounds=2, **OPTIONS)
    assert_array_equal(net.biases[1], network().biases[1])


def test_frozen_layers_keep_their_bits(client, network, blocks):
    net = network()
    net.trainable = [False, True]
    net.weights[0][0, 0] = -0.0
    before = net.weights[0].tobytes() + net.biases[0].tobytes()
    fit(net, *blocks, rounds=2, client=client, **OPTIONS)
    assert net.weights[0].tobytes() + net.biases[0].tobytes() == before
    assert (net.weights[1] != network().weights[1]).all()


def test_inputs_are_standardised_on_the_workers(client, network, data, blocks):
    X, y = data
    step = Standardize(X.mean(axis=0) + 3, 2 * X.std(axis=0))
    Z = (X - step.mean) / step.scale
    first = network()
    net = Network(3, [step, *first.layers], loss="cross_entropy", seed=5)
    expected = Network(3, first.layers, loss="cross_entropy", seed=5)
    for each, rows in ((net, X), (expected, Z)):
        chunks = dask.array.from_array(rows, chunks=(30, 3))
        how = {"rounds": 2, "validation_data": (rows, y), "client": client}
        fit(each, chunks, blocks[1], **how, **OPTIONS)
    assert_array_equal(net.params, expected.params)
    assert net.history["val_loss"] == expected.history["val_loss"]
    unknown = Network(3, [Standardize(), *first.layers], loss="cross_entropy")
    with pytest.raises(ValueError, match="mean and scale of Standardize must be known"):
        fit(unknown, *blocks, client=client)


def test_one_chunk_is_that_replica(client, network, data):
    net, twin = network(), network()
    fit(net, [delayed(data)], **OPTIONS)
    state_of(twin).random = np.random.default_rng((plain.draw_key(twin), 0, 0))
    twin.fit(*data, **OPTIONS)
    assert_array_equal(net.params, twin.params)


def test_chunks_may_be_blocks_delayed_or_futures(client, network, data, blocks):
    X, y = blocks
    nets = [network() for _ in range(5)]
    fit(nets[0], X, y, rounds=2, **OPTIONS)
    fit(nets[1], X.rechunk((30, 2)), y.reshape(-1, 1).rechunk(45), rounds=2, **OPTIONS)
    fit(nets[2], [delayed(chunk) for chunk in thirds(*data)], rounds=2, **OPTIONS)
    fit(nets[3], client.scatter(thirds(*data)), rounds=2, **OPTIONS)
    unknown = X[X[:, 0] > -np.inf], y[X[:, 0] > -np.inf]  # their lengths are not known to dask
    fit(nets[4], *unknown, rounds=2, **OPTIONS)
    for net in nets[1:]:
        assert_array_equal(net.params, nets[0].params)


def test_weights_of_samples(client, network, data):
    chunks = thirds(*data, np.random.default_rng(1).uniform(size=90))
    net, twin = network(), network()
    fit(net, [delayed(chunk) for chunk in chunks], rounds=2, batch_size=None)
    plain.fit(twin, chunks, rounds=2, batch_size=None)
    assert_allclose(net.params, twin.params, rtol=1e-12, atol=1e-14)


def test_it_learns_and_says_so(client, network, data, blocks):
    net = network()
    history = fit(
        net,
        *blocks,
        rounds=30,
        metrics=["accuracy"],
        validation_data=data,
        evaluate_every=2,
        learning_rate=0.03,
        callbacks=[EarlyStopping("val_accuracy", patience=10)],
        **OPTIONS,
    )
    assert history.epochs_of("val_loss")[:3] == [0, 2, 4]
    assert max(history["val_accuracy"]) > 0.8
    assert history["accuracy"][-1] > history["accuracy"][0]


def test_fit_of_the_network_goes_on(client, network, data, blocks):
    net = network()
    fit(net, *blocks, rounds=2, **OPTIONS)
    history = net.fit(*data, resume=True)
    assert history.epoch == [2]


# ---- resumption ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schedule", [Exponential(0.1, gamma=0.9), ReduceOnPlateau(0.1, patience=1)]
)
def test_a_later_call_goes_on(client, network, data, blocks, tmp_path, schedule):
    options = {**OPTIONS, "learning_rate": schedule, "validation_data": data}
    whole = network()
    fit(whole, *blocks, rounds=5, **options)
    path = tmp_path / "net.fastnn"
    fit(network(), *blocks, rounds=2, checkpoint=path, **options)

    class Stop(Checkpoint):
        def epoch(self, run):
            if run.epoch == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(network(), *blocks, rounds=5, checkpoint=path, callbacks=[Stop(path)], **options)
    net = network()
    history = fit(net, *blocks, rounds=5, checkpoint=path, **options)
    assert_array_equal(net.params, whole.params)
    assert history.columns() == whole.history.columns()
    assert history.epoch == [0, 1, 2, 3, 4]


def test_nothing_is_left_to_do(client, network, blocks, tmp_path):
    path = tmp_path / "net.fastnn"
    done, net = network(), network()
    fit(done, *blocks, rounds=2, checkpoint=path)
    history = fit(net, *blocks, rounds=1, checkpoint=path)
    assert_array_equal(net.params, done.params)
    assert history.epoch == [0, 1]


def test_checkpoint_of_another_network(client, network, blocks, tmp_path):
    path = tmp_path / "net.fastnn"
    network("float32").save(path)
    with pytest.raises(ValueError, match=r"^the checkpoint must be of Network\(3, .*float64.*32"):
        fit(network(), *blocks, checkpoint=path)


# ---- progress ------------------------------------------------------------------------------------


def test_progress_bar(client, network, blocks, monkeypatch):
    class Bar(fastnn.distributed.tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **{**kwargs, "disable": None})
            bars.append((self, kwargs["disable"]))

    bars = []
    monkeypatch.setattr(fastnn.distributed, "tqdm", Bar)
    fit(network(), *blocks, rounds=2, progress=True)
    ((bar, disable),) = bars
    assert (bar.total, disable) == (6, None)


def test_dask_does_not_warn_of_large_networks(client, network):
    (chunk,) = client.scatter([(np.zeros((4, 3)), np.zeros(4))])
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "2 KiB"}):
        fit(network(), [chunk])
