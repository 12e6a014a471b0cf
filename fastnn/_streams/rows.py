"""Rows of numbers made of dicts, in some 0.3 us a row."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Hashable, Mapping
from operator import itemgetter
from typing import Any

import numpy as np

from .._checks.arrays import Array
from .._training.state import state_of
from ..network import Network

Features = Mapping[Any, Any]  # what a user gives for a row: numbers by names
Place = tuple[Array, memoryview, Array]  # a row of inputs, its memory, room for the outputs
Fill = Callable[[Features, Array, memoryview], bool]
MALFORMED = (
    struct.error,
    TypeError,
    ValueError,
    OverflowError,
    AttributeError,
    IndexError,
)  # what `fill` may raise
REMEDY = "; leave out what is missing"  # where a feature that is not there counts as 0

_TEXTS = (str, bytes, bytearray)
_NO_NUMBERS = (*_TEXTS, complex, np.complexfloating)


class Rows:
    """Rows of a network's inputs, for dicts to fill; what a dict lacks is 0.

    `columns` says which input a feature has. It may get more features than the first `n_known`,
    which are those that count here. A prediction takes a place from `free`, or a new one, and puts
    it back, so that several threads may predict at once; training, by one thread, uses `own`.

    `fill` overwrites a row with the features of a dict, given the row and its memory too, and
    returns whether all features of the dict are known.
    """

    def __init__(self, network: Network, columns: Mapping[Hashable, int]) -> None:
        self.state, self.columns = state_of(network), columns
        model = self.state.model
        self.params, self.table = model.params, model.table
        self.n_known, self.dtype = len(columns), model.dtype
        self._n_in, self._n_out = model.n_in, model.n_out
        self.free: list[Place] = []
        self.own = self.place()
        self.fill: Fill = self._fill_first

    def place(self) -> Place:
        """Return a new place: a row of zeros, its memory, and the outputs."""
        row: Any = np.zeros(self._n_in, self.dtype)
        return row, memoryview(row), np.empty(self._n_out, self.dtype)

    def check(self, x: Features) -> None:
        """Raise an error that names the first feature that is no finite number, if there is one."""
        check_values(x, self.dtype, REMEDY)

    def _fill_first(self, x: Features, row: Array, memory: memoryview) -> bool:
        """Fill a row until a dict has as many features as are known: then go over to `_fill_all`.

        That would be for nothing where rows have a few features of thousands.
        """
        if len(x) == self.n_known > 1:
            self.fill = self._fill_all()
            return self.fill(x, row, memory)
        return self._fill_some(x, row, memory)

    def _fill_some(self, x: Features, row: Array, memory: memoryview) -> bool:
        """Fill a row, feature by feature."""
        row.fill(0)
        n_known, columns, n_new = self.n_known, self.columns, 0
        for name, value in x.items():
            column = columns.get(name, n_known)
            if column < n_known:
                memory[column] = value
            else:
                n_new += 1
        return n_new == 0

    def _fill_all(self) -> Fill:
        """Return a function that fills a row from a dict of all features, or else one by one."""
        n_known, values_of, pack = self.n_known, *_readers(self.columns, self.dtype)
        fill_some = self._fill_some

        def fill(x: Features, row: Array, memory: memoryview) -> bool:
            if len(x) == n_known:
                try:
                    pack(memory, 0, *values_of(x))
                except KeyError:
                    pass
                else:
                    return True
            return fill_some(x, row, memory)

        return fill


class FixedRows(Rows):
    """Rows of dicts that must have all features, and may have others, which are ignored."""

    def __init__(self, network: Network, columns: Mapping[Hashable, int]) -> None:
        super().__init__(network, columns)
        self.fill = self._fill_all()

    def _fill_all(self) -> Fill:
        values_of, pack = _readers(self.columns, self.dtype)

        def fill(x: Features, row: Array, memory: memoryview) -> bool:
            try:
                pack(memory, 0, *values_of(x))
            except KeyError as error:
                raise ValueError(
                    f"x must have the feature {error}, got {sorted(x, key=str)}"
                ) from None
            return True

        return fill

    def check(self, x: Features) -> None:
        """Raise an error that names the first feature that is no finite number, if there is one."""
        check_row(x)
        check_values({name: x[name] for name in self.columns if name in x}, self.dtype)


def _readers(
    columns: Mapping[Hashable, int], dtype: np.dtype[Any]
) -> tuple[Callable[[Features], tuple[Any, ...]], Callable[..., None]]:
    """Return what takes the values of features from a dict, and what puts them into memory."""
    names = [*columns]
    values_of: Any = itemgetter(*names)
    if len(names) == 1:  # it returns the value then, not a tuple
        values_of = lambda x: (x[names[0]],)  # noqa: E731
    return values_of, struct.Struct(f"{len(names)}{dtype.char}").pack_into


def check_row(x: Any) -> None:
    """Raise unless a row is a dict, or what has its items as a dict has."""
    if not hasattr(x, "items"):
        raise TypeError(f"x must be a dict of features, got {x!r}")


def check_values(x: Features, dtype: np.dtype[Any], remedy: str = "") -> None:
    """Raise an error that names the first feature that is no finite number of the dtype.

    `remedy` is what a user can do where a value is missing.
    """
    check_row(x)
    largest = float(np.finfo(dtype).max)
    for name, value in x.items():
        number = _as_float(name, value)
        if not abs(number) <= largest:
            remedy = remedy if math.isnan(number) else ""
            raise ValueError(f"the feature {name!r} must be finite, got {value!r}{remedy}")


def is_itself(value: Any) -> bool:
    """Return True if a dict can find a value again, which NaN, pandas' NA and NaT are not."""
    try:
        return bool(value == value)
    except (TypeError, ValueError):
        return False


def _as_float(name: Hashable, value: Any) -> float:
    """Return a value as a float; None is NaN, and what is too large infinite."""
    if type(value) is float:
        return value
    if value is None:
        return math.nan
    try:
        if isinstance(value, _NO_NUMBERS) or np.ndim(value) > 0:
            raise TypeError
        return float(value)
    except OverflowError:
        return math.inf
    except (TypeError, ValueError):
        remedy = "; encode texts as numbers, one-hot say" if isinstance(value, _TEXTS) else ""
        raise TypeError(f"the feature {name!r} must be a number, got {value!r}{remedy}") from None
