"""Schedules that are functions of the epoch, or of the update."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, fields
from functools import partial
from typing import Any, TypeVar

import numpy as np

from .._checks.arrays import Array
from .._checks.monitors import MODES, as_monitor
from .._checks.names import explained
from .._checks.periods import PERIODS
from .._checks.scalars import (
    as_amount,
    as_choice,
    as_count,
    as_natural,
    as_positive,
    as_share,
    check_fields,
)

Numbers = TypeVar("Numbers", float, Array)


@dataclass(frozen=True)
class CheckedSchedule:
    """The common part of schedules: a rate, its warm-up, and the check of its parameters.

    A class of the user's may add fields, and checks them itself.
    """

    learning_rate: float
    _: KW_ONLY
    per: str = "epoch"
    warmup: int = 0

    def __post_init__(self) -> None:
        names = [item.name for item in fields(self) if item.init]
        check_fields(self, **{name: _CHECKS[name] for name in names if name in _CHECKS})

    def __repr__(self) -> str:
        """Return the call that makes it, without `per` and `warmup` where they are usual."""
        shown = [item for item in fields(self) if item.repr and not item.kw_only]
        shown += [
            item
            for item in fields(self)
            if item.kw_only and getattr(self, item.name) != item.default
        ]
        values = ", ".join(f"{item.name}={getattr(self, item.name)!r}" for item in shown)
        return f"{type(self).__name__}({values})"

    def __call__(self, number: int) -> float:
        """Return the rate of an epoch, or of an update, which is 0 for the first one."""
        if number < self.warmup:
            return float(self._curve(0.0)) * (number + 1) / (self.warmup + 1)
        return float(self._curve(number - self.warmup))

    def rates(self, first: int, n: int) -> Array:  # numpydoc ignore=PR01,RT01
        """Return the rates of `n` epochs, or updates, at once, within rounding of calls."""
        numbers = np.arange(first, first + n)
        if self.per == "epoch":  # few, and by the same bits as ever
            return np.array([self(number) for number in numbers.tolist()])
        n_warming = min(max(0, self.warmup - first), n)
        warming = [self(number) for number in range(first, first + n_warming)]
        after = numbers[n_warming:] - float(self.warmup)
        return np.concatenate([warming, self._curve(after)]) if n_warming else self._curve(after)

    def _curve(self, at: Numbers) -> Numbers:
        """Return the rate after so many epochs, or updates, of which warm-up is none."""
        raise NotImplementedError


@explained
@dataclass(frozen=True, repr=False)
class Constant(CheckedSchedule):  # numpydoc ignore=PR02
    """Use one rate for all epochs.

    Parameters
    ----------
    learning_rate : float
        The rate, above 0, in units of parameters squared per unit of loss.
    per : str
        What the schedule is a function of, "epoch" or "update", by default "epoch". With "update"
        the warm-up is of updates.
    warmup : int
        The number of epochs, or updates, in which the rate first rises on a straight line to that
        with which the schedule then begins, at least 0, by default 0.

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

    def _curve(self, at: Numbers) -> Numbers:
        return self.learning_rate + 0 * at


