"""The training of one network: in spans, by single steps, and what has been done so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter, thread_time
from typing import Any

import numpy as np

from .. import Network
from ..schedules import Cosine, Exponential, Step
from .data import Data
from .networks import build
from .settings import MOST_EPOCHS, Settings
from .steps import corner, formulas, opened

SPAN = 0.015  # seconds of training between two looks at what the page has said
_MOST_POINTS = 512  # of a curve


class Curve:
    """The loss by epoch, from 1, kept at no more than 512 evenly spaced epochs and the last."""

    def __init__(self) -> None:
        self.epochs: list[float] = []
        self.losses: list[float] = []
        self._stride = 1
        self._last: tuple[float, float] | None = None

    def extend(self, first: int, losses: list[float]) -> None:
        """Append the losses of epochs `first`, `first` + 1, ..."""
        start = (1 - first) % self._stride
        epochs = [*self.epochs, *range(first + start, first + len(losses), self._stride)]
        values = [*self.losses, *losses[start :: self._stride]]
        while len(epochs) > _MOST_POINTS:
            epochs, values = epochs[::2], values[::2]
            self._stride *= 2
        self.epochs, self.losses = epochs, values  # a reader of the old lists is not disturbed
        if losses:
            self._last = (first + len(losses) - 1, losses[-1])

    def points(self) -> np.ndarray[Any, Any]:
        """Return the curve as an array of shape (n, 2)."""
        epochs, losses, last = self.epochs, self.losses, self._last
        n = min(len(epochs), len(losses))
        points = [*zip(epochs[:n], losses[:n], strict=True)]
        if last is not None and (not n or last[0] > points[-1][0]):
            points.append(last)
        return np.array(points, float).reshape(-1, 2)


@dataclass
class Action:
    """Something that was done to a network: `n_epochs` of `fit` on rows [start, stop)."""

    start: int
    stop: int
    n_epochs: int
    how: dict[str, Any]


@dataclass
class Run:
    """A network under training. One thread trains; others may look at the network meanwhile.

    `samples` counts the samples seen; `latest` is the loss that the last epoch or step recorded.
    """

    settings: Settings
    data: Data
    net: Network = field(init=False)
    curve: Curve = field(init=False, default_factory=Curve)
    actions: list[Action] = field(init=False, default_factory=list)
    samples: int = field(init=False, default=0)
    trained: float = field(init=False, default=0.0)  # seconds of the processor in `fit`
    has_diverged: bool = field(init=False, default=False)
    _updates: int = field(init=False, default=0)
    _epoch_takes: float = field(init=False, default=SPAN)  # seconds
    _begun: float = field(init=False, default=0.0)  # the sum of the losses of an epoch's samples

    def __post_init__(self) -> None:
        self.net = build(self.settings, self.data)
        self.y = self.data.targets(self.net.n_out)

    @property
    def n_samples(self) -> int:
        """The number of samples in an epoch."""
        return len(self.data.X)

    @property
    def epoch(self) -> float:
        """How many times training has gone through the data."""
        return self.samples / self.n_samples

    def train(self, most_epochs: int) -> int:
        """Train for about `SPAN` seconds, by at most so many epochs; return how many it were.

        If steps have begun an epoch, its other samples come first, in their order, and are one.
        """
        place = self.samples % self.n_samples
        if place:
            self._fit(place, self.n_samples, 1)
            return 1
        left = MOST_EPOCHS - self.samples // self.n_samples
        n_epochs = max(1, min(most_epochs, left, int(SPAN / self._epoch_takes)))
        start = perf_counter()
        self._fit(0, self.n_samples, n_epochs)
        self._epoch_takes = (perf_counter() - start) / n_epochs
        return n_epochs

    @property
    def is_at_end(self) -> bool:
        """Whether as many epochs have been trained as a page may."""
        return self.samples // self.n_samples >= MOST_EPOCHS

    def _rate(self) -> Any:
        """Return the learning rate, or the schedule of it by updates, so that steps count too."""
        settings, rate = self.settings, self.settings.rate
        n_updates = settings.span * self._n_updates_of(self.n_samples)
        if settings.schedule == "step":
            return Step(rate, n_updates, 0.5, per="update")
        if settings.schedule == "exponential":
            return Exponential(rate, 0.5 ** (1 / n_updates), per="update")
        return Cosine(rate, n_updates, per="update") if settings.schedule == "cosine" else rate

    def _n_updates_of(self, n_rows: int) -> int:
        return -(-n_rows // (self.settings.batch or n_rows))

    def step(self, of: str) -> dict[str, Any]:
        """Take one step on the next sample, or the next batch; return its numbers."""
        start = self.samples % self.n_samples
        size = 1 if of == "sample" else self.settings.batch or self.n_samples
        stop = min(start + size, self.n_samples)
        X, y = self.data.X[start:stop], self.y[start:stop]
        settings = self.settings
        layers = opened(self.net, X, y, settings.reduction)
        rate = self._rate()
        losses = self._fit(start, stop, 1)
        for layer, W, b in zip(layers, self.net.weights, self.net.biases, strict=True):
            layer.add_after(W, b)
        return {
            "type": "step",
            "rows": [start + 1, stop],
            "reduction": settings.reduction,
            "rate": rate(self._updates - 1) if callable(rate) else rate,
            "optimizer": settings.optimizer,
            "loss": losses[0],
            "y": corner("y", y.reshape(len(y), -1)),
            "formulas": formulas(self.net),
            "layers": [layer.as_json() for layer in layers],
        }

    def _fit(self, start: int, stop: int, n_epochs: int) -> list[float]:
        """Train on rows [start, stop), write down that it was done, and add to the curve."""
        settings, is_whole = self.settings, stop - start == self.n_samples
        how: dict[str, Any] = {
            "batch_size": settings.batch or None,
            "optimizer": settings.optimizer,
            "learning_rate": self._rate(),
            "reduction": settings.reduction,
            "shuffle": settings.shuffle and is_whole,
        }
        if self.has_diverged:
            raise ValueError("training must not go on after it has diverged: reset")
        began = thread_time()
        self.has_diverged = True  # unless the next line returns
        history = self.net.fit(
            self.data.X[start:stop],
            self.y[start:stop],
            epochs=n_epochs,
            resume=bool(self.actions),
            **how,
        )
        self.has_diverged = False
        self.trained += thread_time() - began
        self._updates += n_epochs * self._n_updates_of(stop - start)
        self._record(stop - start, history["loss"])
        last = self.actions[-1] if self.actions else None
        if last and (last.start, last.stop, last.how) == (start, stop, how):
            last.n_epochs += n_epochs
        else:
            self.actions.append(Action(start, stop, n_epochs, how))
        return history["loss"]

    def _record(self, n_rows: int, losses: list[float]) -> None:
        """Count the samples of some epochs, or of a part of one; a whole one has a loss."""
        first = self.samples // self.n_samples + 1
        self.samples += n_rows * len(losses)
        if n_rows < self.n_samples:
            self._begun += n_rows * losses[0]
            if self.samples % self.n_samples:
                return
            losses, self._begun = [self._begun / self.n_samples], 0.0
        self.curve.extend(first, losses)
