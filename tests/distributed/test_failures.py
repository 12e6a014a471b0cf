"""Workers that die, workers that are not there, and data that are not as they should be."""

import copy
import os
import re
import signal
import subprocess
import sys
import threading
import time

import dask.array as da
import numpy as np
import pytest
from dask import delayed
from distributed import CancelledError, Client, KilledWorker, LocalCluster
from numpy.testing import assert_allclose, assert_array_equal

from fastnn import Dense, DivergenceError, Network, distributed
from fastnn._cluster.lost import tell
from fastnn._training.state import state_of
from fastnn.callbacks import AveragedWeights, Callback
from fastnn.distributed import fit
from fastnn.schedules import Constant

from . import plain

OPTIONS = {"batch_size": 8, "optimizer": "adam"}


class Trap:
    """Samples whose reader waits to be killed, once, if the trap is set."""

    def __init__(self, X, folder):
        self.X, self.folder, self.shape = X, folder, X.shape

    def __array__(self, dtype=None, copy=None):
        trap = self.folder / "set"
        if trap.exists():
            trap.rename(self.folder / "sprung")
            (self.folder / "pid.part").write_text(str(os.getpid()))
            (self.folder / "pid.part").rename(self.folder / "pid")
            time.sleep(60)
        return self.X


class SetTrap(Callback):
    """Set the trap after a round, and kill who falls into it."""

    def __init__(self, folder, after):
        self.folder, self.after, self.killed = folder, after, []

    def epoch(self, run):
        if run.epoch == self.after:
            (self.folder / "set").touch()
            threading.Thread(target=self._kill, daemon=True).start()

    def _kill(self):
        while not (self.folder / "pid").exists():
            time.sleep(0.01)
        pid = int((self.folder / "pid").read_text())
        os.kill(pid, signal.SIGKILL)
        self.killed.append(pid)


def trapped(data, folder):
    """Return the data as three chunks, the second with a trap."""
    X, y = data
    chunks = [(X[start : start + 30], y[start : start + 30]) for start in (0, 30, 60)]
    chunks[1] = Trap(chunks[1][0], folder), chunks[1][1]
    return chunks


def test_what_a_killed_worker_was_at_is_done_again(client, network, data, tmp_path):
    net, twin = network(), network()
    trap = SetTrap(tmp_path, after=1)
    chunks = [delayed(chunk) for chunk in trapped(data, tmp_path)]
    fit(net, chunks, rounds=4, callbacks=[trap], **OPTIONS)
    assert len(trap.killed) == 1
    fit(twin, chunks, rounds=4, **OPTIONS)
    assert_array_equal(net.params, twin.params)


def test_a_share_that_is_lost_costs_that_share(client, cluster, network, data, tmp_path):
    net, twin = network(), network()
    trap = SetTrap(tmp_path, after=1)
    chunks = trapped(data, tmp_path)
    scheduler = cluster.scheduler
    allowed, scheduler.allowed_failures = scheduler.allowed_failures, 0
    try:
        with pytest.warns(RuntimeWarning, match="^round 2, chunk .: the share is lost") as caught:
            fit(net, [delayed(chunk) for chunk in chunks], rounds=4, callbacks=[trap], **OPTIONS)
    finally:
        scheduler.allowed_failures = allowed
    numbers = [re.findall(r"\d+", str(warning.message)) for warning in caught]
    lost = {(int(number), int(chunk)) for number, chunk, *_ in numbers}
    assert len(trap.killed) == 1
    assert (2, 1) in lost  # and what waited there, if anything
    assert len(lost) < 3
    losses = plain.fit(twin, chunks, rounds=4, lost=lost, **OPTIONS)
    assert_allclose(net.params, twin.params, rtol=1e-12, atol=1e-14)
    assert_allclose(net.history["loss"], losses)


