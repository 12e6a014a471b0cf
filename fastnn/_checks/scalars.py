"""Check and convert flags, numbers and names."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .names import did_you_mean

_NO_NUMBERS = (str, bytes, bytearray, bool, np.bool_, np.complexfloating)  # float takes them
_RANDOM = np.random.Generator, np.random.RandomState
_LARGEST = 2**62  # int64 holds it, with room to count on


def as_flag(name: str, value: Any) -> bool:
    """Return `value` as a bool if it is one, of Python or NumPy."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise TypeError(f"{name} must be True or False, got {value!r}")


def as_choice(
    name: str, value: object, choices: Iterable[str], *, others: Iterable[str] = ()
) -> str:
    """Return `value` if it is one of `choices`; an error may suggest one of `others` too."""
    if isinstance(value, str) and value in choices:
        return value
    known = ", ".join(repr(choice) for choice in choices)
    hint = did_you_mean(value, [*choices, *others])
    raise ValueError(f"{name} must be one of {known}; got {value!r}{hint}")


def as_integer(name: str, value: Any) -> int:
    """Return `value` as an int."""
    try:
        plain = _without_array(value)
        if isinstance(plain, (bool, np.bool_)):
            raise TypeError
        return operator.index(plain)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from None


def as_natural(name: str, value: Any) -> int:
    """Return `value` as an int of at least 0."""
    number = as_integer(name, value)
    if number < 0:
        raise ValueError(f"{name} must be at least 0, got {value!r}")
    return number


def as_number(name: str, value: Any) -> float:
    """Return `value` as a float, infinite if it is beyond the range of floats."""
    if type(value) is float:
        return value
    try:
        plain = _without_array(value)
        if isinstance(plain, _NO_NUMBERS) or np.ndim(plain) > 0:
            raise TypeError
        return float(plain)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None


def _without_array(value: Any) -> Any:
    """Return the number in an array or a tensor without axes; raise TypeError of any other."""
    if type(value) in (int, float) or not hasattr(value, "item"):
        return value
    if getattr(value, "ndim", 0) != 0 or np.any(getattr(value, "mask", False)):
        raise TypeError
    try:
        return value.item()
    except (ValueError, RuntimeError):  # a tensor without numbers, on PyTorch's device "meta"
        raise TypeError from None


def number_in(text: str) -> float:
    """Return the number that a text is, NaN if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def as_count(name: str, value: Any) -> int:
    """Return `value` as an int of at least 1."""
    if type(value) is int and 1 <= value <= _LARGEST:
        return value
    if isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
    count = as_integer(name, value)
    if count < 1:
        raise ValueError(f"{name} must be at least 1, got {_short(count)}")
    if count > _LARGEST:
        raise ValueError(f"{name} must be at most 2**62, got {_short(count)}")
    return count


def as_finite(name: str, value: Any) -> float:
    """Return `value` as a finite float."""
    number = as_number(name, value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {_short(value)}")
    return number


def as_positive(name: str, value: Any) -> float:
    """Return `value` as a finite float above 0."""
    number = as_number(name, value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be finite and above 0, got {_short(value)}")
    return number


def as_in_range(name: str, value: Any, low: float, high: float) -> float:
    """Return `value` as a float of at least `low` and below `high`."""
    number = as_number(name, value)
    if not low <= number < high:
        raise ValueError(f"{name} must be at least {low} and below {high}, got {_short(value)}")
    return number


def as_amount(name: str, value: Any) -> float:
    """Return `value` as a finite float of at least 0."""
    return as_in_range(name, value, 0, math.inf)


def as_share(name: str, value: Any) -> float:
    """Return `value` as a float of at least 0 and below 1."""
    return as_in_range(name, value, 0, 1)


def as_limit(name: str, value: Any) -> float | None:
    """Return `value` as a finite float above 0, or None, which means no limit."""
    return None if value is None else as_positive(name, value)


def pair_of(check: Callable[[str, Any], float], each: str = "") -> Callable[[str, Any], Any]:
    """Return the check of a field that holds two values; an error names it, or `each` of them."""

    def as_pair(name: str, pair: Any) -> tuple[float, float]:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"{name} must be a pair of numbers, got {pair!r}")
        return check(each or name, pair[0]), check(each or name, pair[1])

    return as_pair


def check_fields(item: Any, **checks: Callable[[str, Any], Any]) -> None:
    """Replace fields by their checked values, in order; a frozen dataclass allows no assignment."""
    for name, check in checks.items():
        object.__setattr__(item, name, check(name, getattr(item, name)))


def _short(value: Any) -> str:
    """Return a number as text; a number with too many digits for Python as its size."""
    if isinstance(value, int) and abs(value) > 10**100:
        return f"an int of {value.bit_length()} bits"
    return repr(value)


def as_generator(seed: Any) -> np.random.Generator | np.random.RandomState:
    """Return the random source that `seed` describes."""
    if isinstance(seed, _RANDOM):
        return seed
    try:
        if seed is None or type(seed) is int:
            return np.random.default_rng(seed)
        if np.ndim(seed) == 0 and isinstance(_without_array(seed), (bool, np.bool_)):
            raise TypeError
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(
            f"seed must be an int >= 0, None, a numpy Generator or a RandomState, got {seed!r}"
        ) from None


def check_generator(random: Any) -> None:
    """Raise unless `random` is a random source, which a seed is not."""
    if not isinstance(random, _RANDOM):
        raise TypeError(
            f"random must be a numpy Generator or a RandomState, got {random!r}: "
            "numpy.random.default_rng(seed) makes one"
        )
