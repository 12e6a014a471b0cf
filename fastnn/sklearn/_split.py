"""The samples that early stopping judges by: those that the user gives, or a part held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import train_test_split

from .._checks.arrays import Array
from ._steps import SOLVERS

if TYPE_CHECKING:
    from ._base import BaseMLP


class Data(NamedTuple):
    """Inputs, targets and sample weights, after all checks."""

    X: Any
    y: Array
    weights: Array | None


@dataclass
class Split:
    """The data of training and of validation; `rows` are the numbers of those of training.

    None means all rows.
    """

    training: Data
    validation: Data | None = None
    rows: Array | None = None

    @classmethod
    def of(cls, estimator: BaseMLP, data: Data, validation: Data | None, random: Any) -> Split:
        """Hold out a fraction if the estimator uses early stopping, and is given no other data."""
        X, y, weights = data
        if validation is not None or not estimator.early_stopping:
            return cls(data, validation)
        parts = train_test_split(
            *(X, y, np.ones(len(y)) if weights is None else weights, np.arange(len(y))),
            random_state=random,
            test_size=estimator.validation_fraction,
            stratify=y if is_classifier(estimator) and estimator.n_outputs_ == 1 else None,
        )
        X, X_val, y, y_val, train_weights, val_weights, rows, _ = parts
        if X_val.shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of"
                " your dataset."
            )
        if weights is None:
            train_weights = val_weights = None
        return cls(Data(X, y, train_weights), Data(X_val, y_val, val_weights), rows)


def is_given(estimator: BaseMLP, X_val: Any, y_val: Any, sample_weight_val: Any) -> bool:
    """Return whether there are data for validation; raise unless they can be used."""
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val is provided, but X_val and y_val were not provided")
        return False
    if y_val is None:
        raise ValueError("X_val is provided, but y_val was not provided.")
    if X_val is None:
        raise ValueError("y_val is provided, but X_val was not provided.")
    if estimator.solver not in SOLVERS:
        raise ValueError(
            "X_val and y_val are for early stopping, which needs the solver "
            f"{', '.join(SOLVERS[:-1])} or {SOLVERS[-1]}, got solver={estimator.solver!r}"
        )
    if not estimator.early_stopping:
        raise ValueError(
            "X_val and y_val are for early stopping: set early_stopping=True, got "
            f"early_stopping={estimator.early_stopping}"
        )
    return True
