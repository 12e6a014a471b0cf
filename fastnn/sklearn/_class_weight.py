"""The weights that `class_weight` gives to samples."""

from __future__ import annotations

import reprlib
from typing import Any

from sklearn.utils import compute_sample_weight

from .._checks.arrays import Array


def weights_of_classes(class_weight: Any, classes: Array, labels: Array) -> Array:
    """Return the weight of each sample; a class that a dict leaves out has 1.

    As in scikit-learn, a dict may name labels that are no classes, which a part of the data may
    lack, if it names all classes.
    """
    if isinstance(class_weight, dict) and labels.ndim == 1:
        known = set(classes)
        unknown = [label for label in class_weight if label not in known]
        if unknown and not known <= set(class_weight):
            raise ValueError(
                f"class_weight must name classes of y, which are {reprlib.repr(classes.tolist())}, "
                f"got {reprlib.repr(unknown)}"
            )
        class_weight = dict.fromkeys(classes, 1.0) | class_weight
    weights: Array = compute_sample_weight(class_weight, labels)
    return weights
