"""Networks trained side by side: each as if it were alone."""

import copy
import io
import signal
import sys
import threading
import time

import numpy as np
import pytest

from fastnn import Dense, DivergenceError, Network, Population, schedules
from fastnn._training.state import NetworkState, state_of
from fastnn.callbacks import Callback, EarlyStopping
from fastnn.optimizers import Adam, AdamW, Momentum

from ..support.networks import make_data, noisy_network, small_network
from ..support.training import Recorder, check_equal, snapshot

X, Y = make_data(12, 3, 2)
LABELS = np.array([0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1])


def mixed():
    """Return networks that have little in common, and what each is asked for."""
    deep = [Dense(9, "relu", dropout=0.2), Dense(40, "tanh", max_norm=1.0), Dense(2, "softmax")]
    cases = [
        (small_network(), {}),
        (small_network(dtype="float32", seed=1), {"optimizer": "adam", "batch_size": 5}),
        (noisy_network(seed=2), {"input_noise": 0.1, "batch_size": None}),
        (
            Network(3, deep, loss="cross_entropy", seed=3),
            {"learning_rate": schedules.Cosine(0.1, 6), "callbacks": [EarlyStopping(patience=1)]},
        ),
        (small_network(seed=4), {"optimizer": "lbfgs", "batch_size": None}),
        (small_network(seed=4), {"optimizer": AdamW(weight_decay=0.3, decay_biases=True)}),
        (
            small_network(seed=np.random.RandomState(5)),
            {"validation_data": None, "validation_fraction": 0.25, "class_weight": "balanced"},
        ),
        (Network(3, [Dense(2)], dtype="float32", seed=6), {"epochs": 40, "shuffle": False}),
        (
            small_network(seed=7),
            {"learning_rate": schedules.ReduceOnPlateau(0.5, patience=1), "reduction": "sum"},
        ),
    ]
    networks, settings = zip(*cases, strict=True)
    return networks, settings


COMMON = {"epochs": 6, "metrics": ["accuracy", "r2"], "validation_data": (X[:5], LABELS[:5])}


def check_same_bits(net, other):
    """Assert that all that training changes is equal."""
    np.testing.assert_array_equal(net.params, other.params)
    np.testing.assert_array_equal(state_of(net).training.slots, state_of(other).training.slots)
    np.testing.assert_array_equal(
        state_of(net).training.counters, state_of(other).training.counters
    )
    assert state_of(net).random.random() == state_of(other).random.random()
    assert net.history.columns() == other.history.columns()


@pytest.fixture
def small_slices(monkeypatch):
    """Let several compiled calls make an epoch."""
    monkeypatch.setattr("fastnn._training.model._SLICE", 5000)


# ---- fit -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("n_threads", [1, 2, 3, None])
def test_each_network_is_trained_as_if_it_were_alone(n_threads):
    networks, settings = mixed()
    alone = copy.deepcopy(networks)
    population = Population(networks)
    histories = population.fit(X, LABELS, n_threads=n_threads, settings=settings, **COMMON)
    for net, own, history, got in zip(alone, mixed()[1], histories, networks, strict=True):
        expected = net.fit(X, LABELS, **COMMON | own)
        assert dict(history) == dict(expected)
        check_same_bits(got, net)
    again = [own | {"callbacks": ()} for own in settings]
    population.fit(X, LABELS, n_threads=n_threads, resume=True, settings=again, **COMMON)
    for net, own, got in zip(alone, again, networks, strict=True):
        net.fit(X, LABELS, resume=True, **COMMON | own)
        check_same_bits(got, net)


@pytest.mark.compiled
def test_long_training_has_the_same_bits_whatever_the_threads():
    inputs, targets = make_data(600, 3, 2, seed=1)
    found = []
    for n_threads in (1, 2, 3):
        population = Population(noisy_network(seed=seed) for seed in range(12))
        how = {"epochs": 30, "optimizer": "adam", "batch_size": 8}
        population.fit(inputs, targets, n_threads=n_threads, **how)
        found.append([net.params for net in population])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_sparse_inputs_and_weights():
    csr_array = pytest.importorskip("scipy.sparse").csr_array
    population = Population(small_network(seed=seed) for seed in range(3))
    alone = [small_network(seed=seed) for seed in range(3)]
    how = {"epochs": 3, "sample_weight": np.arange(1.0, 13), "class_weight": {0: 2.0}}
    population.fit(csr_array(X), LABELS, n_threads=2, **how)
    for net, got in zip(alone, population, strict=True):
        net.fit(csr_array(X), LABELS, **how)
        check_same_bits(got, net)
    prediction = population.predict(csr_array(X))
    np.testing.assert_array_equal(prediction.mean, population.predict(X).mean)


