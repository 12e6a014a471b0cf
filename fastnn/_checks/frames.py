"""Convert DataFrames and columns of pandas, polars or pyarrow to arrays.

None of these libraries is imported: a table is any object with column names.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NUMBERS = "biuf"  # the kinds of dtype that are real numbers
_REMEDIES = {
    "O": "convert it (astype), make a column of 0 and 1 of each category, or leave it out",
    "M": "subtract a start and divide by a unit, such as pandas.Timedelta('1D'), or leave it out",
    "m": "divide it by a unit, such as pandas.Timedelta('1D')",
    "c": "give its real and its imaginary part as two columns",
}
# How to number classes that are given by name; those of the second of a pair as the first's.
NUMBERED_CLASSES = {
    name: f"for names of classes use np.unique({name}, return_inverse=True)[1]"
    for name in ("y", "y_true")
} | {
    name: f"for names of classes use np.searchsorted(np.unique({first}), {name})"
    for name, first in {"y_test": "y", "predicted": "y", "y_pred": "y_true"}.items()
}


def is_frame(values: Any) -> bool:
    """Return True if `values` are a table of named columns."""
    is_ours = hasattr(values, "to_numpy") or hasattr(values, "column_names")
    return is_ours and hasattr(values, "columns")


def is_column(values: Any) -> bool:
    """Return True if `values` are a column with its own marks for missing values."""
    return hasattr(values, "to_numpy") and not hasattr(values, "columns")


def names_of(values: Any) -> tuple[str, ...] | None:
    """Return the column names of a table; None if there are none, or if one is not a str."""
    if type(values) is np.ndarray or not is_frame(values):
        return None
    labels = tuple(_labels(values))
    names = tuple(label for label in labels if isinstance(label, str))
    return names if names and len(names) == len(labels) else None


def check_names(values: Any, known: tuple[str, ...] | None) -> None:
    """Raise unless the columns are those of training, in their order, if both have names."""
    if known is None or (names := names_of(values)) is None or names == known:
        return
    if len(set(names)) == len(names) and set(names) == set(known):
        raise ValueError(
            "X must have its columns in the order that they had in training, "
            f"{_shown(known)}; got {_shown(names)}: use X[list(net.feature_names_in_)]"
        )
    unseen = [name for name in names if name not in known]
    missing = [name for name in known if name not in names]
    raise ValueError(
        f"X must have the columns that it had in training, {_shown(known)}; "
        f"got {len(names)}, of which unseen in training: {_shown(unseen)}; "
        f"missing: {_shown(missing)}"
    )


def table_of(name: str, frame: Any) -> Array:
    """Return a table as one array of real numbers."""
    dtypes = list(getattr(frame, "dtypes", ()))
    if dtypes and all(isinstance(dtype, np.dtype) and dtype.kind in "iuf" for dtype in dtypes):
        table: Array = np.asarray(frame)
        return table
    columns = [column_of(name, column, label) for label, column in _columns(frame)]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def column_of(name: str, column: Any, label: Hashable = None) -> Array:
    """Return a column as an array of real numbers; `label` names it in errors."""
    where = "" if label is None else f" in the column {label!r}"
    dtype = getattr(column, "dtype", getattr(column, "type", "object"))
    kind = getattr(dtype, "kind", None)
    array: Array = np.asarray(column)
    if isinstance(kind, str) and kind in NUMBERS and not isinstance(dtype, np.dtype):
        if array.dtype.kind == "O":  # so some pandas have what is missing
            array = column.to_numpy(dtype="float64", na_value=np.nan)
        if array.dtype.kind == "f":
            _check_none_missing(name, np.isnan(array), where)
    if array.dtype.kind in NUMBERS:
        return array
    if array.dtype.kind == "O" and _is_of_flags(array):  # polars' and pyarrow's, some missing
        _check_none_missing(name, np.array([item is None for item in array]), where)
    remedy = _REMEDIES.get(array.dtype.kind, _REMEDIES["O"])
    if label is None and name in NUMBERED_CLASSES:
        remedy = NUMBERED_CLASSES[name]
    raise TypeError(f"{name} must hold real numbers, got dtype {dtype}{where}: {remedy}")


def _labels(frame: Any) -> Iterable[Hashable]:
    """Return the column names."""
    labels: Iterable[Hashable] = getattr(frame, "column_names", None) or frame.columns
    return labels


def _columns(frame: Any) -> Iterable[tuple[Hashable, Any]]:
    """Return the pair (name, column) of every column."""
    if hasattr(frame, "column_names"):  # pyarrow
        return zip(frame.column_names, frame.columns, strict=True)
    if hasattr(frame, "get_columns"):  # polars
        return zip(frame.columns, frame.get_columns(), strict=True)
    items: Iterable[tuple[Hashable, Any]] = frame.items()
    return items


def _is_of_flags(array: Array) -> bool:
    """Return True if an object array holds only truth values and None."""
    return set(map(type, array.ravel())) == {bool, type(None)}


def _check_none_missing(name: str, missing: Array, where: str) -> None:
    if missing.any():
        raise ValueError(
            f"{name} must have no missing values, got one{where}, row {int(missing.argmax())}: "
            "fill it in (fillna), or leave the row out (dropna)"
        )


def _shown(names: Iterable[str], most: int = 5) -> str:
    """Return some of the names, for an error."""
    names = list(names)
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return ", ".join([*map(repr, names[:most]), *more]) or "none"
