"""Train on rows as they come, with as little Python code around the kernels as possible."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._checks.arrays import Array
from .._checks.inputs import Names
from ..core import train_samples
from ..core.layout import aligned_zeros
from ..core.optimizers import Optimizer
from ..errors import DivergenceError
from ..optimizers import LBFGS, CompiledOptimizer, as_optimizer
from ..standardize import Standardize
from .config import FitConfig, FitRequest
from .epochs import CompiledEpochs, divergence
from .lbfgs import check_lbfgs
from .loop import TrainingLoop
from .model import Model
from .request import as_batch_size, as_noise
from .sources import Arrays
from .standardise import standardised_rows
from .state import NetworkState, Snapshot, TrainingState, state_of

_LABELS = (int, np.int64)
_NUMBERS = (float, np.float64, np.float32, *_LABELS)


class SingleSampleStep:
    """An update by one sample, with all arguments of the kernel prepared."""

    def __init__(
        self,
        model: Model,
        rate: float,
        optimizer: Optimizer,
        noise: Array,
        *,
        is_plain: bool,
        standardize: Standardize | None = None,
    ) -> None:
        dtype, self._standardize = model.dtype, standardize
        self._x_shape, self._n_out = (model.n_in,), model.n_out
        self._dtype, self._y = dtype, np.zeros(self._n_out, dtype)
        self._params = model.params
        self._before = tuple(model.net)
        units = aligned_zeros((5, model.n_units), dtype)
        with np.errstate(over="ignore"):  # as `CompiledEpochs` rounds it
            own_rate = dtype.type(rate)
        self._after: tuple[Any, ...] = (float(own_rate), optimizer.counters, units)
        self._kernel: Any = train_samples.train_row
        if is_plain:
            self._after = (own_rate, optimizer.counters, units)
        else:
            self._kernel = train_samples.train_row_by
            hyperparameters, penalties, state, _ = optimizer
            grad = aligned_zeros(model.params.size, dtype)  # its padding stays 0
            self._after += hyperparameters, penalties, state, noise, grad

    def take_if_ready(self, x: Any, y: Any) -> bool:
        """Make the step and return True; return False if it needs the full checks.

        It handles `x` as the array that the kernel takes, `y` as a label, a number or such an
        array, and a finite loss. In all other cases it changes nothing, and the caller checks the
        arguments.
        """
        dtype, n_out, kind = self._dtype, self._n_out, type(y)
        if type(x) is not np.ndarray or x.shape != self._x_shape or x.dtype != dtype:
            return False
        if kind is np.ndarray:
            if y.shape != (n_out,) or y.dtype != dtype:
                return False
        elif not (kind in _NUMBERS if n_out == 1 else kind in _LABELS and 0 <= y < n_out):
            return False
        if self._standardize is not None:
            x = standardised_rows(self._standardize, x, dtype)
        return self.take(x if x.flags.carray else x.copy(), y)

    def take(self, x: Array, y: Any) -> bool:
        """Do the same for what needs no check, which makes a step that takes 2.8 us one of 1.9.

        `x` is standardised and what the kernel takes, `y` a label, a number or an array.
        """
        target = self._y
        if type(y) is np.ndarray:
            target[:] = y
        elif self._n_out == 1:
            target[0] = y
        else:
            target.fill(0)
            target[y] = 1
        if not self._params.flags.writeable:
            return False
        return math.isfinite(self._kernel(*self._before, x, target, *self._after))


class BatchStep:
    """One pass over a table in its order, with all but the table prepared."""

    def __init__(self, model: Model, config: FitConfig, training: TrainingState) -> None:
        self._config = config
        self.epochs = CompiledEpochs(model, config, training)
        self.rates = training.rates_ahead()
        self._order = np.empty((1, 0), np.int64)
        self._mark: Snapshot | None = None

    def takes(self, batch_size: int) -> bool:
        """Return True if it can train with this batch size from now on."""
        if (batch_size > 1) != (self._config.batch_size > 1):
            return False
        self._config.batch_size = batch_size
        return True

    def train(self, state: NetworkState, data: Arrays) -> None:
        """Train on the rows; an error but a divergence leaves the network as it was."""
        training, n_samples = self.epochs.training, data.n_samples
        if self._order.shape[1] != n_samples:
            self._order = np.arange(n_samples)[np.newaxis]
        before = self._mark = Snapshot(state, draws=self._config.noise.size > 0)
        try:
            if self._config.noise.size:
                training.draw_key(state.random)
                self._mark = None  # the key is one of the counters
            sums, is_finite = self.epochs.pass_over(data, self.rates, self._order, self)
        except BaseException:
            before.restore()
            state.batch_step = None  # its scratch may hold an unfinished batch
            raise
        finally:
            self._mark = None
        if not is_finite:
            raise divergence(data, sums, self.rates, training.epochs, state)

    def kept(self) -> Sequence[Array]:
        """Return copies of what a compiled call changes, as they are before it."""
        mark, self._mark = self._mark, None
        if mark is not None:
            return mark.arrays
        return [array.copy() for array in self.epochs.changed()]

    def advance(self, n_samples: int) -> None:
        """Do nothing: no one counts the samples of a stream."""


def train_rows(
    net: Any,
    data: Arrays,
    names: Names,
    *,
    batch_size: Any,
    optimizer: Any,
    learning_rate: Any,
    is_as_before: bool,
) -> None:
    """Do what `Network.partial_fit` does with checked rows; the caller has the state's lock.

    `is_as_before` says that optimiser and rate are those of what is ready.
    """
    state = state_of(net)
    last, step = state.training, state.batch_step
    size = as_batch_size(batch_size, len(data.Y))
    state.model.check_writable()
    is_as_before = is_as_before and names is state.feature_names
    if step is not None and is_as_before and step.takes(size):
        step.train(state, data)
        return
    schedule = None
    if learning_rate is None and optimizer is None and last is not None:
        learning_rate, schedule = last.rate(), last.schedule
    config = FitConfig(
        epochs=1,
        batch_size=size,
        optimizer=as_optimizer(optimizer, learning_rate, None if last is None else last.optimizer),
        shuffle=False,
        reduction="mean" if last is None else last.reduction,
        noise=as_noise(state),
    )
    if isinstance(config.optimizer, LBFGS):
        check_lbfgs(config, state.model, batch_size)
    training = TrainingState.begun(config, state.model, last)
    epochs, updates, step = training.epochs, training.updates, None
    try:
        if isinstance(config.optimizer, CompiledOptimizer):
            step = _first_step(state, config, training, names, data)
        else:
            TrainingLoop(net, FitRequest(data, config, training, names), recorded=False).train()
    finally:
        training.epochs, training.updates = epochs, updates  # the rows of a stream are no epoch
        training.schedule = schedule
    if step is None:
        return
    rate, compiled = float(step.rates[0, 0]), step.epochs
    if schedule is None:
        state.batch_step, state.ready_rate = step, rate
    if compiled.is_single and state.model.loss.is_checked:
        state.row_step = SingleSampleStep(
            state.model,
            rate,
            compiled.optimizer(),
            config.noise,
            is_plain=compiled.is_plain,
            standardize=state.standardize,
        )


def _first_step(
    state: NetworkState, config: FitConfig, training: TrainingState, names: Names, data: Arrays
) -> BatchStep:
    """Train on rows by a new step, and return it."""
    step, before = BatchStep(state.model, config, training), Snapshot(state)
    try:
        state.begin(training, names, None)
        step.train(state, data)
    except DivergenceError:
        raise
    except BaseException:
        before.restore()
        raise
    return step
