"""Learning rates that change from epoch to epoch.

Formulas and defaults are those of `torch.optim.lr_scheduler`, with three exceptions: `OneCycle`
changes the rate only, where PyTorch's by default changes the momentum too; `ReduceOnPlateau` has
the relative threshold only; `InverseScaling` is scikit-learn's. The names are fastnn's.

A schedule is any function of the epoch, which is 0 for the first one. If it also has the methods
`start` and `observe` of `ReduceOnPlateau`, training passes it the metrics of each epoch; if it has
`expect`, training passes it the names of these metrics before the first epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

from ._checks.monitors import MODES, Monitoring, as_monitor, check_recorded, sign_of
from ._checks.names import explained
from ._checks.scalars import (
    as_amount,
    as_choice,
    as_count,
    as_integer,
    as_positive,
    as_share,
    check_fields,
)

_LEAST_CHANGE = 1e-8  # of a rate on a plateau; smaller changes are not made (`eps` in PyTorch)


@dataclass(frozen=True)
class _Schedule:
    """The common part of schedules: a rate, and the check of every parameter."""

    learning_rate: float

    def __post_init__(self) -> None:
        check_fields(self, **{item.name: _CHECKS[item.name] for item in fields(self) if item.init})


@explained
@dataclass(frozen=True)
class Constant(_Schedule):  # numpydoc ignore=PR02
    """Use one rate for all epochs.

    Parameters
    ----------
    learning_rate : float
        The rate, above 0, in units of parameters squared per unit of loss.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.

    Examples
    --------
    >>> from fastnn.schedules import Constant
    >>> Constant(0.1)(7)
    0.1
    """

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, which is 0 for the first one."""
        return self.learning_rate