def test_a_chunk_that_killed_its_worker_is_made_again(client, cluster, network, data, tmp_path):
    def load(folder):
        if not (folder / "begun").exists():
            (folder / "begun").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return data

    net, twin = network(), network()
    scheduler = cluster.scheduler
    allowed, scheduler.allowed_failures = scheduler.allowed_failures, 0
    try:
        chunk = client.submit(load, tmp_path)
        assert isinstance(chunk.exception(), KilledWorker)
    finally:
        scheduler.allowed_failures = allowed
    fit(net, [chunk], **OPTIONS)
    fit(twin, [delayed(data)], **OPTIONS)
    assert_array_equal(net.params, twin.params)


def test_no_workers_left(client, cluster, network, blocks):
    class Leave(Callback):
        def epoch(self, run):
            if run.epoch == 1:
                self.params = run.network.params.copy()
                cluster.scale(0)

    net, leave = network(), Leave()
    try:
        with pytest.raises(RuntimeError, match=r"^a worker must be there, got none for 1 s in"):
            fit(net, *blocks, rounds=4, timeout=1, callbacks=[leave], **OPTIONS)
    finally:
        cluster.scale(2)
    assert_array_equal(net.params, leave.params)
    assert net.history.epoch == [0, 1]


def test_nothing_comes_back(client, network, blocks, monkeypatch):
    (chunk,) = client.scatter([(np.zeros((4, 3)), np.zeros(4))])
    client.cancel([chunk])
    net = network()
    with (
        pytest.warns(RuntimeWarning, match="round 0, chunk 0: the share is lost, .*Cancelled"),
        pytest.raises(RuntimeError, match=r"^a share must come back, got none in round 0$"),
    ):
        fit(net, [chunk])
    assert_array_equal(net.params, network().params)


# ---- what is refused -----------------------------------------------------------------------------


def ones(*shape):
    return da.ones(shape, chunks=2)


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (np.ones((4, 3)), ones(4), TypeError, "X must be a dask array, got ndarray"),
        (ones(4, 3), np.ones(4), TypeError, "y must be a dask array, got ndarray"),
        (ones(4, 2), ones(4), ValueError, r"X must have shape \(n_samples, 3\), got \(4, 2\)"),
        (ones(4), ones(4), ValueError, r"X must have shape \(n_samples, 3\), got \(4,\)"),
        (ones(4, 3), ones(5), ValueError, "y must have as many rows as X, 4, got 5"),
        (ones(4, 3), ones(4, 3, 2), ValueError, "y must have 1 or 2 axes, got 3"),
        (ones(6, 3)[ones(6) > 0], ones(4), ValueError, "y must have as many blocks as X, 3, got"),
        (ones(4, 3), None, TypeError, "without y, X must be chunks, at least one, got dask.arr"),
        ([], None, TypeError, r"without y, X must be chunks, at least one, got \[\]"),
        (3, None, TypeError, "without y, X must be chunks, at least one, got 3"),
        ([(1, 2)], None, TypeError, "chunk 0 must be a dask delayed or future, got tuple"),
    ],
)  # fmt: skip
def test_data_that_are_refused_at_once(client, network, X, y, error, message):
    with pytest.raises(error, match=f"^{message}"):
        fit(network(), X, y)


@pytest.mark.parametrize(
    ("chunk", "error", "message"),
    [
        ((np.ones((4, 2)), np.ones(4)), ValueError, r"X must have shape \(n_samples, 3\), got"),
        ((np.ones((4, 3)), np.full(4, 7)), ValueError, "y must hold class labels 0 ... 2, got 7"),
        ((np.full((4, 3), np.nan), np.ones(4)), ValueError, "X must be finite"),
        ((np.ones((4, 3)), ["a"] * 4), TypeError, "y must hold real numbers"),
        (np.ones((2, 3)), ValueError, r"a chunk must be \(X, y\) or \(X, y, sample_weight\), got"),
    ],
)
def test_a_chunk_that_is_refused_is_named(client, network, data, chunk, error, message):
    net = network()
    with pytest.raises(error, match=f"^round 0, chunk 1: {message}"):
        fit(net, [delayed(data), delayed(chunk)], rounds=2)
    assert_array_equal(net.params, network().params)
    assert net.history.epoch == []


