"""A snapshot of the parts of a network that training changes, to restore them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .._checks.arrays import Array
from ..callbacks import Run
from ..history import History
from ..initializers import Random
from .request import TrainingState


class Snapshot:
    """All parts of `net` that training changes; with `history`, for resumed training.

    Without `history`, training must start a new history and leave the old one unchanged.
    """

    def __init__(self, net: Any, *, history: bool = True) -> None:
        self._net, self._params, self._state = net, net.params.copy(), net._state
        self._kept = {
            name: getattr(net, name) for name in ("_latest", "_past", "_feature_names", "_random")
        }
        if history:
            past = History()
            past.extend(net._past.epoch, net._past.columns())
            self._kept["_past"] = past
        self._stream = _stream_of(net._random)
        if self._state is not None:
            state = self._state
            self._arrays = state.slots.copy(), state.counters.copy()
            self._epochs, self._schedule = state.epochs, _schedule_of(state)

    def put_back(self) -> None:
        """Restore the network."""
        net, state = self._net, self._state
        net.__dict__.update(self._kept)
        net.params[:] = self._params
        _set_stream(net._random, self._stream)
        if state is not None:
            state.slots[...], state.counters[...] = self._arrays
            state.epochs, state.schedule = self._epochs, self._schedule
        net.__dict__["_state"] = state


class Mark:
    """The network after a whole epoch: what the epochs to come change, until they are recorded."""

    def __init__(self, run: Run, params: Array, state: TrainingState, random: Random) -> None:
        self._run, self._state, self._random = run, state, random
        self._changed = params, state.slots, state.counters
        self.arrays = [array.copy() for array in self._changed]
        self._stream, self._names = _stream_of(random), run.network._feature_names
        self._epochs, self._schedule = state.epochs, _schedule_of(state)
        self._shown = run.epoch, run.learning_rate

    def put_back(self) -> None:
        """Make everything as it was."""
        run, state = self._run, self._state
        for array, copied in zip(self._changed, self.arrays, strict=True):
            array[...] = copied
        _set_stream(self._random, self._stream)
        run.network.__dict__["_feature_names"] = self._names
        state.epochs, state.schedule = self._epochs, self._schedule
        run.epoch, run.learning_rate = self._shown
        run.history.drop_from(self._epochs)


def _schedule_of(state: TrainingState) -> Any:
    """Return the schedule as it is, a copy if it changes with what it is shown."""
    schedule = state.schedule
    return copy.deepcopy(schedule) if hasattr(schedule, "observe") else schedule


def _set_stream(random: Any, stream: Any) -> None:
    """Let a source of random numbers go on from where one stood."""
    if isinstance(random, np.random.RandomState):
        random.set_state(stream)
    else:
        random.bit_generator.state = stream


def _stream_of(random: Any) -> Any:
    """Return the state of a random source."""
    if isinstance(random, np.random.RandomState):
        return random.get_state()
    return random.bit_generator.state
