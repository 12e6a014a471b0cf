"""Checks of the numbers of samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import Array, as_array


def as_sample_numbers(name: str, given: Any, n_samples: int) -> Array:
    """Return different numbers of samples, in order."""
    numbers = as_array(name, given)
    if numbers.dtype.kind not in "iu" or numbers.ndim != 1:
        raise TypeError(
            f"{name} must be the numbers of samples, got {numbers.dtype} of shape {numbers.shape}"
        )
    numbers = np.sort(numbers.astype(np.int64))
    if numbers[0] < 0 or numbers[-1] >= n_samples or (np.diff(numbers) == 0).any():
        raise ValueError(
            f"{name} must be different numbers from 0 to {n_samples - 1}, got {numbers[0]} to "
            f"{numbers[-1]}, {len(numbers) - len(np.unique(numbers))} of them again"
        )
    return numbers
