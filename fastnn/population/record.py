"""What training has left of a population beside its networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from .._checks.arrays import Array
from .._checks.monitors import as_monitor, check_recorded, sign_of
from .._training.state import state_of
from ..history import History
from ..network import Network


class Note(NamedTuple):
    """What the last training of a network has left."""

    best_epoch: int | None = None  # whose weights `EarlyStopping` has restored
    held: Array | None = None  # int64: the numbers of the samples held out, in order
    n_samples: int = 0  # of all


class Record:
    """The notes on the networks of a population, by index."""

    def __init__(self, networks: Sequence[Network], notes: Mapping[int, Note] | None = None):
        self.networks = networks
        self._dated: dict[int, tuple[History, Note]] = {}  # with the training that a note is on
        self.put(notes or {})

    def put(self, notes: Mapping[int, Note]) -> None:
        """Put down notes on what the last training of these networks has left."""
        self._dated |= {k: (state_of(self.networks[k]).latest, note) for k, note in notes.items()}

    def notes(self) -> list[Note]:
        """Return a note on each network."""
        return [self._note(k) for k in range(len(self.networks))]

    def _note(self, k: int) -> Note:
        history, note = self._dated.get(k, (None, Note()))
        return note if history is state_of(self.networks[k]).latest else Note()

    def figure(self, k: int, monitor: str) -> float:
        """Return the metric that belongs to a network's present weights, or NaN if it has none."""
        history, best_epoch = self.networks[k].history, self._note(k).best_epoch
        epochs = history.epochs_of(monitor) if monitor in history else []
        if best_epoch is not None:
            epochs = [epoch for epoch in epochs if epoch <= best_epoch]
        return history[monitor][len(epochs) - 1] if epochs else math.nan

    def best(self, monitor: str, mode: str) -> tuple[int, float]:
        """Return the index of the network with the best metric, the first of equals, and that."""
        as_monitor("monitor", monitor)
        recorded = {name: None for net in self.networks for name in net.history}  # in order
        if not recorded:
            raise ValueError(
                f"monitor must be a metric that a network has recorded, got {monitor!r} before any "
                "training: call fit first"
            )
        check_recorded(monitor, recorded)
        sign = sign_of(monitor, mode)
        figures = {k: self.figure(k, monitor) for k in range(len(self.networks))}
        known = {k: figure for k, figure in figures.items() if not math.isnan(figure)}
        if not known:
            raise ValueError(
                f"monitor must be a metric with a value that is not NaN, got {monitor!r}, which is "
                "NaN for every network"
            )
        index = max(known, key=lambda k: sign * known[k])
        return index, known[index]

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a copy hold of the copied networks, whose last training is another object."""
        return type(self), (self.networks, dict(enumerate(self.notes())))


# How other modules reach the record of a population, which is no part of its interface to users.
record_of: Callable[[Any], Record] = attrgetter("_record")
