"""What is to be predicted: classes or numbers, by what the column of the target holds."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from .._checks.arrays import Array
from ..tables.columns import NUMBER, TEXT, columns_of
from ..tables.errors import TableError
from .reading import Table

MOST_CLASSES = 1000
_MOST_LABELS = 20  # of whole numbers that are taken for classes
_ROWS = 10_000  # of a chunk


class TargetProfile(NamedTuple):
    """What one pass over the column of the target found."""

    name: str
    kind: str  # of the column: number, text or time
    is_bool: bool
    n_rows: int
    n_missing: int
    counts: Counter[Any] | None  # of its values; None if there are more than `MOST_CLASSES`
    are_whole: bool  # numbers, as far as they were counted

    def describe(self) -> str:
        """Return what the column holds."""
        different = f"more than {MOST_CLASSES}" if self.counts is None else len(self.counts)
        what = "numbers with fractions"
        if self.kind == TEXT or self.is_bool:
            what = "truth values" if self.is_bool else "texts"
        elif self.counts is None or self.are_whole:
            what = "numbers" if self.counts is None else "whole numbers"
        return f"{self.name!r} holds {what}, {different} different ones"


class Target(NamedTuple):
    """What is to be predicted.

    A target of classes is read as texts, so that they come back as they were written.
    """

    name: str
    classes: list[str] | None  # sorted; None: numbers
    reason: str

    def codes(self, labels: Array) -> Array:
        """Return the place of each label among the classes."""
        assert self.classes is not None
        place = {label: code for code, label in enumerate(self.classes)}
        return np.fromiter(map(place.__getitem__, labels.tolist()), np.int64, len(labels))


class Problem(NamedTuple):
    """What is to be learnt of a table, and from which of its columns."""

    table: Table
    names: list[str]  # of the columns to predict from
    target: Target
    n_rows: int  # of the table, those without a target too


def profile_of(table: Table, name: str) -> TargetProfile:
    """Return what the column of the target holds."""
    counts: Counter[Any] | None = Counter()
    kind, is_bool = NUMBER, False
    n_rows = n_missing = 0
    for chunk in table.chunks(_ROWS, [name]):
        (column,) = columns_of(chunk)
        missing = column.missing
        n_rows, n_missing = n_rows + len(missing), n_missing + int(missing.sum())
        kind, is_bool = column.kind, chunk.schema.field(0).type == pa.bool_()
        if counts is not None:
            counts.update(column.values[~missing].tolist())
            if len(counts) > MOST_CLASSES:
                counts = None
    if n_rows == n_missing:
        raise TableError(
            f"{table.path}: {name!r} must hold a value in some row, got {n_rows} rows without: "
            "choose another --target"
        )
    are_whole = kind == NUMBER and all(value.is_integer() for value in counts or ())
    return TargetProfile(name, kind, is_bool, n_rows, n_missing, counts, are_whole)


def looks_like_classes(profile: TargetProfile) -> bool:
    """Return True if the target is texts, truth values or a few different whole numbers."""
    if profile.kind == TEXT or profile.is_bool:
        return True
    if profile.counts is None or not profile.are_whole:
        return False
    n_rows = profile.n_rows - profile.n_missing
    return len(profile.counts) <= min(_MOST_LABELS, max(2, n_rows // 2))


def check_target(profile: TargetProfile, *, classes: bool, path: str) -> None:
    """Raise if the target cannot be learnt, as classes or as numbers."""
    name, n_rows = repr(profile.name), profile.n_rows - profile.n_missing
    if n_rows < 2:
        raise TableError(
            f"{path} must have at least 2 rows with {name}, one to train on and one to choose the "
            f"epoch, got {n_rows}: give more rows"
        )
    if not classes and profile.kind != NUMBER:
        example = next(iter(profile.counts or ["other values"]))
        raise TableError(
            f"{path}: {name} must hold numbers for a regression, got {str(example)!r}: say --task "
            "classification, or choose another --target"
        )
    if classes and profile.counts is None:
        raise TableError(
            f"{path}: {name} must hold at most {MOST_CLASSES} classes, got more: join the seldom "
            "ones, or choose another --target"
        )
    if classes and len(profile.counts or ()) == n_rows:
        raise TableError(
            f"{path}: {name} must hold a class in at least 2 rows, got another one in each of "
            f"{n_rows}: choose another --target"
        )
    if profile.counts is not None and len(profile.counts) == 1:
        (only,) = profile.counts
        only = repr(only) if isinstance(only, str) else f"{only:g}"
        raise TableError(
            f"{path}: {name} must hold different values, got {only} in every row: choose another "
            "--target"
        )


def choose_target(table: Table, name: str, task: str) -> tuple[Target, int]:
    """Return what is to be predicted, by looking at it, and the number of rows of the table."""
    table.check_column(name)
    if name not in table.names:
        raise TableError(f"{name!r} must not be left out by --ignore: it is the --target")
    _ = table.formats  # all columns together tell how their numbers are written
    profile = profile_of(table, name)
    is_classification = looks_like_classes(profile) if task == "auto" else task == "classification"
    if is_classification and profile.kind != TEXT:
        table.keep_texts(name)
        profile = profile._replace(counts=profile_of(table, name).counts)  # 1 and 01 are two
    check_target(profile, classes=is_classification, path=table.path)
    if profile.n_missing:
        table.notes.append(f"rows without {name!r}, which are left out: {profile.n_missing}")
    reason = f"since {profile.describe()}" if task == "auto" else f"as --task {task} says"
    classes = sorted(profile.counts or ()) if is_classification else None
    return Target(name, classes, reason), profile.n_rows
