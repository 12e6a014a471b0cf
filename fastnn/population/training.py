"""The training of a population: one call of `Population.fit`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from .._checks.arrays import Array
from .._checks.frames import names_of
from .._checks.names import hint_of_argument
from .._checks.stored import Inputs
from .._training.config import FitRequest, Validation
from .._training.loop import TrainingLoop
from .._training.request import FitOptions, as_request, as_validation
from .._training.sources import Arrays
from .._training.state import NetworkState, state_of
from ..callbacks import EarlyStopping
from ..errors import DivergenceError
from ..history import History
from ..network import Network

if TYPE_CHECKING:
    from tqdm import tqdm

# `progress` is that of all networks together.
_OPTIONS = tuple(name for name in FitOptions._fields if name != "progress")


class _Abandoned(BaseException):
    """Raised inside the training of a network, because that of another has failed."""


class SharedData:
    """The data of a call: checked and converted once for all networks that take them alike."""

    def __init__(self, X: Any, y: Any) -> None:
        self._X, self._y = X, y
        self._pairs: dict[Any, tuple[Inputs, Array]] = {}
        self._validations: dict[Any, Validation] = {}

    def as_request(self, state: NetworkState, options: FitOptions) -> FitRequest:
        """Return the checked request of a network."""
        model, data, validation = state.model, options.validation_data, None
        kind = model.n_in, model.n_out, model.dtype, model.loss
        if kind not in self._pairs:
            self._pairs[kind] = state.as_pair(self._X, self._y)
        if data is not None:
            names = names_of(self._X)
            if options.resume:
                names = state.feature_names or names
            key = (*kind, names, id(data))  # the options keep `data`: no other gets its id
            if key not in self._validations:
                self._validations[key] = as_validation(state, data, names)
            validation = self._validations[key]
        pair = self._pairs[kind]
        return as_request(state, self._X, self._y, options, pair=pair, validation=validation)


class PopulationFit:
    """The training of all networks: their checked requests and their results."""

    def __init__(
        self, networks: Sequence[Network], X: Any, y: Any, options: Sequence[Mapping[str, Any]]
    ) -> None:
        shared = SharedData(X, y)
        self._networks, self._requests = networks, list[FitRequest]()
        callbacks: dict[int, int] = {}
        for k, (net, own) in enumerate(zip(networks, options, strict=True)):
            with noting_network(k):
                request = shared.as_request(state_of(net), FitOptions(**own))
            self._requests.append(request)
            for callback in request.config.callbacks:
                if (first := callbacks.setdefault(id(callback), k)) != k:
                    raise ValueError(
                        f"callbacks must be of one network each, got {callback!r} for both "
                        f"{first} and {k}: give each its own in settings"
                    )
        self.errors: list[BaseException] = []
        self.diverged: dict[int, DivergenceError] = {}
        self.n_samples = sum(map(self._n_samples, range(len(networks))))
        self.bar: tqdm[NoReturn] | None = None
        self._lock, self._n_done = threading.Lock(), 0

    def _n_samples(self, k: int) -> int:
        """Return how many samples a network sees, with repetitions, unless it is stopped early."""
        request = self._requests[k]
        n_samples = request.source.n_samples or 0
        return request.config.epochs * (n_samples - request.n_validation)

    def order(self) -> list[int]:
        """Return the indices of the networks, longest training first, to keep all threads busy."""
        costs = [
            state_of(net).model.cost(request.source.X) * self._n_samples(k)
            for k, (net, request) in enumerate(zip(self._networks, self._requests, strict=True))
            if isinstance(request.source, Arrays)
        ]
        return sorted(range(len(costs)), key=costs.__getitem__, reverse=True)

    def train(self, k: int) -> Iterator[None]:
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
        if self.bar is not None:
            with self._lock:
                self._n_done += n_networks
                self.bar.set_postfix_str(f"{self._n_done}/{len(self._networks)} networks", False)
                self.bar.update(n_samples)

    def restored(self) -> dict[int, tuple[History, int]]:
        """Return, by network, the history and the epoch whose weights a callback has restored."""
        return {
            k: (state_of(self._networks[k]).latest, callback.best_epoch)
            for k, request in enumerate(self._requests)
            for callback in request.config.callbacks
            if isinstance(callback, EarlyStopping) and callback.restore_best
            if callback.best_epoch is not None
        }

    def divergence(self) -> DivergenceError:
        """Return the error for all networks that have diverged."""
        numbers = sorted(self.diverged)
        message = f"network {numbers[0]}: {self.diverged[numbers[0]]}"
        if len(numbers) > 1:
            message += f"; {len(numbers)} of {len(self._networks)} networks diverged: {numbers}"
        error = DivergenceError(message)
        error.networks = tuple(numbers)
        return error


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
            raise TypeError(f"arguments must be those of Network.fit, got {unknown}{hint}")
    return [{**common, **own} for own in settings]
