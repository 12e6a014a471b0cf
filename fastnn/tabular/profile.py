"""What was seen of a column: what it holds, and what its encoding needs to know.

Means and deviations are those of the training rows, chunk after chunk by the formula of Chan, Golub
& LeVeque, Algorithms for computing the sample variance, 1983, equation 1.5.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from .._checks.arrays import Array
from .encoding import Category, Number, SourceLocation
from .fields import Column, Fields, TableError, is_number, plain, texts_of

MOST_CATEGORIES = 1000
_MOST_LABELS = 20  # of whole numbers that are taken for classes


class ColumnProfile:
    """The statistics of one column."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.n_numbers = self.n_texts = 0
        self.first_text: tuple[SourceLocation, int, str] | None = None
        self.n, self.mean, self.squares = 0, 0.0, 0.0  # of training rows; sum of squared errors
        self.low, self.high = math.inf, -math.inf  # of training rows
        self.counts: Counter[str] | None = Counter()  # of training rows; None: too many values
        self.too_many = ""

    def add(
        self, column: Column, fields: Fields, is_training: Array, where: SourceLocation
    ) -> None:
        """Count the rows of a chunk in."""
        is_text = fields.is_text
        self.n_texts += int(is_text.sum())
        self.n_numbers += int((~(is_text | fields.missing)).sum())
        if self.first_text is None and is_text.any():
            row = int(is_text.argmax())
            self.first_text = where, row, texts_of(column)[row]
        self._add_numbers(fields.numbers[is_training & ~(is_text | fields.missing)])
        if self.counts is not None:
            self._count(self.counts, texts_of(column), is_training, fields.missing, where)

    def _add_numbers(self, numbers: Array) -> None:
        if not numbers.size:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(numbers.mean())
            squares = float(np.square(numbers - mean).sum())
        n, difference = self.n + numbers.size, mean - self.mean
        self.squares += squares + difference * difference * self.n * numbers.size / n
        self.mean += difference * numbers.size / n
        self.n = n
        self.low, self.high = min(self.low, numbers.min()), max(self.high, numbers.max())

    def _count(
        self,
        counts: Counter[str],
        texts: Sequence[str],
        is_training: Array,
        missing: Array,
        where: SourceLocation,
    ) -> None:
        present = ~missing
        counts.update(texts[row] for row in np.flatnonzero(is_training & present).tolist())
        for row in np.flatnonzero(present & ~is_training).tolist():
            counts.setdefault(texts[row], 0)
        if len(counts) > MOST_CATEGORIES:
            self.too_many = f"{len(counts)} up to {where.unit} {where.lines[-1]}"
            self.counts = None

    @property
    def is_numeric(self) -> bool:
        """Whether it is a column of numbers: most fields are."""
        return self.n_numbers > self.n_texts

    def check_numbers(self) -> None:
        """Raise if a field is a text."""
        if self.first_text is not None:
            where, row, text = self.first_text
            raise where.error(row, self.name, "a finite number, as most of its column", text)

    def as_number(self) -> Number:
        """Return how to encode it as numbers."""
        self.check_numbers()
        if not self.n:
            raise TableError(f"{self.name!r} must have a value in some row to train on, got none")
        if self.low == self.high:  # the mean of equal numbers may be rounded
            return Number(self.name, float(self.low), 1.0)
        deviation = math.sqrt(self.squares / self.n)
        if not math.isfinite(deviation):
            raise TableError(f"{self.name!r} must have a finite deviation, got {deviation}")
        return Number(self.name, self.mean, deviation or 1.0)

    def as_category(self) -> Category:
        """Return how to encode it as categories, numbers in their order and texts in theirs."""
        self._check_no_decimal_commas()
        if self.counts is None:
            raise TableError(
                f"{self.name!r} must have at most {MOST_CATEGORIES} categories, got "
                f"{self.too_many} (--ignore {self.name!r} leaves it out)"
            )
        counts = self.labels()
        if not sum(counts.values()):
            raise TableError(f"{self.name!r} must have a value in some row to train on, got none")
        are_numbers = all(map(is_number, counts))
        values = sorted(counts, key=float) if are_numbers else sorted(counts)
        total = sum(counts.values())
        return Category(self.name, tuple(values), tuple(counts[value] / total for value in values))

    def labels(self) -> Counter[str]:
        """Return the counts of its values; 7.0 and 007 are 7 where all are numbers."""
        assert self.counts is not None
        if not all(map(is_number, self.counts)):
            return self.counts
        counts: Counter[str] = Counter()
        for text, count in self.counts.items():
            counts[plain(text)] += count
        return counts

    def _check_no_decimal_commas(self) -> None:
        """Raise if texts are numbers that are written otherwise: they would be categories."""
        if self.first_text is None:
            return
        where, row, text = self.first_text
        if all(re.fullmatch(r"[+-]?\d*,\d+", value) for value in self.counts or [text]):
            raise where.error(row, self.name, "a number with a decimal point", text)


def task_of(target: ColumnProfile, task: str) -> tuple[bool, str]:
    """Return True for a classification, and the reason."""
    if task != "auto":
        return task == "classification", f"as --task {task} says"
    name = repr(target.name)
    if not target.is_numeric:
        return True, f"{name} holds texts"
    target.check_numbers()
    if target.counts is None:
        return False, f"{name} holds numbers, more than {MOST_CATEGORIES} different ones"
    labels = target.labels()
    are_whole = all(float(label).is_integer() for label in labels)
    n_labels, n_rows = len(labels), target.n_numbers
    if are_whole and n_labels <= min(_MOST_LABELS, max(2, n_rows // 2)):
        return True, f"{name} holds {n_labels} different whole numbers"
    kind = "whole numbers" if are_whole else "numbers with fractions"
    return False, f"{name} holds {kind}, {n_labels} different ones"
