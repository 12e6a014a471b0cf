"""Check the arguments of `fit` and make the request that the training loop runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from operator import is_
from typing import Any, NamedTuple

import numpy as np

from .. import callbacks as known_callbacks
from .._checks.arrays import Array, as_class_weights
from .._checks.callers import warn_caller
from .._checks.frames import check_names, names_of
from .._checks.heads import check_metrics_of, given_by_head
from .._checks.inputs import Names, check_samples
from .._checks.parts import checking
from .._checks.scalars import as_amount, as_choice, as_count, as_flag, as_integer
from .._checks.stored import Inputs
from ..callbacks import Callback
from ..core import metrics as kernel_metrics
from ..layers import noise_levels
from ..losses import HeadLosses, Loss
from ..metrics import r2
from ..optimizers import LBFGS, SGD, IRprop, Optimizer, as_optimizer
from .config import NO_NOISE, FitConfig, FitRequest, Metric, UsualFit, Validation
from .lbfgs import check_lbfgs
from .rates import Schedule
from .sources import Arrays, Chunks, check_chunks, check_reachable
from .split import as_n_validation
from .state import NetworkState, TrainingState

_SGD = SGD()  # the default
_FULL_BATCH = IRprop, LBFGS
_OF_BATCHES = (
    "batch_size must be None for irprop to learn well, got {}: it goes by signs of the gradient, "
    "which change from batch to batch; give batch_size=None, which is all samples, or use adam"
)
_N_LINES = 20  # that `verbose=True` prints at most, beside that of the last epoch
CHECKED_AT_ONCE = 4096  # numbers, which are checked sooner than a snapshot is taken
_VALIDATION_METRICS: dict[str, Metric] = {"r2": r2}


class FitOptions(NamedTuple):
    """The options of `Network.fit`, which describes them, as a user gave them.

    Those that most calls leave as they are come last.
    """

    epochs: Any = 1
    batch_size: Any = 1
    optimizer: Any = None
    learning_rate: Any = None
    input_noise: Any = 0.0
    shuffle: Any = True
    reduction: Any = "mean"
    sample_weight: Any = None
    class_weight: Any = None
    metrics: Any = ()
    validation_data: Any = None
    validation_fraction: Any = None
    evaluate_every: Any = 1
    callbacks: Any = ()
    resume: Any = False
    progress: Any = False
    verbose: Any = False


_N_OFTEN_GIVEN = 5
_USUAL = FitOptions()[_N_OFTEN_GIVEN:]
_PLAIN = {int, float, str, type(None)}  # of objects that never change


def as_request(
    state: NetworkState,
    X: Any,
    y: Any,
    options: FitOptions,
    *,
    pair: tuple[Inputs, Array] | None = None,
    validation: Validation | None = None,
    held: Array | None = None,
) -> FitRequest:
    """Check all arguments of `fit` and return the request; do not change the network.

    `pair` and `validation` are what `as_pair` and `as_validation` return, if they were called
    already; `held` has the numbers of the samples to hold out, in the place of a fraction. Without
    `pair`, the check that X, unless small, is finite is left to training if training touches only
    what a rollback can restore: the network, with all of X, no callbacks.
    """
    is_usual = held is None and all(map(is_, options[_N_OFTEN_GIVEN:], _USUAL))  # needs no check
    is_array = type(X) is np.ndarray
    is_small = is_array and X.size <= CHECKED_AT_ONCE
    names = None if is_array else names_of(X)
    last, n_validation = None, 0
    if not is_usual and as_flag("resume", options.resume):
        check_names(X, state.feature_names)
        names, last = state.feature_names or names, state.training
    source: Arrays | Chunks
    if y is None:
        check_chunks(X, options)
        names = names or _names_of_validation(options.validation_data)
        check_reachable(state.standardize, X)
        source = Chunks(X, state)
    else:
        inputs, targets = pair or state.as_pair(X, y, finite=is_small, raw=True)
        source = Arrays(inputs, targets, state.as_weights(options.sample_weight, len(targets)))
    usual = None
    if is_usual and pair is None and isinstance(source, Arrays):
        usual = _as_usual(state, source, options)
    config = _as_config(state, source, options, last) if usual is None else usual.config
    is_known = pair is not None or y is None or is_small
    is_raw = state.standardize is not None
    is_checked = is_known or is_raw or isinstance(config.optimizer, _FULL_BATCH)
    if not is_usual:
        n_validation = _add_unusual(config, source, state, options, names, validation, held)
        given = options.sample_weight, options.class_weight, options.validation_fraction
        is_checked |= options.resume or any(part is not None for part in given)
        is_checked |= len(config.callbacks) > 0
    if isinstance(config.optimizer, LBFGS):
        check_lbfgs(config, state.model, options.batch_size)
    elif isinstance(config.optimizer, IRprop):
        n_samples = source.n_samples  # None of chunks, whose batches are smaller than all
        if n_samples is None or config.batch_size < n_samples - n_validation:
            warn_caller(_OF_BATCHES.format(options.batch_size))
    if is_checked and not is_known and isinstance(source, Arrays):
        check_samples(source.X, names_of(X))
    training = TrainingState.begun(config, state.model, last)
    request = FitRequest(
        source, config, training, names, n_validation,
        is_checked=is_checked, is_raw=is_raw, usual=usual,
    )  # fmt: skip
    if n_validation:
        request.held, request.y = held, given_by_head(y, state.model.loss)
    if config.callbacks or training.schedule is not None:  # it must begin with a rate
        request.check_monitors(state.model)
        training.rate_ahead()
    return request


def _as_usual(state: NetworkState, source: Arrays, options: FitOptions) -> UsualFit | None:
    """Return what the network has kept for such a call or, if it may be kept, what is new."""
    given, kept = options[:_N_OFTEN_GIVEN], state.usual_fit
    if kept is not None and kept.n_samples == source.n_samples and all(map(is_, given, kept.given)):
        return kept
    if not _PLAIN.issuperset(map(type, given)):
        return None
    return UsualFit(given, source.n_samples, _as_config(state, source, options, None))


def _as_config(
    state: NetworkState, source: Arrays | Chunks, options: FitOptions, last: TrainingState | None
) -> FitConfig:
    """Return the checked options that are often given, and for the others their defaults."""
    optimizer, schedule = as_rule(options.optimizer, options.learning_rate, last)
    return FitConfig(
        as_count("epochs", options.epochs),
        as_batch_size(options.batch_size, source.n_samples),
        optimizer,
        schedule,
        noise=as_noise(state, options.input_noise),
        metrics=as_metrics((), state.model.loss, is_evaluated=False)[0],
    )


def _add_unusual(
    config: FitConfig,
    source: Arrays | Chunks,
    state: NetworkState,
    options: FitOptions,
    names: Names,
    validation: Validation | None,
    held: Array | None,
) -> int:
    """Add the options that few calls give; return how many samples to hold out for validation."""
    data, fraction, loss = options.validation_data, options.validation_fraction, state.model.loss
    config.metrics, config.validation_metrics = as_metrics(
        options.metrics,
        loss,
        is_evaluated=not (data is None and fraction is None and held is None),
    )
    config.shuffle = as_flag("shuffle", options.shuffle)
    config.reduction = as_choice("reduction", options.reduction, ("mean", "sum"))
    config.evaluate_every = as_count("evaluate_every", options.evaluate_every)
    config.callbacks = as_callbacks(options.callbacks)
    if every := as_epochs_a_line(options.verbose, config.epochs):
        printing = known_callbacks.PrintMetrics(every)
        config.callbacks = (*config.callbacks, printing)  # after those that may record
    config.progress = as_flag("progress", options.progress)
    if isinstance(source, Chunks):
        source.metrics = config.metrics
    else:
        check_metrics_of(config.metrics, source.Y, loss)
        if options.class_weight is not None:
            if loss.parts:
                raise ValueError(
                    "class_weight must be left out with Heads, each of which has classes of its "
                    f"own, got {options.class_weight!r}: give sample_weight"
                )
            source.weights = as_class_weights(options.class_weight, source.Y, source.weights)
    if data is not None:
        config.validation = validation or as_validation(state, data, names)
        with checking("validation_data"):
            check_metrics_of(config.metrics, config.validation.Y, loss)
    if held is not None and not (data is None and fraction is None):
        what = "validation_fraction" if data is None else "validation_data"
        raise ValueError(f"{what} must not be given beside folds, which hold out other samples")
    if fraction is None and held is None:
        return 0
    if data is not None:
        raise ValueError("validation_fraction must not be given beside validation_data")
    assert source.n_samples is not None
    n_samples = source.n_samples
    n_validation = as_n_validation(fraction, n_samples) if held is None else len(held)
    config.batch_size = as_batch_size(options.batch_size, n_samples - n_validation)
    return n_validation


def _names_of_validation(data: Any) -> Names:
    """Return the column names of the validation inputs, which the chunks must have, too."""
    return names_of(data[0]) if isinstance(data, tuple | list) and data else None


def as_validation(state: NetworkState, data: Any, names: Names = None) -> Validation:
    """Return the validation samples; a large X is left as it is stored."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise ValueError(f"validation_data must be a pair (X, y), got {type(data).__name__}")
    with checking("validation_data"):
        X, Y = state.as_pair(*data, names=names, raw=True)
        y = given_by_head(data[1], state.model.loss)
    return Validation(X, Y, state.as_weights(None, len(Y)), y)


