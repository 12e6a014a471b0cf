"""Hold out a part of the samples for validation."""

from __future__ import annotations

import numpy as np

from .._checks.arrays import Array
from .._checks.heads import rows_of_given
from .._checks.scalars import as_number
from .._checks.stored import taken
from ..optimizers import LBFGS
from .config import FitRequest, Validation
from .sources import Arrays


def as_n_validation(fraction: float, n_samples: int) -> int:
    """Return the number of samples that a fraction holds out: at least one, and not all."""
    share = as_number("validation_fraction", fraction)
    if not 0 < share < 1:
        raise ValueError(
            f"validation_fraction must be above 0 and below 1, got {fraction!r}: give a share, "
            f"for n of {n_samples} samples n / {n_samples}, or None to hold none out"
        )
    n_validation = max(1, round(share * n_samples))
    if n_validation >= n_samples:
        raise ValueError(
            f"validation_fraction must leave samples on both sides, got {fraction} of {n_samples}"
        )
    return n_validation


def split_validation(request: FitRequest, key: int) -> tuple[Arrays, Validation]:
    """Return the training samples and the validation samples of a request.

    Those to hold out are drawn with the key, and then known, unless they are known already.
    The training samples are not copied: the order of training skips the others. L-BFGS, which has
    no order, gets a copy of them.
    """
    data = request.source
    assert isinstance(data, Arrays)
    X, Y, weights = data.X, data.Y, data.weights
    if request.held is None:
        _, request.held = split_rows(labels_of(Y), len(Y), request.n_validation, key)
    held = request.held
    rows = np.delete(np.arange(len(Y)), held)
    validation = Validation(
        taken(X, held), take(Y, held), take(weights, held), rows_of_given(request.y, held)
    )
    check_weights(take(weights, rows), validation.weights)
    if not isinstance(request.config.optimizer, LBFGS):
        return Arrays(X, Y, weights, rows), validation
    return Arrays(taken(X, rows), take(Y, rows), take(weights, rows)), validation


def check_weights(*parts: Array) -> None:
    """Raise if a part of the samples has weights that are all 0."""
    for weights in parts:
        if weights.size and not weights.any():
            raise ValueError(
                "weights must not all be 0 on either side of what is held out for validation, "
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


def split_rows(
    labels: Array | None, n_samples: int, n_validation: int, key: int
) -> tuple[Array, Array]:
    """Return the numbers of the training samples and of those held out, in order.

    With `labels`, each class has its share of the held-out samples, up to one.
    """
    random = np.random.default_rng(key)
    if labels is None:
        held = random.permutation(n_samples)[:n_validation]
    else:
        classes, counts = np.unique(labels, return_counts=True)
        quotas = counts * (n_validation / n_samples)
        shares = quotas.astype(np.int64)
        most_wanting = np.argsort(shares - quotas, kind="stable")
        shares[most_wanting[: n_validation - shares.sum()]] += 1
        held = np.concatenate(
            [
                random.permutation(np.flatnonzero(labels == label))[:share]
                for label, share in zip(classes, shares, strict=True)
            ]
        )
    is_held = np.zeros(n_samples, bool)
    is_held[held] = True
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)