@explained
@dataclass(frozen=True)
class Step(_Schedule):  # numpydoc ignore=PR02
    """Multiply the rate by `gamma` every `step_size` epochs.

        learning_rate gamma^floor(epoch / step_size)

    Parameters
    ----------
    learning_rate : float
        The rate of the first epoch, above 0.
    step_size : int
        The number of epochs between two changes, at least 1.
    gamma : float
        The factor, above 0, by default 0.1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.

    Examples
    --------
    >>> from fastnn.schedules import Step
    >>> [Step(1.0, step_size=2, gamma=0.5)(epoch) for epoch in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    step_size: int
    gamma: float = 0.1

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, which is 0 for the first one."""
        return self.learning_rate * self.gamma ** (epoch // self.step_size)


@explained
@dataclass(frozen=True)
class Exponential(_Schedule):  # numpydoc ignore=PR02
    """Multiply the rate by `gamma` every epoch.

        learning_rate gamma^epoch

    Parameters
    ----------
    learning_rate : float
        The rate of the first epoch, above 0.
    gamma : float
        The factor, above 0.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.

    Examples
    --------
    >>> from fastnn.schedules import Exponential
    >>> [Exponential(1.0, gamma=0.5)(epoch) for epoch in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    gamma: float

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, which is 0 for the first one."""
        return self.learning_rate * self.gamma**epoch


@explained
@dataclass(frozen=True)
class InverseScaling(_Schedule):  # numpydoc ignore=PR02
    """Decrease the rate with a power of the epoch.

        learning_rate / (epoch + 1)^power

    Parameters
    ----------
    learning_rate : float
        The rate of the first epoch, above 0.
    power : float
        The exponent, at least 0, by default 0.5.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.

    Examples
    --------
    >>> from fastnn.schedules import InverseScaling
    >>> [InverseScaling(1.0)(epoch) for epoch in (0, 3, 99)]
    [1.0, 0.5, 0.1]
    """

    power: float = 0.5

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, which is 0 for the first one."""
        return self.learning_rate / math.pow(epoch + 1, self.power)


@explained
@dataclass(frozen=True)
class Cosine(_Schedule):  # numpydoc ignore=PR02
    """Decrease the rate to `eta_min` along half a cosine; after `epochs` it rises again.

        eta_min + (learning_rate - eta_min) (1 + cos(pi epoch / epochs)) / 2

    Parameters
    ----------
    learning_rate : float
        The rate of the first epoch, above 0.
    epochs : int
        The epoch of the smallest rate, at least 1.
    eta_min : float
        The smallest rate, at least 0, by default 0.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, 2017,
       equation 5, without restarts.

    Examples
    --------
    >>> from fastnn.schedules import Cosine
    >>> [round(Cosine(1.0, epochs=4)(epoch), 4) for epoch in range(5)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0]
    """

    epochs: int
    eta_min: float = 0.0

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, which is 0 for the first one."""
        return _anneal(self.learning_rate, self.eta_min, epoch / self.epochs)


@explained
@dataclass(frozen=True)
class OneCycle(_Schedule):  # numpydoc ignore=PR02
    """Raise the rate to `learning_rate`, then lower it far below its first value, on two cosines.

    Parameters
    ----------
    learning_rate : float
        The largest rate, above 0.
    epochs : int
        The number of epochs, at least 1. Later epochs have no rate.
    pct_start : float
        The share of the epochs in which the rate rises, from 0 to 1, by default 0.3.
    div_factor : float
        The largest rate divided by the first rate, above 0, by default 25.
    final_div_factor : float
        The first rate divided by the last rate, above 0, by default 10000.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described. When it is called, if `epoch` is not below `epochs`.

    References
    ----------
    .. [1] L. N. Smith, N. Topin, Super-convergence: very fast training of neural networks using
       large learning rates, 2019, section 3; in two phases and with cosines, as in PyTorch.

    Examples
    --------
    >>> from fastnn.schedules import OneCycle
    >>> schedule = OneCycle(1.0, epochs=5, pct_start=0.4)
    >>> [round(schedule(epoch), 4) for epoch in range(5)]
    [0.04, 1.0, 0.75, 0.25, 0.0]
    """

    epochs: int
    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, which is 0 for the first one."""
        if epoch >= self.epochs:
            raise ValueError(f"epoch must be below {self.epochs} in a OneCycle, got {epoch}")
        first = self.learning_rate / self.div_factor
        top = self.pct_start * self.epochs - 1  # the epoch of the largest rate, not always whole
        if epoch <= top:
            return _anneal(first, self.learning_rate, epoch / top if top else 1.0)
        share = (epoch - top) / (self.epochs - 1 - top)
        return _anneal(self.learning_rate, first / self.final_div_factor, share)


@dataclass
class _Plateau:
    """The state of a `ReduceOnPlateau`."""

    rate: float
    best: float
    n_bad: int = 0
    n_cooling: int = 0
    seen: bool = False


@explained
@dataclass(frozen=True)
class ReduceOnPlateau(Monitoring, _Schedule):  # numpydoc ignore=PR02
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
        sign = sign_of(self.monitor, self.mode)
        object.__setattr__(self, "mode", "max" if sign > 0 else "min")
        object.__setattr__(self, "_state", _Plateau(self.learning_rate, -sign * math.inf))

    def __call__(self, epoch: int) -> float:
        """Return the present rate; the epoch does not matter."""
        return self._state.rate

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


def _anneal(start: float, end: float, share: float) -> float:
    """Return the value of half a cosine from `start` to `end`, after a share of its length."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _as_part(name: str, value: Any) -> float:
    """Return `value` as a float from 0 to 1."""
    share = as_amount(name, value)
    if share > 1:
        raise ValueError(f"{name} must be at most 1, got {value!r}")
    return share


def _as_wait(name: str, value: Any) -> int:
    """Return `value` as an int of at least 0."""
    wait = as_integer(name, value)
    if wait < 0:
        raise ValueError(f"{name} must be at least 0, got {value!r}")
    return wait


_CHECKS: dict[str, Callable[[str, Any], Any]] = {  # of each field, by its name
    "learning_rate": as_positive,
    "step_size": as_count,
    "gamma": as_positive,
    "power": as_amount,
    "epochs": as_count,
    "eta_min": as_amount,
    "pct_start": _as_part,
    "div_factor": as_positive,
    "final_div_factor": as_positive,
    "factor": as_share,
    "patience": _as_wait,
    "threshold": as_amount,
    "cooldown": _as_wait,
    "min_lr": as_amount,
    "monitor": as_monitor,
    "mode": partial(as_choice, choices=MODES),
}
