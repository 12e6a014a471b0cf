"""What is to be predicted: classes or numbers, by what the column of the target holds."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from .._checks.arrays import Array
from ..tables.columns import NUMBER, TEXT, TIME, columns_of
from .errors import TableError
from .reading import Table

MOST_CLASSES = 1000
_MOST_LABELS = 20  # of whole numbers that are taken for classes
_ROWS = 50_000  # of a chunk


class TargetProfile(NamedTuple):
    """What one pass over the column of the target found."""

    name: str
    kind: str  # of the column: number, text or time
    n_rows: int
    n_missing: int
    counts: Counter[Any] | None  # of its values; None if there are more than `MOST_CLASSES`
    n_different: str  # "12", or "more than 1000"


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


def profile_of(table: Table, name: str) -> TargetProfile:
    """Return what the column of the target holds."""
    counts: Counter[Any] | None = Counter()
    kinds: set[str] = set()
    n_rows = n_missing = 0
    for chunk in table.chunks(_ROWS, [name]):
        (column,) = columns_of(chunk)
        missing = column.missing
        n_rows, n_missing = n_rows + len(missing), n_missing + int(missing.sum())
        kinds.add(column.kind)
        if counts is not None:
            counts.update(column.values[~missing].tolist())
            if len(counts) > MOST_CLASSES:
                counts = None
    if n_rows == n_missing:
        raise TableError(
            f"{table.path}: {name!r} must hold a value in some row, got {n_rows} rows without: "
            "choose another --target"
        )
    (kind,) = kinds
    different = f"more than {MOST_CLASSES}" if counts is None else str(len(counts))
    return TargetProfile(name, kind, n_rows, n_missing, counts, different)


def guess_task(profile: TargetProfile) -> tuple[bool, str]:
    """Return True for a classification, and the reason."""
    name = repr(profile.name)
    if profile.kind == TEXT:
        return True, f"{name} holds texts"
    if profile.counts is None:
        return False, f"{name} holds numbers, {profile.n_different} different ones"
    are_whole = all(float(value).is_integer() for value in profile.counts)
    n_values, n_rows = len(profile.counts), profile.n_rows - profile.n_missing
    if are_whole and n_values <= min(_MOST_LABELS, max(2, n_rows // 2)):
        return True, f"{name} holds {n_values} different whole numbers"
    what = "whole numbers" if are_whole else "numbers with fractions"
    return False, f"{name} holds {what}, {n_values} different ones"


def decide(profile: TargetProfile, task: str, *, path: Any) -> tuple[bool, str]:
    """Return True for a classification, and the reason; raise if the target cannot be learnt."""
    name = repr(profile.name)
    if profile.kind == TIME and task != "classification":
        raise TableError(
            f"{path}: {name} must hold numbers or classes, got times: make numbers of them, or "
            "choose another --target"
        )
    is_classification, reason = guess_task(profile)
    if task != "auto":
        is_classification, reason = task == "classification", f"as --task {task} says"
    if not is_classification and profile.kind != NUMBER:
        text = next(iter(profile.counts or ["text"]))
        raise TableError(
            f"{path}: {name} must hold numbers for --task regression, got {text!r}: leave --task "
            "out, or choose another --target"
        )
    if is_classification and profile.counts is None:
        raise TableError(
            f"{path}: {name} must hold at most {MOST_CLASSES} classes, got more: join the seldom "
            "ones, or choose another --target"
        )
    if profile.counts is not None and len(profile.counts) == 1:
        (only,) = profile.counts
        raise TableError(
            f"{path}: {name} must hold different values, got {only!r} in every row: choose "
            "another --target"
        )
    return is_classification, reason


def choose_target(table: Table, name: str, task: str) -> tuple[Target, int]:
    """Return what is to be predicted, by looking at it, and the number of rows of the table."""
    table.check_column(name)
    _ = table.formats  # all columns together tell how their numbers are written
    profile = profile_of(table, name)
    is_classification, reason = decide(profile, task, path=table.path)
    if not is_classification:
        return Target(name, None, reason), profile.n_rows
    if profile.kind != TEXT:
        table.keep_texts(name)
        profile = profile_of(table, name)
        decide(profile, "classification", path=table.path)
    return Target(name, sorted(profile.counts or ()), reason), profile.n_rows
