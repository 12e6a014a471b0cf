"""What all estimators have in common: kept parameters, failed calls that change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_sample_weight

from .._checks.arrays import Array
from .._checks.frames import is_frame
from ..core.activations import CODES, SECOND_NAMES

HIDDEN = {*CODES, *SECOND_NAMES} - {"softmax", "exp"}  # activations of hidden layers


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


class Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The base class of all estimators."""

    def _keep(self, given: Mapping[str, Any]) -> None:
        """Set the parameters of the constructor as they were given."""
        for name in self._get_param_names():
            setattr(self, name, given[name])

    @contextmanager
    def _unchanged_by_errors(self) -> Iterator[None]:
        """Let what fails inside leave the estimator as it was."""
        before = self.__dict__.copy()
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
