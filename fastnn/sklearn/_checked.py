"""Checks that scikit-learn has not, or not in all versions."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from .._checks.arrays import Array
from .._checks.frames import is_frame

TIMES = date, time, timedelta  # a datetime is a date


def weights_of(sample_weight: Any, X: Any) -> Array:
    """Return the weights of samples, float64, after checking them."""
    weights: Array = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    if not weights.any():  # which scikit-learn before 1.8 lets pass
        raise ValueError("sample_weight must not be all zero, got only zeros")
    return weights


def check_has_columns(table: Any) -> None:
    """Raise if a DataFrame has no columns, in scikit-learn's words for an array without."""
    if is_frame(table) and table.shape[1] == 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={table.shape}) while a minimum of 1 is required."
        )


def check_holds_numbers(y: Any, classifier: str) -> None:
    """Raise if a target of numbers holds times, or texts that are no numbers."""
    try:
        values = np.asarray(y)
    except ValueError:  # rows of different lengths, which scikit-learn refuses
        return
    kinds = {*map(type, values.flat)} if values.dtype == object else {values.dtype.type}
    if any(issubclass(kind, (*TIMES, np.datetime64, np.timedelta64)) for kind in kinds):
        raise TypeError(
            "y must hold numbers, got times: give numbers of a unit, such as days, "
            "(y - y.min()) / np.timedelta64(1, 'D'), or y / np.timedelta64(1, 'D') of durations"
        )
    if any(issubclass(kind, str) for kind in kinds) and (text := text_in(values)) is not None:
        raise ValueError(
            f"y must hold numbers, got the text {text!r}: {classifier} learns texts, as classes"
        )


def text_in(values: Array) -> str | None:
    """Return the first text that is no number; None if there is none."""
    for value in values.flat:
        if isinstance(value, str):
            try:
                float(value)
            except ValueError:
                return str(value)
    return None
