"""Folds of the samples: which network holds out which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._checks.arrays import Array
from .._checks.samples import as_sample_numbers
from .._checks.scalars import as_count
from .._training.split import labels_of

_SEED = 0  # the same samples in the same folds, whatever the networks


def as_folds(folds: Any, targets: Array, n_networks: int) -> list[Array]:
    """Return the numbers of the samples of each fold, in order.

    `folds` are such numbers already, or how many folds there are to be: of random samples, with a
    share of each class if the targets are classes.
    """
    n_samples = len(targets)
    if isinstance(folds, Sequence | np.ndarray):
        given = [_as_fold(f"folds[{f}]", fold, n_samples) for f, fold in enumerate(folds)]
        _check_number(len(given), 1, n_networks, n_samples)
        return given
    n_folds = as_count("folds", folds)
    _check_number(n_folds, 2, n_networks, n_samples)
    order = np.random.default_rng(_SEED).permutation(n_samples)
    labels = labels_of(targets)
    if labels is not None:
        order = order[labels[order].argsort(kind="stable")]
    return [np.sort(order[f::n_folds]) for f in range(n_folds)]


def _check_number(n_folds: int, least: int, n_networks: int, n_samples: int) -> None:
    """Raise unless there are so many folds, one for each network at most."""
    if n_folds > n_networks:
        raise ValueError(
            f"folds must be at most the {n_networks} networks, each of which holds out one, got "
            f"{n_folds}: give the population as many networks"
        )
    if not least <= n_folds <= n_samples:
        raise ValueError(f"folds must be {least} to {n_samples}, the samples, got {n_folds}")


def _as_fold(name: str, fold: Any, n_samples: int) -> Array:
    """Return the numbers of samples, in order; some must be left."""
    numbers = as_sample_numbers(name, fold, n_samples)
    if len(numbers) == n_samples:
        raise ValueError(f"{name} must leave samples to train on, got all {n_samples}")
    return numbers
