"""The columns of a table as the inputs of a network, in blocks that an encoding may leave out.

    scaled      a column of numbers, scaled; beside it, 1 where it is missing, if training saw that
    bins        its piecewise-linear bins
    periodic    its periodic features
    category    a category one-hot; the seldom ones and those that training did not see are one

A missing number is the median. A missing category is a category. A time is numbers: the days since
1970, the year, month, day of the week and hour. A column without a value in training is no input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from typing import Any, Self

import numpy as np

from .._checks.arrays import Array
from .columns import NOTHING, NUMBER, TEXT, TIMES, Column
from .numbers import Periodic, PiecewiseBins, RobustScale

ENCODINGS = {  # the blocks of each
    "linear": ("scaled", "category"),  # for a network without hidden layers
    "scaled": ("scaled", "category"),
    "bins": ("scaled", "bins", "category"),
    "periodic": ("scaled", "periodic", "category"),
}
LEAST_ROWS = 2  # of a category with an input of its own
N_PARTS = 5  # numbers that a time is
MOST_CATEGORIES = 64  # one-hot of a column; a column of more is encoded by the target, too


@dataclass(frozen=True)
class Encoded:
    """The rows of a table, as networks take them."""

    blocks: Mapping[str, Array]  # float32, shape (n_rows, n_inputs)
    many_valued: Array  # codes of the columns of many categories, for statistics of the target
    n_codes: tuple[int, ...]  # of each of these columns
    _made: dict[tuple[str, int], Array] = field(default_factory=dict, repr=False)

    def taken(self, rows: Array | slice) -> Encoded:
        """Return some of the rows."""
        blocks = {name: block[rows] for name, block in self.blocks.items()}
        return Encoded(blocks, self.many_valued[rows], self.n_codes)

    def inputs(self, encoding: str, more: Array | None = None) -> Array:
        """Return the inputs of an encoding, shape (n_rows, n_inputs), made once for its members.

        The next call with `more` inputs overwrites those of this one.
        """
        n_more = 0 if more is None else more.shape[1]
        if (encoding, n_more) not in self._made:
            blocks = [self.blocks[name] for name in ENCODINGS[encoding]]
            room = np.empty((len(self.many_valued), n_more), np.float32)
            self._made[encoding, n_more] = np.hstack([*blocks, room])
        inputs = self._made[encoding, n_more]
        if more is not None:
            inputs[:, inputs.shape[1] - n_more :] = more
        return inputs


@dataclass(frozen=True)
class Categories:
    """The categories of a column of texts, with a code each, and one more for all others."""

    texts: tuple[str | None, ...]  # in the order of their codes; None, if it is one, is the last
    place: Array  # the input that is 1, for each code, the one more included; -1 if none is

    @classmethod
    def fitted(cls, values: Array) -> Self:
        """Return the categories of training; seldom ones share a place with all others."""
        count_of = Counter(values.tolist())
        is_missing = count_of.pop(None, 0)
        texts: list[str | None] = [*sorted(count_of)]
        counts = [count_of[text] for text in texts]
        if is_missing:
            texts.append(None)
            counts.append(is_missing)
        is_seldom = np.array([count < LEAST_ROWS for count in counts])
        n_places = np.count_nonzero(~is_seldom) + is_seldom.any()
        if n_places > MOST_CATEGORIES:
            is_seldom[np.argsort(counts, kind="stable")[: 1 - MOST_CATEGORIES]] = True
        place = np.cumsum(~is_seldom) - 1
        other = place[-1] + 1 if is_seldom.any() else -1
        return cls((*texts,), np.append(np.where(is_seldom, other, place), other))

    @property
    def n_inputs(self) -> int:
        """The number of inputs."""
        return int(self.place.max()) + 1

    @cached_property
    def _codes(self) -> dict[str | None, int]:
        return {text: code for code, text in enumerate(self.texts)}

    def codes(self, values: Array) -> Array:
        """Return the code of each text."""
        found = map(self._codes.get, values.tolist(), repeat(len(self.texts)))
        return np.fromiter(found, np.int64, len(values))


class TableEncoder:
    """The encoding of a table, fitted to training rows without their targets."""

    kinds_: dict[str, str]  # of each column, as `columns` has them
    with_indicator_: Array  # which numbers, parts of times too, have an input for missing ones
    scale_: RobustScale  # of the numbers
    bins_: PiecewiseBins | None  # of the numbers, if an encoding has them
    periodic_: Periodic | None
    categories_: dict[str, Categories]  # of each column of texts

    def __init__(self, encodings: Iterable[str] = ENCODINGS) -> None:
        self.blocks = {block for encoding in encodings for block in ENCODINGS[encoding]}

    def fit(
        self, columns: Sequence[Column], weights: Array, random: np.random.RandomState
    ) -> Encoded:
        """Return the training rows encoded; raise ValueError if no column has a value."""
        is_used = weights > 0
        self.kinds_ = {
            column.name: NOTHING if column.missing[is_used].all() else column.kind
            for column in columns
        }
        if len(self.without_value) == len(columns):
            raise ValueError(
                f"X must have a column that holds a value, got {len(columns)} without: add a column"
            )
        columns = self.as_trained(columns)
        numbers = self._numbers(columns)
        self.with_indicator_ = np.flatnonzero(np.isnan(numbers[is_used]).any(axis=0))
        self.scale_ = RobustScale.fitted(numbers, weights)
        self.bins_ = PiecewiseBins.fitted(numbers, weights) if "bins" in self.blocks else None
        self.periodic_ = (
            Periodic.drawn(numbers.shape[1], random) if "periodic" in self.blocks else None
        )
        self.categories_ = {
            column.name: Categories.fitted(column.values[is_used])
            for column in columns
            if column.kind == TEXT
        }
        return self._encode(numbers, columns)

    @property
    def without_value(self) -> list[str]:
        """The columns that held no value in training."""
        return [name for name, kind in self.kinds_.items() if kind == NOTHING]

    @property
    def many_valued_(self) -> list[str]:
        """The columns with more categories than `MOST_CATEGORIES`."""
        return [
            name
            for name, categories in self.categories_.items()
            if len(categories.texts) > MOST_CATEGORIES
        ]

    @property
    def places(self) -> dict[str, slice]:
        """The places of each column of numbers or times among the numbers."""
        n_numbers, start, places = {NUMBER: 1, **dict.fromkeys(TIMES, N_PARTS)}, 0, {}
        for name, kind in self.kinds_.items():
            if kind in n_numbers:
                places[name] = slice(start, start + n_numbers[kind])
                start = places[name].stop
        return places

    @property
    def widths(self) -> dict[str, int]:
        """The number of inputs of each block."""
        widths = {
            "scaled": len(self.scale_.center) + len(self.with_indicator_),
            "category": sum(each.n_inputs for each in self.categories_.values()),
        }
        if self.bins_ is not None:
            widths["bins"] = len(self.bins_.column)
        if self.periodic_ is not None:
            widths["periodic"] = self.periodic_.phase.size
        return widths

    def is_unknown(self, column: Column) -> Array:
        """Return which texts of a column training did not see."""
        categories = self.categories_[column.name]
        unknown: Array = categories.codes(column.values) == len(categories.texts)
        return unknown

    def as_trained(self, columns: Sequence[Column]) -> list[Column]:
        """Return columns as those of training; raise ValueError if one is of another kind."""
        return [  # those of an array have no names of their own
            column._replace(name=name).as_kind(kind)
            for column, (name, kind) in zip(columns, self.kinds_.items(), strict=True)
        ]

    def transform(self, columns: Sequence[Column]) -> Encoded:
        """Return rows encoded; raise ValueError if a column is of another kind than in training."""
        columns = self.as_trained(columns)
        return self._encode(self._numbers(columns), columns)

    def _encode(self, numbers: Array, columns: Sequence[Column]) -> Encoded:
        """Return the blocks."""
        missing = np.isnan(numbers)
        if missing.any():
            numbers = np.where(missing, self.scale_.center, numbers)
        scaled = self.scale_(numbers)
        indicators = missing[:, self.with_indicator_]
        parts = {"scaled": np.hstack([scaled, indicators], dtype=np.float32)}
        if self.bins_ is not None:
            parts["bins"] = self.bins_(numbers)
        if self.periodic_ is not None:
            parts["periodic"] = self.periodic_(scaled)
        codes = {
            column.name: self.categories_[column.name].codes(column.values)
            for column in columns
            if column.kind == TEXT
        }
        parts["category"] = self._one_hot(codes, len(numbers))
        many_valued = np.empty((len(numbers), len(self.n_codes)), np.int64)
        for column, name in zip(many_valued.T, self.many_valued_, strict=True):
            column[:] = codes[name]
        return Encoded(parts, many_valued, self.n_codes)

    @property
    def n_codes(self) -> tuple[int, ...]:
        """The number of codes of each column of `many_valued_`."""
        return tuple(len(self.categories_[name].place) for name in self.many_valued_)

    def _one_hot(self, codes: Mapping[str, Array], n_rows: int) -> Array:
        """Return the categories one-hot."""
        inputs, start = np.zeros((n_rows, self.widths["category"]), np.float32), 0
        for name, categories in self.categories_.items():
            places = categories.place[codes[name]]
            known = np.flatnonzero(places >= 0)
            inputs[known, start + places[known]] = 1
            start += categories.n_inputs
        return inputs

    def _numbers(self, columns: Sequence[Column]) -> Array:
        """Return the columns of numbers, and the parts of times, float64."""
        numbers: list[Array] = []
        for column in columns:
            kind = self.kinds_[column.name]
            if kind == NUMBER:
                numbers.append(column.values)
            elif kind in TIMES:
                numbers += _parts_of(column.values)
        return np.column_stack(numbers) if numbers else np.zeros((len(columns[0].values), 0))


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
