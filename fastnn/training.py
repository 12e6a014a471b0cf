"""The loop around the compiled epochs: slices, the order of samples, records, a progress bar.

On tiny data one slice spans many epochs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

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
    kernel, arguments = _kernel(model, plan)
    loss, metrics = losses.CODES[model.loss], metric_codes(plan.metrics)
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
                start, stop = position, min(position + model.samples_per_slice(), span * n_samples)
                position = kernel(
                    model.params, model.table, loss, metrics, X, Y, order, start, stop,
                    *arguments, sums,
                )  # fmt: skip
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


def _kernel(model: Model, plan: Plan) -> tuple[Callable[..., int], tuple[Any, ...]]:
    """Return the entry point that trains so, and what it takes between `stop` and the figures.

    That is how it trains, and the scratch that is reused from slice to slice.
    """
    dtype = model.params.dtype
    n_units = layout.units_size(model.table)
    learning_rate = dtype.type(plan.optimizer.learning_rate)
    if plan.batch_size > 1:
        scratch = np.zeros((3, ROWS, n_units), dtype), np.zeros(model.params.size, dtype)
        how = plan.batch_size, plan.reduction == "mean", learning_rate
        return training.train_batches, (*how, *scratch)
    n_words = n_units // WORD
    sets = np.zeros((2, n_words), np.uint64)
    n_ahead = rows_ahead(model.table, dtype.itemsize)
    if n_ahead == 1:
        return training.train_samples, (learning_rate, np.zeros((4, n_units), dtype), sets)
    workspace = np.zeros((4, n_ahead, n_units), dtype)
    words = np.zeros((2, n_ahead // QUAD * n_words), np.uint64)
    return training.train_samples_ahead, (learning_rate, workspace, sets, words)
