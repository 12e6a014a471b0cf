"""The loop around the compiled epochs: slices, the order of samples, records, a progress bar.

On tiny data one slice spans many epochs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from .core import layout, losses, training
from .core.bits import WORD
from .core.block import ROWS
from .core.quads import QUAD
from .core.variants import rows_ahead
from .history import History
from .initializers import Random
from .model import Model, metric_codes, named
from .optimizers import SGD
from .validation import Array


@dataclass
class Plan:
    """How to train: what `fit` was asked for, after checking."""

    epochs: int
    batch_size: int
    optimizer: SGD
    shuffle: bool = True
    reduction: str = "mean"
    metrics: Sequence[str] = ()
    validation_data: tuple[Array, Array] | None = None
    evaluate_every: int = 1
    first_epoch: int = 0
    progress: bool = False


def train(model: Model, X: Array, Y: Array, plan: Plan, random: Random) -> History:
    """Train in place for `plan.epochs` epochs and return what was recorded."""
    n_samples, last_epoch = len(X), plan.first_epoch + plan.epochs
    scratch = _scratch(model, plan.batch_size)
    history = History()
    epoch = plan.first_epoch
    with tqdm(
        total=plan.epochs * n_samples,
        unit="sample",
        unit_scale=True,
        disable=None if plan.progress else True,  # None: silent where there is no terminal
    ) as bar:
        while epoch < last_epoch:
            span = min(
                max(1, model.samples_per_slice() // n_samples),
                _epochs_to_evaluation(epoch, plan),
                last_epoch - epoch,
            )
            order = _draw_order(n_samples, span, plan.shuffle, random)
            sums = np.zeros((span, 1 + len(plan.metrics)))
            position = 0
            while position < span * n_samples:
                start = position
                position = _train_slice(model, X, Y, plan, order, start, scratch, sums)
                bar.update(position - start)
            for means in sums / n_samples:
                history.record(epoch, named(means, plan.metrics))
                epoch += 1
            if plan.validation_data is not None and (epoch - 1) % plan.evaluate_every == 0:
                values = model.evaluate(*plan.validation_data, plan.metrics)
                history.record(epoch - 1, {f"val_{name}": v for name, v in values.items()})
            bar.set_postfix({name: f"{v[-1]:.4g}" for name, v in history.items()}, refresh=False)
    return history


def _epochs_to_evaluation(epoch: int, plan: Plan) -> int:
    """Return how many epochs there are from `epoch` to the next one that is evaluated, included."""
    if plan.validation_data is None:
        return plan.epochs
    return -epoch % plan.evaluate_every + 1


def _draw_order(n_samples: int, epochs: int, shuffle: bool, random: Random) -> Array:
    """Return a row of sample numbers for each epoch, or one that serves them all."""
    if not shuffle:
        return np.arange(n_samples)[np.newaxis]
    return np.stack([random.permutation(n_samples) for _ in range(epochs)])


def _scratch(model: Model, batch_size: int) -> tuple[Array, ...]:
    """Return the arrays that a training run reuses from slice to slice."""
    dtype = model.params.dtype
    n_units = layout.units_size(model.table)
    if batch_size == 1:
        n_ahead = rows_ahead(model.table, dtype.itemsize)
        n_words = n_units // WORD
        return (
            np.zeros((4, n_ahead, n_units), dtype),
            np.zeros((2, n_words), np.uint64),
            np.zeros((2, -(-n_ahead // QUAD) * n_words), np.uint64),
        )
    return np.zeros((3, ROWS, n_units), dtype), np.zeros(model.params.size, dtype)


def _train_slice(
    model: Model,
    X: Array,
    Y: Array,
    plan: Plan,
    order: Array,
    start: int,
    scratch: tuple[Array, ...],
    sums: Array,
) -> int:
    """Train on a slice from position `start` on, add to `sums`, return where to go on."""
    stop = min(start + model.samples_per_slice(), len(sums) * len(X))
    arguments = (
        model.params, model.table, losses.CODES[model.loss], metric_codes(plan.metrics), X, Y,
        order, start, stop,
    )  # fmt: skip
    learning_rate = model.params.dtype.type(plan.optimizer.learning_rate)
    position: int
    if plan.batch_size == 1:
        position = training.train_samples(*arguments, learning_rate, *scratch, sums)
    else:
        mean = plan.reduction == "mean"
        position = training.train_batches(
            *arguments, plan.batch_size, mean, learning_rate, *scratch, sums
        )
    return position
