"""Networks trained side by side, one a fold and encoding, each stopped by the rows of its fold.

What they predict for those rows, out of fold, gives each encoding its weight [1]_.

References
----------
.. [1] R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, Ensemble selection, 2004.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import product
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from .._checks.arrays import Array
from .._training import threads
from ..callbacks import Callback, EarlyStopping, Run
from ..layers import Dense
from ..network import Network
from ..optimizers import AdamW
from ..schedules import Cosine
from .by_target import ByTarget, inputs_of, training_inputs
from .encoder import Encoded
from .progress import Progress, progress_of
from .task import Task

N_CHOICES = 20  # of encodings: their weights are multiples of a twentieth

# Rows that are encoded and predicted at a time. 10 000 rows of 12 columns, 10 members, ms with one
# and two threads: 59 and 37 by 1024 rows, 56 and 32 by 2500 to 5000, for threads wait for each
# other in Python; 65 with one all at once, in fresh memory (AMD EPYC, AVX-512).
_MOST_ROWS = 4096
_LEAST_ROWS = 256


@dataclass(frozen=True)
class Recipe:
    """How the networks of one kind are built and trained: parameters of an estimator."""

    hidden_layer_sizes: Sequence[int]
    activation: str
    dropout: float
    learning_rate: float
    weight_decay: float
    max_epochs: int
    patience: int
    batch_size: int | str
    dtype: str

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Self:
        """Return what the parameters of an estimator say."""
        return cls(**{item.name: parameters[item.name] for item in fields(cls)})

    def batch_of(self, n_rows: int) -> int:
        """Return the number of rows in an update: small tables need many small updates."""
        given = self.batch_size
        return min(64, max(16, n_rows // 16)) if given == "auto" else int(given)

    def fit_options(self, n_rows: int) -> dict[str, Any]:
        """Return how `Network.fit` is to train on so many rows."""
        return {
            "epochs": self.max_epochs,
            "batch_size": self.batch_of(n_rows),
            "optimizer": AdamW(weight_decay=self.weight_decay),
            "learning_rate": Cosine(self.learning_rate, self.max_epochs),
        }

    def network(self, n_in: int, encoding: str, n_classes: int, seed: int) -> Network:
        """Return an untrained network; `n_classes` is 0 for numbers."""
        output = Dense(n_classes, "softmax") if n_classes else Dense(1)
        widths = () if encoding == "linear" else self.hidden_layer_sizes
        hidden = [Dense(n, self.activation, dropout=self.dropout) for n in widths]
        loss = "cross_entropy" if n_classes else "half_sse"
        return Network(n_in, [*hidden, output], dtype=self.dtype, seed=seed, loss=loss)


@dataclass(frozen=True)
class Member:
    """A network of the ensemble.

    Attributes
    ----------
    network : Network
        The network, with the weights of its best epoch.
    encoding : str
        What its inputs are: a name in `ENCODINGS`.
    held_rows : ndarray or None
        The rows that it was not trained on, which have chosen the epoch; None if it was loaded.
    best_epoch : int
        That epoch, from 0.
    held_loss : float
        The loss on those rows.
    weight : float
        Its share in the outputs of the ensemble.
    by_target : ByTarget or None
        The statistics of the target that are inputs too, if there are categories with many values.
    """

    network: Network
    encoding: str
    held_rows: Array | None
    best_epoch: int
    held_loss: float
    weight: float = 1.0
    by_target: ByTarget | None = field(repr=False, default=None)

    def outputs(self, rows: Encoded) -> Array:
        """Return the outputs for encoded rows, shape (n_rows, n_out)."""
        table: Array = self.network.predict(inputs_of(rows, self.encoding, self.by_target))
        return table


@dataclass
class TimeLimit(Callback):
    """Stop training when a time has passed."""

    seconds: float

    def start(self, run: Run) -> None:
        """Read the clock."""
        self.end_time = time.perf_counter() + self.seconds

    def epoch(self, run: Run) -> None:
        """Stop if the next epoch would begin too late."""
        if time.perf_counter() >= self.end_time:
            run.stop()


def train(
    task: Task,
    encodings: Sequence[str],
    folds: Sequence[tuple[Array, Array]],
    recipe: Recipe,
    seeds: Sequence[int],
    *,
    n_jobs: int | None = None,
    seconds: float | None = None,
) -> list[Member]:
    """Train a network of each encoding on each pair (rows to train on, rows held out), in threads.

    There is a seed for each. Those of an encoding without use get no weight and are left out.
    `seconds` are for all of them; each trains for one epoch at least. The result is the same for
    any number of threads.
    """
    kinds = list(product(encodings, folds))
    if seconds is not None:
        n_rounds = -(-len(kinds) // min(effective_n_jobs(n_jobs), len(kinds)))
        seconds = max(0.0, seconds) / n_rounds
    n_samples = recipe.max_epochs * sum(len(rows) for _, (rows, _) in kinds)
    parallel = Parallel(n_jobs=n_jobs, prefer="threads")  # the kernels release the GIL
    with progress_of(n_samples, len(kinds)) as progress:
        members: list[Member] = parallel(
            delayed(_train_member)(task, encoding, *fold, recipe, seed, seconds, progress)
            for (encoding, fold), seed in zip(kinds, seeds, strict=True)
        )
    groups = [members[start : start + len(folds)] for start in range(0, len(members), len(folds))]
    shares = _shares_of([held_out_outputs(group, task.rows) for group in groups], task)
    return [
        replace(member, weight=float(share) / len(folds))
        for group, share in zip(groups, shares, strict=True)
        for member in group
        if share
    ]


def _shares_of(outputs: Sequence[Array], task: Task) -> Array:
    """Return the share of each encoding in the outputs: a greedy choice, with repetition."""
    known = np.flatnonzero(~np.isnan(outputs[0][:, 0]))
    outputs = [each[known] for each in outputs]
    targets, weights = task.targets[known], task.weights[known]
    counts, total = np.zeros(len(outputs)), np.zeros_like(outputs[0])
    for n_chosen in range(1, N_CHOICES + 1):
        losses = [
            np.average(task.losses((total + each) / n_chosen, targets), weights=weights)
            for each in outputs
        ]
        best = int(np.argmin(losses))
        counts[best] += 1
        total += outputs[best]
    return counts / N_CHOICES


def _train_member(
    task: Task,
    encoding: str,
    rows: Array,
    held: Array,
    recipe: Recipe,
    seed: int,
    seconds: float | None,
    progress: Progress,
) -> Member:
    """Train one network."""
    weights = task.weights
    seen, by_target = training_inputs(task, rows, encoding, seed)
    unseen = task.rows.inputs(encoding)[held]
    if by_target is not None:
        unseen = np.hstack([unseen, by_target(task.rows.many_valued[held])])
    network = recipe.network(seen.shape[1], encoding, task.n_classes, seed)
    is_weighted = bool((weights != 1).any())

    def weighted_loss(y: Array, outputs: Array) -> float:
        """Return the loss of the held-out rows: `validation_data` has no weights of its own."""
        return float(np.average(task.losses(outputs, y.ravel()), weights=weights[held]))

    monitor = "val_weighted_loss" if is_weighted else "val_loss"
    stopping = EarlyStopping(monitor, patience=recipe.patience, mode="min")
    limits = [] if seconds is None else [TimeLimit(seconds)]
    network.fit(
        seen, task.targets[rows],
        **recipe.fit_options(len(rows)),
        sample_weight=weights[rows] / weights[rows].mean() if is_weighted else None,
        validation_data=(unseen, task.targets[held]),
        metrics=[weighted_loss] if is_weighted else [],
        callbacks=[stopping, *limits, *progress.of_network(recipe.max_epochs, len(rows))],
    )  # fmt: skip
    assert stopping.best_epoch is not None
    return Member(
        network, encoding, held, stopping.best_epoch, float(stopping.best), by_target=by_target
    )


def mean_and_spread(
    members: Sequence[Member],
    encoded: Callable[[slice], Encoded],
    n_rows: int,
    n_threads: int = 1,
) -> tuple[Array, Array]:
    """Return the weighted mean of the members' outputs and their standard deviation, float64.

    Threads share the rows: `encoded` returns those of a slice, and is called in several at once.
    """
    outputs = np.empty((len(members), n_rows, members[0].network.n_out))
    n_parts = n_threads * (1 + n_rows // (_MOST_ROWS * n_threads))
    step = max(_LEAST_ROWS, -(-n_rows // n_parts))

    def predict(start: int) -> Iterator[None]:
        """Overwrite the outputs of some rows."""
        part = slice(start, start + step)
        rows = encoded(part)
        for member, own in zip(members, outputs, strict=True):
            own[part] = member.outputs(rows)
            yield

    starts = range(0, n_rows, step)
    threads.run(map(predict, starts), min(n_threads, len(starts)))
    weights = np.array([member.weight for member in members])
    mean: Array = np.average(outputs, axis=0, weights=weights)
    return mean, np.sqrt(np.average((outputs - mean) ** 2, axis=0, weights=weights))


def held_out_outputs(members: Sequence[Member], rows: Encoded) -> Array:
    """Return, for each row, the mean of the outputs of the members that it was held out from.

    A row that no member was stopped by has NaN.
    """
    n_rows, n_out = len(rows.many_valued), members[0].network.n_out
    total, count = np.zeros((n_rows, n_out)), np.zeros((n_rows, 1))
    for member in members:
        held = member.held_rows
        assert held is not None  # they have just been trained
        total[held] += member.weight * member.outputs(rows.taken(held)).astype(np.float64)
        count[held] += member.weight
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
