"""What the estimators of tables refuse and warn of: columns, folds and targets."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .._checks.arrays import Array
from .._checks.samples import as_sample_numbers
from ..tables.columns import TEXT, Column, is_missing
from ..tables.formats import read_as
from ..tables.names import is_of_index


def warn_of(columns: Sequence[Column]) -> None:
    """Warn of columns that are hardly meant as they are: `fastnn train` takes them otherwise."""
    if indices := [column.name for column in columns if is_of_index(column.name)]:
        warnings.warn(
            f"X must have the columns to learn from, got {', '.join(map(repr, indices))}, pandas' "
            "index: it is an input; leave it out, by pandas.read_csv(..., index_col=0) say",
            stacklevel=6,
        )
    told = []
    for column in columns:
        if column.kind == TEXT and not column.are_categories:
            texts = dict.fromkeys(column.values[~column.missing].tolist())
            if texts and read_as(texts) is not None:
                told.append(f"{column.name!r} ({next(iter(texts))!r})")
    if told:
        warnings.warn(
            f"X must hold numbers and times as such, got texts of them in {', '.join(told)}: each "
            "text is a category; convert them (pandas.to_numeric, after .str.rstrip('%') say, "
            "pandas.to_datetime), or say by .astype('category') that they are categories",
            stacklevel=6,
        )


def checked_fold(name: str, pair: Any, n_samples: int) -> tuple[Array, Array]:
    """Return the numbers of the rows to train on and of those held out; none may be in both."""
    rows, held = pair
    rows = as_sample_numbers(f"{name}, rows to train on,", rows, n_samples)
    held = as_sample_numbers(f"{name}, rows held out,", held, n_samples)
    if len(both := np.intersect1d(rows, held)):
        raise ValueError(
            f"{name} must hold out rows that it does not train on, got {len(both)} in both, such "
            f"as row {both[0]}: leave them out of one"
        )
    return rows, held


def check_present(y: Any) -> None:
    """Raise if an object of a target is missing; scikit-learn finds NaN among numbers."""
    dtype = getattr(y, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind != "O":
        return
    for row, value in enumerate(y if isinstance(y, Iterable) else ()):
        if is_missing(value):
            raise ValueError(
                f"y must hold a label or number in every row, got {value} in row {row}: leave the "
                "row out"
            )
