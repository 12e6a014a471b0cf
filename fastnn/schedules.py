"""Learning rates that change from epoch to epoch.

Formulas and defaults are those of `torch.optim.lr_scheduler`, but that `OneCycle` changes the rate
only, where PyTorch's by default changes the momentum too, `ReduceOnPlateau` has the relative
threshold only, and `InverseScaling` is scikit-learn's. Names are our own.

A schedule is a function of the epoch, 0 for the first one; any function will do. One that also has
the methods `start` and `observe` of `ReduceOnPlateau` is shown what each epoch recorded, and with
`expect` is told before the first one what that will be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ._checks.arrays import as_choice, as_count, as_in_range, as_integer, as_positive
from ._checks.monitors import MODES, as_monitor, check_recorded, sign_of
from ._checks.names import explained

_LEAST_CHANGE = 1e-8  # of a rate on a plateau; a smaller one is not made (`eps` in PyTorch)


@dataclass(frozen=True)
class _Schedule:
    """What schedules share: a rate, and the check of every parameter."""

    learning_rate: float

    def __post_init__(self) -> None:
        for item in fields(self):
            if item.init:
                value = _CHECKS[item.name](item.name, getattr(self, item.name))
                object.__setattr__(self, item.name, value)  # the one way in a frozen dataclass


@explained
@dataclass(frozen=True)
class Constant(_Schedule):
    """One rate for all epochs.

    Parameters
    ----------
    learning_rate : float
        Above 0; parameter units^2 / loss units.

    Raises
    ------
    ValueError, TypeError
        Of every schedule: if a parameter is not as described.

    Examples
    --------
    >>> from fastnn.schedules import Constant
    >>> Constant(0.1)(7)
    0.1
    """

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, 0 for the first one."""
        return self.learning_rate


