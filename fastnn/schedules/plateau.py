"""A schedule that goes by what training records."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from .._checks.monitors import Monitoring, check_recorded, sign_of
from .._checks.names import explained
from .curves import CheckedSchedule

_LEAST_CHANGE = 1e-8  # of a rate on a plateau; smaller changes are not made (`eps` in PyTorch)


@dataclass
class _Plateau:
    """The state of a `ReduceOnPlateau`."""

    rate: float
    best: float
    n_bad: int = 0
    n_cooling: int = 0
    seen: bool = False


@explained
@dataclass(frozen=True, repr=False)
class ReduceOnPlateau(Monitoring, CheckedSchedule):  # numpydoc ignore=PR02
    """Multiply the rate by `factor` when a metric has stopped improving.

    Parameters
    ----------
    learning_rate : float
        The rate of the first epoch, above 0.
    factor : float
        The factor of a reduction, at least 0 and below 1, by default 0.1.
    patience : int
        The number of epochs in a row without improvement before a reduction, at least 0, by
        default 10.
    threshold : float
        The share of the best value by which an improvement must exceed it, at least 0, by
        default 0.0001.
    cooldown : int
        The number of epochs after a reduction that do not count, at least 0, by default 0.
    min_lr : float
        The smallest rate, at least 0, by default 0.
    monitor : str
        The metric to watch, a name in `History`, by default "loss". Epochs in which it is not
        computed do not count.
    mode : str
        Whether smaller ("min") or larger ("max") values are better. The default, "auto", decides by
        the name, as `EarlyStopping` does.
    per : str
        "epoch", the default and the only value: metrics are of epochs.
    warmup : int
        The number of epochs in which the rate first rises on a straight line, at least 0, by
        default 0.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.

    Notes
    -----
    The schedule has a state: training works on the copy that `start` returns, and resumes with it.
    A reduction by less than 1e-8 is not made.

    Examples
    --------
    >>> from fastnn.schedules import ReduceOnPlateau
    >>> schedule = ReduceOnPlateau(0.1, factor=0.5, patience=1).start()
    >>> for loss in (2.0, 1.0, 1.0, 1.0):
    ...     schedule.observe({"loss": loss})
    >>> schedule(4)
    0.05
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    min_lr: float = 0.0
    monitor: str = "loss"
    mode: str = "auto"
    _state: _Plateau = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.per != "epoch":
            raise ValueError(
                "per must be 'epoch' in ReduceOnPlateau, which goes by the metrics of epochs, "
                f"got {self.per!r}"
            )
        sign = sign_of(self.monitor, self.mode)
        object.__setattr__(self, "mode", "max" if sign > 0 else "min")
        object.__setattr__(self, "_state", _Plateau(self.learning_rate, -sign * math.inf))

    def __call__(self, epoch: int) -> float:
        """Return the present rate; the epoch does not matter but in the warm-up."""
        return self._state.rate * min(1.0, (epoch + 1) / (self.warmup + 1))

    @property
    def observed(self) -> _Plateau:
        """The present rate, and what decides on the next: the state that a file keeps."""
        return self._state

    def start(self) -> ReduceOnPlateau:
        """Return a copy in its initial state.

        Returns
        -------
        ReduceOnPlateau
            The copy, which has observed nothing.
        """
        return replace(self)

    def expect(self, recorded: Collection[str]) -> None:  # numpydoc ignore=PR01
        """Raise unless the metric is among those that will be recorded."""
        super().expect(recorded)
        self._state.seen = True

    def observe(self, figures: Mapping[str, float]) -> None:
        """Update the rate by the metrics of the epoch that has just ended.

        Parameters
        ----------
        figures : mapping of str to float
            The value of each metric, by name.

        Raises
        ------
        ValueError
            If the metric to watch is not among those of the first epoch.
        """
        state = self._state
        if self.monitor not in figures:
            if not state.seen:
                check_recorded(self.monitor, figures)
            return
        state.seen = True
        figure = figures[self.monitor]
        if self._is_better(figure):
            state.best, state.n_bad = figure, 0
        else:
            state.n_bad += 1
        if state.n_cooling:
            state.n_cooling -= 1
            state.n_bad = 0
        if state.n_bad > self.patience:
            rate = max(state.rate * self.factor, self.min_lr)
            if state.rate - rate > _LEAST_CHANGE:
                state.rate = rate
            state.n_bad, state.n_cooling = 0, self.cooldown

    def _is_better(self, figure: float) -> bool:
        """Return True if `figure` improves on the best value by the threshold."""
        if self.mode == "min":
            return figure < self._state.best * (1 - self.threshold)
        return figure > self._state.best * (1 + self.threshold)
