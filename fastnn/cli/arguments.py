"""What the flags of several commands accept."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from collections.abc import Callable

from .._checks.scalars import number_in


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return the type of an argument that is a whole number within bounds."""
    bounds = f"of at least {least}" if most is None else f"from {least} to {most}"

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            raise ArgumentTypeError(f"must be a whole number {bounds}, got {text!r}")
        return number

    return convert


def positive_number(text: str) -> float:
    """Return a finite number above 0."""
    number = number_in(text)
    if not 0 < number < math.inf:
        raise ArgumentTypeError(f"must be a finite number above 0, got {text!r}")
    return number


def widths(text: str) -> list[int]:
    """Return the widths of layers, whole numbers between commas."""
    return [whole_number(1)(part) for part in text.split(",")]
