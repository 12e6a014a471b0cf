"""What tests of training share: a callback that records, and all that training changes."""

import copy

import numpy as np

from fastnn._training.state import state_of
from fastnn.callbacks import Callback


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
