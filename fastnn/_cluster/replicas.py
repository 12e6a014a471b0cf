"""The training of a replica on a worker of the cluster, and the mean of the replicas."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .._checks.arrays import Array
from .._training.sources import parts_of_chunk
from .._training.state import state_of
from ..network import Network


class Share(NamedTuple):
    """The parameters of a trained replica and its metrics; the weight is 0 for an empty chunk."""

    weight: float
    params: Array
    figures: Array


def same(value: Any) -> Any:
    """Return the argument, which makes it a result that workers pass on to each other."""
    return value


def train_replica(
    chunk: Any,
    number: int,
    *,
    bare: Network,
    params: Array,
    seed: tuple[int, int],
    rate: float | None,
    options: dict[str, Any],
) -> Share:
    """Train a replica of the network on a chunk."""
    X, y, sample_weight = parts_of_chunk(chunk)
    names = ("loss", *options["metrics"], "penalty")
    if _is_empty(X) and _is_empty(y):  # a filter may leave a block empty
        return Share(0.0, params, np.zeros(len(names)))
    replica = copy.copy(bare)  # the threads of a worker share `bare`
    replica.params = params
    state_of(replica).random = np.random.default_rng((*seed, number))
    schedule = None if rate is None else lambda epoch: rate
    history = replica.fit(X, y, sample_weight=sample_weight, learning_rate=schedule, **options)
    figures = [np.mean(history[name]) if name in history else 0.0 for name in names]
    weight = float(len(y) if sample_weight is None else np.sum(sample_weight))
    return Share(weight, replica.params, np.array(figures))


def _is_empty(rows: Any) -> bool:
    """Return True if there are no rows; a sparse matrix has a shape, but no length."""
    return bool(rows.shape[:1] == (0,) if hasattr(rows, "shape") else len(rows) == 0)


def mean(weights: Sequence[float], values: Sequence[Array]) -> Array:
    """Return the weighted mean in float64, summed in the order given.

    It moves from the first value towards each next one, so that values that all have in common,
    such as a frozen bias, keep their bits.
    """
    total, average = weights[0], values[0].astype(np.float64)
    for weight, value in zip(weights[1:], values[1:], strict=True):
        total += weight
        average += (value - average) * (weight / total)
    return average