def as_batch_size(batch_size: Any, n_samples: int | None) -> int:
    """Return the number of samples in an update; None means the full batch."""
    if n_samples is None:  # the chunks hold an unknown number
        return as_count("batch_size", batch_size)
    n_all = max(2, n_samples)
    if type(batch_size) is int and 1 <= batch_size <= n_all:
        return batch_size
    return n_all if batch_size is None else min(as_count("batch_size", batch_size), n_all)


def as_noise(state: NetworkState, input_noise: Any = 0.0) -> Array:
    """Return the input noise and the dropout of each hidden layer; empty if all are 0."""
    if type(input_noise) is float and input_noise == 0.0 and not state.has_dropout:
        return NO_NOISE
    return noise_levels(state.layers, as_amount("input_noise", input_noise))


def as_rule(
    optimizer: Any, learning_rate: Any, last: TrainingState | None
) -> tuple[Optimizer, Schedule | None]:
    """Return the optimiser and, if the rate is one, the schedule."""
    if optimizer is None and learning_rate is None and last is None:
        return _SGD, None
    if isinstance(learning_rate, (list, tuple)) or getattr(learning_rate, "ndim", 0) > 0:
        raise TypeError(
            "learning_rate must be one number or a schedule, got "
            f"{type(learning_rate).__name__} of {len(learning_rate)}: give a function of the "
            "epoch, lambda epoch: rates[epoch] say, or one of fastnn.schedules"
        )
    schedule = learning_rate if callable(learning_rate) else None
    chosen = as_optimizer(
        optimizer, None if schedule else learning_rate, None if last is None else last.optimizer
    )
    if learning_rate is None and last is not None:
        schedule = last.schedule
    if schedule is not None and isinstance(chosen, _FULL_BATCH):
        raise ValueError(f"a schedule of rates must not be given with {chosen}, got {schedule}")
    return chosen, schedule


