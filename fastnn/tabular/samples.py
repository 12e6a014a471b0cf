"""Rows of a table for training: all that have a target, chunk by chunk, or a random sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np

from .._checks.arrays import Array
from ..tables.columns import Column, columns_of
from ..tables.errors import TableError
from .reading import Table
from .rows import TRAINING, Split
from .target import Problem

_ROWS = 20_000  # of a sample, at most
_FIELDS = 1_000_000
_READ_FIELDS = 25_000  # of a chunk, at most: they may be long


class Samples(NamedTuple):
    """Some rows of a table."""

    numbers: Array  # of the rows in the table, from 0
    columns: list[Column]
    targets: Array  # codes of classes, or numbers

    def taken(self, rows: Array) -> Self:
        """Return some of the rows."""
        columns = [column._replace(values=column.values[rows]) for column in self.columns]
        return self._replace(
            numbers=self.numbers[rows], columns=columns, targets=self.targets[rows]
        )


def read_samples(problem: Problem, most_rows: int | None = None) -> Iterator[Samples]:
    """Yield the rows that have a target, from the first on, some at a time."""
    names, target = problem.names, problem.target
    start, wanted = 0, [*names, target.name]
    n_rows = max(1, _READ_FIELDS // len(wanted))
    for chunk in problem.table.chunks(min(n_rows, most_rows or n_rows), wanted):
        by_name = {column.name: column for column in columns_of(chunk)}
        of_target = by_name[target.name]
        kept = np.flatnonzero(~of_target.missing)
        values = of_target.values[kept]
        targets = values if target.classes is None else target.codes(values)
        columns = [by_name[name]._replace(values=by_name[name].values[kept]) for name in names]
        yield Samples(start + kept, columns, targets)
        start += len(of_target.values)


def joined(parts: Sequence[Samples]) -> Samples:
    """Return the rows of several chunks."""
    columns = [
        same[0]._replace(values=np.concatenate([column.values for column in same]))
        for same in zip(*(part.columns for part in parts), strict=True)
    ]
    numbers = np.concatenate([part.numbers for part in parts])
    return Samples(numbers, columns, np.concatenate([part.targets for part in parts]))


def random_sample(problem: Problem, split: Split) -> Samples:
    """Return training rows at random, from all over a table."""
    n_rows = problem.n_rows
    size = min(n_rows, _ROWS, max(1000, _FIELDS // len(problem.names)))
    chosen = np.random.default_rng(split.seed).choice(n_rows, size, replace=False)
    is_chosen = np.zeros(n_rows, bool)
    is_chosen[chosen] = True
    parts = []
    for part in read_samples(problem):
        of_training = split.parts_of(part.numbers) == TRAINING
        parts.append(part.taken(np.flatnonzero(is_chosen[part.numbers] & of_training)))
    sample = joined(parts)
    check_samples(problem.table, sample)
    return sample


def check_samples(table: Table, samples: Samples) -> None:
    """Raise unless there are rows to train on, different targets, and a value in some column."""
    n_rows = len(samples.targets)
    if n_rows < 2:
        raise TableError(
            f"{table.path} must have at least 2 rows with a target to train on, got {n_rows}: "
            "give more rows"
        )
    if (samples.targets == samples.targets[0]).all():
        raise TableError(
            f"{table.path}: the target must have different values in the {n_rows} rows to train "
            "on, got one: give more rows, or --holdout 0"
        )
    if all(column.missing.all() for column in samples.columns):
        raise TableError(
            f"{table.path} must have a column that holds a value beside the target, got none in "
            f"the {n_rows} rows to train on: add a column, or rows"
        )
