"""What all estimators have in common: kept parameters, failed calls that change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sklearn.base import BaseEstimator

from ..core.activations import CODES, SECOND_NAMES

HIDDEN = {*CODES, *SECOND_NAMES} - {"softmax", "exp"}  # activations of hidden layers


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
