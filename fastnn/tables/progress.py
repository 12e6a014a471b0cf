"""A progress bar over the training of an ensemble, for a caller that has asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING, NoReturn

from .._training.loop import bar_of_samples
from ..callbacks import Callback, Run

if TYPE_CHECKING:
    from tqdm import tqdm

_is_wanted = ContextVar("_is_wanted", default=False)


@contextmanager
def progress_shown() -> Iterator[None]:
    """Show a bar, on a terminal or in a notebook, while an ensemble is trained inside."""
    before = _is_wanted.set(True)
    try:
        yield
    finally:
        _is_wanted.reset(before)


class Progress:
    """The samples that all networks have seen, with repetitions, and how many networks are done."""

    def __init__(self, bar: tqdm[NoReturn] | None, n_networks: int) -> None:
        self._bar, self._lock = bar, Lock()
        self._n_done, self._n_networks = 0, n_networks

    def of_network(self, n_epochs: int, n_rows: int) -> list[Callback]:
        """Return the callbacks of a network, which trains for so many epochs at most."""
        return [] if self._bar is None else [_Epochs(self, n_epochs, n_rows)]

    def advance(self, n_samples: int, n_networks: int = 0) -> None:
        """Count trained or skipped samples, and networks that are done, from any thread."""
        assert self._bar is not None
        with self._lock:
            self._n_done += n_networks
            self._bar.set_postfix_str(f"{self._n_done}/{self._n_networks} networks", False)
            self._bar.update(n_samples)


@contextmanager
def progress_of(n_samples: int, n_networks: int) -> Iterator[Progress]:
    """Yield the progress of an ensemble, which is shown inside `progress_shown`."""
    if not _is_wanted.get():
        yield Progress(None, n_networks)
        return
    with bar_of_samples(n_samples) as bar:
        yield Progress(bar, n_networks)


class _Epochs(Callback):
    """Counts the epochs of a network, at its end those that it did not need."""

    def __init__(self, progress: Progress, n_epochs: int, n_rows: int) -> None:
        self._progress, self._n_left, self._n_rows = progress, n_epochs, n_rows

    def epoch(self, run: Run) -> None:
        self._n_left -= 1
        self._progress.advance(self._n_rows)

    def end(self, run: Run) -> None:
        self._progress.advance(self._n_left * self._n_rows, n_networks=1)
