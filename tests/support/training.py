"""What tests of training share: a callback that records, and all that training changes."""

import copy

import numpy as np

from fastnn import Dense, History, Network
from fastnn._training.state import state_of
from fastnn.callbacks import Callback, Run


class Recorder(Callback):
    """Keeps what it is shown, and stops or fails where it is told to."""

    def __init__(self, name="", calls=None, fail_in=None, fail_at=None, stop_at=None):
        self.name, self.stop_at, self.fail_in, self.fail_at = name, stop_at, fail_in, fail_at
        self.calls = [] if calls is None else calls
        self.rates, self.params = [], []

    def _note(self, place, run):
        self.calls.append((place, self.name, run.epoch))
        if place == self.fail_in and self.fail_at in (None, run.epoch):
            raise OSError(f"in {place}")

    def start(self, run):
        self.rates.append(run.learning_rate)
        self._note("start", run)

    def epoch(self, run):
        self.rates.append(run.learning_rate)
        self.params.append(run.network.params.copy())
        self._note("epoch", run)
        if run.epoch == self.stop_at:
            run.stop()

    def end(self, run):
        self._note("end", run)


def make_run(history=None):
    """Return a run, as callbacks are told of one, of a small network."""
    net = Network(2, [Dense(3, "tanh"), Dense(1)], seed=0)
    return Run(net, history or History(), learning_rate=0.1)


def run_through(callback, figures, run=None, first_epoch=0, end=True):
    """Call `callback` for each epoch; its figures, None where not taken, are a dict of lists.

    The network's parameters are those of the epoch's number. What is returned is the run.
    """
    run = run or make_run()
    callback.start(run)
    for i, row in enumerate(zip(*figures.values(), strict=True)):
        run.epoch = first_epoch + i
        taken = {n: v for n, v in zip(figures, row, strict=True) if v is not None}
        run.history.record(run.epoch, taken)
        run.network.params = np.full_like(run.network.params, run.epoch)
        callback.epoch(run)
        if run.stopping:
            break
    if end:
        callback.end(run)
    return run


def snapshot(net):
    """Return all that training changes."""
    state = state_of(net).training
    return (
        net.params.copy(),
        copy.deepcopy(state_of(net).random.bit_generator.state),
        None if state is None else (state.slots.copy(), state.counters.copy(), state.epochs),
        None if state is None else (state.optimizer, state.schedule, state.reduction),
    )


def check_trains_as(reference, net, X, y, Y, **tolerance):
    """Train a network and its reference, for which targets are the table Y, and compare them."""
    for batch_size in (1, 7, None):
        options = {"epochs": 1, "batch_size": batch_size, "learning_rate": 0.02}
        net.fit(X, y, shuffle=False, **options)
        reference.fit(X, Y, **options)
        for ours, theirs in zip(net.weights, reference.weights, strict=True):
            np.testing.assert_allclose(ours, theirs, **tolerance)
    np.testing.assert_allclose(net.loss(X, y), reference.loss(X, Y), **tolerance)
    outputs = net.predict(X)
    outputs = np.hstack(outputs) if isinstance(outputs, tuple) else outputs
    np.testing.assert_allclose(outputs, reference.predict(X), **tolerance)


def check_equal(got, expected):
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_equal(one, other)