@explained
@dataclass(frozen=True)
class Step(_Schedule):
    """The rate is multiplied by `gamma` every `step_size` epochs.

        learning_rate gamma^floor(epoch / step_size)

    Parameters
    ----------
    learning_rate : float
    step_size : int
        At least 1; epochs.
    gamma : float
        Above 0.

    Examples
    --------
    >>> from fastnn.schedules import Step
    >>> [Step(1.0, step_size=2, gamma=0.5)(epoch) for epoch in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    step_size: int
    gamma: float = 0.1

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, 0 for the first one."""
        return self.learning_rate * self.gamma ** (epoch // self.step_size)


@explained
@dataclass(frozen=True)
class Exponential(_Schedule):
    """The rate is multiplied by `gamma` every epoch.

        learning_rate gamma^epoch

    Parameters
    ----------
    learning_rate : float
    gamma : float
        Above 0.

    Examples
    --------
    >>> from fastnn.schedules import Exponential
    >>> [Exponential(1.0, gamma=0.5)(epoch) for epoch in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    gamma: float

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, 0 for the first one."""
        return self.learning_rate * self.gamma**epoch


@explained
@dataclass(frozen=True)
class InverseScaling(_Schedule):
    """The rate falls with a power of the epoch.

        learning_rate / (epoch + 1)^power

    Parameters
    ----------
    learning_rate : float
    power : float
        At least 0.

    Examples
    --------
    >>> from fastnn.schedules import InverseScaling
    >>> [InverseScaling(1.0)(epoch) for epoch in (0, 3, 99)]
    [1.0, 0.5, 0.1]
    """

    power: float = 0.5

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, 0 for the first one."""
        return self.learning_rate / math.pow(epoch + 1, self.power)


@explained
@dataclass(frozen=True)
class Cosine(_Schedule):
    """The rate falls to `eta_min` along half a cosine; beyond `epochs` it rises again.

        eta_min + (learning_rate - eta_min) (1 + cos(pi epoch / epochs)) / 2

    Parameters
    ----------
    learning_rate : float
    epochs : int
        At least 1; the epoch of the least rate.
    eta_min : float
        The least rate, at least 0.

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
        """Return the rate of an epoch, 0 for the first one."""
        return _anneal(self.learning_rate, self.eta_min, epoch / self.epochs)


@explained
@dataclass(frozen=True)
class OneCycle(_Schedule):
    """The rate rises to `learning_rate`, then falls far below where it began, along two cosines.

    Parameters
    ----------
    learning_rate : float
        The largest.
    epochs : int
        At least 1; how many there are, and no rate is defined beyond.
    pct_start : float
        The share of the epochs in which the rate rises, from 0 to 1.
    div_factor : float
        Above 0; the first rate is `learning_rate` / `div_factor`.
    final_div_factor : float
        Above 0; the last rate is the first one / `final_div_factor`.

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
        """Return the rate of an epoch, 0 for the first one."""
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
    """Where a `ReduceOnPlateau` stands."""

    rate: float
    best: float
    n_bad: int = 0
    n_cooling: int = 0
    seen: bool = False


@explained
@dataclass(frozen=True)
class ReduceOnPlateau(_Schedule):
    """The rate is multiplied by `factor` when a figure has stopped getting better.

    Parameters
    ----------
    learning_rate : float
    factor : float
        At least 0 and below 1.
    patience : int
        At least 0; how many epochs in a row without improvement are let pass.
    threshold : float
        At least 0; the share of the best figure by which it must be beaten.
    cooldown : int
        At least 0; epochs after a reduction in which nothing is counted.
    min_lr : float
        At least 0; no rate is below it.
    monitor : str
        The name of a figure in `History`. An epoch in which it is not taken does not count.
    mode : str
        "min" or "max", which way is better; "auto" as for `EarlyStopping`.

    Notes
    -----
    It has a state: training takes a copy of its own from `start`, and goes on with it where it is
    resumed. A reduction by less than 1e-8 is not made.

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
        """Return the present rate, whatever the epoch."""
        return self._state.rate

    def start(self) -> ReduceOnPlateau:
        """Return a copy that has observed nothing."""
        return replace(self)

    def expect(self, recorded: Collection[str]) -> None:
        """Raise unless the figure is among those that are to be recorded.

        Parameters
        ----------
        recorded : collection of str

        Raises
        ------
        ValueError
            If it is not.

        Examples
        --------
        >>> from fastnn.schedules import ReduceOnPlateau
        >>> ReduceOnPlateau(0.1, monitor="val_loss").start().expect(["loss", "val_loss"])
        """
        check_recorded(self.monitor, recorded)
        self._state.seen = True

    def observe(self, figures: Mapping[str, float]) -> None:
        """Take note of the figures of the epoch that has just ended.

        Parameters
        ----------
        figures : mapping of str to float

        Raises
        ------
        ValueError
            If the figure to monitor is not among the first ones.
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
        """Return True if `figure` beats the best one yet by the threshold."""
        if self.mode == "min":
            return figure < self._state.best * (1 - self.threshold)
        return figure > self._state.best * (1 + self.threshold)


def _anneal(start: float, end: float, share: float) -> float:
    """Return what half a cosine from `start` to `end` has come to after a share of its way."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _as_not_negative(name: str, value: Any) -> float:
    """Return `value` as a finite float of at least 0."""
    return as_in_range(name, value, 0, math.inf)


def _as_factor(name: str, value: Any) -> float:
    """Return `value` as a float of at least 0 and below 1."""
    return as_in_range(name, value, 0, 1)


def _as_share(name: str, value: Any) -> float:
    """Return `value` as a float from 0 to 1."""
    share = _as_not_negative(name, value)
    if share > 1:
        raise ValueError(f"{name} must be at most 1, got {value!r}")
    return share


def _as_wait(name: str, value: Any) -> int:
    """Return `value` as an int of at least 0."""
    wait = as_integer(name, value)
    if wait < 0:
        raise ValueError(f"{name} must be at least 0, got {value!r}")
    return wait


def _as_mode(name: str, value: Any) -> str:
    """Return `value` if it says which way is better."""
    return as_choice(name, value, MODES)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {  # of each field, whatever schedule it is of
    "learning_rate": as_positive,
    "step_size": as_count,
    "gamma": as_positive,
    "power": _as_not_negative,
    "epochs": as_count,
    "eta_min": _as_not_negative,
    "pct_start": _as_share,
    "div_factor": as_positive,
    "final_div_factor": as_positive,
    "factor": _as_factor,
    "patience": _as_wait,
    "threshold": _as_not_negative,
    "cooldown": _as_wait,
    "min_lr": _as_not_negative,
    "monitor": as_monitor,
    "mode": _as_mode,
}
