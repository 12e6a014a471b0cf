"""The loop: schedules, callbacks, what is drawn, divergence, the bar."""

import io
import pickle
import sys

import numpy as np
import pytest
from tqdm.auto import tqdm

from fastnn import Dense, DivergenceError, Network, schedules
from fastnn._training import loop, model
from fastnn._training.state import state_of
from fastnn.callbacks import Callback, Checkpoint, CSVLog, EarlyStopping
from fastnn.core import train_samples, waiting
from fastnn.optimizers import SGD, Momentum
from fastnn.reference import Optimizer, ReferenceNetwork

from ..support.networks import make_data, noisy_network, small_network
from ..support.training import Recorder, check_equal, snapshot

X, Y = make_data(12, 3, 2)


# ---- schedules -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.Step(0.3, 2),
        schedules.Exponential(0.3, 0.9),
        schedules.InverseScaling(0.3),
        schedules.Cosine(0.3, 7),
        schedules.OneCycle(0.3, 7),
        lambda epoch: 0.3 / (1 + epoch),
        lambda epoch: 0,
    ],
)
@pytest.mark.parametrize("batch_size", [1, 5])
def test_each_epoch_has_its_rate(schedule, batch_size):
    net, by_hand, seen = small_network(), small_network(), Recorder()
    how = {"batch_size": batch_size, "shuffle": False}
    net.fit(X, Y, epochs=7, learning_rate=schedule, callbacks=[seen], **how)
    expected = [schedule(epoch) for epoch in range(7)]
    assert seen.rates == [expected[0], *expected]
    for rate in expected:
        if rate:
            by_hand.fit(X, Y, learning_rate=rate, **how)
    np.testing.assert_array_equal(net.params, by_hand.params)
    at_once = small_network()
    at_once.fit(X, Y, epochs=7, learning_rate=schedule, **how)  # one compiled call
    np.testing.assert_array_equal(at_once.params, net.params)


def test_a_schedule_with_momentum_keeps_the_velocity():
    net, reference = small_network(), ReferenceNetwork.like(small_network())
    schedule, twin = schedules.Exponential(0.3, 0.5), Optimizer.like(Momentum())
    net.fit(X, Y, epochs=4, optimizer=Momentum(), learning_rate=schedule, shuffle=False)
    for epoch in range(4):
        reference.fit(X, Y, optimizer=twin, learning_rate=schedule(epoch))
    np.testing.assert_allclose(net.weights[0], reference.weights[0], rtol=1e-12)


@pytest.mark.parametrize("monitor", ["loss", "val_loss", "val_r2"])
def test_reduce_on_plateau(monitor):
    schedule = schedules.ReduceOnPlateau(
        0.5, factor=0.5, patience=1, threshold=0.05, monitor=monitor,
        mode="max" if monitor == "val_r2" else "min",
    )  # fmt: skip
    how = {"learning_rate": schedule, "validation_data": (X, Y), "metrics": ["r2"]}
    net, seen = small_network(), Recorder()
    history = net.fit(X, Y, epochs=30, callbacks=[seen], **how)
    twin, expected = schedule.start(), []
    for figure in history[monitor]:
        expected.append(twin(0))
        twin.observe({monitor: figure})
    assert seen.rates[1:] == expected
    assert len(set(expected)) > 2
    without = small_network()
    without.fit(X, Y, epochs=30, **how)
    np.testing.assert_array_equal(net.params, without.params)
    assert schedule(0) == 0.5  # training has a copy of its own


@pytest.mark.parametrize("again", [False, True])
def test_reduce_on_plateau_goes_on_where_training_is_resumed(again):
    schedule = schedules.ReduceOnPlateau(0.5, factor=0.5, patience=1, threshold=0.05)
    whole, parts, seen, expected = small_network(), small_network(), Recorder(), Recorder()
    whole.fit(X, Y, epochs=20, learning_rate=schedule, callbacks=[expected])
    parts.fit(X, Y, epochs=9, learning_rate=schedule, callbacks=[seen])
    parts = pickle.loads(pickle.dumps(parts))
    rate = schedule.start() if again else None
    more = Recorder()
    parts.fit(X, Y, epochs=11, resume=True, learning_rate=rate, callbacks=[more])
    assert seen.rates[1:] + more.rates[1:] == expected.rates[1:]
    np.testing.assert_array_equal(parts.params, whole.params)
    anew = Recorder()
    parts.fit(X, Y, learning_rate=schedule, callbacks=[anew])
    assert anew.rates == [0.5, 0.5]


