"""Check the arguments of `fit` for the batch size, the optimiser, metrics and callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .._checks.arrays import as_choice, as_count
from ..callbacks import Callback
from ..core import metrics as figures
from ..metrics import r2
from ..optimizers import LBFGS, IRprop, Optimizer, as_optimizer
from .request import Metric, Schedule, TrainingState

_VALIDATION_METRICS: dict[str, Metric] = {"r2": r2}


class Once:
    """An identity memo: calls each function only once for the same argument objects."""

    def __init__(self) -> None:
        self._results: dict[tuple[Any, ...], Any] = {}

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return the stored result, or call the function; a method is the same for all objects."""
        key = getattr(function, "__func__", function), *map(id, arguments)
        if key not in self._results:  # the arguments are kept: another could get the same id
            self._results[key] = function(*arguments), arguments
        return self._results[key][0]


def as_batch_size(batch_size: Any, n_samples: int | None) -> int:
    """Return the number of samples in an update; None means the full batch."""
    if n_samples is None:  # the chunks hold an unknown number
        return as_count("batch_size", batch_size)
    n_all = max(2, n_samples)
    return n_all if batch_size is None else min(as_count("batch_size", batch_size), n_all)


def as_rule(
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


def as_metrics(metrics: Any, is_evaluated: bool) -> tuple[list[str], dict[str, Metric]]:
    """Return the names of the training metrics, and the validation metrics by name."""
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
    for name in ("loss", *running):
        if name in on_validation:
            raise ValueError(f"metrics must have names that differ, got a function named {name}")
    if on_validation and not is_evaluated:
        raise ValueError(
            f"the metrics {', '.join(on_validation)} need validation_data or validation_fraction"
        )
    return running, on_validation


def as_callbacks(callbacks: Any) -> Sequence[Callback]:
    """Return the callbacks after checking that each has the methods of one."""
    if not isinstance(callbacks, Sequence):
        raise TypeError(f"callbacks must be a sequence, got {callbacks!r}")
    for callback in callbacks:
        if isinstance(callback, type):
            kind = callback.__name__
            raise TypeError(f"a callback must be an object, got the class {kind}: write {kind}()")
        if not all(callable(getattr(callback, name, None)) for name in ("start", "epoch", "end")):
            raise TypeError(f"a callback must have methods start, epoch and end, got {callback!r}")
    return callbacks
