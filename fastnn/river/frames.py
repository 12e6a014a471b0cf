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
    """Return a table with its columns and their numbers; raise unless they are finite numbers."""
    frame = utils.dataframe.into_frame(X)
    try:
        numbers = utils.dataframe.to_numpy(frame)
        is_number = bool(np.isfinite(numbers).all())
    except (TypeError, ValueError):
        is_number = False
    if not is_number:
        for row in frame.iter_rows(named=True):
            check_values(row, np.dtype(np.float64))
    return frame, frame.columns, numbers


def as_list(y: Any) -> list[Any]:
    """Return the values of a column."""
    values: list[Any] = utils.dataframe.into_series(y).to_list()
    return values


def as_column(values: Sequence[Any], name: str | None, table: Table) -> Any:
    """Return values as a column of the library of a table."""
    return utils.dataframe.to_native_series(values, name=name, like=table[0])


def as_frame(columns: dict[Any, Any], table: Table) -> Any:
    """Return columns as a table of the same library."""
    return utils.dataframe.to_native_frame(columns, like=table[0])
