"""Hold out a part of the samples for validation."""

from __future__ import annotations

import numpy as np

from .._checks.arrays import Array, as_in_range
from .._checks.stored import Inputs, taken
from ..optimizers import LBFGS
from .request import FitConfig, Validation


def held_out(fraction: float, n_samples: int) -> int:
    """Return the number of samples that a fraction holds out: at least one, and not all."""
    share = as_in_range("validation_fraction", fraction, 0, 1)
    n_held = max(1, round(share * n_samples))
    if share == 0 or n_held >= n_samples:
        raise ValueError(
            f"validation_fraction must leave samples on both sides, got {fraction} of {n_samples}"
        )
    return n_held


def separate(X: Inputs, Y: Array, plan: FitConfig, key: int) -> tuple[Inputs, Array]:
    """Split off the validation samples; return the inputs and targets for training.

    The training samples are not copied: the order of training skips the others. L-BFGS, which has
    no order, gets a copy of them.
    """
    rows, held = split_rows(labels_of(Y), len(Y), plan.n_held, key)
    plan.validation = Validation(
        taken(X, held), take(Y, held), take(plan.weights, held), np.asarray(plan.y)[held]
    )
    check_weights(take(plan.weights, rows), plan.validation.weights)
    if not isinstance(plan.optimizer, LBFGS):
        plan.rows = rows
        return X, Y
    plan.weights = take(plan.weights, rows)
    return taken(X, rows), take(Y, rows)


def check_weights(*parts: Array) -> None:
    """Raise if a part of the samples has weights that are all 0."""
    for weights in parts:
        if weights.size and not weights.any():
            raise ValueError(
                "weights must not all be 0 on either side of validation_fraction, "
                f"got {len(weights)} zeros"
            )


def labels_of(targets: Array) -> Array | None:
    """Return the classes of one-hot targets, or None for other targets."""
    if not ((targets == 0) | (targets == 1)).all():
        return None
    if targets.shape[1] == 1:
        return targets[:, 0]
    return targets.argmax(axis=1) if (targets.sum(axis=1) == 1).all() else None


def take(array: Array, rows: Array) -> Array:
    """Return rows of an array for the kernels, read-only; of an empty array, an empty one."""
    part = array[rows] if array.size else array
    part.flags.writeable = False
    return part


def split_rows(labels: Array | None, n_samples: int, n_held: int, key: int) -> tuple[Array, Array]:
    """Return the numbers of the training samples and of those held out, in order.

    With `labels`, each class has its share of the held-out samples, up to one.
    """
    random = np.random.default_rng(key)
    if labels is None:
        held = random.permutation(n_samples)[:n_held]
    else:
        classes, counts = np.unique(labels, return_counts=True)
        quotas = counts * (n_held / n_samples)
        shares = quotas.astype(np.int64)
        most_wanting = np.argsort(shares - quotas, kind="stable")
        shares[most_wanting[: n_held - shares.sum()]] += 1
        held = np.concatenate(
            [
                random.permutation(np.flatnonzero(labels == label))[:share]
                for label, share in zip(classes, shares, strict=True)
            ]
        )
    is_held = np.zeros(n_samples, bool)
    is_held[held] = True
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)