def test_a_schedule_goes_on_over_resume_and_partial_fit():
    whole, parts = small_network(), small_network()
    schedule = schedules.Exponential(0.5, 0.8)
    whole.fit(X, Y, epochs=6, learning_rate=schedule, shuffle=False)
    parts.fit(X, Y, epochs=3, learning_rate=schedule, shuffle=False)
    parts.fit(X, Y, epochs=3, resume=True, shuffle=False)
    np.testing.assert_array_equal(parts.params, whole.params)
    whole.partial_fit(X, Y)
    parts.partial_fit(X, Y, learning_rate=schedule(5))
    np.testing.assert_array_equal(parts.params, whole.params)
    seen = Recorder()
    whole.fit(X, Y, resume=True, callbacks=[seen])
    assert seen.rates[1] == schedule(6)
    parts.fit(X, Y, resume=True, callbacks=[seen])
    assert seen.rates[3] == schedule(5)  # the rate that was given took the schedule's place


@pytest.mark.parametrize("rate", [np.nan, -0.1, np.inf])
def test_a_schedule_must_return_a_rate(rate):
    net = small_network()
    before = snapshot(net)
    with pytest.raises(ValueError, match=f"finite rate of at least 0, got {rate} for epoch 0"):
        net.fit(X, Y, learning_rate=lambda epoch: rate)
    check_equal(snapshot(net), before)
    with pytest.raises(ValueError, match=f"got {rate} for epoch 2"):
        net.fit(X, Y, epochs=5, learning_rate=lambda epoch: 0.1 if epoch < 2 else rate)
    assert np.isfinite(net.fit(X, Y)["loss"]).all()


# ---- callbacks -----------------------------------------------------------------------------------


def test_callbacks_are_called_in_order():
    calls = []
    net = small_network()
    net.fit(X, Y, epochs=2, callbacks=[Recorder("a", calls), Recorder("b", calls)])
    assert calls == [
        ("start", "a", -1), ("start", "b", -1),
        ("epoch", "a", 0), ("epoch", "b", 0), ("epoch", "a", 1), ("epoch", "b", 1),
        ("end", "a", 1), ("end", "b", 1),
    ]  # fmt: skip


def test_callbacks_change_no_bit():
    net, other = noisy_network(), noisy_network()
    how = {"epochs": 5, "optimizer": "adam", "batch_size": 4, "input_noise": 0.1}
    history = net.fit(X, Y, callbacks=[Recorder()], **how)
    expected = other.fit(X, Y, **how)
    np.testing.assert_array_equal(net.params, other.params)
    assert dict(history) == dict(expected)


def test_a_callback_stops_training():
    net, other, later = small_network(), small_network(), Recorder()
    history = net.fit(X, Y, epochs=9, callbacks=[Recorder(stop_at=2), later])
    other.fit(X, Y, epochs=3)
    assert history.epoch == [0, 1, 2]
    assert later.calls[-2:] == [("epoch", "", 2), ("end", "", 2)]
    np.testing.assert_array_equal(net.params, other.params)
    net.fit(X, Y, epochs=2, resume=True)
    other.fit(X, Y, epochs=2, resume=True)
    np.testing.assert_array_equal(net.params, other.params)


@pytest.mark.parametrize("fail_in", ["start", "epoch", "end"])
def test_a_callback_that_fails(fail_in):
    calls = []
    net = small_network()
    before = snapshot(net)
    three = [Recorder("a", calls), Recorder("b", calls, fail_in), Recorder("c", calls)]
    with pytest.raises(OSError, match=f"in {fail_in}"):
        net.fit(X, Y, epochs=2, callbacks=three)
    ends = [name for place, name, _ in calls if place == "end"]
    assert ends == (["a"] if fail_in == "start" else ["a", "b", "c"])
    if fail_in == "start":
        check_equal(snapshot(net), before)
    else:
        assert state_of(net).training.epochs == (1 if fail_in == "epoch" else 2)
        np.testing.assert_array_equal(net.params, three[0].params[-1])
    net.fit(X, Y)  # the lock is free


def test_early_stopping_restores_the_best_weights():
    stopping, seen = EarlyStopping(patience=3), Recorder()
    net = small_network()
    history = net.fit(
        X, Y, epochs=200, learning_rate=1.0, validation_data=make_data(9, 3, 2, seed=5),
        callbacks=[stopping, seen],
    )  # fmt: skip
    losses = history["val_loss"]
    assert stopping.best_epoch == np.argmin(losses) == len(losses) - 4
    np.testing.assert_array_equal(net.params, seen.params[stopping.best_epoch])
    assert net.loss(*make_data(9, 3, 2, seed=5)) == pytest.approx(stopping.best, rel=1e-12)