def test_data_are_looked_at_once(monkeypatch):
    calls = []
    as_pair = NetworkState.as_pair

    def counted(self, *data, **how):
        calls.append(1)
        return as_pair(self, *data, **how)

    monkeypatch.setattr(NetworkState, "as_pair", counted)
    population = Population(
        small_network(seed=seed, dtype=dtype) for seed in range(9) for dtype in ("f4", "f8")
    )
    population.fit(X, Y, validation_data=(X[:5], Y[:5]))
    assert len(calls) == 4


def test_networks_are_trained_side_by_side():
    meeting = threading.Barrier(3)

    class Meet(Callback):
        def start(self, run):
            meeting.wait(timeout=60)

    population = Population(small_network(seed=seed) for seed in range(3))
    population.fit(X, Y, n_threads=3, settings=[{"callbacks": [Meet()]} for _ in population])
    assert not meeting.broken


def test_the_longest_come_first():
    order = []

    class Note(Callback):
        def start(self, run):
            order.append(run.network)

    networks = [Network(3, [Dense(width), Dense(2)], seed=0) for width in (5, 90, 20, 60)]
    settings = [{"callbacks": [Note()]} for _ in networks]
    settings[2]["epochs"] = 100
    Population(networks).fit(X, Y, n_threads=1, settings=settings)
    assert [networks.index(net) for net in order] == [2, 1, 3, 0]


def test_optimisers_may_be_shared():
    optimizer, schedule = Adam(0.01), schedules.ReduceOnPlateau(0.1, patience=1)
    for shared in ({"optimizer": optimizer}, {"optimizer": Momentum(), "learning_rate": schedule}):
        population = Population(small_network(seed=seed) for seed in range(4))
        population.fit(X, Y, epochs=12, n_threads=2, **shared)
        for seed, got in enumerate(population):
            net = small_network(seed=seed)
            net.fit(X, Y, epochs=12, **shared)
            check_same_bits(got, net)


# ---- what goes wrong -----------------------------------------------------------------------------


def three():
    population = Population(noisy_network(seed=seed) for seed in range(3))
    population.fit(X, LABELS, epochs=2, optimizer="adam")
    return population


BAD_CALLS = [
    ({"X": X[:, :2]}, ValueError, "X must have shape"),
    ({"y": None}, TypeError, "y must be given"),
    ({"y": Y[:3]}, ValueError, "y must have shape"),
    ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
    ({"n_threads": 0}, ValueError, "n_threads must be at least 1, got 0"),
    ({"n_threads": 1.5}, TypeError, "n_threads must be a whole number, got 1.5"),
    ({"epoch": 3}, TypeError, r"must be those of Network.fit, got \['epoch'\]"),
    ({"settings": [{}, {}, {"epoch": 3}]}, TypeError, r"got \['epoch'\]"),
    ({"settings": [{}, {}, {"progress": True}]}, TypeError, r"got \['progress'\]"),
    ({"settings": [{}, {}]}, ValueError, "settings must be a sequence of 3, got"),
    ({"settings": {"epochs": 3}}, ValueError, "settings must be a sequence of 3, got"),
    ({"settings": [{}, {}, 3]}, TypeError, "settings must hold mappings, got 3"),
    ({"callbacks": [EarlyStopping("loss")]}, ValueError, "for both 0 and 1: give each its own"),
    ({"settings": [{}, {}, {"epochs": 0}]}, ValueError, "(?s)got 0.*network 2 of the population"),
    (
        {"settings": [{}, {"learning_rate": lambda epoch: np.nan}, {}]},
        ValueError,
        "(?s)finite rate.*network 1 of the population",
    ),
    (
        {"settings": [{}, {}, {"validation_data": (X[:, 1:], Y)}]},
        ValueError,
        "(?s)X must have shape.*network 2 of the population",
    ),
    (
        {"settings": [{"validation_fraction": 0.2}, {}, {"validation_fraction": 2.0}]},
        ValueError,
        "(?s)validation_fraction must.*network 2 of the population",
    ),
]


@pytest.mark.parametrize(("bad", "error", "message"), BAD_CALLS)
@pytest.mark.parametrize("resume", [False, True])
def test_a_bad_argument_changes_no_network(bad, error, message, resume):
    population = three()
    before = [snapshot(net) for net in population]
    with pytest.raises(error, match=message):
        population.fit(**{"X": X, "y": LABELS, "resume": resume} | bad)
    for net, state in zip(population, before, strict=True):
        check_equal(snapshot(net), state)
    population.fit(X, LABELS)  # all locks are free


