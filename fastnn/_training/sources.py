"""Where the samples of an epoch come from: arrays in memory, or chunks that arrive one by one.

A source yields the parts of an epoch, each as arrays for the kernels. To add one, write a class
with the attributes and methods of `Source`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .._checks.arrays import Array
from .._checks.frames import names_of
from .._checks.heads import by_head, check_metrics_of
from .._checks.inputs import whole
from .._checks.stored import Inputs
from ..core.inputs import Samples
from ..standardize import Standardize
from .model import Model, total_weight
from .state import NetworkState


class Source(Protocol):
    """The samples that training goes through in each epoch."""

    @property
    def n_samples(self) -> int | None:
        """The number of samples in an epoch; None if that is not known in advance."""

    def parts(self, epoch: int) -> Iterable[tuple[str, Arrays]]:
        """Return the parts of an epoch, each with the place that an error names; empty for all."""


class Arrays:
    """Samples in memory, or stored where a part can be read at any time; one part.

    `weights` are empty if all are 1. `rows` are the numbers of the training samples; None means
    all.
    """

    __slots__ = ("X", "Y", "is_sparse", "n_samples", "rows", "weights")

    def __init__(self, X: Inputs, Y: Array, weights: Array, rows: Array | None = None) -> None:
        self.X, self.Y, self.weights, self.rows = X, Y, weights, rows
        self.n_samples = len(Y) if rows is None else len(rows)
        self.is_sparse = X.is_sparse

    @classmethod
    def none(cls, model: Model) -> Arrays:
        """Return no samples, for a runner that has its own."""
        X = Samples.dense(np.empty((0, model.n_in)))
        return cls(X, np.empty((0, model.n_out)), model.no_weights)

    def with_inputs(self, X: Inputs) -> Arrays:
        """Return the same samples with other inputs."""
        return Arrays(X, self.Y, self.weights, self.rows)

    def total_weight(self) -> float:
        """Return the sum of the weights of the training samples."""
        weights, rows = self.weights, self.rows
        if not weights.size:
            return float(self.n_samples)
        return total_weight(weights if rows is None else weights[rows], self.n_samples)

    def parts(self, epoch: int) -> Iterable[tuple[str, Arrays]]:
        """Return the arrays."""
        return (("", self),)


@dataclass
class Chunks:
    """Chunks, or a function that returns them for each epoch; checked one by one as they arrive.

    Empty chunks are skipped. `fault` is the error of a chunk that is not valid. With `is_raw` the
    inputs are not yet standardised.
    """

    chunks: Any
    state: NetworkState
    metrics: Collection[str] = ()
    fault: BaseException | None = field(default=None, init=False)
    is_raw: bool = field(default=False, init=False)
    n_samples = None

    def parts(self, epoch: int) -> Iterator[tuple[str, Arrays]]:
        """Yield the chunks; an error of their source says where it was."""
        number, is_empty = 0, True
        try:
            for number, chunk in enumerate(self._chunks_of_epoch()):
                where = f"chunk {number} of epoch {epoch}"
                if (arrays := self._checked(chunk, where)) is not None:
                    is_empty = False
                    yield where, arrays
        except (Exception, KeyboardInterrupt) as error:
            if error is not self.fault:
                error.add_note(f"after chunk {number} of epoch {epoch}")
            raise
        if is_empty:
            self.fault = ValueError(
                "chunks with samples must come in every epoch, got none in epoch "
                f"{epoch}: a generator ends with the first; give a function that returns one"
            )
            raise self.fault

    def _chunks_of_epoch(self) -> Iterable[Any]:
        """Return what is gone through in an epoch."""
        given = self.chunks
        if callable(given):
            given = self._returned(given())
        chunks: Iterable[Any] = given
        return chunks

    def _returned(self, given: Any) -> Any:
        """Return what a user's function has returned, if it can be iterated over."""
        if not isinstance(given, Iterable) and not hasattr(given, "__getitem__"):
            self.fault = TypeError(
                "chunks() must return chunks, what yields (X, y) or (X, y, sample_weight), got "
                f"{given!r}: give a function that returns a list of them, or a generator"
            )
            raise self.fault
        return given

    def _checked(self, chunk: Any, where: str) -> Arrays | None:
        """Return a chunk for the kernels, or None if it is empty."""
        try:
            X, y, sample_weight = parts_of_chunk(chunk)
            state = self.state
            ys = by_head(y, state.model.loss) if state.model.parts and y is not None else (y,)
            if X is not None and not any(map(_n_rows, (X, *ys, sample_weight))):
                return None
            inputs, targets = state.as_pair(X, y, names=state.feature_names, raw=self.is_raw)
            check_metrics_of(self.metrics, targets, state.model.loss)
            weights = state.as_weights(sample_weight, len(targets))
        except (ValueError, TypeError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            self.fault = kind(f"{where}: {error}")
            raise self.fault from error
        state.feature_names = state.feature_names or names_of(X)
        return Arrays(whole(inputs), targets, weights)


def parts_of_chunk(chunk: Any) -> tuple[Any, Any, Any]:
    """Return the inputs, the targets and the sample weights, or None, of a chunk."""
    if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3):
        raise ValueError(
            f"a chunk must be (X, y) or (X, y, sample_weight), got {type(chunk).__name__}"
        )
    return (*chunk, None)[:3]


def _n_rows(part: Any) -> int:
    """Return the number of rows of an array, table or list; 0 for None, -1 for other objects."""
    if part is None:
        return 0
    shape = getattr(part, "shape", None)
    if shape is not None:
        return int(shape[0]) if len(shape) else -1
    return len(part) if hasattr(part, "__len__") else -1


def check_reachable(step: Standardize | None, X: Any) -> None:
    """Raise if chunks end with the first pass over them, and `step` needs one of its own."""
    if step is not None and step.scale is None and isinstance(X, Iterator):
        raise ValueError(
            "chunks must come twice for Standardize() to learn from them before training, got an "
            "iterator, which ends with the first pass: give a list, or a function that returns one"
        )


def check_chunks(X: Any, options: Any) -> None:
    """Raise unless `X` can be iterated over and no option of `fit` needs all data at once."""
    if not callable(X) and not isinstance(X, Iterable):
        raise TypeError(f"without y, X must be chunks or a function that returns them, got {X!r}")
    if isinstance(X, np.ndarray):
        raise TypeError("y must be given where X is an array")
    for name in ("sample_weight", "class_weight", "validation_fraction"):
        if (value := getattr(options, name)) is not None:
            raise ValueError(f"{name} must not be given with chunks, got {value!r}")
