"""What a call of `fit` asks for, after all checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import callbacks as known_callbacks
from .._checks.arrays import Array
from .._checks.inputs import Names
from .._checks.stored import Inputs
from ..callbacks import Callback
from ..optimizers import Optimizer
from .model import Model
from .rates import Schedule
from .sources import Source
from .state import TrainingState

if TYPE_CHECKING:
    from .epochs import CompiledEpochs

Metric = Callable[[Any, Array], float]

NO_NOISE = np.empty(0)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Validation:
    """The validation samples; `y` is the original, for user-defined metrics."""

    X: Inputs
    Y: Array
    weights: Array
    y: Any


@dataclass(slots=True, eq=False, repr=False)
class FitConfig:
    """The checked options of a call of `fit`."""

    epochs: int
    batch_size: int
    optimizer: Optimizer
    schedule: Schedule | None = None
    shuffle: bool = True
    # The orders of (first, n) epochs, instead of `shuffle`: the same if it is asked again.
    draw_orders: Callable[[int, int], Array] | None = None
    reduction: str = "mean"
    divide_penalty: bool = False  # by the weight of the batch, as scikit-learn does
    noise: Array = field(default_factory=lambda: NO_NOISE)
    metrics: Sequence[str] = ()  # computed by kernels
    validation: Validation | None = None
    validation_metrics: dict[str, Metric] = field(default_factory=dict)  # computed by Python
    evaluate_every: int = 1
    callbacks: Sequence[Callback] = ()
    progress: bool = False
    watch: Callable[[int], None] | None = None  # gets the samples seen; may raise to end training

    @property
    def average(self) -> known_callbacks.AveragedWeights | None:
        """The callback that averages the parameters after each update, if there is one."""
        for callback in self.callbacks:
            if isinstance(callback, known_callbacks.AveragedWeights) and callback.per == "update":
                return callback
        return None


@dataclass(slots=True, eq=False, repr=False)
class UsualFit:
    """What a call of `fit` that gives a few plain options has prepared, for the next like it."""

    given: Sequence[Any]
    n_samples: int
    config: FitConfig
    runner: CompiledEpochs | None = None  # at rest


@dataclass(slots=True, eq=False, repr=False)
class FitRequest:
    """A checked fit request: data, options, starting state."""

    source: Source
    config: FitConfig
    training: TrainingState
    names: Names = None  # of the columns of X, which training stores
    n_validation: int = 0  # samples to hold out for validation
    held: Array | None = None  # their numbers, in order, once they are known
    y: Any = None  # the original y of all samples, if some are held out
    is_checked: bool = True  # whether X is known to be finite; else training finds out
    is_raw: bool = False  # whether inputs are to be standardised, in which validation's are raw too
    usual: UsualFit | None = None  # what the network keeps for the next call

    def recorded(self, model: Model) -> tuple[str, ...]:
        """Return the names of the metrics that training records."""
        config = self.config
        if not config.metrics and config.validation is None and not self.n_validation:
            return ("loss", "penalty") if model.has_penalty else ("loss",)
        names = ["loss", *config.metrics]
        on_validation = [f"val_{name}" for name in (*names, *config.validation_metrics)]
        if model.has_penalty:
            names.append("penalty")
        is_evaluated = config.validation is not None or self.n_validation > 0
        if is_evaluated and -self.training.epochs % config.evaluate_every < config.epochs:
            names += on_validation
        return tuple(names)

    def check_monitors(self, model: Model) -> None:
        """Raise if a callback or schedule monitors a metric that training does not record.

        User-defined callbacks may record further metrics: with them, for fastnn's own the first
        epoch decides.
        """
        callbacks, schedule = self.config.callbacks, self.training.schedule
        own = Callback.__module__.rpartition(".")[0]  # the package of fastnn's callbacks
        users = [item for item in callbacks if not type(item).__module__.startswith(own)]
        for item in users or (*callbacks, schedule):
            if (expect := getattr(item, "expect", None)) is not None:
                expect(self.recorded(model))
