"""Checks that scikit-learn has not, or not in all versions."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from .._checks.arrays import Array
from .._checks.frames import is_frame


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
