"""Check sparse matrices of SciPy and convert them to compressed rows that are safe for kernels.

SciPy lets a user assign `data`, `indices`, `indptr` and the rest of a matrix one by one, without a
check: its own conversions then read out of bounds, too. So the arrays of each format are checked
before SciPy converts them, and the result is copied and checked again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.inputs import Samples
from .arrays import Array, as_array, as_read_only
from .frames import NUMBERS

_BY_HAND = (
    "; was one of them assigned by hand? To drop elements, set them to 0 and call "
    "X.eliminate_zeros()"
)


def compressed_rows(X: Any, dtype: np.dtype[Any]) -> Samples:
    """Return the rows of a sparse matrix or array of two axes, without duplicate columns."""
    check_structure(X, but="csr")
    if X.dtype.kind not in NUMBERS:
        raise TypeError(f"X must hold real numbers, got dtype {X.dtype}")
    if 0 in X.shape:
        raise ValueError(f"X must not be empty, got shape {X.shape}")
    rows = X.tocsr()
    n_rows, n_columns = rows.shape
    starts, columns, data = _parts(rows)
    _check_compressed(starts, columns, len(data), n_rows, n_columns, "columns")
    columns, data = columns[: starts[-1]], data[: starts[-1]]
    if not _is_ascending(starts, columns):  # whatever the flags of the matrix say
        wide = data.astype(np.result_type(data.dtype, dtype))
        merged = type(rows)((wide, columns, starts), shape=rows.shape)
        merged.sum_duplicates()
        starts, columns, data = _parts(merged)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(data, dtype=dtype)
    check_values(values, starts, columns)
    return Samples(*(as_read_only(part) for part in (values[np.newaxis], starts, columns)))


def check_values(values: Array, starts: Array, columns: Array) -> None:
    """Raise an error that names the place, unless the elements are finite."""
    if np.isfinite(values).all():
        return
    p = int(np.argmin(np.isfinite(values)))
    where = int(np.searchsorted(starts, p, "right")) - 1, int(columns[p])
    raise ValueError(f"X must be finite in {values.dtype}, got {values[p]} at {where}")


def check_structure(X: Any, *, but: str = "") -> None:
    """Raise if the arrays of a sparse matrix do not match, in any format but one.

    Call it before SciPy converts the matrix or computes with it.
    """
    _check_parts(X)
    if X.format != but and X.format in _CHECKS:
        _CHECKS[X.format](X)


def _check_parts(X: Any) -> None:
    """Raise if one of the parts of a sparse matrix is no array, or one with masked elements.

    SciPy asks the parts for their dtype and shape, and passes over their masks.
    """
    if X.format == "coo" and len(coords := getattr(X, "coords", X.shape)) != len(X.shape):
        raise ValueError(
            f"X.coords must have {len(X.shape)} arrays, row and col, got {len(coords)}{_BY_HAND}"
        )
    for name in _PARTS.get(X.format, ()):
        part = getattr(X, name)
        if not isinstance(part, np.ndarray):
            raise TypeError(f"X.{name} must be a NumPy array, got {type(part).__name__}{_BY_HAND}")
        if hasattr(part, "mask") and part.size:
            as_array(f"X.{name}", part)


def _check_csr(X: Any) -> None:
    starts, columns, data = _parts(X)
    n_rows, n_columns = X.shape
    _check_compressed(starts, columns, len(data), n_rows, n_columns, "columns")


def _check_csc(X: Any) -> None:
    starts, rows, data = _parts(X)
    n_rows, n_columns = X.shape
    _check_compressed(starts, rows, len(data), n_columns, n_rows, "rows")


def _check_bsr(X: Any) -> None:
    blocks = _numbers("data", X.data, n_axes=3)
    starts, columns = _whole("indptr", X.indptr), _whole("indices", X.indices)
    n_rows, n_columns = blocks.shape[1:]
    if 0 in (n_rows, n_columns) or X.shape[0] % n_rows or X.shape[1] % n_columns:
        raise ValueError(f"X must have blocks that fill {X.shape}, got {blocks.shape[1:]}")
    n_rows, n_columns = X.shape[0] // n_rows, X.shape[1] // n_columns
    _check_compressed(starts, columns, len(blocks), n_rows, n_columns, "columns of blocks")


def _check_coo(X: Any) -> None:
    data = _numbers("data", X.data)
    for name, places, n in zip(("row", "col"), (X.row, X.col), X.shape, strict=True):
        places = _whole(name, places)
        if len(places) != len(data):
            raise ValueError(
                f"X must have as many numbers in {name} as in data, got {len(places)} and "
                f"{len(data)}{_BY_HAND}"
            )
        _check_range(name, places, n)


def _check_dia(X: Any) -> None:
    data, offsets = _numbers("data", X.data, n_axes=2), _whole("offsets", X.offsets)
    if len(offsets) != len(data) or len(np.unique(offsets)) != len(offsets):
        raise ValueError(
            f"X must have an offset of its own for each of the {len(data)} diagonals in data, got "
            f"{len(offsets)}, {len(np.unique(offsets))} of them different{_BY_HAND}"
        )


def _check_lil(X: Any) -> None:
    if not len(X.rows) == len(X.data) == X.shape[0]:
        raise ValueError(
            f"X must have {X.shape[0]} lists in rows and data, got {len(X.rows)} and {len(X.data)}"
        )
    for k, (columns, numbers) in enumerate(zip(X.rows, X.data, strict=True)):
        if len(columns) != len(numbers):
            raise ValueError(
                f"X must have as many columns as numbers in each row, got {len(columns)} and "
                f"{len(numbers)} in row {k}"
            )
        if columns:
            _check_range("columns", _whole("columns", np.asarray(columns)), X.shape[1])


_COMPRESSED = ("data", "indices", "indptr")
_PARTS = {
    "csr": _COMPRESSED,
    "csc": _COMPRESSED,
    "bsr": _COMPRESSED,
    "coo": ("data", "row", "col"),
    "dia": ("data", "offsets"),
    "lil": ("data", "rows"),
}
_CHECKS = {
    "csr": _check_csr,
    "csc": _check_csc,
    "bsr": _check_bsr,
    "coo": _check_coo,
    "dia": _check_dia,
    "lil": _check_lil,
}


def _parts(X: Any) -> tuple[Array, Array, Array]:
    """Return indptr and indices, copies as int64, and data as an array."""
    return (
        _whole("indptr", X.indptr),
        _whole("indices", X.indices),
        _numbers("data", X.data),
    )


def _whole(name: str, values: Any) -> Array:
    """Return integers along one axis, as a copy."""
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(
            f"X.{name} must be whole numbers along one axis, got dtype {array.dtype} and shape "
            f"{array.shape}"
        )
    with np.errstate(over="ignore"):
        return array.astype(np.int64)


def _numbers(name: str, values: Any, n_axes: int = 1) -> Array:
    """Return real numbers with so many axes; an empty array is allowed."""
    array = as_array(f"X.{name}", values) if np.size(values) else np.asarray(values)
    if array.ndim != n_axes:
        raise ValueError(f"X.{name} must have {n_axes} axes, got shape {array.shape}")
    return array


def _check_compressed(
    starts: Array, indices: Array, n_data: int, n_major: int, n_minor: int, what: str
) -> None:
    """Raise unless each of `n_major` rows has elements in range, in columns in range."""
    if len(starts) != n_major + 1:
        raise ValueError(f"X.indptr must have {n_major + 1} numbers, got {len(starts)}{_BY_HAND}")
    if starts[0] != 0 or (starts[1:] < starts[:-1]).any():
        raise ValueError("X must have indptr in ascending order from 0, got another")
    n = int(starts[-1])
    if n > min(len(indices), n_data):
        raise ValueError(
            f"X must have as many elements in data and indices as indptr says, {n}, got {n_data} "
            f"and {len(indices)}{_BY_HAND}"
        )
    _check_range(what, indices[:n], n_minor)


def _check_range(what: str, places: Array, n: int) -> None:
    """Raise unless all are from 0 to n - 1."""
    low, high = places.min(initial=0), places.max(initial=0)
    if low < 0 or high >= n:
        raise ValueError(f"X must have {what} 0 ... {n - 1}, got {low} ... {high}")


def _is_ascending(starts: Array, columns: Array) -> bool:
    """Return True if the columns of every row ascend, without duplicates."""
    ascends = columns[1:] > columns[:-1]
    borders = starts[1:-1]
    ascends[borders[(borders > 0) & (borders < len(columns))] - 1] = True
    return bool(ascends.all())
