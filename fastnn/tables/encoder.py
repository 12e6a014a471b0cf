"""The columns of a table as the inputs of a network, in blocks that an encoding may leave out.

    scaled      a column of numbers, scaled; beside it, 1 where it is missing, if training saw that
    bins        its piecewise-linear bins
    periodic    its periodic features
    category    a category one-hot; the seldom ones and those that training did not see are one

A missing number is the median. A missing category is a category. A time is numbers: the days since
1970, the year, month, day of the week and hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.preprocessing import OneHotEncoder

from .._checks.arrays import Array
from .columns import NUMBER, TEXT, TIME, Column
from .numbers import Periodic, PiecewiseBins, RobustScale

ENCODINGS = {  # the blocks of each
    "linear": ("scaled", "category"),  # for a network without hidden layers
    "scaled": ("scaled", "category"),
    "bins": ("scaled", "bins", "category"),
    "periodic": ("scaled", "periodic", "category"),
}
LEAST_ROWS = 2  # of a category with an input of its own
MOST_CATEGORIES = 64  # one-hot of a column; a column of more is encoded by the target, too


@dataclass(frozen=True)
class Encoded:
    """The rows of a table, as networks take them."""

    blocks: Mapping[str, Array]  # float32, shape (n_rows, n_inputs)
    many_valued: Array  # objects, the columns of many categories, for the statistics of the target
    _made: dict[tuple[str, ...], Array] = field(default_factory=dict, repr=False)

    def taken(self, rows: Array) -> Encoded:
        """Return some of the rows."""
        blocks = {name: block[rows] for name, block in self.blocks.items()}
        return Encoded(blocks, self.many_valued[rows])

    def inputs(self, encoding: str) -> Array:
        """Return the inputs of an encoding, shape (n_rows, n_inputs), made once for its members."""
        names = ENCODINGS[encoding]
        if names not in self._made:
            self._made[names] = np.hstack([self.blocks[name] for name in names])
        return self._made[names]


class TableEncoder:
    """The encoding of a table, fitted to training rows without their targets.

    Attributes
    ----------
    kinds_ : dict of str to str
        The kind of each column: number, text or time.
    many_valued_ : list of str
        The columns with more categories than `MOST_CATEGORIES`.
    """

    kinds_: dict[str, str]
    many_valued_: list[str]

    def __init__(self, encodings: Iterable[str] = ENCODINGS) -> None:
        self.blocks = {block for encoding in encodings for block in ENCODINGS[encoding]}

    def fit(
        self, columns: Sequence[Column], weights: Array, random: np.random.RandomState
    ) -> Encoded:
        """Fit to the training rows, and return them encoded.

        Raises
        ------
        ValueError
            If a column has no value.
        """
        for column in columns:
            if column.missing[weights > 0].all():
                raise ValueError(
                    f"column {column.name!r} must hold a value, got {len(column.values)} that are "
                    "missing: leave the column out"
                )
        self.kinds_ = {column.name: column.kind for column in columns}
        numbers = self._numbers(columns)
        self._with_indicator = np.flatnonzero(np.isnan(numbers[weights > 0]).any(axis=0))
        self._scale = RobustScale.fitted(numbers, weights)
        if "bins" in self.blocks:
            self._bins = PiecewiseBins.fitted(numbers, weights)
        if "periodic" in self.blocks:
            self._periodic = Periodic.drawn(numbers.shape[1], random)
        texts = self._texts(columns)
        self._one_hot = OneHotEncoder(
            handle_unknown="infrequent_if_exist", min_frequency=LEAST_ROWS,
            max_categories=MOST_CATEGORIES, sparse_output=False, dtype=np.float32,
        )  # fmt: skip
        if texts.shape[1]:
            self._one_hot.fit(texts[weights > 0])
        names = [name for name, kind in self.kinds_.items() if kind == TEXT]
        categories = self._one_hot.categories_ if names else []
        self._is_many_valued = np.array([len(c) > MOST_CATEGORIES for c in categories], bool)
        self.many_valued_ = [n for n, m in zip(names, self._is_many_valued, strict=True) if m]
        return self._encode(numbers, texts)

    def transform(self, columns: Sequence[Column]) -> Encoded:
        """Return rows encoded; raise ValueError if a column is of another kind than in training."""
        kinds = self.kinds_.values()
        columns = [column.as_kind(kind) for column, kind in zip(columns, kinds, strict=True)]
        return self._encode(self._numbers(columns), self._texts(columns))

    def _encode(self, numbers: Array, texts: Array) -> Encoded:
        """Return the blocks."""
        missing = np.isnan(numbers)
        if missing.any():
            numbers = np.where(missing, self._scale.center, numbers)
        scaled = self._scale(numbers)
        indicators = missing[:, self._with_indicator]
        parts = {"scaled": np.hstack([scaled, indicators], dtype=np.float32)}
        if "bins" in self.blocks:
            parts["bins"] = self._bins(numbers)
        if "periodic" in self.blocks:
            parts["periodic"] = self._periodic(scaled)
        parts["category"] = (
            self._one_hot.transform(texts) if texts.shape[1] else parts["scaled"][:, :0]
        )
        return Encoded(parts, texts[:, self._is_many_valued])

    def _numbers(self, columns: Sequence[Column]) -> Array:
        """Return the columns of numbers, and the parts of times, float64."""
        numbers: list[Array] = []
        for column in columns:
            if column.kind == NUMBER:
                numbers.append(column.values)
            elif column.kind == TIME:
                numbers += _parts_of(column.values)
        return np.column_stack(numbers) if numbers else np.zeros((len(columns[0].values), 0))

    def _texts(self, columns: Sequence[Column]) -> Array:
        """Return the columns of categories, as objects."""
        texts = [column.values for column in columns if column.kind == TEXT]
        n_rows = len(columns[0].values)
        return np.column_stack(texts) if texts else np.zeros((n_rows, 0), object)


def _parts_of(times: Array) -> list[Array]:
    """Return the numbers that times are, NaN where one is missing."""
    days, months = times.astype("M8[D]"), times.astype("M8[M]")
    missing = np.isnat(times)
    parts: tuple[Any, ...] = (
        (times - np.datetime64(0, "us")) / np.timedelta64(1, "D"),  # days since 1970
        times.astype("M8[Y]").astype(np.int64) + 1970,
        months.astype(np.int64) % 12 + 1,
        (days.astype(np.int64) + 3) % 7,  # 0 is Monday, as of 1970-01-05
        (times - days) / np.timedelta64(1, "h"),
    )
    return [np.where(missing, np.nan, part) for part in parts]