@pytest.mark.parametrize("n_threads", [1, 2])
def test_where_some_diverge_the_others_are_trained(n_threads):
    rates = [0.1, 1e200, 0.1, 1e200, 0.1]
    settings = [{"learning_rate": rate} for rate in rates]
    networks = [Network(3, [Dense(2)], loss="sse", seed=seed) for seed in range(5)]
    alone = copy.deepcopy(networks)
    with pytest.raises(DivergenceError) as caught:
        Population(networks).fit(X, Y, epochs=5, n_threads=n_threads, settings=settings)
    assert caught.value.networks == (1, 3)
    message = str(caught.value)
    assert message.startswith("network 1: training must stay finite, got a loss of ")
    assert message.endswith("; 2 of 5 networks diverged: [1, 3]")
    for net, rate, got in zip(alone, rates, networks, strict=True):
        if rate < 1:
            net.fit(X, Y, epochs=5, learning_rate=rate)
            check_same_bits(got, net)
        else:
            with pytest.raises(DivergenceError, match=r"^training must stay finite") as lone:
                net.fit(X, Y, epochs=5, learning_rate=rate)
            assert lone.value.networks == ()
            np.testing.assert_array_equal(got.params, net.params)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_in_a_callback_ends_all(n_threads):
    networks = [small_network(seed=seed) for seed in range(4)]
    recorders = [Recorder(fail_in="epoch" if k == 1 else None, fail_at=2) for k in range(4)]
    settings = [{"callbacks": [recorder], "epochs": 10**6} for recorder in recorders]
    settings[1]["epochs"] = 2 * 10**6  # the first
    with pytest.raises(OSError, match=r"(?s)in epoch.*network 1 of the population"):
        Population(networks).fit(X, Y, n_threads=n_threads, settings=settings)
    np.testing.assert_array_equal(networks[1].params, recorders[1].params[-1])
    for net, recorder in zip(networks, recorders, strict=True):
        assert [place for place, *_ in recorder.calls].count("end") == bool(recorder.calls)
        net.fit(X, Y, resume=True)  # the lock is free


@pytest.mark.compiled
@pytest.mark.skipif(sys.platform == "win32", reason="needs a signal to a thread of its own")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_ctrl_c_leaves_networks_to_go_on_with(n_threads):
    class Interrupt(Callback):
        def epoch(self, run):
            if run.epoch == 1:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    before = set(threading.enumerate())
    networks = [noisy_network(seed=seed) for seed in range(6)]
    untouched = snapshot(networks[5])
    settings = [{"epochs": 10**7 - k} for k in range(6)]  # in this order
    settings[0]["callbacks"] = [Interrupt()]
    begin = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        Population(networks).fit(X, Y, n_threads=n_threads, settings=settings, batch_size=4)
    assert time.perf_counter() - begin < 60  # of an hour
    assert set(threading.enumerate()) == before
    check_equal(snapshot(networks[5]), untouched)
    for net in networks:
        assert np.isfinite(net.params).all()
        net.fit(X, Y, resume=True)


def test_a_network_that_is_being_trained_elsewhere():
    shared = small_network(seed=1)
    busy, other = Population([small_network(), shared]), Population([small_network(), shared])
    before = [snapshot(net) for net in other]
    started, done = threading.Event(), threading.Event()

    class Wait(Callback):
        def start(self, run):
            started.set()
            done.wait(timeout=60)

    settings = [{"callbacks": [Wait()], "epochs": 2}, {}]  # `shared` has yet to come
    thread = threading.Thread(
        target=busy.fit, args=(X, Y), kwargs={"n_threads": 1, "settings": settings}
    )
    thread.start()
    started.wait(timeout=60)
    with pytest.raises(RuntimeError, match=r"(?s)by one thread at a time.*network 1 of the"):
        other.fit(X, Y)
    with pytest.raises(RuntimeError, match="by one thread at a time"):
        shared.fit(X, Y)
    for net, state in zip(other, before, strict=True):
        check_equal(snapshot(net), state)
    done.set()
    thread.join(timeout=60)
    other.fit(X, Y)


# ---- the bar -------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_progress(n_threads, monkeypatch):
    bars = []

    class Bar:
        disable = True

        def __init__(self, total, **options):
            self.total, self.n, self.text, self.closed = total, 0, "", False
            bars.append(self)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.closed = True

        def set_postfix_str(self, text, refresh):
            self.text = text

        def update(self, n_samples):
            self.n += n_samples

    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    population = Population(small_network(seed=seed) for seed in range(5))
    settings = [{"epochs": 2 + k, "callbacks": [Recorder(stop_at=1)]} for k in range(5)]
    population.fit(
        X, Y, n_threads=n_threads, settings=settings, validation_fraction=0.25, progress=True
    )
    assert [bar.total for bar in bars] == [(2 + 3 + 4 + 5 + 6) * 9]
    assert (bars[0].n, bars[0].text, bars[0].closed) == (bars[0].total, "5/5 networks", True)


def test_progress_is_shown_on_a_terminal_only(monkeypatch):
    population = Population(small_network(seed=seed) for seed in range(3))
    for stream, is_shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        population.fit(X, Y, epochs=5, progress=True)
        assert ("3/3 networks" in stream.getvalue()) == is_shown
    monkeypatch.setattr(sys, "stderr", Terminal())
    population.fit(X, Y)
    assert sys.stderr.getvalue() == ""
