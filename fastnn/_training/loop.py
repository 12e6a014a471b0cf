"""The training loop: spans of epochs by a runner, records, callbacks, and roll-back.

A runner trains the next epochs and records them: `CompiledEpochs` by the kernels, `LBFGSEpochs` by
SciPy, and the rounds of `fastnn.distributed` on a cluster. To add one, write a class with the
method of `Runner`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import numpy as np

from .._checks.arrays import Array
from .._checks.heads import split
from .._checks.inputs import check_samples
from .._checks.parts import checking
from .._checks.stored import Inputs
from ..callbacks import Callback, Run
from ..core.waiting import telling
from ..errors import DivergenceError
from ..history import History
from ..metrics import figure_of
from ..optimizers import LBFGS
from ..standardize import Standardize
from .config import FitRequest
from .epochs import CompiledEpochs
from .lbfgs import LBFGSEpochs
from .sources import Arrays, Chunks
from .split import split_validation
from .standardise import learnt
from .state import Snapshot, state_of

if TYPE_CHECKING:
    from tqdm import tqdm


class Runner(Protocol):
    """What trains epochs."""

    def train_span(self, loop: TrainingLoop) -> None:
        """Train the next epochs, and record them by `loop.finish_epochs`."""


class TrainingLoop:
    """One call of `fit`: trains a network as a request says, and records in `run.history`.

    The caller keeps other threads away, by the lock of the network's state. `before` is a snapshot
    to restore if the data turn out to be invalid; by default it is taken when training starts.
    """

    _bar: tqdm[NoReturn] | None = None
    _mark: Snapshot | None = None  # while a span is under way that is not yet recorded
    _is_at_mark = False
    _like: Snapshot | None = None  # than which nothing is different yet
    _divergence: DivergenceError | None = None
    _refusal: BaseException | None = None

    def __init__(
        self,
        net: Any,
        request: FitRequest,
        *,
        recorded: bool = True,
        before: Snapshot | None = None,
    ) -> None:
        self.state, self.request = state_of(net), request
        self.config, self.training = request.config, request.training
        self.run = Run(net, History())
        self._history = self.run.history if recorded else None  # that becomes the network's
        self._before = before
        self.stop_epoch = self.training.epochs + self.config.epochs  # the one past the last

    def train(self, runner: Runner | None = None) -> History:
        """Train until all epochs are done, or a callback stops it; return what was recorded.

        Whatever ends a span before it is recorded, Ctrl-C too, leaves the network as it was after
        the last whole epoch; a divergence leaves the last finite parameters; and data that turn out
        to be invalid leave the network as it was before the call.
        """
        request, state = self.request, self.state
        is_late = not request.is_checked or not isinstance(request.source, Arrays)
        if self._before is None and (is_late or request.n_validation):
            self._before = Snapshot(state)
            if not (request.n_validation or self.config.callbacks or self.config.noise.size):
                self._like = self._before  # nothing changes until the first span
        try:
            if request.n_validation:
                self._split()
            if request.is_raw:
                with self._standardised():
                    self._train_by(runner)
            else:
                self._train_by(runner)
        except BaseException as error:
            self._restore_if_refused(error)
            raise
        return self.run.history

    def refuse(self, error: BaseException) -> BaseException:
        """Return an error of invalid data, for which the network becomes as before the call."""
        self._refusal = error
        return error

    def diverged(self, error: DivergenceError) -> DivergenceError:
        """Return a divergence, which leaves the last finite parameters."""
        self._divergence = error
        return error

    def _train_by(self, runner: Runner | None) -> None:
        """Train by a runner, by default that for the optimiser, which may be kept."""
        usual = self.request.usual
        ready = None if usual is None else usual.runner
        if ready is not None:
            ready.training = self.training
        runner = runner or ready or self._new_runner()
        if self.config.callbacks or self.config.progress:
            self._train_surrounded(runner)
        else:
            self._train(runner)
        if usual is not None and isinstance(runner, CompiledEpochs):
            runner.rest()
            usual.runner = runner
            self.state.usual_fit = usual

    def _new_runner(self) -> Runner:
        """Return a runner for the optimiser."""
        source = self.request.source
        if isinstance(self.config.optimizer, LBFGS):
            assert isinstance(source, Arrays)
            return LBFGSEpochs(self.state.model, source, self.config, self.training)
        return CompiledEpochs(self.state.model, self.config, self.training)

    def _split(self) -> None:
        """Split off the validation samples."""
        request = self.request
        try:
            is_known = request.held is not None
            key = 0 if is_known else self.training.draw_key(self.state.random)
            request.source, self.config.validation = split_validation(request, key)
        except BaseException as error:
            self.refuse(error)
            raise

    @contextmanager
    def _standardised(self) -> Iterator[None]:
        """Standardise all inputs meanwhile, by what they tell if that is not known yet.

        That is forgotten if training ends before the first epoch is recorded.
        """
        request, config, state = self.request, self.config, self.state
        given, source, validation = state.standardize, request.source, config.validation
        assert given is not None
        try:
            self._standardise(given)
            yield
        except BaseException as error:
            if not self.run.history.epoch and error is not self._divergence:
                state.standardize = given
            raise
        finally:
            request.source, config.validation = source, validation

    def _standardise(self, given: Standardize) -> None:
        """Learn what is not known yet, and standardise the inputs, which must stay finite."""
        request, config, state = self.request, self.config, self.state
        source, validation = request.source, config.validation
        try:
            if given.scale is None:
                state.standardize = learnt(given, self._raw_parts(), state.model.n_in)
            if isinstance(source, Arrays):
                request.source = source.with_inputs(state.standardised(source.X))
                check_samples(request.source.X, request.names)
            if validation is not None:
                config.validation = replace(validation, X=state.standardised(validation.X))
                with checking("the samples for validation"):
                    check_samples(config.validation.X, request.names)
        except BaseException as error:
            if self._before is not None:
                self.refuse(error)
            raise

    def _raw_parts(self) -> Iterator[tuple[Inputs, Array, Array | None]]:
        """Yield the inputs of an epoch, their weights, and the rows that are trained on."""
        source = self.request.source
        if isinstance(source, Chunks):
            source.is_raw = True
        try:
            for _, data in source.parts(self.training.epochs):
                yield data.X, data.weights, data.rows
        finally:
            if isinstance(source, Chunks):
                source.is_raw = False

    def _restore_if_refused(self, error: BaseException) -> None:
        """Make the network as before the call if the error is one of the data."""
        request = self.request
        is_refused = error is self._refusal
        if isinstance(request.source, Chunks):
            is_refused |= error is request.source.fault
        if not request.is_checked and error is self._divergence:
            assert isinstance(request.source, Arrays)
            try:
                check_samples(request.source.X, request.names)
            except ValueError as refusal:
                self._restore()
                raise refusal from None
        if is_refused:
            self._restore()

    def _restore(self) -> None:
        assert self._before is not None
        self._before.restore()

    def _train_surrounded(self, runner: Runner) -> None:
        """Train between start and end of the callbacks; those that have started are ended."""
        config, run, training = self.config, self.run, self.training
        rate = training.rate_ahead()
        run.epoch, run.learning_rate = training.epochs - 1, rate
        run.recorded = self.request.recorded(self.state.model)
        started: list[Callback] = []
        with ExitStack() as around:
            around.callback(self._end, started)
            for callback in config.callbacks:
                callback.start(run)
                started.append(callback)
                _check_rate(run, rate, callback)
            if config.average is not None:
                around.callback(vars(training).pop, "average")
                training.average = config.average.running()
            if config.progress:
                n_samples = self.request.source.n_samples
                total = None if n_samples is None else config.epochs * n_samples
                self._bar = around.enter_context(bar_of_samples(total))
            self._train(runner)

    def _end(self, started: Sequence[Callback]) -> None:
        """End the callbacks, in their order, even if some of them fail.

        Those that swap parameters come first: what others restore then stays.
        """
        with ExitStack() as ends:
            for callback in reversed(_swapping_first(started)):
                ends.callback(callback.end, self.run)

    def _train(self, runner: Runner) -> None:
        try:
            while self.training.epochs < self.stop_epoch and not self.run.stopping:
                self.begin_span()
                runner.train_span(self)
        except BaseException as error:
            if error is not self._divergence:
                self.put_back()
            raise
        if self.state.training is not self.training:  # a callback has stopped it before that
            self.state.begin(self.training, self.request.names, self._history)

    def begin_span(self) -> None:
        """Keep what the next epochs change, until `finish_epochs` has recorded them.

        The first span of a call changes the optimiser of the network, and its history, too.
        """
        state, training, is_noisy = self.state, self.training, self.config.noise.size > 0
        draws = is_noisy or (self.config.shuffle and self.config.draw_orders is None)
        like, self._like = self._like, None
        self._shown = self.run.epoch, self.run.learning_rate
        self._mark = Snapshot(state, draws=draws, like=like, next_training=training)
        self._is_at_mark = not is_noisy  # the key of the noise is one of the counters
        if state.training is not training:
            state.begin(training, self.request.names, self._history)
        if is_noisy:
            training.draw_key(state.random)

    def put_back(self) -> None:
        """Undo the span that is under way, if there is one."""
        if self._mark is not None:
            self._mark.restore()
            self.run.epoch, self.run.learning_rate = self._shown

    def kept(self) -> Sequence[Array]:
        """Return copies of what a compiled call changes; a span's first has those of the mark."""
        if self._is_at_mark and self._mark is not None:
            self._is_at_mark = False
            return self._mark.arrays
        arrays = self.state.model.params, *self.training.arrays()
        return [array.copy() for array in arrays]

    def advance(self, n_samples: int) -> None:
        """Report so many trained samples to `watch` and the progress bar."""
        if self.config.watch is not None:
            self.config.watch(n_samples)
        if self._bar is not None:
            self._bar.update(n_samples)

    def finish_epochs(self, epochs: Array, rate: float, n_updates: int = 1) -> None:
        """Record epochs by their mean metrics, then notify the schedule and the callbacks.

        `rate` is that of the last of `n_updates`.
        """
        config, training, run = self.config, self.training, self.run
        names = ["loss", *config.metrics]
        if self.state.model.has_penalty:
            names.append("penalty")
        last = training.epochs + len(epochs) - 1
        numbers = range(training.epochs, last + 1)
        values = epochs.T.tolist()  # the last column may be a penalty of 0, which is not recorded
        run.history.extend(numbers, {name: (numbers, values[k]) for k, name in enumerate(names)})
        training.epochs, training.updates = last + 1, training.updates + n_updates
        run.epoch, run.learning_rate = last, rate
        if config.callbacks:
            with self._swapped():
                self._judge(last)
                for callback in _swapping_first(config.callbacks):
                    callback.epoch(run)
                    _check_rate(run, rate, callback)
        else:
            self._judge(last)
        if self._bar is not None:
            postfix = {name: f"{values[-1]:.4g}" for name, values in run.history.items()}
            self._bar.set_postfix(postfix, refresh=False)

    def _judge(self, last: int) -> None:
        """Validate after an epoch if it is time, and show the schedule what was recorded."""
        config, schedule = self.config, self.training.schedule
        if config.validation is not None and last % config.evaluate_every == 0:
            self.run.history.record(last, self._validate())
        if schedule is not None and hasattr(schedule, "observe"):
            schedule.observe(self.run.figures())
        self._mark = None  # the one step by which the epochs stand, and all that is of them

    @contextmanager
    def _swapped(self) -> Iterator[None]:
        """Let validation and callbacks see the parameters that a callback swaps in, if one does."""
        with ExitStack() as swaps:
            for callback in self.config.callbacks:
                if (swapped := getattr(callback, "swapped", None)) is not None:
                    swaps.enter_context(swapped(self.run))
            yield

    def _validate(self) -> dict[str, float]:
        """Return the metrics on the validation data."""
        data, config, model = self.config.validation, self.config, self.state.model
        assert data is not None
        metrics = model.evaluate(data.X, data.Y, data.weights, config.metrics)
        if config.validation_metrics:
            table = np.empty_like(data.Y)
            model.predict(data.X, table)
            outputs = split(table, model.parts) if model.parts else table
            for name, metric in config.validation_metrics.items():
                metrics[name] = figure_of(name, metric, data.y, outputs)
        return {f"val_{name}": value for name, value in metrics.items()}


