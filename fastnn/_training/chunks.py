"""Train on data that arrive in chunks, with one chunk in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._checks.arrays import Array
from ..core.inputs import Samples
from ..errors import DivergenceError
from .loop import Training, run_kernel
from .model import total_weight
from .snapshot import Snapshot

Canonical = Callable[..., tuple[Samples, Array, Array]]


class ChunkTraining:
    """Train one epoch over the chunks, checking each chunk as it arrives.

    In each epoch `chunks` is iterated over, or, if it is a function, its result. Empty chunks are
    skipped.
    """

    def __init__(self, net: Any, chunks: Any, as_canonical: Canonical) -> None:
        self._net, self._chunks, self._as_canonical = net, chunks, as_canonical
        self._fault: BaseException | None = None

    def __call__(self, this: Training) -> None:
        """Train one epoch and record it."""
        rates, sums, total = np.array([this.state.rate_ahead()]), np.zeros(1), 0.0
        for number, chunk in self._numbered(this.state.epochs):
            where = f"chunk {number} of epoch {this.state.epochs}"
            if (canonical := self._canonical(chunk, where)) is None:
                continue
            this.X, this.Y, this.plan.weights = canonical
            figures, is_finite = run_kernel(this, rates, this.draw_order(1))
            if not is_finite:
                error: DivergenceError = this.divergence(figures, rates)
                error.add_note(where)
                raise error
            sums, total = sums + figures, total + total_weight(this.plan.weights, len(this.Y))
        if total == 0:
            self._fault = ValueError(
                "chunks with samples must come in every epoch, got none in epoch "
                f"{this.state.epochs}: a generator ends with the first; give a function that "
                "returns one"
            )
            raise self._fault
        this.finish_epochs(sums / total, rates)

    def _numbered(self, epoch: int) -> Iterator[tuple[int, Any]]:
        """Yield numbered chunks; an error of their source says where it was."""
        number = 0
        try:
            for number, chunk in enumerate(self._pass()):
                yield number, chunk
        except (Exception, KeyboardInterrupt) as error:
            if error is self._fault:
                raise
            error.add_note(f"after chunk {number} of epoch {epoch}")
            raise

    def _pass(self) -> Any:
        """Return what is gone through in an epoch."""
        if not callable(self._chunks):
            return self._chunks
        chunks = self._chunks()
        if not isinstance(chunks, Iterable) and not hasattr(chunks, "__getitem__"):
            self._fault = TypeError(
                "chunks() must return chunks, what yields (X, y) or (X, y, sample_weight), got "
                f"{chunks!r}: give a function that returns a list of them, or a generator"
            )
            raise self._fault
        own: Iterable[Any] = chunks
        return own

    def _canonical(self, chunk: Any, where: str) -> tuple[Samples, Array, Array] | None:
        """Return a chunk for the kernels, or None if it is empty."""
        try:
            if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3):
                raise ValueError(
                    f"a chunk must be (X, y) or (X, y, sample_weight), got {type(chunk).__name__}"
                )
            if chunk[0] is not None and not any(map(_n_rows, chunk)):
                return None
            return self._as_canonical(*chunk)
        except (ValueError, TypeError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            self._fault = kind(f"{where}: {error}")
            raise self._fault from error

    @contextmanager
    def put_back_faults(self) -> Iterator[None]:
        """Surround all training: restore the network if a chunk is not valid."""
        before = Snapshot(self._net)
        try:
            yield
        except (ValueError, TypeError) as error:
            if error is self._fault:
                before.put_back()
            raise


def _n_rows(part: Any) -> int:
    """Return the number of rows of an array, table or list; 0 for None, -1 for other objects."""
    if part is None:
        return 0
    shape = getattr(part, "shape", None)
    if shape is not None:
        return int(shape[0]) if len(shape) else -1
    return len(part) if hasattr(part, "__len__") else -1


def as_chunks(X: Any, **not_with_chunks: object) -> Any:
    """Return `X` if it can be iterated over and no option needs all data at once."""
    if not callable(X) and not isinstance(X, Iterable):
        raise TypeError(f"without y, X must be chunks or a function that returns them, got {X!r}")
    if isinstance(X, np.ndarray):
        raise TypeError("y must be given where X is an array")
    for name, value in not_with_chunks.items():
        if value is not None:
            raise ValueError(f"{name} must not be given with chunks, got {value!r}")
    return X