@explained
@dataclass(frozen=True, repr=False)
class Step(CheckedSchedule):  # numpydoc ignore=PR02
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
    per, warmup : str, int
        As `Constant` describes them, by default "epoch" and 0. With "update" `step_size` is a
        number of updates.

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

    def _curve(self, at: Numbers) -> Numbers:
        rate: Numbers = self.learning_rate * self.gamma ** (at // self.step_size)
        return rate


@explained
@dataclass(frozen=True, repr=False)
class Exponential(CheckedSchedule):  # numpydoc ignore=PR02
    """Multiply the rate by `gamma` every epoch.

        learning_rate gamma^epoch

    Parameters
    ----------
    learning_rate : float
        The rate of the first epoch, above 0.
    gamma : float
        The factor, above 0.
    per, warmup : str, int
        As `Constant` describes them, by default "epoch" and 0. With "update" the rate changes at
        every update.

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

    def _curve(self, at: Numbers) -> Numbers:
        rate: Numbers = self.learning_rate * self.gamma**at
        return rate


@explained
@dataclass(frozen=True, repr=False)
class InverseScaling(CheckedSchedule):  # numpydoc ignore=PR02
    """Decrease the rate with a power of the epoch.

        learning_rate / (epoch + 1)^power

    Parameters
    ----------
    learning_rate : float
        The rate of the first epoch, above 0.
    power : float
        The exponent, at least 0, by default 0.5.
    per, warmup : str, int
        As `Constant` describes them, by default "epoch" and 0. With "update" the rate changes at
        every update.

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

    def _curve(self, at: Numbers) -> Numbers:
        rate: Numbers = self.learning_rate / (at + 1) ** self.power
        return rate


@explained
@dataclass(frozen=True, repr=False)
class Cosine(CheckedSchedule):  # numpydoc ignore=PR02
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
    per, warmup : str, int
        As `Constant` describes them, by default "epoch" and 0. With "update" `epochs` is a number
        of updates.

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
    >>> Cosine(1.0, epochs=4000, per="update", warmup=1000).rates(0, 5001)[::1000].round(3)
    array([0.001, 1.   , 0.854, 0.5  , 0.146, 0.   ])
    """

    epochs: int
    eta_min: float = 0.0

    def _curve(self, at: Numbers) -> Numbers:
        return _anneal(self.learning_rate, self.eta_min, at / self.epochs)


@explained
@dataclass(frozen=True, repr=False)
class OneCycle(CheckedSchedule):  # numpydoc ignore=PR02
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
    per, warmup : str, int
        As `Constant` describes them, by default "epoch" and 0. With "update" `epochs` is a number
        of updates.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described. When it is called for an epoch beyond its end.

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

    def _curve(self, at: Numbers) -> Numbers:
        number = float(np.max(at, initial=0.0))
        if number >= self.epochs:
            remedy = "" if self.per == "epoch" else ": epochs is a number of updates here"
            raise ValueError(
                f"{self.per} must be below {self.warmup + self.epochs} in a OneCycle, "
                f"got {self.warmup + number:.0f}{remedy}"
            )
        top = self.pct_start * self.epochs - 1  # where the largest rate is, not always whole
        if not isinstance(at, np.ndarray):
            return self._rise(at, top) if at <= top else self._fall(at, top)
        is_rising = at <= top
        return np.concatenate([self._rise(at[is_rising], top), self._fall(at[~is_rising], top)])

    def _rise(self, at: Numbers, top: float) -> Numbers:
        first = self.learning_rate / self.div_factor
        return _anneal(first, self.learning_rate, at / top if top else at + 1.0)

    def _fall(self, at: Numbers, top: float) -> Numbers:
        last = self.learning_rate / self.div_factor / self.final_div_factor
        return _anneal(self.learning_rate, last, (at - top) / (self.epochs - 1 - top))


def _anneal(start: float, end: float, share: Numbers) -> Numbers:
    """Return the value of half a cosine from `start` to `end`, after a share of its length."""
    cos = np.cos if isinstance(share, np.ndarray) else math.cos
    return end + (start - end) * (1 + cos(math.pi * share)) / 2


def _as_part(name: str, value: Any) -> float:
    """Return `value` as a float from 0 to 1."""
    share = as_amount(name, value)
    if share > 1:
        raise ValueError(f"{name} must be at most 1, got {value!r}")
    return share


_CHECKS: dict[str, Callable[[str, Any], Any]] = {  # of each field, by its name
    "learning_rate": as_positive,
    "per": partial(as_choice, choices=PERIODS),
    "warmup": as_natural,
    "step_size": as_count,
    "gamma": as_positive,
    "power": as_amount,
    "epochs": as_count,
    "eta_min": as_amount,
    "pct_start": _as_part,
    "div_factor": as_positive,
    "final_div_factor": as_positive,
    "factor": as_share,
    "patience": as_natural,
    "threshold": as_amount,
    "cooldown": as_natural,
    "min_lr": as_amount,
    "monitor": as_monitor,
    "mode": partial(as_choice, choices=MODES),
}
