"""Train epochs by the compiled kernels: the runner of all optimisers but L-BFGS.

A compiled call is a slice of samples; on small data one slice spans many epochs.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Sequence
from functools import reduce
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .._checks.arrays import Array, is_finite
from .._checks.scales import remedy_of_scale
from .._checks.stored import Inputs, Stored, Windows
from ..core import optimizers, train_ahead, train_batches, train_samples
from ..core.dispatch import may_look_ahead_by
from ..core.inputs import Data, Samples
from ..core.layout import aligned_zeros
from ..core.optimizers import N_SEEN, Optimizer
from ..core.scratch import BLOCK_ROWS
from ..core.simd.bitset import TILE_ROWS, WORD
from ..core.train_batches import Batches
from ..core.train_samples import Slice
from ..errors import DivergenceError
from ..initializers import Random
from ..optimizers import CompiledOptimizer
from .config import FitConfig
from .model import Model
from .sources import Arrays, Source
from .state import NetworkState, TrainingState

if TYPE_CHECKING:
    from .loop import TrainingLoop

_UPDATED = 6  # what a rule's update of a parameter may cost, in parameters visited, of few
_MOST_MORE = 20_000  # what that adds at most: of many, the copies before a slice cost more


_LOOKING_AHEAD = False, True  # not sparse, looks ahead: a key of what is ready


class Observer(Protocol):
    """What observes each compiled call."""

    def kept(self) -> Sequence[Array]:
        """Return copies of the arrays that a call changes, as they are before it."""

    def advance(self, n_samples: int) -> None:
        """Count so many trained samples; may raise to end training."""


class CompiledEpochs:
    """Epochs by the kernel for these options; its scratch is kept between calls."""

    def __init__(self, model: Model, config: FitConfig, training: TrainingState) -> None:
        self.model, self.config, self.training = model, config, training
        assert isinstance(config.optimizer, CompiledOptimizer)
        self._settings = config.optimizer
        self.is_single = config.batch_size == 1
        self._averages = config.average is not None
        is_bare = self.is_single and not (model.penalties.size or config.noise.size)
        # params -= rate gradient, of one sample, within the pass of the next
        self.is_plain = is_bare and config.optimizer.is_plain and not self._averages
        self._codes = model.metric_codes(config.metrics)
        self._ready: dict[tuple[bool, bool], tuple[Callable[..., int], tuple[Any, ...]]] = {}
        self._n_at_once = self._samples_per_slice(None)

    def rest(self) -> None:
        """Drop all scratch but the units of a plain step of one sample, which are few."""
        if self.is_plain:
            self._ready.pop(_LOOKING_AHEAD, None)
        else:
            self._ready.clear()

    def train_span(self, loop: TrainingLoop, span: int = 0) -> None:
        """Train the epochs until callbacks, a schedule or validation run, and record them.

        Or `span` epochs. Of epochs that diverge, all are done up to the first that does.
        """
        training, source = self.training, loop.request.source
        span = span or self._span(source, loop)
        is_per_update, n_updates = training.is_per_update, 0
        rates = np.empty((0, 0)) if is_per_update else training.rates_ahead(span)
        passes, total = [], 0.0
        for where, data in source.parts(training.epochs):
            n_of_part = -(-data.n_samples // self.config.batch_size)
            if is_per_update:
                rates = training.rates_ahead(span, n_of_part, n_updates)
            n_updates += n_of_part
            order = self.draw_order(data, span, loop.state.random)
            part, is_all_finite = self.pass_over(data, rates, order, loop)
            if not is_all_finite:
                if span > 1:
                    break
                error = divergence(data, part, rates[0], training.epochs, loop.state)
                if where:
                    error.add_note(where)
                raise loop.diverged(error)
            passes.append(part)
            total += data.total_weight()
        else:
            metrics = reduce(operator.add, passes) / total
            loop.finish_epochs(metrics, float(rates[-1, -1]), span * n_updates)
            return
        loop.put_back()  # the random stream too: each half draws its own orders, the same again
        for half in (span // 2, span - span // 2):
            loop.begin_span()
            self.train_span(loop, half)

    def _span(self, data: Source, loop: TrainingLoop) -> int:
        """Return the epochs per compiled call before callbacks, schedules or validation run."""
        config, now = self.config, self.training.epochs
        if not isinstance(data, Arrays):
            return 1
        if self.training.schedule is not None and hasattr(self.training.schedule, "observe"):
            return 1
        n_at_once = self._samples_per_slice(data.X) if data.is_sparse else self._n_at_once
        epochs = min(max(1, n_at_once // data.n_samples), loop.stop_epoch - now)
        if config.validation is not None:
            epochs = min(epochs, -now % config.evaluate_every + 1)
        for callback in config.callbacks:
            next_epoch = getattr(callback, "next_epoch", None)
            epochs = min(epochs, 1 if next_epoch is None else _n_until(next_epoch(now), now))
        return epochs

    def draw_order(self, data: Arrays, span: int, random: Random) -> Array:
        """Return a row of sample numbers for each epoch, or a single row for all of them."""
        config, n_samples = self.config, data.n_samples
        order = np.arange(n_samples)[np.newaxis]
        if config.draw_orders is not None:
            order = config.draw_orders(self.training.epochs, span)
        elif config.shuffle:
            order = order if span == 1 else order.repeat(span, axis=0)
            for row in order:
                random.shuffle(row)  # as `permutation` does, without the copy
        return order if data.rows is None else data.rows[order]

    def pass_over(
        self, data: Arrays, rates: Array, order: Array, observer: Observer
    ) -> tuple[Array, bool]:
        """Train one pass for each row of rates; return the sums of the metrics of each pass.

        Also return whether all is finite: if not, the state before that compiled call is restored.
        """
        X: Any = data.X
        Y, weights, model = data.Y, data.weights, self.model
        is_sparse = data.is_sparse
        how = is_sparse, self._looks_ahead(data, rates)
        kernel, arguments = self._ready.get(how) or self._kernel_for(*how)
        if not self.is_single:
            batches, optimizer = arguments
            if batches.size != self.config.batch_size:
                arguments = batches._replace(size=self.config.batch_size), optimizer
        elif model.dtype != rates.dtype:
            with np.errstate(over="ignore"):  # beyond float32: it diverges, and that is said
                rates = rates.astype(model.dtype)
        sums = np.zeros((len(rates), 1 + self._codes.size + (not self.is_plain)))
        position, n_positions = 0, order.shape[1] * len(rates)
        n_at_once = self._samples_per_slice(X) if is_sparse else self._n_at_once
        windows = Windows(X, Y, weights, order) if isinstance(X, Stored) else None
        if windows is not None:
            n_at_once = min(n_at_once, windows.n_at_once)
        while position < n_positions:
            start, stop = position, min(position + n_at_once, n_positions)
            if windows is not None:
                X, Y, weights, order = windows(start, stop, n_positions)
            kept = observer.kept()
            rows = Slice(order, rates, start, stop)
            position = kernel(model.net, Data(X, Y, weights), rows, self._codes, *arguments, sums)
            if not (all(map(math.isfinite, sums[:, 0].tolist())) and is_finite(model.params)):
                for array, copy in zip(self.changed(), kept, strict=True):
                    array[...] = copy
                self._ready.clear()  # scratch holds an unfinished batch
                return sums, False
            observer.advance(position - start)
        self.training.counters[N_SEEN] += n_positions
        return sums, True

    def changed(self) -> tuple[Array, ...]:
        """Return the arrays that a compiled call changes."""
        return self.model.params, *self.training.arrays()

    def _samples_per_slice(self, X: Inputs | None) -> int:
        """Return the number of samples in a compiled call; X only counts if it is sparse."""
        model, n_updated = self.model, 0
        if not self.is_plain:
            size = model.params.size
            n_updated = min(_UPDATED * size, size + _MOST_MORE) // self.config.batch_size
        return model.samples_per_slice(X, n_updated)

    def _looks_ahead(self, data: Arrays, rates: Array) -> bool:
        """Return True if layer 0 looks ahead, in updates by single samples."""
        if not self.is_single or data.is_sparse or self.model.n_ahead == 1:
            return False
        if self.is_plain:
            return True
        if data.weights.size or self.config.noise.size or data.n_samples == 1 or self._averages:
            return False
        return rates.shape[1] == 1 and may_look_ahead_by(self.optimizer(), float(rates.max()))

    def _kernel_for(
        self, is_sparse: bool, looks_ahead: bool
    ) -> tuple[Callable[..., int], tuple[Any, ...]]:
        """Return the kernel, and its last arguments but one: the optimiser and scratch."""
        kernel, arguments = self._choose_kernel(looks_ahead)
        if isinstance(kernel, FunctionType):  # it is not compiled: NumPy computes, and warns
            kernel = np.errstate(over="ignore", invalid="ignore")(kernel)
        self._ready[is_sparse, looks_ahead] = kernel, arguments
        return kernel, arguments

    def _choose_kernel(self, looks_ahead: bool) -> tuple[Callable[..., int], tuple[Any, ...]]:
        """Choose among batches, single samples by any optimiser, and plain steps of these."""
        model, config = self.model, self.config
        dtype, n_units, n_words = model.dtype, model.n_units, model.n_units // WORD
        average = self.training.average
        if not self.is_single:
            units = aligned_zeros((4, BLOCK_ROWS, n_units), dtype)
            grad = aligned_zeros(model.params.size, dtype)
            batches = Batches(config.batch_size, config.noise, units, grad, average)
            by_batches = train_batches.train_batches, train_batches.train_batches_averaging
            return by_batches[average is not None], (batches, self.optimizer())
        if looks_ahead:
            n_ahead = model.n_ahead
            units = aligned_zeros((5 if self.is_plain else 7, n_ahead, n_units), dtype)
            bitsets = np.zeros((2, 1 + n_ahead // TILE_ROWS, n_words), np.uint64)
        else:
            units, bitsets = aligned_zeros((4, n_units), dtype), np.zeros((2, n_words), np.uint64)
        if self.is_plain:
            plain = train_samples.train_samples, train_samples.train_samples_looking_ahead
            return plain[looks_ahead], (units, bitsets)
        grad = aligned_zeros(model.params.size, dtype)  # its padding stays 0
        scratch = units, bitsets, grad, config.noise
        if looks_ahead:
            return train_ahead.train_samples_looking_ahead_by, (self.optimizer(), scratch)
        by = train_samples.train_samples_by, train_samples.train_samples_by_averaging
        return by[average is not None], (self.optimizer(), (*scratch, average))

    def optimizer(self) -> Optimizer:
        """Return the optimiser for the kernels, which change its state."""
        config, training = self.config, self.training
        settings = self._settings.settings()
        # One sample's gradient is scaled by its weight; the mean over a batch of it would not be.
        settings[optimizers.MEAN] = config.reduction == "mean" and (
            config.batch_size > 1 or config.divide_penalty
        )
        settings[optimizers.DIVIDE_PENALTY] = config.divide_penalty
        penalties = self.model.penalties
        return Optimizer(settings, penalties, training.slots, training.counters)


def _n_until(epoch: Any, now: int) -> int:
    """Return the number of epochs from `now` to the one that a callback names."""
    if isinstance(epoch, float) and epoch == math.inf:
        return sys.maxsize
    if isinstance(epoch, int | np.integer) and epoch >= now:
        return int(epoch) - now + 1
    raise ValueError(
        f"next_epoch({now}) of a callback must return an epoch from {now} on, an int, got {epoch!r}"
    )


def divergence(
    data: Arrays, sums: Array, rates: Array, epoch: int, state: NetworkState
) -> DivergenceError:
    """Return the error for a pass, at these rates, that is not finite."""
    X, loss = data.X, sums[0, 0]
    is_dense = isinstance(X, Samples) and not X.is_sparse
    remedy = state.model.fault_of_functions(X, data.Y)
    if not remedy:
        remedy = remedy_of_scale(
            X.values if is_dense else None,  # type: ignore[union-attr]
            data.Y,
            is_standardised=state.standardize is not None,
        )
    what = "a parameter that is not" if np.isfinite(loss) else f"a loss of {loss}"
    low, high = rates.min(), rates.max()
    of_rates = f"the learning rate {low}" if low == high else f"learning rates from {low} to {high}"
    return DivergenceError(
        f"training must stay finite, got {what} in epoch {epoch} at {of_rates}"
        f"{remedy and '; '}{remedy}"
    )