def _check_rate(run: Run, rate: float, callback: Callback) -> None:
    """Raise if a callback has set the learning rate, which training would not go by."""
    if run.learning_rate != rate:
        raise ValueError(
            f"run.learning_rate must stay as training sets it, {rate}, got {run.learning_rate!r} "
            f"from the callback {type(callback).__name__}: give fit a schedule as learning_rate, a "
            "function of the epoch or, to go by what is recorded, one such as ReduceOnPlateau"
        )


def _swapping_first(callbacks: Sequence[Callback]) -> Sequence[Callback]:
    """Return callbacks in their order, but first those that swap parameters.

    So their own state is whole, whatever the others raise.
    """
    return sorted(callbacks, key=lambda callback: not hasattr(callback, "swapped"))


@contextmanager
def bar_of_samples(total: int | None, *, quiet: bool = False) -> Iterator[tqdm[NoReturn]]:
    """Show a progress bar, which tells what is compiled too; silent if `quiet` or not looked at."""
    from tqdm.auto import tqdm  # a tenth of the import of fastnn, for the few calls that show a bar

    disable = True if quiet else None
    with (
        tqdm(total=total, unit="sample", unit_scale=True, disable=disable) as bar,
        nullcontext() if bar.disable else telling(bar.set_description),
    ):
        yield bar