def test_a_callback_may_change_the_network():
    class Zero(Callback):
        def epoch(self, run):
            run.network.params = 0 * run.network.params

    net = small_network()
    net.fit(X, Y, epochs=2, callbacks=[Zero()])
    assert not net.params.any()


def test_log_and_checkpoint_in_one_training(tmp_path):
    net = small_network()
    log, checkpoint = CSVLog(tmp_path / "log.csv"), Checkpoint(tmp_path / "net", every=2)
    net.fit(
        X, Y, epochs=3, learning_rate=schedules.Step(0.5, 2, gamma=0.5), callbacks=[log, checkpoint]
    )
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch,learning_rate,loss"
    assert [line.split(",")[1] for line in lines[1:]] == ["0.5", "0.5", "0.25"]
    saved = Network.load(tmp_path / "net")
    saved.fit(X, Y, resume=True)
    np.testing.assert_array_equal(saved.params, net.params)


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        (3, "callbacks must be a sequence, got 3$"),
        (Recorder(), r"must be a sequence, got .*: write callbacks=\[Recorder\(\.\.\.\)\]$"),
        (EarlyStopping, r"got <class .*: write callbacks=\[EarlyStopping\(\.\.\.\)\]$"),
        ([print], "and end, got <built-in .*: derive its class from fastnn.callbacks"),
    ],
)
def test_bad_callbacks(callbacks, message):
    net = small_network()
    with pytest.raises(TypeError, match=message):
        net.fit(X, Y, callbacks=callbacks)


@pytest.mark.parametrize(
    "rates", [[0.1] * 5, (0.1,), np.full(5, 0.1)], ids=["list", "tuple", "array"]
)
def test_a_list_of_rates_is_refused_with_what_to_give(rates):
    with pytest.raises(TypeError, match=r"or a schedule, got .* of [15]: give a function"):
        small_network().fit(X, Y, learning_rate=rates)


# ---- dropout and noise ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"dropout": 0.3}, {"input_noise": 0.3}])
@pytest.mark.parametrize("batch_size", [1, 40])
def test_what_is_drawn_comes_from_the_seed_alone(options, batch_size, monkeypatch):
    X, Y = make_data(50, 3, 2)

    def trained(seed, **options):
        layers = [Dense(9, "tanh", dropout=options.pop("dropout", 0.0)), Dense(2)]
        net = Network(3, layers, seed=seed)
        how = {"epochs": 2, "batch_size": batch_size, "learning_rate": 0.05, "shuffle": False}
        net.fit(X, Y, **how, **options)
        return net.params

    net = trained(0, **options)
    np.testing.assert_array_equal(trained(0, **options), net)
    assert (trained(0) != net).any()
    assert (trained(1, **options) != net).any()
    monkeypatch.setattr(model.Model, "samples_per_slice", lambda self, *_: 7)
    np.testing.assert_array_equal(trained(0, **options), net)


def test_dropout_is_for_training_only():
    net = noisy_network()
    plain = Network(3, [Dense(9, "tanh"), Dense(5, "relu"), Dense(2)], seed=0)
    np.testing.assert_array_equal(net.predict(X), plain.predict(X))
    assert net.loss(X, Y) == plain.loss(X, Y)
    np.testing.assert_array_equal(net.gradient(X, Y), plain.gradient(X, Y))
    history = net.fit(X, Y, validation_data=(X, Y))
    assert history["val_loss"] == [net.loss(X, Y)]


def test_no_epoch_draws_what_another_drew():
    net, seen = Network(3, [Dense(2, weights=np.zeros((3, 2)), bias=False)], seed=0), Recorder()
    net.fit(X, Y, epochs=3, input_noise=1.0, learning_rate=1e-9, shuffle=False, callbacks=[seen])
    steps = np.diff(seen.params, axis=0)
    assert (np.abs(steps[0] - steps[1]).max()) > 1e-10


