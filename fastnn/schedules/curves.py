"""Schedules that are functions of the epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from .._checks.monitors import MODES, as_monitor
from .._checks.names import explained
from .._checks.scalars import (
    as_amount,
    as_choice,
    as_count,
    as_integer,
    as_positive,
    as_share,
    check_fields,
)


@dataclass(frozen=True)
class CheckedSchedule:
    """The common part of schedules: a rate, and the check of every parameter."""

    learning_rate: float

    def __post_init__(self) -> None:
        check_fields(self, **{item.name: _CHECKS[item.name] for item in fields(self) if item.init})


@explained
@dataclass(frozen=True)
class Constant(CheckedSchedule):  # numpydoc ignore=PR02
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
class Exponential(CheckedSchedule):  # numpydoc ignore=PR02
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
class InverseScaling(CheckedSchedule):  # numpydoc ignore=PR02
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
