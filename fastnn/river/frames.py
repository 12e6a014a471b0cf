"""Tables and columns of any library that river takes, as arrays and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from river import utils

from .._checks.arrays import Array
from .._streams.rows import check_values

Table = tuple[Any, list[Any], Array]  # the table as narwhals sees it, its columns, its numbers


def as_table(X: Any) -> Table:
    """Return a table with its columns and their numbers; raise unless they are finite numbers.

    river makes numbers of dates, of texts of digits and of complex numbers too.
    """
    try:
        frame = utils.dataframe.into_frame(X)
    except TypeError:
        raise TypeError(
            f"X must be a table of pandas, polars or another library that river takes, got "
            f"{type(X).__name__}"
        ) from None
    kinds = frame.schema.values()
    doubtful = [place for place, kind in enumerate(kinds) if not kind.is_numeric()]
    for place in doubtful:
        _check_column(frame[:, place])
    numbers = utils.dataframe.to_numpy(frame)
    if not np.isfinite(numbers).all():
        for row in frame.iter_rows(named=True):
            check_values(row, np.dtype(np.float64))
    return frame, frame.columns, numbers


def _check_column(column: Any) -> None:
    """Raise unless a column holds numbers, such as truth values and those of a sparse column."""
    if getattr(column.to_native().dtype, "kind", "O") not in "biuf":  # pandas knows these itself
        for value in column.to_list():
            check_values({column.name: value}, np.dtype(np.float64))


def as_list(y: Any) -> list[Any]:
    """Return the values of a column."""
    try:
        values: list[Any] = utils.dataframe.into_series(y).to_list()
    except TypeError:
        raise TypeError(
            f"y must be a column of pandas, polars or another library that river takes, got "
            f"{type(y).__name__}"
        ) from None
    return values


def as_column(values: Sequence[Any], name: str | None, table: Table) -> Any:
    """Return values as a column of the library of a table."""
    return utils.dataframe.to_native_series(values, name=name, like=table[0])


def as_frame(columns: dict[Any, Any], table: Table) -> Any:
    """Return columns as a table of the same library."""
    return utils.dataframe.to_native_frame(columns, like=table[0])
