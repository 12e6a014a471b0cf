"""Training on encoded rows in a temporary file, chunk by chunk: memory does not grow with them."""

from __future__ import annotations

from collections.abc import Iterator
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

        network.fit(
            chunks,
            **recipe.fit_options(training.n_rows),
            callbacks=[Validation(validation, chunk_rows, bar), stopping, *limits],
        )
    return stopping


class Validation(Callback):
    """Record the loss of validation rows after each epoch, and show all metrics in a bar."""

    def __init__(self, rows: SpillBuffer, chunk_rows: int, bar: Any) -> None:
        self._rows, self._chunk_rows, self._bar = rows, chunk_rows, bar

    def epoch(self, run: Run) -> None:
        """Record the loss as "val_loss", and show the metrics."""
        total = 0.0
        for rows in self._rows.chunks(self._chunk_rows):
            total += run.network.loss(rows[:, :-1], rows[:, -1]) * len(rows)
        run.history.record(run.epoch, {"val_loss": total / self._rows.n_rows})
        self._bar.set_postfix({name: f"{values[-1]:.4g}" for name, values in run.history.items()})
