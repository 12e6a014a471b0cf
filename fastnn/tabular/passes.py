"""The two passes over a table: what its columns hold, and then its rows, encoded.

Neither takes memory that grows with the number of rows, but for the encoded rows of a table that is
trained on all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .._checks.arrays import Array
from .encoding import Encoder, Encoding, SourceLocation
from .fields import Column, Fields, TableError, parse, texts_of
from .profile import ColumnProfile, task_of
from .rows import TRAINING, SpillBuffer, Split
from .streaming import Chunk, Table, place_of, with_progress


class Profile(NamedTuple):
    """What the first pass found."""

    encoding: Encoding
    reason: str  # for the task
    n_rows: int
    n_dropped: int


class TableOptions(NamedTuple):
    """How to read a table: the flags of `fastnn train` that are about it."""

    target: str
    task: str  # auto, classification or regression
    missing: str  # error, drop or mean
    categories: Sequence[str]
    ignored: Sequence[str]


def _column_numbers(table: Table, options: TableOptions) -> list[int]:
    """Return the places of the columns that are used, the target's at the end."""
    for name in (*options.categories, *options.ignored):
        place_of(table, name)
    target = place_of(table, options.target)
    left_out = {options.target, *options.ignored}
    used = [j for j, name in enumerate(table.names) if name not in left_out]
    if not used:
        raise TableError(f"{table.path} must have columns beside {options.target!r}, got none")
    return [*used, target]


def _kept_rows(fields: Sequence[Fields], missing: str) -> Array:
    """Return which rows are used: those that have the target and, to drop others, every value."""
    is_missing = fields[-1].missing
    if missing == "drop":
        is_missing = np.logical_or.reduce([of_column.missing for of_column in fields])
    return ~is_missing


def location_of(table: Table, chunk: Chunk) -> SourceLocation:
    """Return the source location of the rows of a chunk."""
    return SourceLocation(str(table.path), table.unit, chunk.lines)


def take_profile(table: Table, options: TableOptions, split: Split, *, quiet: bool) -> Profile:
    """Return what the columns of a table hold, from one pass over it."""
    numbers = _column_numbers(table, options)
    profiles = [ColumnProfile(table.names[j]) for j in numbers]
    n_rows = n_dropped = 0
    for chunk in with_progress(table, "reading", quiet=quiet):
        where = location_of(table, chunk)
        columns = [chunk.columns[j] for j in numbers]
        fields = [parse(column) for column in columns]
        if options.missing == "error":
            _check_none_missing(columns, fields, profiles, where)
        kept = _kept_rows(fields, options.missing)
        parts = split.parts(chunk.start, chunk.start + len(chunk.lines))
        n_rows, n_dropped = n_rows + len(kept), n_dropped + int((~kept).sum())
        for profile, column, of_column in zip(profiles, columns, fields, strict=True):
            dropped = Fields(of_column.numbers, of_column.missing | ~kept)
            profile.add(column, dropped, kept & (parts == TRAINING), where)
    if n_rows == n_dropped:
        raise TableError(f"{table.path} must have rows to train on, got {n_rows - n_dropped}")
    *others, target = profiles
    is_classification, reason = task_of(target, options.task)
    encoding = Encoding(
        tuple(_encoder(profile, options.categories) for profile in others),
        target.as_category() if is_classification else target.as_number(),
        options.missing == "mean",
    )
    if target.counts is not None and len(target.labels()) == 1:
        raise TableError(f"{options.target!r} must vary, got {min(target.counts)!r} in every row")
    return Profile(encoding, reason, n_rows, n_dropped)


def _check_none_missing(
    columns: Sequence[Column],
    fields: Sequence[Fields],
    profiles: Sequence[ColumnProfile],
    where: SourceLocation,
) -> None:
    """Raise if a value is missing: the one in the first row that lacks any."""
    missing = np.stack([of_column.missing for of_column in fields])
    if missing.any():
        row = int(missing.any(axis=0).argmax())
        j = int(missing[:, row].argmax())
        got = texts_of(columns[j])[row]
        raise where.error(row, profiles[j].name, "given (or --missing drop or mean)", got)


def _encoder(profile: ColumnProfile, categories: Sequence[str]) -> Encoder:
    """Return how to encode a column: as numbers where most are, unless the user says otherwise."""
    if profile.is_numeric and profile.name not in categories:
        return profile.as_number()
    return profile.as_category()


def encode_table(
    table: Table,
    options: TableOptions,
    split: Split,
    encoding: Encoding,
    parts: Sequence[SpillBuffer],
    *,
    quiet: bool,
) -> None:
    """Go through a table again, and append its encoded rows, the target last, to their parts."""
    numbers = _column_numbers(table, options)
    for chunk in with_progress(table, "encoding", quiet=quiet):
        where = location_of(table, chunk)
        columns = [chunk.columns[j] for j in numbers]
        part_of_row = split.parts(chunk.start, chunk.start + len(chunk.lines))
        if options.missing != "error":
            kept = np.flatnonzero(
                _kept_rows([parse(column) for column in columns], options.missing)
            )
            columns = [_taken(column, kept) for column in columns]
            where = SourceLocation(where.path, where.unit, where.lines[kept])
            part_of_row = part_of_row[kept]
        encoded = encoding.encode(columns, where, target=True)
        for part, rows in enumerate(parts):
            rows.append(encoded[part_of_row == part])


def _taken(column: Column, rows: Array) -> Column:
    """Return some fields of a column."""
    return (
        column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows.tolist()]
    )
