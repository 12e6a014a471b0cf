"""The training of a population: one call of `Population.fit`, or a round of `halving`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from .._checks.arrays import Array
from .._checks.frames import names_of
from .._checks.monitors import check_recorded
from .._checks.names import hint_of_argument
from .._checks.scalars import as_count
from .._checks.stored import Inputs
from .._training import threads
from .._training.config import FitRequest, Validation
from .._training.loop import TrainingLoop, bar_of_samples
from .._training.request import FitOptions, as_request, as_validation
from .._training.sources import Arrays
from .._training.state import NetworkState, state_of
from ..callbacks import EarlyStopping
from ..errors import DivergenceError
from ..network import Network
from .folds import as_folds
from .record import Note, Record

if TYPE_CHECKING:
    from tqdm import tqdm

_OF_ALL = "progress", "verbose"  # the bar is of all together; lines would not say of which network
_OPTIONS = tuple(name for name in FitOptions._fields if name not in _OF_ALL)


class _Abandoned(BaseException):
    """Raised inside the training of a network, because that of another has failed."""


class SharedData:
    """The data of a call: checked and converted once for all networks that take them alike.

    `folds` are samples to hold out: network k holds out those of fold k, counted round and round.
    """

    def __init__(self, X: Any, y: Any, folds: Any, n_networks: int) -> None:
        if y is None:
            raise TypeError("y must be given: chunks are for a network alone, got None")
        self._X, self._y = X, y
        self._given, self._n_networks = folds, n_networks
        self._folds: Sequence[Array] | None = None
        self._pairs: dict[Any, tuple[Inputs, Array]] = {}
        self._validations: dict[Any, Validation] = {}

    def as_request(self, k: int, state: NetworkState, options: FitOptions) -> FitRequest:
        """Return the checked request of network `k`."""
        model, data, validation = state.model, options.validation_data, None
        first = state.standardize
        way = None if first is None else first.with_mean
        kind = model.n_out, model.dtype, model.loss, way
        if kind not in self._pairs:
            self._pairs[kind] = state.as_pair(self._X, self._y, raw=True)
        if data is not None:
            names = names_of(self._X)
            if options.resume:
                names = state.feature_names or names
            key = (*kind, names, id(data))  # the options keep `data`: no other gets its id
            if key not in self._validations:
                self._validations[key] = as_validation(state, data, names)
            validation = self._validations[key]
        pair = self._pairs[kind]
        held = self._held(k, pair[1])
        return as_request(
            state, self._X, self._y, options, pair=pair, validation=validation, held=held
        )

    def _held(self, k: int, targets: Array) -> Array | None:
        """Return the numbers of the samples that network `k` holds out, in order."""
        if self._given is None:
            return None
        if self._folds is None:
            self._folds = as_folds(self._given, targets, self._n_networks)
        return self._folds[k % len(self._folds)]


class PopulationFit:
    """The training of networks, by their indices: checked requests and results."""

    def __init__(
        self,
        networks: Mapping[int, Network],
        shared: SharedData,
        options: Sequence[Mapping[str, Any]],
    ) -> None:
        self._networks, self._requests = networks, dict[int, FitRequest]()
        self._n_all: dict[int, int] = {}  # samples, before some are held out
        callbacks: dict[int, int] = {}
        for k, net in networks.items():
            with noting_network(k):
                request = shared.as_request(k, state_of(net), FitOptions(**options[k]))
            self._requests[k] = request
            self._n_all[k] = request.source.n_samples or 0
            for callback in request.config.callbacks:
                if (first := callbacks.setdefault(id(callback), k)) != k:
                    raise ValueError(
                        f"callbacks must be of one network each, got {callback!r} for both "
                        f"{first} and {k}: give each its own in settings"
                    )
        self.errors: list[BaseException] = []
        self.diverged: dict[int, DivergenceError] = {}
        self._bar: tqdm[NoReturn] | None = None
        self._lock, self._n_done = threading.Lock(), 0

    def expect(self, monitor: str) -> None:
        """Raise unless every network records the metric; further ones may come from callbacks."""
        for k, request in self._requests.items():
            if not request.config.callbacks:
                with noting_network(k):
                    check_recorded(monitor, request.recorded(state_of(self._networks[k]).model))

    def run(self, record: Record, n_threads: int, *, progress: bool) -> None:
        """Train all, and put on record what holds of them then; the caller has the locks.

        Those that diverge are in `diverged`.
        """
        with ExitStack() as stack:
            if progress:
                total = sum(map(self._n_samples, self._networks))
                self._bar = stack.enter_context(bar_of_samples(total))
            jobs = (self._train(k) for k in self._order())
            try:
                threads.run(jobs, min(n_threads, len(self._networks)), self.errors)
            finally:
                record.put(dict(self._notes()))

    def _n_samples(self, k: int) -> int:
        """Return how many samples a network sees, with repetitions, unless it is stopped early."""
        request = self._requests[k]
        n_samples = request.source.n_samples or 0
        return request.config.epochs * (n_samples - request.n_validation)

    def _order(self) -> list[int]:
        """Return the indices of the networks, longest training first, to keep all threads busy."""
        costs = {
            k: state_of(self._networks[k]).model.cost(request.source.X) * self._n_samples(k)
            for k, request in self._requests.items()
            if isinstance(request.source, Arrays)
        }
        return sorted(costs, key=costs.__getitem__, reverse=True)

    def _train(self, k: int) -> Iterator[None]:
        """Train a network."""
        left = self._n_samples(k)

        def watch(n_samples: int) -> None:
            nonlocal left
            if self.errors:
                raise _Abandoned
            left -= n_samples
            self._advance(n_samples)

        request = self._requests[k]
        request.config.watch = watch
        try:
            with noting_network(k):
                TrainingLoop(self._networks[k], request).train()
        except _Abandoned:
            return
        except DivergenceError as error:
            self.diverged[k] = error
        self._advance(left, n_networks=1)
        yield

    def _advance(self, n_samples: int, n_networks: int = 0) -> None:
        """Update the progress bar by trained or skipped samples, and by finished networks."""
        if self._bar is not None:
            with self._lock:
                self._n_done += n_networks
                self._bar.set_postfix_str(f"{self._n_done}/{len(self._networks)} networks", False)
                self._bar.update(n_samples)

    def _notes(self) -> Iterator[tuple[int, Note]]:
        """Yield the index of each network whose training has begun, and a note on it."""
        for k, request in self._requests.items():
            state = state_of(self._networks[k])
            best = [
                callback.best_epoch
                for callback in request.config.callbacks
                if isinstance(callback, EarlyStopping) and callback.restore_best
                if callback.best_epoch is not None
            ]
            if state.training is request.training:
                yield k, Note(best[-1] if best else None, request.held, self._n_all[k])

    def divergence(self) -> DivergenceError:
        """Return the error for all networks that have diverged."""
        numbers = sorted(self.diverged)
        message = f"network {numbers[0]}: {self.diverged[numbers[0]]}"
        if len(numbers) > 1:
            message += f"; {len(numbers)} of {len(self._networks)} networks diverged: {numbers}"
        error = DivergenceError(message)
        error.networks = tuple(numbers)
        return error


def locked(networks: Sequence[Network], stack: ExitStack) -> None:
    """Keep other threads from training the networks until the stack is left."""
    for k, net in enumerate(networks):
        with noting_network(k):
            stack.enter_context(state_of(net).lock)


def as_n_threads(n_threads: Any) -> int:
    """Return the number of threads; None means one for each core."""
    return threads.n_cores() if n_threads is None else as_count("n_threads", n_threads)


@contextmanager
def noting_network(k: int) -> Iterator[None]:
    """Add a note to an error that names the network."""
    try:
        yield
    except Exception as error:
        error.add_note(f"network {k} of the population")
        raise


def as_options(common: Mapping[str, Any], settings: Any, n_networks: int) -> list[dict[str, Any]]:
    """Return the keyword arguments of `Network.fit` for each network."""
    if settings is None:
        settings = [{}] * n_networks
    if not isinstance(settings, Sequence) or len(settings) != n_networks:
        raise ValueError(f"settings must be a sequence of {n_networks}, got {settings!r}")
    for own in (common, *settings):
        if not isinstance(own, Mapping):
            raise TypeError(f"settings must hold mappings, got {own!r}")
        if unknown := [name for name in own if name not in _OPTIONS]:
            hint = hint_of_argument(str(unknown[0]), _OPTIONS)
            if unknown[0] in _OF_ALL:
                hint = (
                    ", which a network of a population has not: give progress=True, a bar of all "
                    "together, or a network in settings callbacks=[PrintMetrics(...)]"
                )
            raise TypeError(f"arguments must be those of Network.fit, got {unknown}{hint}")
    return [{**common, **own} for own in settings]
