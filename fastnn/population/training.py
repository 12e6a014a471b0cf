"""The training of a population: one call of `Population.fit`."""

from __future__ import annotations

import inspect
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from .._checks.names import hint_of_argument
from .._training.options import Once
from ..callbacks import EarlyStopping
from ..errors import DivergenceError
from ..history import History
from ..network import Network

if TYPE_CHECKING:
    from tqdm import tqdm

_DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(Network.fit).parameters.items()
    if parameter.kind is parameter.KEYWORD_ONLY and name != "progress"
}


class _Abandoned(BaseException):
    """Raised inside the training of a network, because that of another has failed."""


class PopulationFit:
    """The training of all networks: their checked requests and their results."""

    def __init__(
        self, networks: Sequence[Network], X: Any, y: Any, options: Sequence[Mapping[str, Any]]
    ) -> None:
        kinds: defaultdict[tuple[Any, ...], Once] = defaultdict(Once)
        self._networks = networks
        self._prepared = []
        callbacks: dict[int, int] = {}
        for k, (net, own) in enumerate(zip(networks, options, strict=True)):
            once = kinds[net.n_in, net.n_out, net.dtype, net.loss_name]
            with named(k):
                prepared = net._prepare(X, y, once, progress=False, **own)
            self._prepared.append(prepared)
            for callback in prepared.plan.callbacks:
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
        _, Y, plan, *_ = self._prepared[k]
        return plan.epochs * (len(Y) - plan.n_held)

    def order(self) -> list[int]:
        """Return the indices of the networks, longest training first, to keep all threads busy."""
        costs = [
            net._model.cost(prepared.X) * self._n_samples(k)
            for k, (net, prepared) in enumerate(zip(self._networks, self._prepared, strict=True))
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

        prepared = self._prepared[k]
        prepared.plan.watch = watch
        try:
            with named(k):
                self._networks[k]._train_alone(prepared)
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
            k: (self._networks[k]._latest, callback.best_epoch)
            for k, prepared in enumerate(self._prepared)
            for callback in prepared.plan.callbacks
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
def named(k: int) -> Iterator[None]:
    """Add a note to an error that names the network."""
    try:
        yield
    except Exception as error:
        error.add_note(f"network {k} of the population")
        raise


def as_options(common: Mapping[str, Any], settings: Any, n_networks: int) -> list[dict[str, Any]]:
    """Return all keyword arguments of `Network.fit` for each network."""
    if settings is None:
        settings = [{}] * n_networks
    if not isinstance(settings, Sequence) or len(settings) != n_networks:
        raise ValueError(f"settings must be a sequence of {n_networks}, got {settings!r}")
    for own in (common, *settings):
        if not isinstance(own, Mapping):
            raise TypeError(f"settings must hold mappings, got {own!r}")
        if unknown := [name for name in own if name not in _DEFAULTS]:
            hint = hint_of_argument(str(unknown[0]), _DEFAULTS)
            raise TypeError(f"arguments must be those of Network.fit, got {unknown}{hint}")
    return [{**_DEFAULTS, **common, **own} for own in settings]
