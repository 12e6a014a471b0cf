"""Training of the ensemble on all rows of a table at once."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from .._checks.arrays import Array
from .._training.threads import n_cores
from ..sklearn import TabularClassifier, TabularRegressor
from ..tables.by_target import inputs_of, training_inputs
from ..tables.columns import Column
from ..tables.model import TableModel
from ..tables.progress import progress_shown
from ..tables.task import Task
from .judging import OURS, Judge, LinearModel
from .report import Score
from .rows import HELD_OUT, Split
from .samples import Samples, check_samples, joined, read_samples
from .summary import describe
from .target import Problem, Target


@dataclass(frozen=True)
class Settings:
    """How to train: what the user may choose of an estimator's parameters."""

    hidden: Sequence[int]
    epochs: int
    learning_rate: float
    time_limit: float | None
    fast: bool
    seed: int
    quiet: bool

    def estimator(self, target: Target) -> Any:
        """Return an untrained estimator."""
        kind = TabularRegressor if target.classes is None else TabularClassifier
        one: dict[str, Any] = {"n_members": 1, "encodings": ["bins"]} if self.fast else {}
        return kind(
            hidden_layer_sizes=self.hidden, max_epochs=self.epochs, time_limit=self.time_limit,
            learning_rate=self.learning_rate, random_state=self.seed, n_jobs=-1, **one,
        )  # fmt: skip


class Trained(NamedTuple):
    """A model, and what is told of its training."""

    model: TableModel
    columns: Mapping[str, str]  # a line on each
    n_training: int
    judge: Judge
    scores: Sequence[Score]  # the model's own is the first; none without rows to score
    scored: str  # which rows those were, and how many
    warning: str | None = None  # of a simpler model that is better


def train_at_once(problem: Problem, split: Split, settings: Settings) -> Trained:
    """Train an ensemble on all rows, and score it on those held out, or else out of fold."""
    target, samples = problem.target, joined([*read_samples(problem)])
    is_held = split.parts_of(samples.numbers) == HELD_OUT
    if target.classes is not None:  # a class must have a row to learn it from
        counts = np.bincount(samples.targets[~is_held], minlength=len(target.classes))
        is_held &= counts[samples.targets] > 0
    training = samples.taken(np.flatnonzero(~is_held))
    held = samples.taken(np.flatnonzero(is_held))
    check_samples(problem.table, training)
    y = training.targets if target.classes is None else np.array(target.classes)[training.targets]
    frame = pa.table({column.name: _arrow_of(column) for column in training.columns})
    with nullcontext() if settings.quiet else progress_shown(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X must have a value in each column")  # `describe` says
        warnings.filterwarnings("ignore", "X must hold numbers and times as such")  # --categories
        estimator = settings.estimator(target).fit(frame, y)
    model: TableModel = estimator.model_
    judge = Judge.trained_on(training.targets, target.classes)
    warning = None
    if len(held.targets):
        scored = f"held out: {len(held.targets)} rows"
        ours = model.outputs(held.columns, n_cores())[0]
        name, others = _linear_outputs(model, training, held, len(target.classes or ()))
        scores, warning = judge.beside(held.targets, ours, name, others)
    else:
        known = ~np.isnan(estimator.oof_prediction_.reshape(len(y), -1)[:, 0])
        targets = training.targets[known]
        scored = f"out of fold: {len(targets)} rows"
        scores = [
            judge.score(OURS, targets, estimator.oof_prediction_[known]),
            judge.baseline(targets),
        ]
    columns = {column.name: describe(column) for column in training.columns}
    return Trained(model, columns, len(y), judge, scores, scored, warning)


def _arrow_of(column: Column) -> Any:
    """Return a column as pyarrow has it, times with the zone that they had."""
    return pa.array(column.values, pa.timestamp("us", "UTC") if column.zoned else None)


def _linear_outputs(
    model: TableModel, training: Samples, held: Samples, n_classes: int
) -> tuple[str, Array]:
    """Return the name of a linear model on the networks' encoding, and its outputs."""
    encoded, n_rows = model.encoder.transform(training.columns), len(training.targets)
    task = Task(encoded, training.targets, np.ones(n_rows), n_classes)
    inputs, by_target = training_inputs(task, np.arange(n_rows), "linear", seed=0)
    linear = LinearModel(inputs, training.targets, n_classes=n_classes)
    rows = inputs_of(model.encoder.transform(held.columns), "linear", by_target)
    return linear.name, linear.outputs(rows)
