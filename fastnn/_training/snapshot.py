"""A snapshot of the parts of a network that training changes, to restore them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..history import History


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
            self._epochs, self._schedule = state.epochs, state.schedule
            if hasattr(state.schedule, "observe"):  # it changes when it observes metrics
                self._schedule = copy.deepcopy(state.schedule)

    def put_back(self) -> None:
        """Restore the network."""
        net, state = self._net, self._state
        net.__dict__.update(self._kept)
        net.params[:] = self._params
        if isinstance(net._random, np.random.RandomState):
            net._random.set_state(self._stream)
        else:
            net._random.bit_generator.state = self._stream
        if state is not None:
            state.slots[...], state.counters[...] = self._arrays
            state.epochs, state.schedule = self._epochs, self._schedule
        net._state = state


def _stream_of(random: Any) -> Any:
    """Return the state of a random source."""
    if isinstance(random, np.random.RandomState):
        return random.get_state()
    return random.bit_generator.state
