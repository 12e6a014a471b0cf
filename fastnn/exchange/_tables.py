"""What the writers of an ensemble have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks.arrays import Array

if TYPE_CHECKING:  # which needs scikit-learn
    from ..tables.model import TableModel


def model_of(estimator: Any) -> TableModel | None:
    """Return the model of a fitted estimator of tables; None if it is something else."""
    if not hasattr(type(estimator), "from_model"):
        return None
    if not hasattr(estimator, "model_"):
        name = type(estimator).__name__
        raise ValueError(f"net must be fitted, got a {name} that is not: call its `fit` first")
    model: TableModel = estimator.model_
    return model


def is_coarse(places: Array, steps: Array) -> bool:
    """Return True if float32 has no digits for a thousandth of a step at one of the places."""
    with np.errstate(over="ignore", invalid="ignore"):
        spacing = np.spacing(np.abs(places).astype(np.float32)).astype(np.float64)
    return not bool((spacing <= 1e-3 * steps).all())