def as_metrics(
    metrics: Any, loss: Loss, *, is_evaluated: bool
) -> tuple[Sequence[str], dict[str, Metric]]:
    """Return the names of the training metrics, and the validation metrics by name."""
    of_heads = loss if isinstance(loss, HeadLosses) else None
    if type(metrics) is tuple and not metrics:
        return () if of_heads is None else of_heads.metric_names(()), {}
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
            known = _VALIDATION_METRICS[metric]
            found = {metric: known} if of_heads is None else _each(of_heads, metric, known)
            on_validation |= found
        else:
            names = (*kernel_metrics.CODES, *_VALIDATION_METRICS)
            names += () if of_heads is None else tuple(of_heads.known_metrics())
            running.append(as_choice("a metric", metric, names))
    if of_heads is not None:
        running = of_heads.metric_names(running)
    for name in ("loss", *running):
        if name in on_validation:
            raise ValueError(f"metrics must have names that differ, got a function named {name}")
    if on_validation and not is_evaluated:
        raise ValueError(
            f"the metrics {', '.join(on_validation)} need validation_data or validation_fraction"
        )
    return running, on_validation


def as_epochs_a_line(verbose: Any, epochs: int) -> int:
    """Return the number of epochs between lines; 0 means none, and True some twenty lines."""
    if not isinstance(verbose, bool):
        every = as_integer("verbose", verbose)
        if every < 0:
            raise ValueError(
                "verbose must be True, False, or the number of epochs between lines, at least 0, "
                f"got {verbose}"
            )
        return every
    if not verbose:
        return 0
    every = 1
    while epochs > _N_LINES * every:  # 1, 2, 5, 10, 20, 50 ...
        every = every * 5 // 2 if str(every)[0] == "2" else every * 2
    return every


def _each(loss: HeadLosses, name: str, metric: Metric) -> dict[str, Metric]:
    """Return a metric of numbers of every head that has them, by name."""
    numbers = loss.heads_of_numbers()
    if not numbers:
        raise ValueError(f"the metric {name} must be of numbers, which no head predicts")
    return {f"{loss.parts[k].name}_{name}": partial(_of_head, metric, k) for k in numbers}


def _of_head(metric: Metric, k: int, y: Any, outputs: Any) -> float:
    return metric(y[k], outputs[k])


def as_callbacks(callbacks: Any) -> Sequence[Callback]:
    """Return the callbacks after checking that each has the methods of one."""
    if not isinstance(callbacks, Sequence):
        name = (callbacks if isinstance(callbacks, type) else type(callbacks)).__name__
        hint = f": write callbacks=[{name}(...)]" if _is_callback(callbacks) else ""
        raise TypeError(f"callbacks must be a sequence, got {callbacks!r}{hint}")
    for callback in callbacks:
        if isinstance(callback, type):
            kind = callback.__name__
            raise TypeError(f"a callback must be an object, got the class {kind}: write {kind}()")
        if not _is_callback(callback):
            raise TypeError(
                f"a callback must have methods start, epoch and end, got {callback!r}: derive its "
                "class from fastnn.callbacks.Callback, which has all three"
            )
    averages = [item for item in callbacks if isinstance(item, known_callbacks.AveragedWeights)]
    if len(averages) > 1 and any(average.swap for average in averages):
        raise ValueError(
            f"callbacks must hold one AveragedWeights, got {len(averages)}, which would average "
            "each other's averages: leave one out, or give each swap=False, and read its params"
        )
    n_by_update = sum(average.per == "update" for average in averages)
    if n_by_update > 1:
        raise ValueError(
            f"callbacks must hold one AveragedWeights per 'update', got {n_by_update}: kernels "
            "make one average; give the others per='epoch'"
        )
    return callbacks


def _is_callback(value: Any) -> bool:
    """Return True if a value, or a class, has the methods of a callback."""
    return all(callable(getattr(value, name, None)) for name in ("start", "epoch", "end"))