def test_what_making_a_chunk_raises(client, network, data):
    @delayed
    def load():
        raise FileNotFoundError("part-7.npz")

    with pytest.raises(FileNotFoundError, match=r"part-7.npz") as caught:
        fit(network(), [delayed(data), load()])
    assert caught.value.__notes__ == ["fastnn.distributed: round 0, chunk 1"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounds": 0}, "rounds must be at least 1, got 0"),
        ({"epochs_per_round": 0}, "epochs_per_round must be at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"timeout": 0}, "timeout must be finite and above 0, got 0"),
        ({"reduction": "max"}, "reduction must be one of"),
        ({"optimizer": "best"}, "optimizer must be"),
        ({"learning_rate": Constant(0.1, per="update")}, "a schedule must be a function of the ro"),
        (
            {"callbacks": [AveragedWeights(per="update")]},
            "AveragedWeights must have per='epoch' he",
        ),
        ({"metrics": ["r2"]}, "the metrics r2 need validation_data"),
        ({"validation_data": 3}, "validation_data must be a pair"),
    ],
)
def test_arguments_that_are_refused(client, network, blocks, options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        fit(network(), *blocks, **options)


def test_divergence(client):
    X = da.from_array(np.full((4, 1), 1e9), chunks=2)
    net = Network(1, [Dense(1, weights=[[0.0]])])
    with pytest.raises(DivergenceError, match=r"^round \d, chunk \d: training must stay finite"):
        fit(net, X, X, rounds=1000, batch_size=2, learning_rate=1.0)
    assert np.isfinite(net.params).all()


def test_without_a_client(network, blocks):
    with pytest.raises(ValueError, match=r"^a client of dask must be given or open, got none"):
        fit(network(), *blocks)


def test_one_thread_at_a_time(client, network, blocks):
    net = network()

    class Again(Callback):
        def epoch(self, run):
            fit(run.network, *blocks)

    with pytest.raises(RuntimeError, match=r"^a network must be trained by one thread at a time"):
        fit(net, *blocks, callbacks=[Again()])
    fit(net, *blocks)


def test_a_share_that_dask_took_back_is_told():
    with pytest.warns(RuntimeWarning, match=r"^round 3, chunk 4: the share is lost, Cancelled"):
        tell(CancelledError("key"), "round 3, chunk 4")


def test_a_worker_that_dies_once_its_share_is_back_costs_nothing(
    client, network, blocks, monkeypatch
):
    """Its future says by then that it is to be done again."""
    net, twin, as_they_come = network(), network(), distributed._as_they_come
    killed = []

    def with_a_death(client, futures, *rest):
        for future, result in as_they_come(client, futures, *rest):
            if not killed:
                (address,) = client.who_has([future])[future.key]
                killed.append(client.run(os.getpid, workers=[address])[address])
                os.kill(killed[0], signal.SIGKILL)
                end = time.monotonic() + 10
                while future.status == "finished" and time.monotonic() < end:
                    time.sleep(0.001)
                assert future.status != "finished"
            yield future, result

    monkeypatch.setattr(distributed, "_as_they_come", with_a_death)
    fit(net, *blocks, rounds=2, **OPTIONS)
    monkeypatch.undo()
    assert killed
    fit(twin, *blocks, rounds=2, **OPTIONS)
    assert_array_equal(net.params, twin.params)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("what", ["client", "cluster"])
def test_a_cluster_that_goes_away_is_one_error(network, blocks, what):
    class Leave(Callback):
        def epoch(self, run):
            if run.epoch == 1:
                self.params = run.network.params.copy()
                (client if what == "client" else cluster).close()

    net, leave = network(), Leave()
    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
        pytest.raises(RuntimeError, match=r"^a cluster must be there, got none in round 2: "),
    ):
        fit(net, *blocks, rounds=4, client=client, callbacks=[leave], **OPTIONS)
    assert_array_equal(net.params, leave.params)
    assert net.history.epoch == [0, 1]


