"""From what a user hands in to what a kernel takes: the only place that checks.

`as_*` converts and returns, `check_*` raises and returns nothing. An error says what is required
and what it got. What comes back is C-contiguous, of the network's dtype and marked read-only (a
view, no copy, where the user's array already is so), hence inputs are never written to and a
kernel sees one type whatever came in.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .core.samples import Samples

Array = NDArray[Any]


def as_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return `dtype` as float32 or float64."""
    for allowed in (np.dtype(np.float32), np.dtype(np.float64)):
        try:
            if dtype is not None and allowed == np.dtype(dtype):  # np.dtype(None) is float64
                return allowed
        except TypeError:
            break
    raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")


def as_choice(name: str, value: object, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`."""
    if isinstance(value, str) and value in choices:
        return value
    known = ", ".join(repr(choice) for choice in choices)
    raise ValueError(f"{name} must be one of {known}; got {value!r}")


def as_integer(name: str, value: Any) -> int:
    """Return `value` as an int."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from None


def as_number(name: str, value: Any) -> float:
    """Return `value` as a float."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None


def as_count(name: str, value: Any) -> int:
    """Return `value` as an int of at least 1."""
    count = as_integer(name, value)
    if count < 1 or isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be at least 1, got {value!r}")
    return count


def as_positive(name: str, value: Any) -> float:
    """Return `value` as a finite float above 0."""
    number = as_number(name, value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be finite and above 0, got {value!r}")
    return number


def as_in_range(name: str, value: Any, low: float, high: float) -> float:
    """Return `value` as a float of at least `low` and below `high`."""
    number = as_number(name, value)
    if not low <= number < high:
        raise ValueError(f"{name} must be at least {low} and below {high}, got {value!r}")
    return number


def as_generator(seed: Any) -> np.random.Generator | np.random.RandomState:
    """Return the source of random numbers that `seed` stands for."""
    if isinstance(seed, np.random.Generator | np.random.RandomState):
        return seed
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(
            f"seed must be an int >= 0, None, a numpy Generator or a RandomState, got {seed!r}"
        ) from None


def as_numbers(name: str, values: ArrayLike, dtype: np.dtype[Any], *, finite: bool = True) -> Array:
    """Return `values` as a read-only, C-contiguous array of finite numbers of `dtype`.

    With `finite` False they are taken as they are: the caller looks for NaN and infinity.
    """
    array = _as_real(name, values)
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite: said below
        array = np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)
    if finite:
        check_finite(name, array)
    return _as_read_only(array)


def _as_read_only(array: Array) -> Array:
    """Return a view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def check_finite(name: str, array: Array) -> None:
    """Raise an error that says where, unless a contiguous array is finite."""
    if not is_finite(array):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite in {array.dtype}, got {array[where]} at {where}")


def is_finite(array: Array) -> bool:
    """Tell whether a contiguous array holds neither NaN nor infinity."""
    # Terms of a finite sum are finite. A big table is summed in half the time of the second look,
    # and einsum, unlike sum, neither warns nor is slower in float32.
    return math.isfinite(np.einsum("i->", array.reshape(-1))) or bool(np.isfinite(array).all())


def _as_real(name: str, values: ArrayLike) -> Array:
    """Return `values` as some array of real numbers, not empty."""
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name} must be an array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    return array


def as_samples(
    X: Any, n_in: int, dtype: np.dtype[Any], *, row: bool = False, finite: bool = True
) -> Samples:
    """Return `X`, a table of shape (n_samples, n_in); with `row`, one (n_in,) will do.

    A sparse matrix or array of SciPy stays sparse.
    """
    is_sparse = hasattr(X, "tocsr")
    array = X if is_sparse else as_numbers("X", X, dtype, finite=finite)
    if row and array.shape == (n_in,) and not is_sparse:
        array = array.reshape(1, n_in)
    if array.ndim != 2 or array.shape[1] != n_in:
        or_row = f" or ({n_in},)" if row else ""
        raise ValueError(f"X must have shape (n_samples, {n_in}){or_row}, got {array.shape}")
    return _as_compressed_rows(array, dtype) if is_sparse else Samples.dense(array)


def _as_compressed_rows(X: Any, dtype: np.dtype[Any]) -> Samples:
    """Return the rows of a sparse matrix or array, no column twice in any of them."""
    rows = X.tocsr()
    if rows.dtype.kind not in "biuf":
        raise TypeError(f"X must hold real numbers, got dtype {rows.dtype}")
    if rows.shape[0] == 0:
        raise ValueError(f"X must not be empty, got shape {rows.shape}")
    _check_structure(rows)
    if not rows.has_canonical_format:
        rows = rows.copy()  # the user's own may not change
        rows.sum_duplicates()
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(rows.data[: rows.nnz], dtype=dtype)
    if not np.isfinite(values).all():
        p = int(np.argmin(np.isfinite(values)))
        where = int(np.searchsorted(rows.indptr, p, "right")) - 1, int(rows.indices[p])
        raise ValueError(f"X must be finite in {dtype}, got {values[p]} at {where}")
    starts, columns = rows.indptr.astype(np.int64), rows.indices[: rows.nnz].astype(np.int64)
    return Samples(*(_as_read_only(part) for part in (values[np.newaxis], starts, columns)))


def _check_structure(rows: Any) -> None:
    """Raise if compressed rows lead astray: SciPy does not look, and a kernel cannot."""
    columns = rows.indices[: rows.nnz]
    low, high = columns.min(initial=0), columns.max(initial=0)
    if low < 0 or high >= rows.shape[1]:
        raise ValueError(f"X must have columns 0 ... {rows.shape[1] - 1}, got {low} ... {high}")
    if (np.diff(rows.indptr) < 0).any():
        raise ValueError("X must have indptr in ascending order, got another")


def as_weights(
    sample_weight: ArrayLike | None,
    n_samples: int,
    dtype: np.dtype[Any],
    name: str = "sample_weight",
) -> Array:
    """Return a weight for each sample, or an empty array where all weigh 1."""
    if sample_weight is None:
        return _as_read_only(np.empty(0, dtype))
    weights = as_numbers(name, sample_weight, dtype)
    if weights.shape != (n_samples,):
        raise ValueError(f"{name} must have shape ({n_samples},), got {weights.shape}")
    if (weights < 0).any():
        raise ValueError(f"{name} must be at least 0, got {weights.min()}")
    if not weights.any():
        raise ValueError(f"{name} must not be 0 for every sample, got {n_samples} zeros")
    return weights


def as_class_weights(class_weight: Any, targets: Array, weights: Array) -> Array:
    """Return the weights times those of the samples' classes, the targets that are 1."""
    is_binary = targets.shape[1] == 1
    table = np.hstack([1 - targets, targets]) if is_binary else targets
    if not (np.isin(table, (0, 1)).all() and (table.sum(axis=1) == 1).all()):
        raise ValueError("class_weight must go with class labels in y, got other targets")
    n_classes, labels = table.shape[1], table.argmax(axis=1)
    if isinstance(class_weight, str):
        as_choice("class_weight", class_weight, ("balanced",))
        counts = np.bincount(labels, minlength=n_classes)
        of_class = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    elif isinstance(class_weight, Mapping):
        of_class = np.ones(n_classes)
        for label, weight in class_weight.items():
            if label not in range(n_classes):
                raise ValueError(
                    f"class_weight must name classes 0 ... {n_classes - 1}, got {label!r}"
                )
            of_class[int(label)] = as_in_range(f"class_weight[{label}]", weight, 0, math.inf)
    else:
        raise TypeError(f"class_weight must be 'balanced' or a dict, got {class_weight!r}")
    both = of_class[labels] * weights if weights.size else of_class[labels]
    return as_weights(both, len(labels), targets.dtype, "class_weight")


def as_ready_row(X: ArrayLike, n_in: int, dtype: np.dtype[Any]) -> Array | None:
    """Return `X` if it is one row just as a kernel takes it, else None: `as_samples` has a look.

    It may hold NaN or infinity, and comes back writable, hence of one type: the fewest steps of
    Python that make a call of a microsecond safe.
    """
    if type(X) is not np.ndarray or X.ndim != 1 or len(X) != n_in or X.dtype != dtype:
        return None
    return X if X.flags.carray else X.copy()


def as_targets(
    y: ArrayLike, n_samples: int, n_out: int, dtype: np.dtype[Any], *, row: bool = False
) -> Array:
    """Return `y` as a table of shape (n_samples, n_out), class labels as rows of one 1 and zeros.

    With `row`, `y` belongs to one row (n_in,) and may lack the axis of samples.
    """
    array = _as_real("y", y)
    if row and array.shape in ((), (n_out,)):
        array = array[np.newaxis]
    if n_out > 1 and array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 1 and array.shape[0] == n_samples:
        if n_out > 1:
            return one_hot(array, n_out, dtype)
        array = array[:, np.newaxis]
    if array.shape != (n_samples, n_out):
        labels = "" if n_out == 1 else f", or ({n_samples},) of class labels"
        raise ValueError(f"y must have shape ({n_samples}, {n_out}){labels}, got {np.shape(y)}")
    return as_numbers("y", array, dtype)


def check_samples(X: Samples) -> None:
    """Raise an error unless the rows are finite; compressed ones are known to be."""
    if not X.is_sparse:
        check_finite("X", X.values)


def check_targets(targets: Array, loss: str) -> None:
    """Raise if the loss is not defined for the targets."""
    if loss == "poisson" and (targets < 0).any():
        raise ValueError(f"y must be at least 0 for the loss poisson, got {targets.min()}")


def one_hot(labels: Array, n_out: int, dtype: np.dtype[Any]) -> Array:
    """Return the class labels 0 ... n_out-1 as rows that hold a 1 at the label and 0 elsewhere."""
    labels = as_numbers("y", labels, np.dtype(np.float64))
    if (labels != np.rint(labels)).any():
        raise ValueError(
            f"y must hold whole class labels 0 ... {n_out - 1}, "
            f"got {labels[labels != np.rint(labels)][0]}"
        )
    low, high = labels.min(), labels.max()
    if low < 0 or high >= n_out:
        hint = f"; for labels 1 ... {n_out} use y % {n_out}" if (low, high) == (1, n_out) else ""
        raise ValueError(
            f"y must hold class labels 0 ... {n_out - 1}, got {low:g} ... {high:g}{hint}"
        )
    table = np.zeros((len(labels), n_out), dtype=dtype)
    table[np.arange(len(labels)), labels.astype(np.int64)] = 1
    return _as_read_only(table)
