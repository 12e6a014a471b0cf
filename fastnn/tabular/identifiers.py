"""Columns of whole numbers that number the rows, as an index or a key does."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa

from ..tables.formats import PLAIN, Misfit
from ..tables.parsing import values_of

_REMEMBERED = 20_000  # numbers at least, that each other is compared with
_FEW = 20  # rows, of which each may have another number by chance
_NAME = re.compile(r"(?i:index|(.*[\W_])?id)|.*[a-z]I[Dd]")  # id, order_id, PassengerId, customerID


class Numbering:
    """Whether a column has another whole number in each row, with no gaps or named as a key."""

    def __init__(self, name: str) -> None:
        self._has_name = _NAME.fullmatch(name.strip()) is not None
        self._all_differ = True
        self._n, self._low, self._high = 0, np.inf, -np.inf
        self._seen: set[float] = set()

    @property
    def numbers_rows(self) -> bool:
        """Whether it does, as far as it is remembered."""
        is_gapless = self._high - self._low + 1 == self._n
        return self._all_differ and self._n > _FEW and bool(is_gapless or self._has_name)

    def add(self, column: Any) -> None:
        """Look at some rows; texts have null where they are missing."""
        if not len(column) or not self._all_differ:  # most columns are out after the first rows
            return
        try:
            values = values_of(column, PLAIN, ())
        except (Misfit, pa.ArrowInvalid):
            self._all_differ = False
            return
        numbers = values.drop_null().to_numpy(zero_copy_only=False)
        different = np.unique(numbers)
        self._all_differ = (
            len(different) == len(values)
            and bool((different % 1 == 0).all())
            and self._seen.isdisjoint(different.tolist())
        )
        if self._all_differ:
            self._n += len(values)
            self._low, self._high = min(self._low, different[0]), max(self._high, different[-1])
            if len(self._seen) < _REMEMBERED:
                self._seen.update(different.tolist())
