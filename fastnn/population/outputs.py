"""The forward pass of all networks over one table, in parts that threads share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .._checks.arrays import Array
from .._checks.frames import check_names
from .._checks.heads import split
from .._checks.inputs import whole
from .._training import threads
from .._training.state import state_of
from ..core import Handle, predict_population
from ..core.inputs import Samples
from ..network import Network
from ..optimizers import SGD
from .networks import common_heads, kind_of
from .record import Note
from .results import Prediction
from .training import noting_network

_MOST_ROWS = 512  # in a part: enough that Python takes some hundredths of it
_MOST_OUTPUTS = 1 << 22  # of all networks, for the rows that are averaged at once
_PART_OUTPUTS = 1 << 16  # of a part: they stay in the cache until they are copied
_PART = 20_000_000  # parameters visited in a part, once for each row: some milliseconds
_LEAST = 2_000_000  # the same, for each thread: 0.1 to 0.3 ms, and 0.1 ms is what one costs
# Parameters of a network, at most, whose kind is predicted in one compiled call. us a row of
# 784-128-10 so and by `predict_rows`, which takes a part of the weights at a time: 7 and 5 in
# float64, 2.3 and 2.2 in float32; of 100-256-128-10, which has 60 000, 2.5 and 2.7, 1.1 and 1.3.
_LARGEST = 1 << 16


@dataclass(frozen=True)
class _Kind:
    """Networks whose parameters are laid out alike.

    `vectors` has the parameters of each, unless they are predicted one by one; `handle` makes a
    handle of their layers.
    """

    numbers: list[int]
    size: int
    handle: Callable[[], Handle]
    vectors: Array | None


class Forward:
    """All networks over one table, which is checked here and once."""

    def __init__(self, networks: Sequence[Network], X: Any) -> None:
        self._networks, self.n_out = networks, networks[0].n_out
        self._tables: dict[Any, Samples] = {}
        kinds: dict[Any, list[int]] = {}
        for k, net in enumerate(networks):
            if (names := state_of(net).feature_names) is not None:
                with noting_network(k):
                    check_names(X, names)
            if net.n_out != self.n_out:
                raise ValueError(
                    f"networks must have the same n_out, got {self.n_out} at 0 and {net.n_out} at "
                    f"{k}"
                )
            form = _form_of(net)
            if form not in self._tables:
                with noting_network(k):
                    samples = whole(state_of(net).as_inputs(X, row=True))
                self._tables[form] = samples
            kinds.setdefault((*kind_of(net), form), []).append(k)
        self._is_row = np.ndim(X) == 1
        self.n_samples, self.dtype = samples.n_samples, np.result_type(*(n.dtype for n in networks))
        self._kinds = [
            self._kind(numbers, is_sparse=samples.is_sparse) for numbers in kinds.values()
        ]

    def _kind(self, numbers: list[int], *, is_sparse: bool) -> _Kind:
        first = self._networks[numbers[0]]
        vectors = None
        if not is_sparse and first.params.size <= _LARGEST:
            vectors = np.array([self._networks[k].params for k in numbers])
        handle = partial(state_of(first).model.handle, SGD())
        return _Kind(numbers, first.params.size, handle, vectors)

    def outputs(self, n_threads: int) -> Array:
        """Return the outputs, shape (n_networks, n_samples, n_out), or those of one row."""
        n_threads = self._threads_worth_starting(n_threads)
        outputs = np.empty((len(self._networks), self.n_samples, self.n_out), self.dtype)
        chunks = self._chunks(_MOST_ROWS)
        parts = [(chunk, part) for chunk in chunks for part in self._parts(chunk, n_threads)]
        jobs = (self._fill(part, *chunk, outputs[:, slice(*chunk)]) for chunk, part in parts)
        threads.run(jobs, min(n_threads, len(parts)))
        return outputs[:, 0] if self._is_row else outputs

    def prediction(self, n_threads: int, notes: Sequence[Note] | None = None) -> Prediction:
        """Return mean and spread over the networks; with notes, over those that held a row out."""
        parts = common_heads(self._networks)
        if notes is None:
            found = self._mean_and_spread(n_threads)
        else:
            found = self._out_of_fold(notes, n_threads)
        return Prediction(*(split(table, parts) if parts else table for table in found))

    def _mean_and_spread(self, n_threads: int) -> tuple[Array, Array]:
        """Return mean and standard deviation over the networks, shape (n_samples, n_out)."""
        mean, spread = np.empty((2, self.n_samples, self.n_out), self.dtype)
        self._average(mean, spread, self._threads_worth_starting(n_threads))
        return (mean[0], spread[0]) if self._is_row else (mean, spread)

    def _average(self, mean: Array, spread: Array, n_threads: int) -> None:
        """Overwrite mean and standard deviation."""
        most = min(_MOST_ROWS, _MOST_OUTPUTS // (len(self._networks) * self.n_out))
        chunks = self._chunks(max(1, most))

        def average(outputs: Array, start: int, stop: int) -> None:
            mean[start:stop] = outputs.mean(axis=0)[: stop - start]
            spread[start:stop] = outputs.std(axis=0)[: stop - start]

        def predict_chunk(start: int, stop: int) -> Iterator[None]:
            outputs = self._empty(stop - start)
            for part in self._parts((start, stop), 1):
                yield from self._fill(part, start, stop, outputs)
            average(outputs, start, stop)

        if len(chunks) > 1:
            threads.run((predict_chunk(*chunk) for chunk in chunks), min(n_threads, len(chunks)))
            return
        outputs = self._empty(self.n_samples)  # of few rows threads share the networks
        parts = self._parts(chunks[0], n_threads)
        jobs = (self._fill(part, *chunks[0], outputs) for part in parts)
        threads.run(jobs, min(n_threads, len(parts)))
        average(outputs, *chunks[0])

    def _out_of_fold(self, notes: Sequence[Note], n_threads: int) -> tuple[Array, Array]:
        """Return mean and deviation over the networks that have held out a row, or else NaN."""
        held = {k: note.held for k, note in enumerate(notes) if note.held is not None}
        if not held:
            raise ValueError(
                "out_of_fold must come after `fit` with folds or validation_fraction, got networks "
                "that have held out no samples in their last training"
            )
        for k in held:
            if notes[k].n_samples != self.n_samples:
                raise ValueError(
                    f"X must have the {notes[k].n_samples} samples of `fit` for out_of_fold, got "
                    f"{self.n_samples}"
                )
        counts, sums = np.zeros((self.n_samples, 1)), np.zeros((2, self.n_samples, self.n_out))
        found: dict[int, Array] = {}
        for k, rows in held.items():
            net = self._networks[k]
            found[k] = np.empty((len(rows), self.n_out), net.dtype)
            samples = self._tables[_form_of(net)].take(rows)
            state_of(net).model.predict(samples, found[k], n_threads)
            sums[0, rows] += found[k]
            counts[rows] += 1
        with np.errstate(invalid="ignore"):  # 0 / 0 where no network has held out a row
            mean = sums[0] / counts
            for k, rows in held.items():
                sums[1, rows] += (found[k] - mean[rows]) ** 2
            spread = np.sqrt(sums[1] / counts)
        return mean.astype(self.dtype), spread.astype(self.dtype)

    def _threads_worth_starting(self, n_threads: int) -> int:
        """Return how many threads, of `n_threads` at most, have enough to do."""
        size = sum(kind.size * len(kind.numbers) for kind in self._kinds)
        return max(1, min(n_threads, self.n_samples * size // _LEAST))

    def _empty(self, n_rows: int) -> Array:
        """Return outputs to be averaged, in float64.

        One row is spare: NumPy sums a single column in another order than several columns.
        """
        return np.zeros((len(self._networks), n_rows + 1, self.n_out))

    def _chunks(self, n_rows: int) -> list[tuple[int, int]]:
        """Return (start, stop) of parts of the rows."""
        starts = range(0, self.n_samples, n_rows)
        return [(start, min(start + n_rows, self.n_samples)) for start in starts]

    def _parts(self, chunk: tuple[int, int], n_threads: int) -> list[tuple[_Kind, slice]]:
        """Return networks that are predicted in one go for these rows, for all threads to do."""
        n_rows, parts = chunk[1] - chunk[0], []
        for kind in self._kinds:
            most = min(_PART_OUTPUTS // (n_rows * self.n_out), _PART // (n_rows * kind.size))
            step = max(1, min(most, -(-len(kind.numbers) // n_threads)))
            parts += [(kind, slice(k, k + step)) for k in range(0, len(kind.numbers), step)]
        return parts

    def _fill(
        self, part: tuple[_Kind, slice], start: int, stop: int, outputs: Array
    ) -> Iterator[None]:
        """Overwrite the first rows of `outputs` of some networks with those of rows of X."""
        kind, places = part
        numbers, n_rows = kind.numbers[places], stop - start
        first = self._networks[numbers[0]]
        table = self._tables[_form_of(first)]
        if kind.vectors is None:
            rows = _cut(table, start, stop)
            for k in numbers:
                own = np.empty((n_rows, self.n_out), first.dtype)
                state_of(self._networks[k]).model.predict(rows, own)
                outputs[k, :n_rows] = own
                yield
            return
        found = np.empty((len(numbers), n_rows, self.n_out), first.dtype)
        X = table.values[start:stop].copy()  # writable: a kernel has one type
        predict_population(kind.handle(), kind.vectors[places], X, found)
        outputs[numbers, :n_rows] = found
        yield


def _form_of(net: Network) -> tuple[Any, ...]:
    """Return what networks have in common that take the same inputs from a table."""
    if (step := net.standardize) is None:
        return net.n_in, net.dtype
    moments = (
        None if part is None else np.asarray(part).tobytes() for part in (step.mean, step.scale)
    )
    return net.n_in, net.dtype, *moments


def _cut(table: Samples, start: int, stop: int) -> Samples:
    """Return rows of a table, as a view if it is dense."""
    if table.is_sparse:
        return table.take(np.arange(start, stop))
    return Samples.dense(table.values[start:stop])
