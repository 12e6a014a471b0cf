"""The weights of samples, and the batches that they are taken in."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .functions import Array

Weights = Sequence[float] | NDArray[np.floating[Any]]


def check_weights(sample_weight: Weights | None) -> None:
    """Raise ValueError if no sample has a weight, in the words of `fastnn.Network`."""
    if sample_weight is not None and not np.any(sample_weight):
        raise ValueError(
            "sample_weight must not be 0 for every sample, got "
            f"{len(np.atleast_1d(sample_weight))} zeros"
        )


def mean_of(losses: Array, weights: Weights | None) -> float:
    """Return the mean loss: a sample of weight 0 takes no part, though its loss be infinite."""
    if weights is None:
        return float(np.mean(losses))
    check_weights(weights)
    counted = np.asarray(weights) != 0
    return float(np.average(losses[counted], weights=np.asarray(weights)[counted]))


def total_weight(X: ArrayLike, sample_weight: Weights | None) -> float:
    """Return what a mean divides by: the sum of the weights, each 1 by default."""
    if sample_weight is not None:
        check_weights(sample_weight)
        return float(np.sum(sample_weight))
    return 1 if np.ndim(X) == 1 else np.shape(X)[0]


def part_of(array: ArrayLike | None, index: Any) -> Any:
    """Return a part of an array, if there is one."""
    return None if array is None else np.asarray(array)[index]


def batches_of(n_samples: int, batch_size: int | None) -> Iterable[int] | Iterable[slice]:
    """Return each batch's rows; for size 1 an index: 2-D rows of one sample cost 1.26 times 1-D."""
    if batch_size == 1:
        return range(n_samples)
    size = n_samples if batch_size is None else batch_size
    return [slice(start, start + size) for start in range(0, n_samples, size)]
