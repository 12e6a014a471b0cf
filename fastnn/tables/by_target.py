"""Categories with many values as inputs: statistics of the target in the rows of a category [1]_.

References
----------
.. [1] D. Micci-Barreca, A preprocessing scheme for high-cardinality categorical attributes, 2001.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn.model_selection import KFold

from .._checks.arrays import Array
from .encoder import Encoded
from .numbers import RobustScale
from .task import Task


@dataclass(frozen=True)
class ByTarget:
    """Categories as statistics of the target in the rows that a member was trained on."""

    tables: Sequence[Array]  # of each column, float32, (n_codes, n_targets): a row for each code

    @classmethod
    def fitted(cls, task: Task, rows: Array, seed: int) -> tuple[Self, Array]:
        """Return the statistics, and the inputs of the rows themselves.

        The inputs of a row are statistics of other rows: else they would give its target away.
        """
        codes, targets = task.rows.many_valued[rows], task.columns_of_targets[rows]
        n_codes = task.rows.n_codes
        crossed = np.empty((len(rows), targets.shape[1], codes.shape[1]))
        for others, part in KFold(min(5, len(rows)), shuffle=True, random_state=seed).split(rows):
            tables = _statistics(codes[others], targets[others], n_codes)
            crossed[part] = _looked_up(tables, codes[part])
        tables = _statistics(codes, targets, n_codes)
        for column, table in enumerate(tables):
            scale = RobustScale.fitted(crossed[:, :, column], task.weights[rows])
            crossed[:, :, column] = scale(crossed[:, :, column])
            table[:] = scale(table)
        inputs = crossed.astype(np.float32).reshape(len(rows), -1)
        return cls([table.astype(np.float32) for table in tables]), inputs

    def __call__(self, codes: Array) -> Array:
        """Return the inputs, float32, of one target after the other."""
        return _looked_up(self.tables, codes).reshape(len(codes), -1)


def inputs_of(rows: Encoded, encoding: str, by_target: ByTarget | None) -> Array:
    """Return the inputs of a network that has seen other rows."""
    return rows.inputs(encoding, None if by_target is None else by_target(rows.many_valued))


def training_inputs(
    task: Task, rows: Array, encoding: str, seed: int
) -> tuple[Array, ByTarget | None]:
    """Return the inputs of a network that is trained on rows, and the statistics among them."""
    inputs = task.rows.inputs(encoding)[rows]
    if not task.rows.many_valued.shape[1]:
        return inputs, None
    by_target, crossed = ByTarget.fitted(task, rows, seed)
    return np.hstack([inputs, crossed]), by_target


def _statistics(codes: Array, targets: Array, n_codes: Sequence[int]) -> list[Array]:
    """Return the mean of each column's codes, drawn towards that of all rows by its uncertainty.

    This is the empirical Bayes estimate of [1]_, as in scikit-learn's TargetEncoder, which takes
    ten times as long. A code without rows has the mean of all.
    """
    mean, variance = targets.mean(axis=0), targets.var(axis=0)
    tables = []
    for column, n in zip(codes.T, n_codes, strict=True):
        counts = np.bincount(column, minlength=n)[:, None]
        divisors = np.maximum(counts, 1)
        means = _sums(column, targets, n) / divisors
        noise = _sums(column, (targets - means[column]) ** 2, n) / divisors
        signal = variance * counts
        total = signal + noise
        share = np.divide(signal, total, out=np.zeros_like(total), where=total > 0)
        tables.append(share * means + (1 - share) * mean)
    return tables


def _sums(codes: Array, values: Array, n: int) -> Array:
    """Return the sums of the rows of each code, shape (n, n_values)."""
    return np.stack([np.bincount(codes, column, n) for column in values.T], axis=1)


def _looked_up(tables: Sequence[Array], codes: Array) -> Array:
    """Return the statistics of codes, shape (n_rows, n_targets, n_columns)."""
    found = [table[column] for table, column in zip(tables, codes.T, strict=True)]
    return np.stack(found, axis=2)
