"""Heads: parts of a network's outputs, each with targets, a loss and metrics of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_array, as_read_only
from .frames import names_of
from .targets import Rule, as_targets, check_metrics


class Part(NamedTuple):
    """A head: its name, its activation and its outputs, [start, stop) of all."""

    name: str
    activation: Any
    start: int
    stop: int

    @property
    def n_out(self) -> int:
        """The number of outputs."""
        return self.stop - self.start

    def __str__(self) -> str:
        return f"{self.name} {self.n_out} {self.activation}"


class RuleOfHeads(Protocol):
    """What a loss with heads says of its targets; without heads both are empty."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The heads."""

    @property
    def losses(self) -> Sequence[Rule]:
        """Their losses."""


def split(array: Array, parts: Sequence[Part]) -> tuple[Array, ...]:
    """Return views of each head's columns, along the last axis."""
    return tuple(array[..., part.start : part.stop] for part in parts)


@contextmanager
def naming(part: Part) -> Iterator[None]:
    """Let an error name the head."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"head {part.name}: {error}") from error


def targets_of_heads(
    y: Any, n_samples: int, dtype: np.dtype[Any], loss: RuleOfHeads, *, row: bool = False
) -> Array:
    """Return the targets of all heads side by side, shape (n_samples, n_out)."""
    columns = []
    for part, own, given in zip(loss.parts, loss.losses, by_head(y, loss, row=row), strict=True):
        with naming(part):
            columns.append(as_targets(given, n_samples, part.n_out, dtype, own, row=row))
    return as_read_only(np.hstack(columns))


def by_head(y: Any, loss: RuleOfHeads, *, row: bool = False) -> Sequence[ArrayLike]:
    """Return the targets of each head as they are given: in a list, by name, or side by side."""
    names = [part.name for part in loss.parts]
    if (found := names_of(y)) is not None:
        if set(found) == set(names) and len(found) == len(names):
            return [y[name] for name in names]
        if names != [f"head_{k}" for k in range(len(names))]:
            raise ValueError(
                f"y must have a column for each head ({', '.join(names)}), got "
                f"{', '.join(found)}: rename them, or give a list of one array for each head"
            )
    if isinstance(y, Mapping):
        if set(y) != set(names):
            raise ValueError(
                f"y must have targets for {', '.join(names)}, got {', '.join(map(str, y))}"
            )
        return [y[name] for name in names]
    if isinstance(y, list | tuple):
        if len(y) != len(names):
            raise ValueError(
                f"y must hold {len(names)} arrays, one for each head ({', '.join(names)}), got "
                f"{len(y)}; the columns of all heads side by side must be one array"
            )
        return [*y]
    array = as_array("y", y)
    if row and array.ndim == 1:
        array = array[np.newaxis]
    counts = [
        part.n_out // own.n_per_target for part, own in zip(loss.parts, loss.losses, strict=True)
    ]
    if array.ndim != 2 or array.shape[1] not in (sum(counts), len(names)):
        each = ", ".join(f"{n} of {name}" for name, n in zip(names, counts, strict=True))
        raise ValueError(
            f"y must be a list of {len(names)} arrays, one for each head, or one array of "
            f"{sum(counts)} columns ({each}), or of {len(names)}, of which one may be class "
            f"labels, got shape {np.shape(y)}"
        )
    if array.shape[1] != sum(counts):
        counts = [1] * len(names)
    return np.split(array, np.cumsum(counts)[:-1], axis=1)


def given_by_head(y: Any, loss: RuleOfHeads) -> Any:
    """Return `y` for a user's metric: an array, or a tuple with one for each head."""
    if not loss.parts:
        return as_array("y", y)
    return tuple(as_array("y", given) for given in by_head(y, loss))


def rows_of_given(y: Any, rows: Array) -> Any:
    """Return some rows of what `given_by_head` has returned."""
    return tuple(part[rows] for part in y) if isinstance(y, tuple) else np.asarray(y)[rows]


def check_metrics_of(metrics: Collection[str], targets: Array, loss: Any) -> None:
    """Do what `check_metrics` does, for the metrics of each head; of one that has none, too."""
    if not loss.parts:
        check_metrics(metrics, targets, loss)
        return
    for part, own, columns in zip(loss.parts, loss.losses, split(targets, loss.parts), strict=True):
        asked = [name for name in ("accuracy", "mse", "mae") if f"{part.name}_{name}" in metrics]
        with naming(part):
            check_metrics(asked, columns, own)
