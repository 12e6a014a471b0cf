"""How to train, after checking, and where training stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .callbacks import Callback
from .core.batches import KEY, N_COUNTERS, N_UPDATES
from .initializers import Random
from .model import Model
from .optimizers import CompiledOptimizer, Optimizer
from .stored import Inputs
from .validation import Array

Schedule = Callable[[int], float]
Metric = Callable[[Any, Array], float]


@dataclass(frozen=True)
class Validation:
    """The samples that are evaluated after an epoch; `y` is what a metric of one's own is given."""

    X: Inputs
    Y: Array
    weights: Array
    y: Any


@dataclass
class Plan:
    """What training was asked for."""

    epochs: int
    batch_size: int
    optimizer: Optimizer
    weights: Array  # empty where all samples weigh 1
    schedule: Schedule | None = None
    shuffle: bool = True
    draw_order: Callable[[int], Array] | None = None  # an epoch's, in the place of `shuffle`
    reduction: str = "mean"
    divide_penalty: bool = False  # by the weight of the batch, as scikit-learn does
    noise: Array = field(default_factory=lambda: np.empty(0))
    metrics: Sequence[str] = ()  # that kernels compute
    validation: Validation | None = None
    validation_metrics: dict[str, Metric] = field(default_factory=dict)  # that Python computes
    evaluate_every: int = 1
    callbacks: Sequence[Callback] = ()
    progress: bool = False
    watch: Callable[[int], None] | None = None  # told of samples seen; may raise, to end training
    n_held: int = 0  # samples that are to be kept from training, for validation
    rows: Array | None = None  # the numbers of the samples that are trained with; None is all
    y: Any = None  # of all samples, as it came, where some are held out
    is_known: bool = True  # that X is finite; else training shows it


def check_monitors(plan: Plan, state: TrainingState, model: Model) -> None:
    """Raise if a figure is watched that training by the plan does not record.

    Where there are callbacks of the user's own, which may record some, the first epoch shows it.
    """
    if all(type(callback).__module__ == Callback.__module__ for callback in plan.callbacks):
        for item in (*plan.callbacks, state.schedule):
            if (expect := getattr(item, "expect", None)) is not None:
                expect(state.recorded(plan, model))


def initial_slots(optimizer: Optimizer, n_params: int, dtype: np.dtype[Any]) -> Array:
    """Return an optimiser's state before the first update, shape (n_slots, n_params)."""
    if isinstance(optimizer, CompiledOptimizer):
        return optimizer.initial_slots(n_params, dtype)
    return np.zeros((0, n_params), dtype)


class Prepared(NamedTuple):
    """A call of `fit`, or of the like, after all checks: samples, targets, how, and from where."""

    X: Inputs
    Y: Array
    plan: Plan
    state: TrainingState
    chunks: Any = None
    names: tuple[str, ...] | None = None  # of the columns of X, as training is to leave them


@dataclass
class TrainingState:
    """Where training stands, beside the parameters and the source of random numbers."""

    optimizer: Optimizer
    schedule: Schedule | None
    reduction: str
    slots: Array
    counters: Array
    epochs: int = 0

    @classmethod
    def fresh(cls, plan: Plan, model: Model) -> TrainingState:
        """Return the state before the first update."""
        start = getattr(plan.schedule, "start", None)  # of one that is shown what epochs recorded
        schedule = plan.schedule if start is None else start()
        slots = initial_slots(plan.optimizer, model.params.size, model.params.dtype)
        counters = np.zeros(N_COUNTERS, np.int64)
        return cls(plan.optimizer, schedule, plan.reduction, slots, counters)

    @classmethod
    def begun(cls, plan: Plan, model: Model, last: TrainingState | None) -> TrainingState:
        """Return the state to train from: where the last training stands, or a fresh one."""
        model.check_writable()
        return cls.fresh(plan, model) if last is None else last.resumed(plan, model)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take arrays of its own: joblib's may be files, mapped read-only."""
        self.__dict__.update(state)
        self.slots, self.counters = np.array(self.slots), np.array(self.counters)

    def resumed(self, plan: Plan, model: Model) -> TrainingState:
        """Return the state to go on from; the slots of another kind of optimiser are of no use."""
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
        """Return the learning rate of the last epoch; None is the optimiser's own."""
        return None if self.schedule is None else float(self.schedule(max(0, self.epochs - 1)))

    def rate_ahead(self, ahead: int = 0) -> float:
        """Return the learning rate of the epoch to come, or of one after that."""
        if self.schedule is None:
            return float(getattr(self.optimizer, "learning_rate", 1.0))
        epoch = self.epochs + ahead
        rate = float(self.schedule(epoch))
        if not (math.isfinite(rate) and rate >= 0):
            raise ValueError(
                f"a schedule must return a finite rate of at least 0, got {rate} for epoch {epoch}"
            )
        return rate

    def recorded(self, plan: Plan, model: Model) -> tuple[str, ...]:
        """Return the names of the figures that training by the plan records from here."""
        names = ["loss", *plan.metrics]
        on_validation = [f"val_{name}" for name in (*names, *plan.validation_metrics)]
        if model.has_penalty:
            names.append("penalty")
        is_evaluated = plan.validation is not None or plan.n_held > 0
        if is_evaluated and -self.epochs % plan.evaluate_every < plan.epochs:
            names += on_validation
        return tuple(names)

    def draw_key(self, random: Random) -> int:
        """Return the key of all that is drawn within an epoch; draw it unless there is one."""
        if self.counters[KEY] == 0:
            self.counters[KEY] = 1 + int(random.random() * 2**53)
        return int(self.counters[KEY])
