"""The loop around the compiled epochs: slices, the order of samples, records, callbacks.

On tiny data one slice spans many epochs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NoReturn, Self

import numpy as np
from tqdm import tqdm

from .callbacks import Run
from .core import batches, losses, training, updates
from .core.batches import N_SEEN
from .core.bits import WORD
from .core.block import ROWS
from .core.layout import units_size
from .core.quads import QUAD
from .core.samples import Samples
from .core.variants import rows_ahead
from .initializers import Random
from .model import Model, metric_codes, named, total_weight
from .optimizers import CompiledOptimizer
from .plan import Plan, TrainingState
from .validation import Array, is_finite


class DivergenceError(ArithmeticError):
    """Training has left the finite numbers; the network holds the last weights that were finite.

    Examples
    --------
    >>> from fastnn import Dense, DivergenceError, Network
    >>> net = Network(1, [Dense(1, weights=[[0.0]])])
    >>> try:
    ...     net.fit([[1e9], [1e9]], [1, 2], epochs=1000, learning_rate=1.0)
    ... except DivergenceError as error:
    ...     print(error)
    training must stay finite, got a loss of inf in epoch 4 at the learning rate 1.0
    >>> net.weights[0]
    array([[0.]])
    """


class Training:
    """One call of `fit`: in place for `plan.epochs` epochs, recorded in `run.history`."""

    def __init__(
        self,
        model: Model,
        X: Samples,
        Y: Array,
        plan: Plan,
        state: TrainingState,
        random: Random,
        run: Run,
    ) -> None:
        self.model, self.X, self.Y, self.plan, self.state, self.run = model, X, Y, plan, state, run
        self._random = random
        self._last_epoch = state.epochs + plan.epochs
        run.epoch, run.learning_rate = state.epochs - 1, self.rate()
        self._around = ExitStack()
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> Self:
        """Start the callbacks; those that have started are told the end, whatever happens."""
        with ExitStack() as around:
            for callback in self.plan.callbacks:
                callback.start(self.run)
                around.callback(callback.end, self.run)
            if self.plan.progress:
                total = self.plan.epochs * len(self.Y)
                # disable=None: silent where there is no terminal
                bar = tqdm(total=total, unit="sample", unit_scale=True, disable=None)
                self._bar = around.enter_context(bar)
            self._around = around.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._around.close()

    def train(self, train_span: Callable[[Training], None]) -> None:
        """Call `train_span` until all epochs are done, or a callback stops it."""
        if self.plan.noise.size:
            self.state.draw_key(self._random)
        while self.epochs_left() and not self.run.stopping:
            train_span(self)

    def rate(self, ahead: int = 0) -> float:
        """Return the learning rate of the present epoch, or of one ahead."""
        if self.state.schedule is None:
            return float(getattr(self.plan.optimizer, "learning_rate", 1.0))
        epoch = self.state.epochs + ahead
        rate = float(self.state.schedule(epoch))
        if not (np.isfinite(rate) and rate >= 0):
            raise ValueError(
                f"a schedule must return a finite rate of at least 0, got {rate} for epoch {epoch}"
            )
        return rate

    def span(self) -> int:
        """Return how many epochs may go by before Python has to have a look."""
        if self.plan.callbacks or hasattr(self.state.schedule, "observe"):
            return 1
        epochs = min(
            max(1, self.model.samples_per_slice() // len(self.Y)),
            self.epochs_left(),
        )
        if self.plan.validation is not None:
            epochs = min(epochs, -self.state.epochs % self.plan.evaluate_every + 1)
        return epochs

    def draw_order(self, span: int) -> Array:
        """Return a row of sample numbers for each epoch, or one that serves them all."""
        n_samples = len(self.Y)
        if self.plan.draw_order is not None:
            return np.stack([self.plan.draw_order(n_samples) for _ in range(span)])
        if not self.plan.shuffle:
            return np.arange(n_samples)[np.newaxis]
        return np.stack([self._random.permutation(n_samples) for _ in range(span)])

    def epochs_left(self) -> int:
        """Return how many epochs are still to be done."""
        return self._last_epoch - self.state.epochs

    def advance(self, n_samples: int) -> None:
        """Show that so many more samples were seen."""
        if self._bar is not None:
            self._bar.update(n_samples)

    def finish_epochs(self, sums: Array, rates: Array) -> None:
        """Record epochs by their sums of figures, and show the last one to whom it concerns."""
        plan, state, history = self.plan, self.state, self.run.history
        for means in sums / total_weight(plan.weights, len(self.Y)):
            figures = named(means[: 1 + len(plan.metrics)], plan.metrics)
            if self.model.penalties[:, : updates.MAX_NORM].any():
                figures["penalty"] = float(means[-1])
            history.record(state.epochs, figures)
            state.epochs += 1
            state.counters[N_SEEN] += len(self.Y)
        last = state.epochs - 1
        if plan.validation is not None and last % plan.evaluate_every == 0:
            history.record(last, self._validate())
        self.run.epoch, self.run.learning_rate = last, float(rates[-1])
        if (observe := getattr(state.schedule, "observe", None)) is not None:
            observe(self.run.figures())
        for callback in plan.callbacks:
            callback.epoch(self.run)
        if self._bar is not None:
            postfix = {name: f"{values[-1]:.4g}" for name, values in history.items()}
            self._bar.set_postfix(postfix, refresh=False)

    def _validate(self) -> dict[str, float]:
        """Return the figures on the validation data."""
        data, plan = self.plan.validation, self.plan
        assert data is not None
        figures = self.model.evaluate(data.X, data.Y, data.weights, plan.metrics)
        if plan.validation_metrics:
            outputs = np.empty_like(data.Y)
            self.model.predict(data.X, outputs)
            for name, metric in plan.validation_metrics.items():
                figures[name] = float(metric(data.y, outputs))
        return {f"val_{name}": value for name, value in figures.items()}

    def check_finite(self, sums: Array, rates: Array) -> None:
        """Raise if the loss or a parameter is not finite."""
        is_lost = ~np.isfinite(sums[:, 0])
        if is_lost.any():
            ahead = int(is_lost.argmax())
            what = f"a loss of {sums[ahead, 0]}"
        elif not is_finite(self.model.params):
            ahead = int(np.flatnonzero(sums[:, 0])[-1]) if sums.any() else 0
            what = "a parameter that is not"
        else:
            return
        raise DivergenceError(
            f"training must stay finite, got {what} in epoch {self.state.epochs + ahead} "
            f"at the learning rate {rates[ahead]}"
        )


def train_compiled(this: Training) -> None:
    """Do the next epochs by the kernels."""
    model, state, span = this.model, this.state, this.span()
    rates = np.array([this.rate(ahead) for ahead in range(span)])
    order = this.draw_order(span)
    kernel, n_figures, arguments = _kernel(model, this.plan, state, rates)
    sums = np.zeros((span, n_figures))
    position = 0
    while position < order.shape[1] * span:
        start = position
        stop = min(start + model.samples_per_slice(), order.shape[1] * span)
        kept = [array.copy() for array in (model.params, state.slots, state.counters)]
        position = kernel(
            model.params, model.table, losses.CODES[model.loss], metric_codes(this.plan.metrics),
            this.X, this.Y, this.plan.weights, order, start, stop, *arguments, sums,
        )  # fmt: skip
        try:
            this.check_finite(sums, rates)
        except DivergenceError:
            for array, copy in zip((model.params, state.slots, state.counters), kept, strict=True):
                array[...] = copy
            raise
        this.advance(position - start)
    this.finish_epochs(sums, rates)


def _kernel(
    model: Model, plan: Plan, state: TrainingState, rates: Array
) -> tuple[Callable[..., int], int, tuple[Any, ...]]:
    """Return the entry point that trains so, how many figures it takes, and its other arguments.

    Those are how it trains and its scratch, between `stop` and the figures.
    """
    optimizer, dtype = plan.optimizer, model.params.dtype
    assert isinstance(optimizer, CompiledOptimizer)
    n_units, n_figures = units_size(model.table), 1 + len(plan.metrics)
    is_plain = optimizer.is_plain and not (model.penalties.size or plan.noise.size)
    if plan.batch_size > 1 or not is_plain:
        settings = optimizer.settings()
        # One sample's gradient is scaled by its weight; the mean over a batch of it would not be.
        settings[updates.MEAN] = plan.reduction == "mean" and (
            plan.batch_size > 1 or plan.divide_penalty
        )
        settings[updates.DIVIDE_PENALTY] = plan.divide_penalty
        scratch = np.zeros((4, ROWS, n_units), dtype), np.zeros(model.params.size, dtype)
        how = plan.batch_size, model.penalties, plan.noise, settings, state.slots, state.counters
        return batches.train_batches, n_figures + 1, (rates, *how, *scratch)
    rates = rates.astype(dtype)
    n_words = n_units // WORD
    sets = np.zeros((2, n_words), np.uint64)
    n_ahead = rows_ahead(model.table, dtype.itemsize)
    if n_ahead == 1:
        workspace = np.zeros((4, n_units), dtype)
        return training.train_samples, n_figures, (rates, workspace, sets)
    workspace = np.zeros((4, n_ahead, n_units), dtype)
    words = np.zeros((2, n_ahead // QUAD * n_words), np.uint64)
    return training.train_samples_ahead, n_figures, (rates, workspace, sets, words)
