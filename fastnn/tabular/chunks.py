"""Training of one network on a table that memory does not hold.

The encoding is fitted to a random sample of the rows. A pass over the table then writes all rows,
encoded, to a temporary file, which the epochs read chunk by chunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .._checks.arrays import Array
from ..tables.by_target import inputs_of, training_inputs
from ..tables.encoder import TableEncoder
from ..tables.ensemble import Member, Recipe
from ..tables.errors import TableError
from ..tables.model import TableModel
from ..tables.task import Task
from .judging import Judge, LinearModel
from .report import Score
from .rows import N_PARTS, SpillBuffer, Split
from .samples import Samples, random_sample, read_samples
from .spilled import train_spilled
from .summary import describe
from .target import Problem
from .training import Settings, Trained

VALIDATION_PART = 0.1  # of the rows that are not held out, which choose the epoch
ENCODING = "bins"
_AT_ONCE = 500_000_000  # bytes of inputs that are trained on all at once
_CHUNK = 50_000_000  # and of a chunk, where there are more
_WIDEST = 1000  # bytes of inputs that a field becomes at most, a text in all encodings
_MOST_SCORED = 2_000_000  # outputs for rows held out: memory holds these


def rows_at_a_time(problem: Problem, settings: Settings) -> int | None:
    """Return how many rows to train on at a time, None for all."""
    n_rows = problem.n_rows
    if n_rows * len(problem.names) * _WIDEST <= _AT_ONCE:
        return None
    estimator = settings.estimator(problem.target)
    sample = random_sample(problem, Split(0.0, 0.0, settings.seed))
    encoder = TableEncoder(estimator.encodings)
    random = np.random.RandomState(settings.seed)
    encoded = encoder.fit(sample.columns, np.ones(len(sample.targets)), random)
    widths = [encoded.inputs(encoding).shape[1] for encoding in estimator.encodings]
    if 4 * n_rows * sum(widths) <= _AT_ONCE:
        return None
    n_bytes = 4 * int(encoded.inputs(ENCODING).shape[1])
    return max(1, _CHUNK // n_bytes)


class SampleEncoder:
    """The encoding of rows and targets for one network, fitted to a sample of them."""

    def __init__(self, sample: Samples, classes: Sequence[str] | None, seed: int) -> None:
        self.sample, self.n_classes = sample, len(classes or ())
        self.center = 0.0 if classes else float(sample.targets.mean())
        self.scale = 1.0 if classes else float(sample.targets.std())
        weights = np.ones(len(sample.targets))
        self.encoder = TableEncoder([ENCODING])
        encoded = self.encoder.fit(sample.columns, weights, np.random.RandomState(seed))
        task = Task(encoded, self._learnt(sample.targets), weights, self.n_classes)
        rows = np.arange(len(weights))
        self._of_sample, self.by_target = training_inputs(task, rows, ENCODING, seed)

    @property
    def width(self) -> int:
        """The number of inputs and of the target beside them."""
        return int(self._of_sample.shape[1]) + 1

    def _learnt(self, targets: Array) -> Array:
        """Return targets as a network learns them."""
        return targets if self.n_classes else (targets - self.center) / self.scale

    def targets_in(self, encoded: Array) -> Array:
        """Return the targets of encoded rows: codes of classes, or numbers in their units."""
        if self.n_classes:
            return encoded[:, -1].astype(np.int64)
        targets: Array = encoded[:, -1].astype(np.float64) * self.scale + self.center
        return targets

    def encode(self, samples: Samples) -> Array:
        """Return the inputs of rows with the target beside them, float32.

        Rows of the sample keep the statistics of the other rows, which do not give their own target
        away.
        """
        encoded = self.encoder.transform(samples.columns)
        inputs = inputs_of(encoded, ENCODING, self.by_target)
        _, here, there = np.intersect1d(
            samples.numbers, self.sample.numbers, assume_unique=True, return_indices=True
        )
        inputs[here] = self._of_sample[there]
        return np.column_stack([inputs, self._learnt(samples.targets)]).astype(np.float32)

    def linear_model(self) -> LinearModel:
        """Return a linear model of the sample."""
        targets = self.sample.targets
        return LinearModel(self._linear(self._of_sample), targets, n_classes=self.n_classes)

    def _linear(self, inputs: Array) -> Array:
        """Return the inputs without the bins."""
        start, n_bins = self.encoder.widths["scaled"], self.encoder.widths["bins"]
        return np.delete(inputs, slice(start, start + n_bins), axis=1)

    def linear_outputs(self, linear: LinearModel, encoded: Array) -> Array:
        """Return the outputs of the linear model for encoded rows."""
        return linear.outputs(self._linear(encoded[:, :-1]))


def train_by_chunks(
    problem: Problem, split: Split, settings: Settings, *, chunk_rows: int, folder: Path
) -> Trained:
    """Train a network on all rows, which are kept in `folder`, and score it on those held out."""
    target = problem.target
    most = _MOST_SCORED / max(20, len(target.classes or ())) / problem.n_rows
    split = replace(split, held_out=min(split.held_out, most), validation=VALIDATION_PART)
    sample = random_sample(problem, split)
    encoder = SampleEncoder(sample, target.classes, settings.seed)
    estimator = settings.estimator(target)
    with ExitStack() as around:
        parts = [
            around.enter_context(closing(SpillBuffer(encoder.width, folder)))
            for _ in range(N_PARTS)
        ]
        for samples in read_samples(problem, chunk_rows):
            rows, part_of_row = encoder.encode(samples), split.parts_of(samples.numbers)
            for part, buffer in enumerate(parts):
                buffer.append(rows[part_of_row == part])
        training, validation, held = parts
        if not training.n_rows or not validation.n_rows:
            raise TableError(
                f"{problem.table.path} must have rows to train on and others to choose the epoch, "
                f"got {training.n_rows} and {validation.n_rows}: give more rows"
            )
        member = _trained_member(encoder, training, validation, estimator, settings, chunk_rows)
        model = TableModel(
            encoder=encoder.encoder,
            members=[member],
            classes=None if target.classes is None else np.array(target.classes),
            center=encoder.center,
            scale=encoder.scale,
            parameters=estimator.get_params(),
        )
        judge = Judge.trained_on(sample.targets, target.classes)
        scores: list[Score] = []
        warning = None
        if held.n_rows:
            scores, warning = _scores(judge, encoder, model, held, chunk_rows)
        columns = {column.name: describe(column) for column in sample.columns}
        scored = f"held out: {held.n_rows} rows"
        return Trained(model, columns, training.n_rows, judge, scores, scored, warning)


def _trained_member(
    encoder: SampleEncoder,
    training: SpillBuffer,
    validation: SpillBuffer,
    estimator: Any,
    settings: Settings,
    chunk_rows: int,
) -> Member:
    """Return the network, trained."""
    recipe = Recipe.of(estimator.get_params())
    network = recipe.network(encoder.width - 1, ENCODING, encoder.n_classes, settings.seed)
    stopping = train_spilled(
        network, training, validation, recipe, chunk_rows,
        seed=settings.seed, seconds=settings.time_limit, quiet=settings.quiet,
    )  # fmt: skip
    assert stopping.best_epoch is not None
    best = stopping.best_epoch, float(stopping.best)
    return Member(network, ENCODING, None, *best, by_target=encoder.by_target)


def _scores(
    judge: Judge, encoder: SampleEncoder, model: TableModel, held: SpillBuffer, chunk_rows: int
) -> tuple[list[Score], str | None]:
    """Return the scores on the rows held out, and a warning if the linear model is better."""
    linear, (member,) = encoder.linear_model(), model.members
    targets, ours, others = [], [], []
    for rows in held.chunks(chunk_rows):
        targets.append(encoder.targets_in(rows))
        outputs = member.network.predict(rows[:, :-1]).astype(np.float64)
        ours.append(model.in_units(outputs))
        others.append(encoder.linear_outputs(linear, rows))
    truth, by_us, by_others = map(np.concatenate, (targets, ours, others))
    return judge.beside(truth, by_us, f"{linear.name} of a sample", by_others)
