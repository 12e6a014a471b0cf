"""Ctrl-C in training, wherever it lands: the network is as after a whole, recorded epoch."""

import pickle
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from fastnn import History
from fastnn._training.epochs import CompiledEpochs
from fastnn._training.loop import TrainingLoop
from fastnn._training.state import state_of
from fastnn.core import train_batches
from fastnn.core import train_samples as kernels
from fastnn.optimizers import LBFGS
from fastnn.schedules import ReduceOnPlateau

from ..support.networks import make_data, noisy_network, small_network
from ..support.training import Recorder

X, Y = make_data(12, 3, 2)
FILES = (
    "fastnn/_training/loop.py",
    "fastnn/_training/epochs.py",
    "fastnn/_training/sources.py",
    "fastnn/_training/state.py",
    "fastnn/history.py",
)
HOWS = {
    "plain": {},
    "adam": {"optimizer": "adam", "batch_size": 5},
    "validated": {"validation_data": (X, Y), "evaluate_every": 2, "metrics": ["mse", "r2"]},
    "plateau": {"learning_rate": ReduceOnPlateau(0.3, patience=1, threshold=0.5)},
    "callback": {"callbacks": [Recorder()], "optimizer": "momentum"},
    "noise": {"input_noise": 0.1, "batch_size": 4},
    "fraction": {"validation_fraction": 0.3, "seed": np.random.RandomState},
}


def everything(net):
    """Return all that a network holds, as bytes."""
    return pickle.dumps(net.__getstate__())


def trained(how, epochs):
    """Return a network that was trained for some epochs, and the options of training on."""
    options = dict(how)
    seed = options.pop("seed", lambda number: number)(3)
    make = noisy_network if "input_noise" in how else small_network
    net = make(seed=seed)
    if epochs:
        net.fit(X, Y, epochs=epochs, **options)
    return net, options


def check_whole(net, how, options, n_before, n_all):
    """Assert that `net` is as after a whole epoch, and goes on as if nothing had been."""
    done = 0 if state_of(net).training is None else state_of(net).training.epochs
    assert net.history.epoch == list(range(done))
    expected, _ = trained(how, n_before)
    if done > n_before:
        expected.fit(X, Y, epochs=done - n_before, resume=True, **options)
    assert everything(net) == everything(expected)
    if done < n_all:
        net.fit(X, Y, epochs=n_all - done, resume=True, **options)
    whole, _ = trained(how, n_all)
    np.testing.assert_array_equal(net.params, whole.params)
    assert net.history.columns() == whole.history.columns()


def after(function, calls, number):
    """Return a function that does what `function` does; its call of that number is cut short."""

    def interrupted(*arguments, **options):
        result = function(*arguments, **options)
        calls.append(number)
        if len(calls) == number:
            raise KeyboardInterrupt
        return result

    return interrupted


PLACES = [
    (kernels, "train_samples"),
    (kernels, "train_samples_looking_ahead"),
    (train_batches, "train_batches"),
    (History, "extend"),
    (TrainingLoop, "_validate"),
    (TrainingLoop, "advance"),
    (CompiledEpochs, "draw_order"),
    (TrainingLoop, "begin_span"),
]


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place[1])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_step_of_an_epoch(monkeypatch, how, place, number):
    net, options = trained(HOWS[how], 2)
    owner, name = place
    calls = []
    monkeypatch.setattr(owner, name, after(getattr(owner, name), calls, number))
    try:
        net.fit(X, Y, epochs=5, resume=True, **options)
    except KeyboardInterrupt:
        assert len(calls) == number
    else:
        assert len(calls) < number
    monkeypatch.undo()
    check_whole(net, HOWS[how], options, 2, 7)


def interrupt_at_line(number, call):
    """Call, and raise at a line of the modules of training; return whether there are so many."""
    left = number

    def trace(frame, event, argument):
        nonlocal left
        if not frame.f_code.co_filename.replace("\\", "/").endswith(FILES):
            return None
        if event == "line":
            if left == 0:
                left = -1
                raise KeyboardInterrupt
            left -= 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("how", HOWS)
def test_every_line(how):
    number, net = 0, None
    while True:
        net, options = trained(HOWS[how], 2)

        def fit(net=net, options=options):
            net.fit(X, Y, epochs=3, resume=True, **options)

        if not interrupt_at_line(number, fit):
            break
        done = state_of(net).training.epochs
        assert net.history.epoch == list(range(done))
        check_whole(net, HOWS[how], options, 2, 5)
        number += 1 if number < 60 else 7
    assert number > 60


def test_chunks_that_are_interrupted():
    parts = [(X[:5], Y[:5]), (X[5:], Y[5:])]
    options = {"optimizer": "adam", "batch_size": 2}
    passes = iter(range(9))

    def chunks():
        yield parts[0]
        if next(passes) == 2:
            raise KeyboardInterrupt
        yield parts[1]

    got, expected = small_network(), small_network()
    for net in (got, expected):
        net.fit(parts, epochs=2, **options)
    with pytest.raises(KeyboardInterrupt):
        got.fit(chunks, epochs=4, resume=True, **options)
    expected.fit(parts, epochs=2, resume=True, **options)
    assert everything(got) == everything(expected)
    for net in (got, expected):
        net.fit(parts, epochs=2, resume=True, **options)
    assert everything(got) == everything(expected)


