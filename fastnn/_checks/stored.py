"""Tables that are too large to copy: rows are converted when a kernel needs them.

A kernel takes one dtype in C order. Other data (float32 for a network of float64, integers, columns
of a wider table) must be converted, and so must the samples that `validation_fraction` holds out:
at once if they are small, else part by part, again in each epoch. The bits are the same. So it is
with what a network does to its inputs first, `change`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core.inputs import Samples
from ..core.scratch import BLOCK_ROWS
from .arrays import Array, as_contiguous, as_read_only

# Bytes that are copied at once. What is in memory had room there, and saves a conversion an epoch.
MOST_OF_FILE, MOST_OF_MEMORY = 1 << 24, 1 << 28
_PART = 1 << 20  # bytes of a part: it stays in the cache until the kernel has read it


@dataclass(frozen=True, eq=False, repr=False)
class Stored:
    """Samples in a table of any dtype; `numbers` are the numbers of its rows, None means all.

    `change`, if there is one, makes of rows of the table what is converted.
    """

    table: Array
    dtype: np.dtype[Any]
    numbers: Array | None = None
    change: Callable[[Array], Array] | None = None

    is_sparse = False

    @property
    def n_samples(self) -> int:
        """The number of rows."""
        return len(self.table) if self.numbers is None else len(self.numbers)

    @property
    def n_at_once(self) -> int:
        """The number of rows to convert at once, in whole batch tiles, so that sums keep bits."""
        n_bytes: int = self.table.shape[1] * self.dtype.itemsize
        return max(BLOCK_ROWS, _PART // n_bytes // BLOCK_ROWS * BLOCK_ROWS)

    def part(self, start: int, stop: int) -> Samples:
        """Return the samples [start, stop) for the kernels."""
        if self.numbers is None:
            return self._converted(self.table[start:stop])
        return self._converted(self.table.take(self.numbers[start:stop], axis=0))

    def gathered(self, samples: Array) -> Samples:
        """Return the samples with these numbers."""
        numbers = samples if self.numbers is None else self.numbers[samples]
        return self._converted(self.table.take(numbers, axis=0))

    def _converted(self, rows: Array) -> Samples:
        changed_rows = rows if self.change is None else self.change(rows)
        return Samples.dense(as_contiguous(changed_rows, self.dtype))


Inputs = Samples | Stored


def must_stay(table: Array, dtype: np.dtype[Any]) -> bool:
    """Return True if a table must be converted and is too large to be converted at once."""
    n_bytes = table.size * dtype.itemsize
    if n_bytes <= MOST_OF_FILE or (table.dtype == dtype and table.flags.c_contiguous):
        return False
    return _is_large(table, n_bytes)


def _is_large(table: Array, n_bytes: int) -> bool:
    """Return True if a copy of so many bytes of a table would be too large."""
    if n_bytes <= MOST_OF_FILE or n_bytes > MOST_OF_MEMORY:
        return n_bytes > MOST_OF_FILE
    owner: Any = table
    while isinstance(owner, np.ndarray):
        if isinstance(owner, np.memmap):
            return True
        owner = owner.base
    return False


def taken(X: Inputs, rows: Array) -> Inputs:
    """Return some of the samples: a copy or, if that would be large, a reference."""
    if isinstance(X, Samples):
        n_bytes = len(rows) * X.values.shape[1] * X.values.itemsize
        if X.is_sparse or not _is_large(X.values, n_bytes):
            return X.take(rows)
        return Stored(X.values, X.values.dtype, rows)
    numbers = rows if X.numbers is None else X.numbers[rows]
    part = replace(X, numbers=numbers)
    n_bytes = len(rows) * X.table.shape[1] * X.dtype.itemsize
    return part if _is_large(X.table, n_bytes) else part.part(0, len(rows))


def changed(X: Inputs, change: Callable[[Array], Array], dtype: np.dtype[Any]) -> Inputs:
    """Return dense samples as `change` makes them, row by row: a copy or, if large, a reference."""
    if isinstance(X, Stored):
        return replace(X, dtype=dtype, change=change)
    if _is_large(X.values, X.values.size * dtype.itemsize):
        return Stored(X.values, dtype, None, change)
    return Samples.dense(as_contiguous(change(X.values), dtype))


def parts_of(X: Inputs, rows: Array | None) -> Iterator[tuple[Samples, Array]]:
    """Yield samples part by part, with their numbers: those in `rows`, or all."""
    numbers = np.arange(X.n_samples) if rows is None else rows
    step = len(numbers)
    if isinstance(X, Stored):
        step = X.n_at_once
    elif not X.is_sparse:
        step = max(1, _PART // (X.values.shape[1] * X.values.itemsize))
    for start in range(0, len(numbers), step):
        some = numbers[start : start + step]
        yield X.gathered(some) if isinstance(X, Stored) else X.take(some), some


class Windows:
    """Stored samples for a training kernel, one span of positions at a time.

    The samples of a span are gathered in the order of training, and `order` gives their places in
    it. Of samples outside the span, a kernel may need the weights, for the batch that it ends: all
    weights stand behind those of the span.
    """

    def __init__(self, X: Stored, Y: Array, weights: Array, order: Array) -> None:
        self._X, self._Y = X, Y
        self.n_at_once = X.n_at_once
        self._numbers = order.reshape(-1)
        n_most = self.n_at_once + BLOCK_ROWS  # a kernel completes its last batch tile
        self._elsewhere = n_most
        self._order = n_most + np.arange(order.size).reshape(order.shape)
        self._within = np.empty(0, np.int64)
        self._weights = weights
        if weights.size:
            self._weights = np.concatenate([np.zeros(n_most, weights.dtype), weights[order.flat]])

    def __call__(self, start: int, stop: int, end: int) -> tuple[Samples, Array, Array, Array]:
        """Return inputs, targets, weights and order for positions [start, stop) of `end`."""
        places = self._order.reshape(-1)
        places[self._within] = self._elsewhere + self._within
        within = np.arange(start, min(stop + BLOCK_ROWS, end)) % len(places)
        self._within, numbers = within, self._numbers[within]
        places[within] = np.arange(len(within))
        if self._weights.size:
            self._weights[: len(within)] = self._weights[self._elsewhere + within]
        targets = as_read_only(self._Y[numbers])
        return self._X.gathered(numbers), targets, as_read_only(self._weights), self._order
