"""The training half of a network: checks, then a plan, then the loop."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .architecture import Architecture
from .callbacks import Callback, Run
from .chunks import as_chunks, train_by_chunks
from .core import figures
from .core.samples import Samples
from .history import History
from .holdout import check_weights, held_out, labels_of, split_rows, take
from .layers import noise_levels
from .lbfgs import check_lbfgs, train_by_lbfgs
from .metrics import r2
from .optimizers import LBFGS, SGD, IRprop, Optimizer, as_optimizer
from .plan import Metric, Plan, Schedule, TrainingState, Validation
from .streaming import RowStep
from .training import Training, is_plain, train_compiled
from .validation import (
    Array,
    as_choice,
    as_class_weights,
    as_count,
    as_in_range,
    as_samples,
    as_targets,
    as_weights,
    check_targets,
)

_VALIDATION_METRICS: dict[str, Metric] = {"r2": r2}


class Trainable(Architecture):
    """An architecture that learns."""

    def fit(
        self,
        X: Any,
        y: ArrayLike | None = None,
        *,
        epochs: int = 1,
        batch_size: int | None = 1,
        optimizer: str | Optimizer | None = None,
        learning_rate: float | Schedule | None = None,
        shuffle: bool = True,
        reduction: str = "mean",
        sample_weight: ArrayLike | None = None,
        class_weight: str | dict[int, float] | None = None,
        input_noise: float = 0.0,
        metrics: Sequence[str | Metric] = (),
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
        validation_fraction: float | None = None,
        evaluate_every: int = 1,
        callbacks: Sequence[Callback] = (),
        resume: bool = False,
        progress: bool = False,
    ) -> History:
        """Train for some epochs; go on from the present parameters and random stream.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in)
            Or, without `y`, chunks: what yields (X, y) or (X, y, sample_weight), or a function that
            returns such a thing for each epoch. One chunk at a time is in memory; samples are
            shuffled, and batches made, within it.
        y : array_like, shape (n_samples, n_out), or (n_samples,)
            Targets; one-dimensional where n_out is 1, or class labels 0 ... n_out-1.
        epochs : int
        batch_size : int or None
            Samples an update; 1 is per-sample, None is all of them.
        optimizer : str or Optimizer, optional
            Of `fastnn.optimizers`, or sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw,
            irprop or lbfgs for one with its defaults. None is sgd or, with `resume`, what training
            last used.
        learning_rate : float or callable, optional
            Above 0; or a schedule, the rate as a function of the epoch (`fastnn.schedules`). None
            is the optimiser's own (0.01 for sgd) or, with `resume`, what training last used. A
            schedule that equals the last one goes on with `resume`, from where it is.
        shuffle : bool
            Whether to draw a new order of the samples each epoch.
        reduction : str
            "mean" or "sum": what is made of the gradients of a batch, and of nothing else.
        sample_weight : array_like, shape (n_samples,), optional
            At least 0. Means are divided by the sum of weights; the update of a single sample is
            multiplied by its weight.
        class_weight : dict or "balanced", optional
            Weights of the classes, by label, which multiply those of the samples; "balanced" is
            n_samples / (n_classes n_samples_of_the_class).
        input_noise : float
            Standard deviation of normal noise added to the inputs, anew each time.
        metrics : sequence of str or callable
            Of accuracy, mse, mae; and on validation data only, r2 or any function of (y, outputs).
        validation_data : tuple of array_like, optional
            (X, y) to be evaluated after epochs 0, k, 2k ... for `evaluate_every` = k.
        validation_fraction : float, optional
            Above 0, below 1: how much of the data is kept for that instead, by classes where y is
            labels. With `resume` it is the same part.
        evaluate_every : int
        callbacks : sequence of Callback
            What is called before the first epoch, after each one and at the end.
        resume : bool
            Whether to continue the optimiser and the numbering of epochs: fit(10) and then
            fit(10, resume=True) equal fit(20), to the bit.
        progress : bool
            Whether to show a progress bar, where there is a terminal.

        Returns
        -------
        history : History
            "loss" and each metric, the mean over the samples of the value before each one's
            update; "penalty" of layers with l1 or l2, the mean over the batches; "val_loss" and
            "val_" + metric on the validation data.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described; the network is as it was.
        DivergenceError
            If a loss or a parameter is no longer finite; the network has the last finite ones.
        ImportError
            If lbfgs is asked for and SciPy is not installed.
        RuntimeError
            If another thread is training this network.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1)], seed=0)
        >>> history = net.fit([[0], [1], [2]], [1, 3, 5], epochs=500, learning_rate=0.1)
        >>> net.predict([3.0]).round(6)
        array([7.])
        """
        chunks = None
        if y is None:
            chunks = as_chunks(
                X,
                sample_weight=sample_weight,
                class_weight=class_weight,
                validation_fraction=validation_fraction,
            )
            samples, targets = Samples.dense(np.empty((0, self.n_in))), np.empty((0, self.n_out))
        else:
            samples, targets = self._as_pair(X, y)
        weights = as_weights(sample_weight, len(targets), self.dtype)
        last = self._state if resume else None
        optimizer, schedule = _as_rule(optimizer, learning_rate, last)
        is_evaluated = not (validation_data is None and validation_fraction is None)
        running, on_validation = _as_metrics(metrics, is_evaluated)
        plan = Plan(
            epochs=as_count("epochs", epochs),
            batch_size=_as_batch_size(batch_size, len(targets) if chunks is None else None),
            optimizer=optimizer,
            weights=weights,
            schedule=schedule,
            shuffle=shuffle,
            reduction=as_choice("reduction", reduction, ("mean", "sum")),
            noise=noise_levels(self.layers, as_in_range("input_noise", input_noise, 0, math.inf)),
            metrics=running,
            validation=self._as_validation(validation_data),
            validation_metrics=on_validation,
            evaluate_every=as_count("evaluate_every", evaluate_every),
            callbacks=_as_callbacks(callbacks),
            progress=progress,
        )
        if class_weight is not None:
            plan.weights = as_class_weights(class_weight, targets, weights)
        if isinstance(optimizer, LBFGS):
            check_lbfgs(plan, self.layers, batch_size)
        state = TrainingState.begun(plan, self._model, last)
        if validation_fraction is not None:
            if validation_data is not None:
                raise ValueError("validation_fraction must not be given beside validation_data")
            n_held = held_out(validation_fraction, len(targets))
            labels = labels_of(targets)
            rows, held = split_rows(labels, len(targets), n_held, state.draw_key(self._random))
            plan.validation = Validation(
                samples.take(held), take(targets, held), take(weights, held), np.asarray(y)[held]
            )
            samples, targets = samples.take(rows), take(targets, rows)
            plan.weights = take(plan.weights, rows)
            check_weights(plan.weights, plan.validation.weights)
            plan.batch_size = _as_batch_size(batch_size, len(rows))
        return self._train(samples, targets, plan, state, chunks)

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        batch_size: int | None = 1,
        optimizer: str | Optimizer | None = None,
        learning_rate: float | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Go once through the rows in their order, one update a batch.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
        y : array_like
            As for `fit`; for a single row also of shape (n_out,), or one number.
        batch_size : int or None
        optimizer : str, Optimizer or None
            None is what training last used, sgd before any.
        learning_rate : float, optional
            None is what training last used, of a schedule the last rate.
        sample_weight : array_like, shape (n_samples,), optional
            At least 0; as for `fit`.

        Returns
        -------
        self : Network

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described; the network is as it was.
        DivergenceError
            If a loss or a parameter is no longer finite; the network has the last finite ones.
        RuntimeError
            If another thread is training this network.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, weights=[[0.0]])])
        >>> net.partial_fit([1.0], 2.0, learning_rate=0.1).predict([1.0]).round(6)
        array([0.8])
        """
        step = self._row_step
        if (
            step is not None
            and batch_size == 1
            and optimizer is None
            and learning_rate is None
            and sample_weight is None
            and self._training.acquire(blocking=False)
        ):
            try:
                if step(X, y):
                    return self
            finally:
                self._training.release()
        samples, targets = self._as_pair(X, y, row=True)
        last = self._state
        schedule = None
        if learning_rate is None and optimizer is None and last is not None:
            learning_rate, schedule = last.rate(), last.schedule
        plan = Plan(
            epochs=1,
            batch_size=_as_batch_size(batch_size, len(targets)),
            optimizer=as_optimizer(
                optimizer, learning_rate, None if last is None else last.optimizer
            ),
            weights=as_weights(sample_weight, len(targets), self.dtype),
            shuffle=False,
            reduction="mean" if last is None else last.reduction,
            noise=noise_levels(self.layers, 0.0),
        )
        if isinstance(plan.optimizer, LBFGS):
            check_lbfgs(plan, self.layers, batch_size)
        state = TrainingState.begun(plan, self._model, last)
        epochs = state.epochs
        try:
            self._train(samples, targets, plan, state, recorded=False)
        finally:
            state.epochs, state.schedule = epochs, schedule  # rows of a stream are no epoch
        rule = plan.optimizer
        if isinstance(rule, SGD) and is_plain(self._model, plan) and self.loss_name != "poisson":
            self._row_step = RowStep(self._model, rule.learning_rate, state.counters)
        return self

    def _train(
        self,
        X: Samples,
        Y: Array,
        plan: Plan,
        state: TrainingState,
        chunks: Any = None,
        *,
        recorded: bool = True,
    ) -> History:
        """Train by a plan, from a state."""
        if not self._training.acquire(blocking=False):
            raise RuntimeError("a network must be trained by one thread at a time, got a second")
        try:
            self._row_step = None
            run = Run(self, History())
            with Training(self._model, X, Y, plan, state, self._random, run) as training:
                self._state = state
                if recorded:
                    self._record_in(run.history, afresh=state.epochs == 0)
                if chunks is not None:
                    training.train(train_by_chunks(chunks, self._as_chunk))
                elif isinstance(plan.optimizer, LBFGS):
                    training.train(train_by_lbfgs)
                else:
                    training.train(train_compiled)
        finally:
            self._training.release()
        return run.history

    def _as_chunk(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> tuple[Samples, Array, Array]:
        samples, targets = self._as_pair(X, y)
        return samples, targets, as_weights(sample_weight, len(targets), self.dtype)

    def _as_validation(self, data: Any) -> Validation | None:
        if data is None:
            return None
        if not isinstance(data, tuple | list) or len(data) != 2:
            raise ValueError(f"validation_data must be a pair (X, y), got {type(data).__name__}")
        X, Y = self._as_pair(*data)
        return Validation(X, Y, as_weights(None, len(Y), self.dtype), np.asarray(data[1]))

    def _as_pair(self, X: ArrayLike, y: ArrayLike, *, row: bool = False) -> tuple[Samples, Array]:
        samples = as_samples(X, self.n_in, self.dtype, row=row)
        is_row = row and np.ndim(X) == 1
        targets = as_targets(y, samples.n_samples, self.n_out, self.dtype, row=is_row)
        check_targets(targets, self.loss_name)
        return samples, targets


def _as_batch_size(batch_size: Any, n_samples: int | None) -> int:
    """Return how many samples an update takes: all, and then it is a mean though there be one."""
    if n_samples is None:  # of all together nothing is known
        return as_count("batch_size", batch_size)
    n_all = max(2, n_samples)
    return n_all if batch_size is None else min(as_count("batch_size", batch_size), n_all)


def _as_rule(
    optimizer: Any, learning_rate: Any, last: TrainingState | None
) -> tuple[Optimizer, Schedule | None]:
    """Return the optimiser and, if the rate is one, the schedule."""
    schedule = learning_rate if callable(learning_rate) else None
    chosen = as_optimizer(
        optimizer, None if schedule else learning_rate, None if last is None else last.optimizer
    )
    if learning_rate is None and last is not None:
        schedule = last.schedule
    if schedule is not None and isinstance(chosen, IRprop | LBFGS):
        raise ValueError(f"a schedule of rates must not be given with {chosen}, got {schedule}")
    return chosen, schedule


def _as_metrics(metrics: Any, is_evaluated: bool) -> tuple[list[str], dict[str, Metric]]:
    """Return the names of the running metrics, and those for validation data by name."""
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise TypeError(f"metrics must be a sequence of names or functions, got {metrics!r}")
    running: list[str] = []
    on_validation: dict[str, Metric] = {}
    for metric in metrics:
        if callable(metric):
            name = getattr(metric, "__name__", type(metric).__name__)
            if name in on_validation:
                raise ValueError(f"metrics must have names that differ, got two of {name}")
            on_validation[name] = metric
        elif metric in _VALIDATION_METRICS:
            on_validation[metric] = _VALIDATION_METRICS[metric]
        else:
            names = (*figures.CODES, *_VALIDATION_METRICS)
            running.append(as_choice("a metric", metric, names))
    if on_validation and not is_evaluated:
        raise ValueError(
            f"the metrics {', '.join(on_validation)} need validation_data or validation_fraction"
        )
    return running, on_validation


def _as_callbacks(callbacks: Any) -> Sequence[Callback]:
    if not isinstance(callbacks, Sequence):
        raise TypeError(f"callbacks must be a sequence, got {callbacks!r}")
    for callback in callbacks:
        if not all(callable(getattr(callback, name, None)) for name in ("start", "epoch", "end")):
            raise TypeError(f"a callback must have methods start, epoch and end, got {callback!r}")
    return callbacks
