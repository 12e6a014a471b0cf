"""Check and convert arrays: targets, weights, parameters.

`as_*` converts and returns; `check_*` raises or returns nothing. An error states the requirement
and the value. A returned array is C-contiguous, of the network's dtype and read-only (a view
without a copy, if the user's array is so already). Hence inputs are never changed, and a kernel is
compiled for one type only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .frames import NUMBERED_CLASSES, NUMBERS, column_of, is_column, is_frame, table_of
from .names import did_you_mean
from .scalars import as_choice, as_in_range

Array = NDArray[Any]

_DTYPES = np.dtype(np.float64), np.dtype(np.float32)

_FEW = 64  # numbers, which Python adds up sooner than NumPy is called
_SOME = 4096  # numbers: of more, `vdot` may start threads


def as_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return `dtype` as float32 or float64."""
    for allowed in _DTYPES:
        try:
            if dtype is not None and allowed == np.dtype(dtype):  # np.dtype(None) is float64
                return allowed
        except (TypeError, ValueError, SyntaxError):
            break
    hint = did_you_mean(dtype, ("float32", "float64"))
    raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}{hint}")


def as_numbers(name: str, values: ArrayLike, dtype: np.dtype[Any]) -> Array:
    """Return `values` as a read-only, C-contiguous array of finite numbers of `dtype`."""
    array = as_contiguous(as_array(name, values), dtype)
    check_finite(name, array)
    return array


def as_contiguous(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return a read-only, C-contiguous array of `dtype`; overflowing values become infinite."""
    if array.dtype == dtype:
        return as_read_only(array if array.flags.c_contiguous else array.copy())
    with np.errstate(over="ignore"):
        return as_read_only(array.astype(dtype, "C"))


def as_read_only(array: Array) -> Array:
    """Return a read-only view."""
    view = array.view()
    view.flags.writeable = False
    return view


def check_finite(name: str, array: Array) -> None:
    """Raise an error that names the place, unless a contiguous array is finite."""
    if not is_finite(array):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite in {array.dtype}, got {array[where]} at {where}")


def is_finite(array: Array) -> bool:
    """Return True if a contiguous array holds neither NaN nor infinity."""
    # Terms of a finite sum are finite, and so are the factors of a finite product: both take half
    # the time of the second look or less, and neither `vdot` nor `einsum` warns, as others do.
    flat = array.reshape(-1)
    if flat.size <= _FEW:
        total = sum(flat.tolist())
    else:
        total = np.vdot(flat, flat) if flat.size <= _SOME else np.einsum("i->", flat)
    return math.isfinite(total) or bool(np.isfinite(flat).all())


def as_array(name: str, values: Any) -> Array:
    """Return `values` as a non-empty array of real numbers of any dtype."""
    array = values if type(values) is np.ndarray else _as_plain(name, values)
    if array.dtype.kind not in NUMBERS:
        remedy = _remedy(name, array, values)
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}{remedy}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    return array


def _as_plain(name: str, values: Any) -> Array:
    """Return `values` as an array; refuse masked and missing elements."""
    _check_unmasked(name, values)
    if is_frame(values):
        return table_of(name, values)
    if is_column(values):
        return column_of(name, values)
    try:
        return np.asarray(values)
    except ValueError as error:  # rows of different lengths
        remedy = ""
        if isinstance(values, list | tuple) and all(isinstance(part, tuple) for part in values):
            remedy = "; chunks, pairs (X, y), are given without y"
        raise ValueError(f"{name} must be an array of numbers: {error}{remedy}") from None
    except (TypeError, RuntimeError) as error:  # from a tensor that NumPy cannot read
        raise TypeError(f"{name} must be an array of numbers: {error}") from None


def _check_unmasked(name: str, values: Any) -> None:
    """Raise if an array, or one in a list, has masked elements, whose values NumPy would use."""
    if isinstance(values, list | tuple):
        kinds = set(map(type, values))
        if any(issubclass(kind, list | tuple) or _is_masked(kind) for kind in kinds):
            for part in values:
                _check_unmasked(name, part)
    elif _is_masked(type(values)) and values.dtype.names is None and np.any(values.mask):
        first = tuple(int(i) for i in np.argwhere(np.broadcast_to(values.mask, values.shape))[0])
        raise ValueError(
            f"{name} must have no masked elements, got {np.sum(values.mask)}, the first at "
            f"{first}: give values in their place, {name}.filled(...), or leave their rows out"
        )


def _is_masked(kind: type[Any]) -> bool:
    """Return True if a type is a masked array of NumPy."""
    return issubclass(kind, np.ndarray) and hasattr(kind, "filled")


def _remedy(name: str, array: Array, values: Any) -> str:
    """Return a remedy for an array that does not hold real numbers."""
    kind = array.dtype.kind
    if kind in "USTO" and array.size and isinstance(array.flat[0], str | bytes):
        if name in NUMBERED_CLASSES:
            return f": {NUMBERED_CLASSES[name]}"
        return f": where it is text of numbers, use np.asarray({name}, dtype=float)"
    if hasattr(values, "toarray"):
        return f": it is sparse, use {name}.toarray()"
    if isinstance(values, Iterator):
        return f": go through it first, np.array(list({name}))"
    if array.dtype.names is not None:
        return f": use numpy.lib.recfunctions.structured_to_unstructured({name})"
    return {
        "O": "" if array.shape == () else f": where it is numbers, use {name}.astype(float)",
        "c": f": give {name}.real and {name}.imag as columns of their own",
        "M": f": use ({name} - {name}[0]) / np.timedelta64(1, 'D'), or another unit",
        "m": f": divide by a unit, {name} / np.timedelta64(1, 'D')",
        "V": f": convert it first, {name}.astype('float32')",
    }.get(kind, "")


def as_weights(
    sample_weight: ArrayLike | None,
    n_samples: int,
    dtype: np.dtype[Any],
    name: str = "sample_weight",
) -> Array:
    """Return the weight of each sample, or an empty array if there are none."""
    if sample_weight is None:
        return as_read_only(np.empty(0, dtype))
    weights = as_numbers(name, sample_weight, dtype)
    if weights.shape != (n_samples,):
        raise ValueError(f"{name} must have shape ({n_samples},), got {weights.shape}")
    if (weights < 0).any():
        raise ValueError(f"{name} must be at least 0, got {weights.min()}")
    if not weights.any():
        raise ValueError(f"{name} must not be 0 for every sample, got {n_samples} zeros")
    return weights


def as_class_weights(class_weight: Any, targets: Array, weights: Array) -> Array:
    """Return the weights multiplied by those of the samples' classes."""
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
