"""Training on encoded rows in a temporary file, chunk by chunk: memory does not grow with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from .. import Network
from .._checks.arrays import Array
from .._training.loop import bar_of_samples
from ..callbacks import Callback, EarlyStopping, Run
from ..tables.ensemble import Recipe, TimeLimit
from .rows import SpillBuffer


def train_spilled(
    network: Network,
    training: SpillBuffer,
    validation: SpillBuffer,
    recipe: Recipe,
    chunk_rows: int,
    *,
    seed: int,
    seconds: float | None,
    quiet: bool,
) -> EarlyStopping:
    """Train on rows whose last column is the target, and take the epoch best for `validation`.

    Each epoch the chunks are made anew, of runs of rows from all over the table, and shuffled.
    """
    random = np.random.default_rng(seed)
    stopping = EarlyStopping(patience=recipe.patience, mode="min")
    limits = [] if seconds is None else [TimeLimit(seconds)]
    with bar_of_samples(recipe.max_epochs * training.n_rows, quiet=quiet) as bar:

        def chunks() -> Iterator[tuple[Array, Array]]:
            for rows in training.shuffled(chunk_rows, random):
                yield rows[:, :-1], rows[:, -1]
                bar.update(len(rows))

        loss = partial(_loss, network, validation, chunk_rows)
        network.fit(
            chunks,
            **recipe.fit_options(training.n_rows),
            callbacks=[ValidationLoss(loss), stopping, *limits, ShownMetrics(bar)],
        )
    return stopping


class ValidationLoss(Callback):
    """Record as "val_loss" what a function returns after each epoch."""

    def __init__(self, loss: Callable[[], float]) -> None:
        self._loss = loss

    def epoch(self, run: Run) -> None:
        """Record the loss."""
        run.history.record(run.epoch, {"val_loss": self._loss()})


class ShownMetrics(Callback):
    """Show the metrics of each epoch in a progress bar."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def epoch(self, run: Run) -> None:
        """Show the metrics."""
        self._bar.set_postfix({name: f"{values[-1]:.4g}" for name, values in run.history.items()})


def _loss(network: Network, rows: SpillBuffer, chunk_rows: int) -> float:
    """Return the mean loss."""
    chunks = rows.chunks(chunk_rows)
    total = sum(network.loss(chunk[:, :-1], chunk[:, -1]) * len(chunk) for chunk in chunks)
    return total / rows.n_rows
