"""Check that the derivative that a user's function returns is that of its value."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

_STEP = 1e-6  # of a difference, relative to the number
_SHARE, _LEAST = 1e-4, 1e-6  # by which a derivative may be off, relative and at least


class NowhereError(ValueError):
    """A function has a finite value nowhere that it was tried."""


class BeyondError(Exception):
    """A function is beyond its domain; the cause is what it has raised."""


class Place(NamedTuple):
    """Where a derivative is checked."""

    where: str
    function: Callable[[Any], tuple[float, float]]  # of one number: its value and its derivative
    point: float


def check_slopes(what: str, places: Iterable[Place]) -> None:
    """Raise unless the derivatives that functions return are those of their values.

    A place where it is beyond its domain, or its value is not finite, does not count; one at
    least must. At a kink the derivative may be any between those of both sides.
    """
    refused: BaseException | None = None
    n_checked = 0
    for where, function, point in places:
        step = _STEP * max(1.0, abs(point))
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                (value, slope), (below, _), (above, _) = (
                    function(np.float64(at)) for at in (point, point - step, point + step)
                )
        except BeyondError as beyond:
            refused = beyond.__cause__
            continue
        if not all(map(math.isfinite, (value, below, above))):
            continue
        n_checked += 1
        sides = (value - below) / step, (above - value) / step
        margin = _LEAST + _SHARE * max(map(abs, sides))
        if not min(sides) - margin <= slope <= max(sides) + margin:  # nor is NaN
            raise ValueError(
                f"{what} must return the derivative of its value: {where} it returned "
                f"{slope:.6g}, and its value changes by {(above - below) / (2 * step):.6g}"
            )
    if n_checked == 0:
        reason = "" if refused is None else f": it raised {type(refused).__name__}: {refused}"
        raise NowhereError(
            f"{what} must return finite numbers somewhere near 0 and 1, got none{reason}"
        ) from refused


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a user's function returns; where it raises an error, its domain ends."""
    try:
        return function(*arguments)
    except Exception as error:
        raise BeyondError from error


def as_pair_of(what: str, returned: Any, names: str) -> tuple[float, float]:
    """Return the two numbers that a function has returned; `names` says what they are."""
    if isinstance(returned, tuple) and len(returned) == 2:
        numbers = tuple(map(_as_number, returned))
        if None not in numbers:
            return numbers  # type: ignore[return-value]
    raise TypeError(f"{what} must return {names}, two numbers, got {shown(returned)}")


def as_value(what: str, returned: Any) -> float:
    """Return the one number that a function has returned."""
    number = _as_number(returned)
    if number is None:
        raise TypeError(f"{what} must return its value, a number, got {shown(returned)}")
    return number


def shown(returned: Any) -> str:
    """Return what a function has returned as text, numbers without NumPy's types.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn._checks.slopes import shown
    >>> shown((np.float64(0.5), None))
    '(0.5, None)'
    """
    if type(returned) is tuple and len(returned) > 1:
        return f"({', '.join(map(shown, returned))})"
    return str(returned) if isinstance(returned, np.number) else repr(returned)


def _as_number(value: Any) -> float | None:
    """Return a real number as a float, anything else as None."""
    if np.ndim(value) == 0 and isinstance(value, int | float | np.integer | np.floating):
        return float(value)
    return None
