"""The training half of a network: checks, then a plan, then the loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .architecture import Architecture
from .arguments import as_batch_size, as_callbacks, as_metrics, as_rule
from .callbacks import Callback, Run
from .chunks import as_chunks, train_by_chunks
from .core.samples import Samples
from .history import History
from .holdout import held_out, separate
from .layers import noise_levels
from .lbfgs import check_lbfgs, train_by_lbfgs
from .optimizers import LBFGS, SGD, IRprop, Optimizer, as_optimizer
from .plan import Metric, Plan, Prepared, Schedule, TrainingState, Validation
from .streaming import RowStep
from .training import Training, is_plain, train_compiled
from .unseen import put_back_unless_finite
from .validation import (
    Array,
    as_choice,
    as_class_weights,
    as_count,
    as_in_range,
    as_samples,
    as_targets,
    as_weights,
    check_samples,
    check_targets,
)


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


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
        return self._train(
            self._prepare(
                X, y, epochs=epochs, batch_size=batch_size, optimizer=optimizer,
                learning_rate=learning_rate, shuffle=shuffle, reduction=reduction,
                sample_weight=sample_weight, class_weight=class_weight, input_noise=input_noise,
                metrics=metrics, validation_data=validation_data,
                validation_fraction=validation_fraction, evaluate_every=evaluate_every,
                callbacks=callbacks, resume=resume, progress=progress, look_later=True,
            )
        )  # fmt: skip

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
            batch_size=as_batch_size(batch_size, len(targets)),
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
            self._train(Prepared(samples, targets, plan, state), recorded=False)
        finally:
            state.epochs, state.schedule = epochs, schedule  # rows of a stream are no epoch
        rule = plan.optimizer
        if isinstance(rule, SGD) and is_plain(self._model, plan) and self.loss_name != "poisson":
            self._row_step = RowStep(self._model, rule.learning_rate, state.counters)
        return self

    def _prepare(
        self, X: Any, y: Any, once: Callable[..., Any] = _call, *, epochs: Any, batch_size: Any,
        optimizer: Any, learning_rate: Any, shuffle: bool, reduction: Any, sample_weight: Any,
        class_weight: Any, input_noise: Any, metrics: Any, validation_data: Any,
        validation_fraction: Any, evaluate_every: Any, callbacks: Any, resume: bool, progress: bool,
        look_later: bool = False,
    ) -> Prepared:  # fmt: skip
        """Return what `_train` takes, after all checks; `self` is as it was.

        `once(function, *arguments)` makes what networks of one kind, given the same, may share.
        With `look_later` it is left to training to show whether X is finite, if nothing but the
        network itself, all of X and no more, takes part: that can be put back.
        """
        chunks = n_samples = None
        if y is None:
            chunks = as_chunks(
                X,
                sample_weight=sample_weight,
                class_weight=class_weight,
                validation_fraction=validation_fraction,
            )
            samples, targets = Samples.dense(np.empty((0, self.n_in))), np.empty((0, self.n_out))
        else:
            samples, targets = once(self._as_pair_unseen, X, y)
            n_samples = len(targets)
        weights = once(self._as_weights, sample_weight, targets)
        last = self._state if resume else None
        rule, schedule = as_rule(optimizer, learning_rate, last)
        is_evaluated = not (validation_data is None and validation_fraction is None)
        running, on_validation = as_metrics(metrics, is_evaluated)
        plan = Plan(
            epochs=as_count("epochs", epochs),
            batch_size=as_batch_size(batch_size, n_samples),
            optimizer=rule,
            weights=weights,
            schedule=schedule,
            shuffle=shuffle,
            reduction=as_choice("reduction", reduction, ("mean", "sum")),
            noise=noise_levels(self.layers, as_in_range("input_noise", input_noise, 0, math.inf)),
            metrics=running,
            validation=once(self._as_validation, validation_data),
            validation_metrics=on_validation,
            evaluate_every=as_count("evaluate_every", evaluate_every),
            callbacks=as_callbacks(callbacks),
            progress=progress,
        )
        if class_weight is not None:
            plan.weights = once(as_class_weights, class_weight, targets, weights)
        if isinstance(rule, LBFGS):
            check_lbfgs(plan, self.layers, batch_size)
        if validation_fraction is not None:
            if validation_data is not None:
                raise ValueError("validation_fraction must not be given beside validation_data")
            plan.n_held, plan.y = held_out(validation_fraction, len(targets)), y
            plan.batch_size = as_batch_size(batch_size, len(targets) - plan.n_held)
        others = (chunks, sample_weight, class_weight, validation_fraction, *plan.callbacks)
        plan.is_known = (
            not look_later or resume or isinstance(rule, IRprop | LBFGS)
            or any(other is not None for other in others)
        )  # fmt: skip
        if plan.is_known:
            once(check_samples, samples)
        state = TrainingState.begun(plan, self._model, last)
        state.rate_ahead()  # raises, if a schedule does not begin with a rate
        return Prepared(samples, targets, plan, state, chunks)

    def _train(self, prepared: Prepared, *, recorded: bool = True) -> History:
        """Train by a plan, from a state."""
        with self._alone():
            return self._train_alone(prepared, recorded=recorded)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads from training this network."""
        if not self._training.acquire(blocking=False):
            raise RuntimeError("a network must be trained by one thread at a time, got a second")
        try:
            yield
        finally:
            self._training.release()

    def _train_alone(self, prepared: Prepared, *, recorded: bool = True) -> History:
        """Do what `_train` does, where other threads are kept away."""
        X, Y, plan, state, chunks = prepared
        self._row_step = None
        if plan.n_held:
            X, Y = separate(X, Y, plan, state.draw_key(self._random))
        run = Run(self, History())
        with ExitStack() as around:
            if not plan.is_known:
                around.enter_context(put_back_unless_finite(self, X))
            training = around.enter_context(
                Training(self._model, X, Y, plan, state, self._random, run)
            )
            self._state = state
            if recorded:
                self._record_in(run.history, afresh=state.epochs == 0)
            if chunks is not None:
                training.train(train_by_chunks(chunks, self._as_chunk))
            elif isinstance(plan.optimizer, LBFGS):
                training.train(train_by_lbfgs)
            else:
                training.train(train_compiled)
        return run.history

    def _as_chunk(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> tuple[Samples, Array, Array]:
        samples, targets = self._as_pair(X, y)
        return samples, targets, self._as_weights(sample_weight, targets)

    def _as_weights(self, sample_weight: ArrayLike | None, targets: Array) -> Array:
        return as_weights(sample_weight, len(targets), self.dtype)

    def _as_validation(self, data: Any) -> Validation | None:
        if data is None:
            return None
        if not isinstance(data, tuple | list) or len(data) != 2:
            raise ValueError(f"validation_data must be a pair (X, y), got {type(data).__name__}")
        X, Y = self._as_pair(*data)
        return Validation(X, Y, self._as_weights(None, Y), np.asarray(data[1]))

    def _as_pair_unseen(self, X: ArrayLike, y: ArrayLike) -> tuple[Samples, Array]:
        """Return what `_as_pair` does, but X may hold NaN and infinity."""
        return self._as_pair(X, y, finite=False)

    def _as_pair(
        self, X: ArrayLike, y: ArrayLike, *, row: bool = False, finite: bool = True
    ) -> tuple[Samples, Array]:
        samples = as_samples(X, self.n_in, self.dtype, row=row, finite=finite)
        is_row = row and np.ndim(X) == 1
        targets = as_targets(y, samples.n_samples, self.n_out, self.dtype, row=is_row)
        check_targets(targets, self.loss_name)
        return samples, targets