# ---- divergence ----------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 5, None])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("watched", [False, True])
def test_divergence(batch_size, dtype, watched):
    options = {"optimizer": Momentum(), "learning_rate": 50.0, "batch_size": batch_size}
    options |= {"shuffle": False, "reduction": "sum"}
    net, other = (Network(3, [Dense(4), Dense(2)], seed=0, dtype=dtype) for _ in range(2))
    with pytest.raises(DivergenceError) as caught:
        net.fit(X, Y, epochs=40, callbacks=[Recorder()] if watched else [], **options)
    epoch = state_of(net).training.epochs
    words = str(caught.value)
    assert words.startswith("training must stay finite, got a ")
    assert words.endswith(f" in epoch {epoch} at the learning rate 50.0")
    assert isinstance(caught.value, ArithmeticError)
    assert np.isfinite(net.params).all()
    if epoch:  # what it has is what the last epoch that was finite left
        other.fit(X, Y, epochs=epoch, **options)
    np.testing.assert_array_equal(net.params, other.params)
    if epoch:
        np.testing.assert_array_equal(state_of(net).training.slots, state_of(other).training.slots)
        np.testing.assert_array_equal(
            state_of(net).training.counters, state_of(other).training.counters
        )
    net.params = 0 * net.params
    assert np.isfinite(net.fit(X, Y, learning_rate=1e-3)["loss"]).all()


def test_divergence_late_in_many_epochs_loses_no_epoch():
    net, other = (Network(1, [Dense(1, weights=[[0.0]], bias=False)]) for _ in range(2))
    how = {"learning_rate": lambda epoch: 0.1 if epoch < 700 else 1e100}
    with pytest.raises(DivergenceError, match=r"in epoch 70\d at the learning rate 1e\+100"):
        net.fit([[1.0]], [2.0], epochs=1000, **how)
    assert state_of(net).training.epochs >= 700
    other.fit([[1.0]], [2.0], epochs=state_of(net).training.epochs, **how)
    np.testing.assert_array_equal(net.params, other.params)


def test_divergence_within_an_epoch_of_several_slices(monkeypatch):
    monkeypatch.setattr(model.Model, "samples_per_slice", lambda self, *_: 4)
    x, y = np.ones((12, 1)), np.zeros(12)
    y[9] = 1e300
    net = Network(1, [Dense(1, weights=[[1.0]])])
    with pytest.raises(
        DivergenceError, match=r"a loss of inf in epoch 0 at the learning rate 0.01"
    ):
        net.fit(x, y, shuffle=False)
    other = Network(1, [Dense(1, weights=[[1.0]])])
    other.partial_fit(x[:8], y[:8])
    np.testing.assert_array_equal(net.params, other.params)


def test_divergence_in_partial_fit_leaves_all_as_it_was():
    net = small_network(loss="sse")
    net.fit(X, Y, optimizer="adam", learning_rate=schedules.Constant(0.01))
    before = snapshot(net)
    with pytest.raises(DivergenceError, match=r"in epoch 1 at the learning rate 0.01"):
        net.partial_fit(1e150 * X[:1], [[1e200, 1e200]])
    after = snapshot(net)
    check_equal(after[:3], before[:3])
    assert after[3][1] == schedules.Constant(0.01)


# ---- the bar -------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(model.Model, "samples_per_slice", lambda self, *_: 5)
    monkeypatch.setattr(tqdm, "mininterval", 0, raising=False)
    updates, update = [], tqdm.update
    monkeypatch.setattr(tqdm, "update", lambda bar, n=1: (updates.append(n), update(bar, n))[1])
    small_network().fit(X, Y, epochs=2, optimizer=SGD(0.1), progress=True)
    assert updates == [5, 5, 2, 5, 5, 2]  # within an epoch too
    shown = terminal.getvalue()
    assert "100%" in shown
    assert "24.0/24.0" in shown
    assert "loss=" in shown


def test_the_bar_tells_what_is_compiled(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(waiting, "AFTER", 0.0)
    with loop.bar_of_samples(10):
        word = waiting._Word(train_samples.train_samples, ())
        word._timer.join()
        word.end()
    told, _, after = sys.stderr.getvalue().partition("compiling train_samples for float64: ")
    assert "0.00/10.0" in told
    assert "0.00/10.0" in after
    assert "compiling" not in after


def test_resumed_training_keeps_the_optimiser():
    X, Y = make_data(9, 3, 2)
    whole, parts = small_network(), small_network()
    whole.fit(X, Y, epochs=4, optimizer="adam", batch_size=3)
    parts.fit(X, Y, epochs=2, optimizer="adam", batch_size=3)
    parts.fit(X, Y, epochs=2, batch_size=3, resume=True)
    np.testing.assert_array_equal(parts.params, whole.params)
