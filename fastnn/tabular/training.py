"""Training on encoded rows, all at once or chunk by chunk, and the score on rows held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import History, Network
from .._checks.arrays import Array
from .._training.loop import bar_of_samples
from ..callbacks import Callback, EarlyStopping, Run
from .encoding import Category, Encoding
from .rows import SpillBuffer

PATIENCE = 10  # epochs without improvement that early stopping waits for
VALIDATION_PART = 0.1  # of the rows that are not held out, for early stopping
_SCORED = 10_000  # rows at a time


@dataclass(frozen=True)
class Settings:
    """How to train."""

    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float | None
    early_stopping: bool
    seed: int
    quiet: bool

    def of_fit(self) -> dict[str, Any]:
        """Return what `fit` is told of it."""
        names = ("batch_size", "optimizer", "learning_rate")
        return {name: getattr(self, name) for name in names}


def train_at_once(
    net: Network,
    encoding: Encoding,
    training: SpillBuffer,
    validation: SpillBuffer,
    settings: Settings,
) -> History:
    """Train on all rows, shuffled anew each epoch, and return the figures."""
    X, y = _inputs_and_targets(net, encoding, training.read(0, training.n_rows))
    held = _inputs_and_targets(net, encoding, validation.read(0, validation.n_rows))
    return net.fit(
        X,
        y,
        **settings.of_fit(),
        epochs=settings.epochs,
        validation_data=held if settings.early_stopping else None,
        callbacks=[EarlyStopping(patience=PATIENCE)] if settings.early_stopping else [],
        progress=not settings.quiet,
    )


def train_by_chunks(
    net: Network,
    encoding: Encoding,
    training: SpillBuffer,
    validation: SpillBuffer,
    settings: Settings,
    chunk_rows: int,
) -> History:
    """Train on some rows at a time, and return the metrics of the epochs.

    Each epoch the chunks are made anew, of runs of rows from all over the table, and shuffled.
    """
    random = np.random.default_rng(settings.seed)
    with bar_of_samples(settings.epochs * training.n_rows, quiet=settings.quiet) as bar:

        def chunks() -> Iterator[tuple[Array, Array]]:
            for rows in training.shuffled(chunk_rows, random):
                yield _inputs_and_targets(net, encoding, rows)
                bar.update(len(rows))

        callbacks: list[Callback] = []
        if settings.early_stopping:
            loss = partial(_loss, net, encoding, validation, chunk_rows)
            callbacks = [ValidationLoss(loss), EarlyStopping(patience=PATIENCE)]
        return net.fit(
            chunks,
            **settings.of_fit(),
            epochs=settings.epochs,
            callbacks=[*callbacks, ShownMetrics(bar)],
        )


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


def _loss(net: Network, encoding: Encoding, rows: SpillBuffer, chunk_rows: int) -> float:
    """Return the mean loss."""
    chunks = rows.chunks(chunk_rows)
    total = sum(
        net.loss(*_inputs_and_targets(net, encoding, chunk)) * len(chunk) for chunk in chunks
    )
    return total / rows.n_rows


def _inputs_and_targets(net: Network, encoding: Encoding, rows: Array) -> tuple[Array, Array]:
    """Return what `fit` takes."""
    return encoding.expand(rows[:, :-1], net.dtype), rows[:, -1]


def score(net: Network, encoding: Encoding, held_out: SpillBuffer) -> dict[str, Any]:
    """Return how well a network predicts rows, beside who knows the training targets alone.

    Of a classification the share that is right, beside that of the most frequent class; of a
    regression R2 (None if the rows do not vary) and the mean absolute error in the target's units,
    beside that of the mean.
    """
    target, n_rows = encoding.target, held_out.n_rows
    outputs = (
        (net.predict(encoding.expand(rows[:, :-1], net.dtype)), rows[:, -1])
        for rows in held_out.chunks(_SCORED)
    )
    if isinstance(target, Category):
        most_frequent = int(np.argmax(target.shares))
        n_right = n_baseline = 0
        for predicted, codes in outputs:
            n_right += int((predicted.argmax(axis=1) == codes).sum())
            n_baseline += int((codes == most_frequent).sum())
        return {
            "n_rows": n_rows,
            "accuracy": n_right / n_rows,
            "baseline_accuracy": n_baseline / n_rows,
            "baseline": target.values[most_frequent],
        }
    sums = np.zeros(5)  # of standardised y, y^2, |y|, e^2, |e|: the mean of training rows is 0
    for predicted, y in outputs:
        y = y.astype(np.float64)
        errors = predicted[:, 0] - y
        sums += [y.sum(), y @ y, np.abs(y).sum(), errors @ errors, np.abs(errors).sum()]
    of_y, of_squares, of_sizes, of_errors, of_error_sizes = sums.tolist()
    spread = of_squares - of_y**2 / n_rows
    return {
        "n_rows": n_rows,
        "r2": 1 - of_errors / spread if spread > 1e-12 * of_squares else None,
        "mae": of_error_sizes / n_rows * target.deviation,
        "baseline_mae": of_sizes / n_rows * target.deviation,
        "baseline": target.mean,
    }
