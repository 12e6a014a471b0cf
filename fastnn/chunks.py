"""Training on data that come in chunks: only one of them is in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .core.samples import Samples
from .model import total_weight
from .training import Training, run_kernel
from .validation import Array

Canonical = Callable[..., tuple[Samples, Array, Array]]


def train_by_chunks(chunks: Any, as_canonical: Canonical) -> Callable[[Training], None]:
    """Return what does an epoch over the chunks, made canonical one by one.

    `chunks` is gone through once an epoch, or, if it is a function, what it returns.
    """

    def train_epoch(this: Training) -> None:
        rates, sums, total = np.array([this.state.rate_ahead()]), np.zeros(1), 0.0
        for chunk in chunks() if callable(chunks) else chunks:
            if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3):
                raise ValueError(
                    f"a chunk must be (X, y) or (X, y, sample_weight), got {type(chunk).__name__}"
                )
            this.X, this.Y, this.plan.weights = as_canonical(*chunk)
            figures, is_finite = run_kernel(this, rates, this.draw_order(1))
            if not is_finite:
                raise this.divergence(figures, rates)
            sums, total = sums + figures, total + total_weight(this.plan.weights, len(this.Y))
        if total == 0:
            raise ValueError(
                f"chunks must come in every epoch, got none in epoch {this.state.epochs}: "
                "a generator ends with the first; give a function that returns one"
            )
        this.finish_epochs(sums / total, rates)

    return train_epoch


def as_chunks(X: Any, **not_with_chunks: object) -> Any:
    """Return `X` if it can be gone through, and none of the options that need all data is given."""
    if not callable(X) and not isinstance(X, Iterable):
        raise TypeError(f"without y, X must be chunks or a function that returns them, got {X!r}")
    if isinstance(X, np.ndarray):
        raise TypeError("y must be given where X is an array")
    for name, value in not_with_chunks.items():
        if value is not None:
            raise ValueError(f"{name} must not be given with chunks, got {value!r}")
    return X
