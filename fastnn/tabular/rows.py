"""The split of the rows, and a buffer of encoded rows in a temporary file.

The split takes one row at random of each 1 / fraction consecutive ones. It depends on the number of
a row alone, so no list of rows is kept.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .._checks.arrays import Array

N_PARTS = 3
TRAINING, VALIDATION, HELD_OUT = range(N_PARTS)

_FLOAT32 = np.dtype(np.float32)
_PAGES = 64  # of which a shuffled chunk is made: places all over the file


@dataclass(frozen=True)
class Split:
    """The fraction of the rows that is held out, and that of the others for early stopping."""

    held_out: float
    validation: float
    seed: int

    def parts(self, start: int, stop: int) -> Array:
        """Return the part of each of these rows, shape (stop - start,)."""
        parts = np.full(stop - start, TRAINING)
        parts[_picked(start, stop, self.validation, 2 * self.seed + 1)] = VALIDATION
        parts[_picked(start, stop, self.held_out, 2 * self.seed)] = HELD_OUT
        return parts

    def parts_of(self, rows: Array) -> Array:
        """Return the part of each of some rows, whose numbers ascend."""
        if not len(rows):
            return rows
        parts: Array = self.parts(int(rows[0]), int(rows[-1]) + 1)[rows - rows[0]]
        return parts


def _picked(start: int, stop: int, fraction: float, key: int) -> Array:
    """Return which of the rows are picked: one in each interval of length 1 / fraction."""
    picked = np.zeros(stop - start, bool)
    if fraction > 0:
        intervals = np.arange(int(start * fraction), int(stop * fraction) + 1)
        rows = ((intervals + _uniform(intervals, key)) / fraction).astype(np.int64)
        picked[rows[(rows >= start) & (rows < stop)] - start] = True
    return picked


def _uniform(counters: Array, key: int) -> Array:
    """Return a number of [0, 1) for each counter: splitmix64, seeded twice.

    Steele, Lea & Flood, Fast splittable pseudorandom number generators, 2014.
    """
    seed = np.random.SeedSequence(key).generate_state(1, np.uint64)
    z = seed + counters.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    uniform: Array = ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53
    return uniform


class SpillBuffer:
    """Encoded rows of one width, float32: append them once, then read them as often as needed.

    They are in an unnamed file in `folder`: nothing is left behind however the program ends.
    """

    def __init__(self, width: int, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed by `close`
        self._width, self.n_rows = width, 0

    def append(self, rows: Array) -> None:
        """Add rows, shape (n, width)."""
        self._file.write(np.ascontiguousarray(rows, _FLOAT32).tobytes())
        self.n_rows += len(rows)

    def read(self, start: int, stop: int) -> Array:
        """Return rows, shape (stop - start, width); fewer beyond the last one."""
        n_bytes = self._width * _FLOAT32.itemsize  # of a row
        self._file.seek(start * n_bytes)
        content = self._file.read(max(0, stop - start) * n_bytes)
        return np.frombuffer(content, _FLOAT32).reshape(-1, self._width)

    def chunks(self, n_rows: int) -> Iterator[Array]:
        """Yield all rows in their order, some at a time."""
        for start in range(0, self.n_rows, n_rows):
            yield self.read(start, start + n_rows)

    def shuffled(self, n_rows: int, random: np.random.Generator) -> Iterator[Array]:
        """Yield all rows in chunks, each made of short runs from all over the file.

        The order of the runs is drawn anew; within a chunk the rows are in the order of the runs.
        """
        page = max(1, n_rows // _PAGES)
        starts = random.permutation(np.arange(0, self.n_rows, page))
        for chunk in range(0, len(starts), max(1, n_rows // page)):
            pages = starts[chunk : chunk + max(1, n_rows // page)].tolist()
            yield np.concatenate([self.read(start, start + page) for start in pages])

    def close(self) -> None:
        """Release the file."""
        self._file.close()
