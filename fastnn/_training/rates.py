"""Learning rates as a schedule gives them, and whether they are what training can take."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from .._checks.arrays import Array
from .._checks.periods import PERIODS
from .._checks.scalars import as_choice

Schedule = Callable[[int], float]


def per_of(schedule: Schedule) -> str:
    """Return whether a schedule is a function of the "epoch" or of the "update"."""
    per: str = as_choice("per, of a schedule,", getattr(schedule, "per", "epoch"), PERIODS)
    return per


def rates_of(schedule: Schedule, first: int, n: int) -> Array:
    """Return the rates of `n` epochs or updates: by one call if the schedule has `rates`."""
    if (method := getattr(schedule, "rates", None)) is None:
        rates = np.array([_as_rate(schedule(first + k), schedule, first + k) for k in range(n)])
    else:
        given = method(first, n)
        rates = np.asarray(given)
        if rates.shape != (n,) or rates.dtype.kind not in "iuf":
            got = f"shape {rates.shape} and dtype {rates.dtype}" if rates.ndim else repr(given)
            raise ValueError(
                f"rates({first}, {n}) of the schedule {_name_of(schedule)} must return {n} rates, "
                f"got {got}"
            )
        rates = rates.astype(np.float64, copy=False)
    is_valid = np.isfinite(rates) & (rates >= 0)
    if not is_valid.all():
        place = int(is_valid.argmin())
        raise _refusal(schedule, first + place, str(rates[place]))
    return rates


def _as_rate(rate: Any, schedule: Schedule, number: int) -> float:
    """Return what a schedule has returned as a number."""
    if type(rate) is float:
        return rate
    is_real = isinstance(rate, Real) and not isinstance(rate, bool)
    if not is_real and (np.ndim(rate) or np.asarray(rate).dtype.kind not in "iuf"):
        raise _refusal(schedule, number, repr(rate).replace("\n", " "))
    return float(rate)


def _refusal(schedule: Schedule, number: int, got: str) -> ValueError:
    return ValueError(
        f"a schedule must return a finite rate of at least 0, got {got} for {per_of(schedule)} "
        f"{number} of {_name_of(schedule)}"
    )


def _name_of(schedule: Schedule) -> str:
    """Return the name of a function, or what else a schedule is."""
    return str(getattr(schedule, "__qualname__", None) or schedule)