def test_a_client_that_is_closed(network, blocks):
    with Client(processes=False, dashboard_address=None) as client:
        pass
    with pytest.raises(RuntimeError, match=r"^a cluster must be there, got none in round 0: "):
        fit(network(), *blocks, client=client)


def test_shares_that_go_with_the_cluster_are_no_warnings(client, network, blocks, monkeypatch):
    def cancelled(client, futures, *rest):
        monkeypatch.setattr(client, "status", "connecting")
        return [(future, CancelledError(future.key)) for future in futures]

    monkeypatch.setattr(distributed, "_as_they_come", cancelled)
    try:
        with pytest.raises(RuntimeError, match=r"^a cluster must be there, .* round 0: connecting"):
            fit(network(), *blocks)
    finally:
        monkeypatch.undo()


# ---- empty ones ----------------------------------------------------------------------------------


def test_empty_blocks_are_passed_over(client, network, data):
    X, y = data
    keeps = da.from_array(np.repeat([True, False, True], 30), chunks=30)
    blocks = da.from_array(X, chunks=(30, 3))[keeps], da.from_array(y, chunks=30)[keeps]
    filled, net, twin = (slice(0, 30), slice(60, 90)), network(), network()
    fit(net, *blocks, rounds=2)
    chunks = [(X[rows], y[rows]) for rows in filled]
    plain.fit(twin, [chunks[0], (X[:0], y[:0]), chunks[1]], rounds=2, lost={(0, 1), (1, 1)})
    assert_allclose(net.params, twin.params, rtol=1e-12, atol=1e-14)


def test_nothing_but_empty_blocks(client, network, blocks):
    X, y = blocks
    net = network()
    with pytest.raises(ValueError, match=r"^round 0: chunks must hold a sample, got 3 that are em"):
        fit(net, X[X[:, 0] > 9], y[X[:, 0] > 9])
    assert_array_equal(net.params, network().params)
    assert (
        state_of(net).random.bit_generator.state == state_of(network()).random.bit_generator.state
    )


def test_rows_without_targets_are_not_an_empty_chunk(client, network, data):
    X, y = data
    with pytest.raises(ValueError, match=r"^round 0, chunk 1: y must not be empty"):
        fit(network(), [delayed(data), delayed((X, y[:0]))])


@pytest.mark.parametrize("seed", [np.random.default_rng(3), np.random.RandomState(3)], ids=str)
def test_a_chunk_that_is_refused_in_a_later_round_puts_back_what_was(client, data, seed):
    """It was made anew, and is not what it was."""
    X, y = data
    net = Network(3, [Dense(4), Dense(3, "softmax")], loss="cross_entropy", seed=seed)
    net.fit(X, y, epochs=2)
    before = copy.deepcopy(net)

    class Spoil(Callback):
        def epoch(self, run):
            run_of.chunks[1] = client.submit(lambda: (X, y[:7]))

    class Round(distributed._Round):
        def __init__(self, *arguments):
            nonlocal run_of
            super().__init__(*arguments)
            run_of = self
            self.chunks = list(self.chunks)

    run_of = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed, "_Round", Round)
        with pytest.raises(ValueError, match=r"^round 1, chunk 1: y must have shape"):
            fit(net, [delayed(data), delayed(data)], rounds=3, callbacks=[Spoil()])
    assert_array_equal(net.params, before.params)
    assert net.history == before.history
    for one in (net, before):
        one.fit(X, y, epochs=2, resume=True)
    assert_array_equal(net.params, before.params)


def test_without_dask_the_import_says_what_to_install():
    code = "import sys; sys.modules['distributed'] = None; import fastnn.distributed"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    got = result.stderr.strip().splitlines()[-1]
    expected = "fastnn.distributed needs dask, of the extra distributed: pip install "
    assert got.startswith(f"ImportError: {expected}")
