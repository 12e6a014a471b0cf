"""A checked fit request and the training state."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .._checks.arrays import Array
from .._checks.stored import Inputs
from ..callbacks import Callback
from ..core.optimizers import KEY, N_COUNTERS, N_UPDATES
from ..initializers import Random
from ..optimizers import CompiledOptimizer, Optimizer
from .model import Model

Schedule = Callable[[int], float]
Metric = Callable[[Any, Array], float]


@dataclass(frozen=True)
class Validation:
    """The validation samples; `y` is the original, for user-defined metrics."""

    X: Inputs
    Y: Array
    weights: Array
    y: Any


@dataclass
class FitConfig:
    """The checked options of a call of `fit`."""

    epochs: int
    batch_size: int
    optimizer: Optimizer
    weights: Array  # empty if all weights are 1
    schedule: Schedule | None = None
    shuffle: bool = True
    draw_order: Callable[[int], Array] | None = None  # the order of an epoch, instead of `shuffle`
    reduction: str = "mean"
    divide_penalty: bool = False  # by the weight of the batch, as scikit-learn does
    noise: Array = field(default_factory=lambda: np.empty(0))
    metrics: Sequence[str] = ()  # computed by kernels
    validation: Validation | None = None
    validation_metrics: dict[str, Metric] = field(default_factory=dict)  # computed by Python
    evaluate_every: int = 1
    callbacks: Sequence[Callback] = ()
    progress: bool = False
    watch: Callable[[int], None] | None = None  # gets the samples seen; may raise to end training
    n_held: int = 0  # samples to hold out for validation
    rows: Array | None = None  # the numbers of the training samples; None means all
    y: Any = None  # the original y of all samples, if some are held out
    is_known: bool = True  # whether X is known to be finite; else see `rollback`


def check_monitors(plan: FitConfig, state: TrainingState, model: Model) -> None:
    """Raise if a callback or schedule monitors a metric that training does not record.

    User-defined callbacks may record further metrics, so with them the first epoch decides.
    """
    if all(type(callback).__module__ == Callback.__module__ for callback in plan.callbacks):
        for item in (*plan.callbacks, state.schedule):
            if (expect := getattr(item, "expect", None)) is not None:
                expect(state.recorded(plan, model))


def initial_slots(optimizer: Optimizer, n_params: int, dtype: np.dtype[Any]) -> Array:
    """Return an optimiser state before the first update, shape (n_slots, n_params)."""
    if isinstance(optimizer, CompiledOptimizer):
        return optimizer.initial_slots(n_params, dtype)
    return np.zeros((0, n_params), dtype)


class FitRequest(NamedTuple):
    """A checked fit request: data, options, starting state."""

    X: Inputs
    Y: Array
    plan: FitConfig
    state: TrainingState
    chunks: Any = None
    names: tuple[str, ...] | None = None  # of the columns of X, which training stores


@dataclass
class TrainingState:
    """The training state, beside the parameters and the random source."""

    optimizer: Optimizer
    schedule: Schedule | None
    reduction: str
    slots: Array
    counters: Array
    epochs: int = 0

    @classmethod
    def fresh(cls, plan: FitConfig, model: Model) -> TrainingState:
        """Return the state before the first update."""
        start = getattr(plan.schedule, "start", None)  # of one that is shown what epochs recorded
        schedule = plan.schedule if start is None else start()
        slots = initial_slots(plan.optimizer, model.params.size, model.params.dtype)
        counters = np.zeros(N_COUNTERS, np.int64)
        return cls(plan.optimizer, schedule, plan.reduction, slots, counters)

    @classmethod
    def begun(cls, plan: FitConfig, model: Model, last: TrainingState | None) -> TrainingState:
        """Return the state to start from: that of the last training, or a fresh one."""
        model.check_writable()
        return cls.fresh(plan, model) if last is None else last.resumed(plan, model)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take arrays of its own: joblib's may be files, mapped read-only."""
        self.__dict__.update(state)
        self.slots, self.counters = np.array(self.slots), np.array(self.counters)

    def resumed(self, plan: FitConfig, model: Model) -> TrainingState:
        """Return the state to resume from; another kind of optimiser gets fresh slots."""
        state = self.fresh(plan, model)
        state.counters, state.epochs = self.counters.copy(), self.epochs
        if type(plan.optimizer) is type(self.optimizer) and state.slots.shape == self.slots.shape:
            state.slots = self.slots
        else:
            state.counters[N_UPDATES] = 0
        if plan.schedule == self.schedule:
            state.schedule = self.schedule
        return state

    def rate(self) -> float | None:
        """Return the learning rate of the last epoch; None means the optimiser's own."""
        return None if self.schedule is None else float(self.schedule(max(0, self.epochs - 1)))

    def rate_ahead(self, ahead: int = 0) -> float:
        """Return the learning rate of the next epoch, or of a later one."""
        if self.schedule is None:
            return float(getattr(self.optimizer, "learning_rate", 1.0))
        epoch = self.epochs + ahead
        rate = float(self.schedule(epoch))
        if not (math.isfinite(rate) and rate >= 0):
            raise ValueError(
                f"a schedule must return a finite rate of at least 0, got {rate} for epoch {epoch}"
            )
        return rate

    def recorded(self, plan: FitConfig, model: Model) -> tuple[str, ...]:
        """Return the names of the metrics that training with these options records."""
        names = ["loss", *plan.metrics]
        on_validation = [f"val_{name}" for name in (*names, *plan.validation_metrics)]
        if model.has_penalty:
            names.append("penalty")
        is_evaluated = plan.validation is not None or plan.n_held > 0
        if is_evaluated and -self.epochs % plan.evaluate_every < plan.epochs:
            names += on_validation
        return tuple(names)

    def draw_key(self, random: Random) -> int:
        """Return the key of all random draws within an epoch; draw it if there is none."""
        if self.counters[KEY] == 0:
            self.counters[KEY] = 1 + int(random.random() * 2**53)
        return int(self.counters[KEY])