def test_every_line_of_chunks():
    parts, number = [(X[:5], Y[:5]), (X[5:], Y[5:])], 0
    options = {"optimizer": "adam", "batch_size": 2}
    while True:
        net, expected = small_network(), small_network()
        if not interrupt_at_line(number, lambda net=net: net.fit(parts, epochs=2, **options)):
            break
        if state_of(net).training is not None and state_of(net).training.epochs:
            expected.fit(parts, epochs=state_of(net).training.epochs, **options)
        np.testing.assert_array_equal(net.params, expected.params)
        assert net.history.columns() == expected.history.columns()
        assert (
            state_of(net).random.bit_generator.state
            == state_of(expected).random.bit_generator.state
        )
        number += 3
    assert number > 60


def test_lbfgs(monkeypatch):
    pytest.importorskip("scipy")
    options = {"optimizer": LBFGS(), "batch_size": None}
    net, calls = small_network(), []
    monkeypatch.setattr(History, "extend", after(History.extend, calls, 3))
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, Y, epochs=5, **options)
    monkeypatch.undo()
    expected = small_network()
    expected.fit(X, Y, epochs=2, **options)
    assert everything(net) == everything(expected)


@pytest.mark.parametrize(
    ("owner", "name", "options"),
    [
        (kernels, "train_samples_by", {"optimizer": "adam"}),
        (CompiledEpochs, "pass_over", {}),  # of what was made ready by the call before
    ],
)
def test_partial_fit_leaves_out_what_was_cut_short(monkeypatch, owner, name, options):
    net, calls = small_network(), []
    net.partial_fit(X, Y, optimizer="adam")
    before = everything(net)
    monkeypatch.setattr(owner, name, after(getattr(owner, name), calls, 1))
    with pytest.raises(KeyboardInterrupt):
        net.partial_fit(X, Y, **options)
    assert everything(net) == before


def test_a_metric_that_fails_leaves_whole_epochs():
    def fails(y, outputs):
        calls.append(1)
        if len(calls) == 3:
            raise ZeroDivisionError
        return 0.5

    calls = []
    net, expected = small_network(), small_network()
    options = {"validation_data": (X, Y), "metrics": [fails]}
    with pytest.raises(ZeroDivisionError):
        net.fit(X, Y, epochs=5, **options)
    calls = [1] * 5
    expected.fit(X, Y, epochs=2, **options)
    assert everything(net) == everything(expected)


def test_what_a_callback_did_stays():
    class Halve(Recorder):
        def epoch(self, run):
            run.network.params *= 0.5
            if run.epoch == 1:
                raise KeyboardInterrupt

    net = small_network()
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, Y, epochs=5, callbacks=[Halve()])
    expected = small_network()
    for resume in (False, True):
        expected.fit(X, Y, resume=resume)
        expected.params *= 0.5
    np.testing.assert_array_equal(net.params, expected.params)
    assert net.history.epoch == [0, 1]


@pytest.mark.compiled
@pytest.mark.skipif(sys.platform == "win32", reason="needs a signal to the process itself")
def test_signals():
    script = """
        import os, pickle, signal, sys, threading, time
        import numpy as np
        from fastnn._training import model
        from fastnn._training.state import state_of
        from tests.support.networks import make_data, small_network

        X, Y = make_data(12, 3, 2)
        small_network().fit(X, Y)
        n_done, model._SLICE = [], 200_000  # spans of some 26 epochs
        for n_ms in (30, 50, 80, 120, 170, 230):
            net = small_network()
            threading.Timer(n_ms / 1000, os.kill, (os.getpid(), signal.SIGINT)).start()
            try:
                net.fit(X, Y, epochs=10**8)
            except KeyboardInterrupt:
                pass
            k = 0 if state_of(net).training is None else state_of(net).training.epochs
            expected = small_network()
            if k:
                expected.fit(X, Y, epochs=k)
            else:
                state_of(net).training = None  # it was a fresh one
            assert pickle.dumps(net.__getstate__()) == pickle.dumps(expected.__getstate__()), k
            n_done.append(k)
        assert max(n_done) > 0, n_done
        print("whole")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.stdout == "whole\n", done.stderr


def test_a_signal_is_not_put_off():
    """The handler of SIGINT is the user's own: training leaves it alone."""
    seen = []

    class Look(Recorder):
        def epoch(self, run):
            seen.append(signal.getsignal(signal.SIGINT))

    expected = signal.getsignal(signal.SIGINT)
    small_network().fit(X, Y, callbacks=[Look()])
    assert seen == [expected]


def test_a_record_cut_short_is_dropped():
    history = History()
    history.record(0, {"loss": 1.0})
    history.record(1, {"loss": 0.5})
    history.epoch.append(2)
    history["loss"].append(0.25)  # its epoch is not yet there
    history.drop_from(1)
    assert history.columns() == {"loss": ([0], [1.0])}
    assert history.epoch == [0]
    history.drop_from(0)
    assert (history.columns(), history.epoch) == ({}, [])


def test_a_slice_of_a_rule_counts_its_update():
    """Adam by single samples costs some times a plain step: 0.3 s a call, or Ctrl-C waits."""
    net, lengths = small_network(), []

    def counted(*arguments):
        samples = arguments[2]
        lengths.append(samples.stop - samples.start)
        return samples.stop

    X, Y = make_data(400_000, 3, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "train_samples_by", counted)
        net.partial_fit(X, Y, optimizer="adam")
    assert sum(lengths) == len(X)
    assert max(lengths) <= 210_000
