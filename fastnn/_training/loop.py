"""The training loop around the compiled epochs: slices, sample order, records, callbacks.

On small data one slice spans many epochs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np

from .._checks.arrays import Array, is_finite
from .._checks.scales import remedy_of_scale
from .._checks.stored import Inputs, Stored, Windows
from ..callbacks import Callback, Run
from ..core import optimizers, train_batches, train_samples
from ..core.dispatch import look_ahead_rows
from ..core.inputs import Data, Samples
from ..core.layout import units_size
from ..core.optimizers import N_SEEN, Optimizer
from ..core.scratch import BLOCK_ROWS
from ..core.simd.bitset import TILE_ROWS, WORD
from ..core.train_batches import Batches
from ..core.train_samples import Slice
from ..errors import DivergenceError
from ..initializers import Random
from ..metrics import figure_of
from ..optimizers import CompiledOptimizer
from .model import Model, metric_codes, named, total_weight
from .request import FitConfig, TrainingState
from .snapshot import Mark

if TYPE_CHECKING:
    from tqdm import tqdm


_UPDATED = 6  # what a rule's update of a parameter may cost, in parameters visited, of few
_MOST_MORE = 20_000  # what that adds at most: of many, the copies before a slice cost more


class Training:
    """One call of `fit`: trains in place for `plan.epochs` epochs, and records in `run.history`."""

    def __init__(
        self,
        model: Model,
        X: Inputs,
        Y: Array,
        plan: FitConfig,
        state: TrainingState,
        random: Random,
        run: Run,
    ) -> None:
        self.model, self.X, self.Y, self.plan, self.state, self.run = model, X, Y, plan, state, run
        self._random = random
        self._last_epoch = state.epochs + plan.epochs
        run.epoch, run.learning_rate = state.epochs - 1, state.rate_ahead()
        run.recorded = state.recorded(plan, model)
        self._started: list[Callback] = []
        self._around = ExitStack()
        self._bar: tqdm[NoReturn] | None = None
        self._mark: Mark | None = None  # while a span is under way that is not yet recorded
        self._is_at_mark = False
        self._divergence: DivergenceError | None = None

    def __enter__(self) -> Self:
        """Start the callbacks; those that have started are ended in any case."""
        with ExitStack() as around:
            around.callback(self._end)
            for callback in self.plan.callbacks:
                callback.start(self.run)
                self._started.append(callback)
            if self.plan.progress:
                total = self.plan.epochs * self.n_samples or None
                self._bar = around.enter_context(bar_of_samples(total))
            self._around = around.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._around.close()

    def _end(self) -> None:
        """End the callbacks, in their order, even if some of them fail."""
        with ExitStack() as ends:
            for callback in reversed(self._started):
                ends.callback(callback.end, self.run)

    def train(self, train_span: Callable[[Training], None]) -> None:
        """Call `train_span` until all epochs are done, or a callback stops it.

        Whatever ends a span before it is recorded, Ctrl-C too, leaves the network as it was after
        the last whole epoch; a divergence leaves the last finite parameters.
        """
        try:
            if self.plan.noise.size:
                self.begin_span()
                self.state.draw_key(self._random)
            while self.epochs_left() and not self.run.stopping:
                self.begin_span()
                train_span(self)
        except BaseException as error:
            if error is not self._divergence:
                self.put_back()
            raise

    def begin_span(self) -> None:
        """Keep what the next epochs change, until `finish_epochs` has recorded them."""
        self._mark, self._is_at_mark = (
            Mark(self.run, self.model.params, self.state, self._random),
            True,
        )

    def put_back(self) -> None:
        """Undo the span that is under way, if there is one."""
        if self._mark is not None:
            self._mark.put_back()

    def changed(self) -> tuple[Array, Array, Array]:
        """Return the arrays that a compiled call changes."""
        return self.model.params, self.state.slots, self.state.counters

    def kept(self) -> list[Array]:
        """Return copies of them; a span's first call makes none, for `begin_span` has."""
        if self._is_at_mark and self._mark is not None:
            self._is_at_mark = False
            return self._mark.arrays
        return [array.copy() for array in self.changed()]

    def span(self) -> int:
        """Return the epochs per compiled call before callbacks, schedules or validation run."""
        if self.plan.callbacks or hasattr(self.state.schedule, "observe"):
            return 1
        epochs = min(
            max(1, self.samples_per_slice() // self.n_samples),
            self.epochs_left(),
        )
        if self.plan.validation is not None:
            epochs = min(epochs, -self.state.epochs % self.plan.evaluate_every + 1)
        return epochs

    def samples_per_slice(self) -> int:
        """Return the number of samples in a compiled call."""
        if is_plain(self.model, self.plan):
            return self.model.samples_per_slice(self.X)
        size = self.model.params.size
        n_updated = min(_UPDATED * size, size + _MOST_MORE) // self.plan.batch_size
        return self.model.samples_per_slice(self.X, n_updated)

    def draw_order(self, span: int) -> Array:
        """Return a row of sample numbers for each epoch, or a single row for all of them."""
        n_samples, rows = self.n_samples, self.plan.rows
        if self.plan.draw_order is not None:
            order = np.stack([self.plan.draw_order(n_samples) for _ in range(span)])
        elif not self.plan.shuffle:
            order = np.arange(n_samples)[np.newaxis]
        else:
            order = np.stack([self._random.permutation(n_samples) for _ in range(span)])
        return order if rows is None else rows[order]

    @property
    def n_samples(self) -> int:
        """The number of training samples."""
        return len(self.Y) if self.plan.rows is None else len(self.plan.rows)

    def total_weight(self) -> float:
        """Return the sum of the weights of the training samples."""
        weights, rows = self.plan.weights, self.plan.rows
        return total_weight(
            weights[rows] if weights.size and rows is not None else weights, self.n_samples
        )

    def epochs_left(self) -> int:
        """Return the number of epochs still to train."""
        return self._last_epoch - self.state.epochs

    def advance(self, n_samples: int) -> None:
        """Report so many trained samples to `watch` and the progress bar."""
        if self.plan.watch is not None:
            self.plan.watch(n_samples)
        if self._bar is not None:
            self._bar.update(n_samples)

    def finish_epochs(self, epochs: Array, rates: Array) -> None:
        """Record epochs by their mean metrics, then notify the schedule and the callbacks."""
        plan, state, history = self.plan, self.state, self.run.history
        for means in epochs:
            figures = named(means[: 1 + len(plan.metrics)], plan.metrics)
            if self.model.has_penalty:
                figures["penalty"] = float(means[-1])
            history.record(state.epochs, figures)
            state.epochs += 1
        last = state.epochs - 1
        if plan.validation is not None and last % plan.evaluate_every == 0:
            history.record(last, self._validate())
        self.run.epoch, self.run.learning_rate = last, float(rates[-1])
        if (observe := getattr(state.schedule, "observe", None)) is not None:
            observe(self.run.figures())
        self._mark = None  # the one step by which the epochs stand, and all that is of them
        for callback in plan.callbacks:
            callback.epoch(self.run)
        if self._bar is not None:
            postfix = {name: f"{values[-1]:.4g}" for name, values in history.items()}
            self._bar.set_postfix(postfix, refresh=False)

    def _validate(self) -> dict[str, float]:
        """Return the metrics on the validation data."""
        data, plan = self.plan.validation, self.plan
        assert data is not None
        figures = self.model.evaluate(data.X, data.Y, data.weights, plan.metrics)
        if plan.validation_metrics:
            outputs = np.empty_like(data.Y)
            self.model.predict(data.X, outputs)
            for name, metric in plan.validation_metrics.items():
                figures[name] = figure_of(name, metric, data.y, outputs)
        return {f"val_{name}": value for name, value in figures.items()}

    def is_finite(self, sums: Array) -> bool:
        """Return True if the loss and every parameter are finite."""
        return bool(np.isfinite(sums[:, 0]).all()) and is_finite(self.model.params)

    def divergence(self, sums: Array, rates: Array) -> DivergenceError:
        """Return the error for divergence in the present epoch."""
        loss = sums[0, 0]
        X = self.X.values if isinstance(self.X, Samples) and not self.X.is_sparse else None
        remedy = remedy_of_scale(X, self.Y)
        what = "a parameter that is not" if np.isfinite(loss) else f"a loss of {loss}"
        self._divergence = DivergenceError(
            f"training must stay finite, got {what} in epoch {self.state.epochs} "
            f"at the learning rate {rates[0]}{remedy and '; '}{remedy}"
        )
        return self._divergence


def bar_of_samples(total: int | None, *, quiet: bool = False) -> tqdm[NoReturn]:
    """Return a progress bar, which is silent if disabled or not on a terminal."""
    from tqdm import tqdm  # a tenth of the import of fastnn, for the few calls that show a bar

    disable = True if quiet else None
    return tqdm(total=total, unit="sample", unit_scale=True, disable=disable)


def train_compiled(this: Training) -> None:
    """Do the next epochs by the kernels."""
    _train_span(this, this.span())


def _train_span(this: Training, span: int) -> None:
    """Do so many epochs; of those that diverge, all up to the first that does."""
    rates = np.array([this.state.rate_ahead(ahead) for ahead in range(span)])
    sums, is_finite = run_kernel(this, rates, this.draw_order(span))
    if is_finite:
        this.finish_epochs(sums / this.total_weight(), rates)
    elif span == 1:
        raise this.divergence(sums, rates)
    else:
        this.put_back()  # the random stream too: each half draws its own orders, the same again
        for part in (span // 2, span - span // 2):
            this.begin_span()
            _train_span(this, part)


def run_kernel(this: Training, rates: Array, order: Array) -> tuple[Array, bool]:
    """Train one pass for each rate; return the sums of the metrics of each pass.

    Also return whether all is finite: if not, the state before that compiled call is restored.
    """
    model, state, span = this.model, this.state, len(rates)
    kernel, rates, n_figures, arguments = _kernel(this, rates)
    net, metrics = model.net, metric_codes(this.plan.metrics)
    sums = np.zeros((span, n_figures))
    position, n_positions = 0, order.shape[1] * span
    n_at_once, X, Y, weights = this.samples_per_slice(), this.X, this.Y, this.plan.weights
    windows = Windows(X, Y, weights, order) if isinstance(X, Stored) else None
    if windows is not None:
        n_at_once = min(n_at_once, windows.n_at_once)
    while position < n_positions:
        start = position
        stop = min(start + n_at_once, n_positions)
        if windows is not None:
            X, Y, weights, order = windows(start, stop, n_positions)
        kept = this.kept()
        with np.errstate(over="ignore", invalid="ignore"):  # for kernels that are not compiled
            position = kernel(
                net,
                Data(X, Y, weights),
                Slice(order, rates, start, stop),
                metrics,
                *arguments,
                sums,
            )
        if not this.is_finite(sums):
            for array, copy in zip(this.changed(), kept, strict=True):
                array[...] = copy
            return sums, False
        this.advance(position - start)
    state.counters[N_SEEN] += n_positions
    return sums, True


def is_plain(model: Model, plan: FitConfig) -> bool:
    """Return True if an update is params -= rate gradient, of one sample."""
    if plan.batch_size > 1 or model.penalties.size or plan.noise.size:
        return False
    return isinstance(plan.optimizer, CompiledOptimizer) and plan.optimizer.is_plain


def _kernel(this: Training, rates: Array) -> tuple[Callable[..., int], Array, int, tuple[Any, ...]]:
    """Return the kernel for these options, rates, the number of metrics, its other arguments."""
    model, plan, state, dtype = this.model, this.plan, this.state, this.model.params.dtype
    assert isinstance(plan.optimizer, CompiledOptimizer)
    n_units, n_figures = units_size(model.table), 1 + len(plan.metrics)
    if not is_plain(model, plan):
        settings = plan.optimizer.settings()
        # One sample's gradient is scaled by its weight; the mean over a batch of it would not be.
        settings[optimizers.MEAN] = plan.reduction == "mean" and (
            plan.batch_size > 1 or plan.divide_penalty
        )
        settings[optimizers.DIVIDE_PENALTY] = plan.divide_penalty
        scratch = np.zeros((4, BLOCK_ROWS, n_units), dtype), np.zeros(model.params.size, dtype)
        batches = Batches(plan.batch_size, plan.noise, *scratch)
        optimizer = Optimizer(settings, model.penalties, state.slots, state.counters)
        return train_batches.train_batches, rates, n_figures + 1, (batches, optimizer)
    with np.errstate(over="ignore"):  # beyond float32: it diverges, and that is said
        rates = rates.astype(dtype)
    n_words = n_units // WORD
    n_ahead = 1 if this.X.is_sparse else look_ahead_rows(model.table, dtype.itemsize)
    if n_ahead == 1:
        units, bitsets = np.zeros((4, n_units), dtype), np.zeros((2, n_words), np.uint64)
        return train_samples.train_samples, rates, n_figures, (units, bitsets)
    units = np.zeros((4, n_ahead, n_units), dtype)
    bitsets = np.zeros((2, 1 + n_ahead // TILE_ROWS, n_words), np.uint64)
    return train_samples.train_samples_looking_ahead, rates, n_figures, (units, bitsets)
