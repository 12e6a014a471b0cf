"""The labels of a classifier, and the zeros and ones that its network learns."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import unique_labels

from .._checks.arrays import Array
from ._base import BaseMLP
from ._class_weight import weights_of_classes


class LabelledMLP(BaseMLP):
    """A network whose targets are labels."""

    class_weight: Any
    classes_: Array
    _label_binarizer: LabelBinarizer

    def _as_labels(self, outputs: Array) -> Array:
        """Return the class labels of outputs, or of encoded targets."""
        labels: Array = self._label_binarizer.inverse_transform(outputs)
        return labels

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """Return inputs, and targets of zeros and ones."""
        X, y = self._checked(X, y, reset)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y))
        return X, self._label_binarizer.transform(y).astype(bool)

    def _validate_held_out(self, X: Any, y: Any) -> tuple[Any, Array]:
        """Return inputs and targets for early stopping, in which classes may be missing."""
        X, y = self._checked(X, y, reset=False)
        self._check_known(unique_labels(y))
        return X, self._label_binarizer.transform(y).astype(bool)

    def _check_classes(self, classes: Array) -> None:
        """Raise unless these are the known classes or, in `partial_fit`, some of them."""
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous"
                    f" call to fit. Previously got {self.classes_}, `y` has {classes}"
                )
        else:
            self._check_known(classes)

    def _check_known(self, classes: Array) -> None:
        """Raise unless these are some of the known classes."""
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    def _with_class_weight(self, y: Array, sample_weight: Array | None, incremental: bool) -> Any:
        """Multiply the sample weights by those of the classes."""
        class_weight = self.class_weight
        if class_weight is None:
            return sample_weight
        if incremental and class_weight == "balanced":
            raise ValueError(
                "class_weight must be a dict for partial_fit, which sees a part of the data at a"
                " time, got 'balanced'"
            )
        weights = weights_of_classes(class_weight, self.classes_, self._as_labels(y))
        return weights if sample_weight is None else sample_weight * weights
