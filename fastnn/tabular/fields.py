"""What a field of a table holds: a number, a text, or nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .._checks.arrays import Array
from .errors import TableError as TableError

Column = Sequence[str] | Array  # texts; or float64, NaN where there is nothing

MISSING = frozenset({"", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL"})


class Fields(NamedTuple):
    """The fields of a column: each is a number, missing, or else a text."""

    numbers: Array  # float64, shape (n_rows,); not finite where there is none
    missing: Array  # bool, shape (n_rows,)

    @property
    def is_text(self) -> Array:
        """Whether each is neither a finite number nor missing."""
        is_text: Array = ~(np.isfinite(self.numbers) | self.missing)
        return is_text


def parse(column: Column) -> Fields:
    """Return the fields of a column, parsed."""
    if isinstance(column, np.ndarray):
        return Fields(column, np.isnan(column))
    if "_" not in "".join(column):  # Python takes 1_000 for a number, and no other program does
        try:
            numbers = np.fromiter(map(float, column), np.float64, len(column))
        except ValueError:
            pass
        else:
            if np.isfinite(numbers).all():
                return Fields(numbers, np.zeros(len(column), bool))
    different = set(column)  # often few: categories
    numbers_of = {text: _as_number(text) for text in different}
    missing = {text for text in different if text.strip() in MISSING}
    return Fields(
        np.array([numbers_of[text] for text in column]),
        np.array([text in missing for text in column], bool),
    )


def texts_of(column: Column) -> list[str]:
    """Return the fields of a column as texts."""
    if isinstance(column, np.ndarray):
        return [plain(number) for number in column.tolist()]
    return [text.strip() for text in column]


def is_number(text: str) -> bool:
    """Return True if a text is a finite number."""
    return math.isfinite(_as_number(text))


def plain(value: str | float) -> str:
    """Return a number in its plain spelling, 7 for 7.0 and 007; any other text as it is."""
    number = _as_number(value) if isinstance(value, str) else value
    if not math.isfinite(number):
        return str(value)
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


def _as_number(text: str) -> float:
    """Return a text as a number, NaN if it is none."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
