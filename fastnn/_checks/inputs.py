"""Check inputs and convert them to what kernels take: dense tables, sparse tables, single rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..core.inputs import NOTHING, Samples
from .arrays import Array, as_array, as_contiguous, as_read_only, is_finite
from .frames import check_names, names_of
from .sparse import check_values, compressed_rows
from .stored import Inputs, Stored, must_stay

Names = tuple[str, ...] | None


def as_inputs(
    X: Any,
    n_in: int,
    dtype: np.dtype[Any],
    *,
    row: bool = False,
    finite: bool = True,
    names: Names = None,
) -> Inputs:
    """Return `X`, a table of shape (n_samples, n_in) or, with `row`, a row of shape (n_in,).

    A sparse matrix or array of SciPy stays sparse. If `names` are given, a table with column names
    must have them.
    """
    if (
        type(X) is np.ndarray
        and X.dtype == dtype
        and X.ndim == 2
        and X.shape[1] == n_in
        and X.flags.c_contiguous
        and X.size
    ):  # what most calls give, and kernels take as it is
        table = X.view()
        table.flags.writeable = False
        if finite and not is_finite(table):
            check_table(table)
        return Samples(table, NOTHING, NOTHING)
    if hasattr(X, "tocsr"):
        if len(X.shape) != 2 or X.shape[1] != n_in:
            raise _wrong_shape(X, n_in, row=row)
        return compressed_rows(X, dtype)
    if names is not None:
        check_names(X, names)
    array = as_array("X", X)
    is_row = row and array.shape == (n_in,)
    if not is_row and (array.ndim != 2 or array.shape[1] != n_in):
        raise _wrong_shape(array, n_in, row=row)
    samples: Inputs
    if must_stay(array, dtype):
        samples = Stored(array, dtype)
    else:
        array = as_contiguous(array, dtype)
        samples = Samples.dense(array.reshape(1, n_in) if is_row else array)
    if finite:
        check_samples(samples, names_of(X), is_row=is_row)
    return samples


def whole(X: Inputs) -> Samples:
    """Return all samples as kernels take them; a large table that was left as it is, converted."""
    return X if isinstance(X, Samples) else X.part(0, X.n_samples)


def as_samples(X: Any, n_in: int, dtype: np.dtype[Any]) -> Samples:
    """Return what `as_inputs` returns, but convert a large table at once."""
    return whole(as_inputs(X, n_in, dtype))


def _wrong_shape(X: Any, n_in: int, *, row: bool) -> ValueError:
    """Return the error for an array that is not a table of `n_in` columns."""
    shape = X.shape
    or_row = f" or ({n_in},)" if row else ""
    remedy = ""
    if len(shape) == 2 and shape[0] == n_in:
        remedy = ": is it transposed? Then use X.T"
    elif len(shape) > 2 and int(np.prod(shape[1:])) == n_in:
        remedy = ": use X.reshape(len(X), -1)"
    elif len(shape) == 1 and n_in == 1:
        remedy = ": use X.reshape(-1, 1)"
    elif len(shape) == 1 and shape[0] == n_in:
        remedy = ": for one sample use X.reshape(1, -1)"
    return ValueError(f"X must have shape (n_samples, {n_in}){or_row}, got {shape}{remedy}")


def as_ready_row(X: ArrayLike, n_in: int, dtype: np.dtype[Any]) -> Array | None:
    """Return `X` if it is a row that a kernel can take as it is, else None: call `as_inputs` then.

    It may hold NaN or infinity, and is writable, as kernels are compiled for one type. This is the
    least Python code that makes a call of a microsecond safe.
    """
    if type(X) is not np.ndarray or X.ndim != 1 or len(X) != n_in or X.dtype != dtype:
        return None
    return X if X.flags.carray else X.copy()


def as_ready_table(X: ArrayLike, n_most: int, n_in: int, dtype: np.dtype[Any]) -> Array | None:
    """Return `X` if it is such a table, of at most so many rows, else None."""
    if type(X) is not np.ndarray or X.ndim != 2 or X.dtype != dtype:
        return None
    return X if 0 < len(X) <= n_most and X.shape[1] == n_in and X.flags.carray else None


def check_samples(X: Inputs, names: Names = None, *, is_row: bool = False) -> None:
    """Raise an error unless the rows are finite."""
    if isinstance(X, Samples):
        if X.is_sparse:
            check_values(X.values[0], X.starts, X.columns)
        else:
            check_table(X.values[0] if is_row else X.values, 0, names)
        return
    for start in range(0, X.n_samples, X.n_at_once):
        check_table(X.part(start, start + X.n_at_once).values, start, names)


def check_table(table: Array, n_before: int = 0, names: Names = None) -> None:
    """Raise an error that names the place, unless a part of X is finite; other rows precede it."""
    if is_finite(table):
        return
    *row, column = (int(i) for i in np.argwhere(~np.isfinite(table))[0])
    where = (*(i + n_before for i in row), column)
    name = "" if names is None else f", in the column {names[column]!r}"
    raise ValueError(
        f"X must be finite in {table.dtype}, got {table[*row, column]} at {where}{name}"
    )


def as_table(X: Samples, n_in: int) -> Array:
    """Return samples as a dense table."""
    if not X.is_sparse:
        return X.values
    table = np.zeros((X.n_samples, n_in), X.values.dtype)
    rows = np.repeat(np.arange(X.n_samples), np.diff(X.starts))
    table[rows, X.columns] = X.values[0]
    return as_read_only(table)
