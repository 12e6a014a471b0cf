"""Checks of a file to be written: it is not overwritten without --force, nor by two at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .._atomic import claimed

_PARQUET = (".parquet", ".pq")
_NEITHER = (
    ".xlsx", ".xls", ".ods", ".tsv", ".json", ".feather", ".arrow", ".gz", ".bz2", ".zst", ".lz4",
    ".xz", ".zip",
)  # fmt: skip


def is_parquet(path: Path) -> bool:
    """Return True for the name of a Parquet file; of all others, predictions are CSV."""
    return path.suffix.lower() in _PARQUET


def check_format(path: Path) -> None:
    """Raise if the name of a file for predictions is that of another format."""
    if path.suffix.lower() in _NEITHER:
        stem = path.stem.removesuffix(".csv")
        raise ValueError(
            f"{path} must be CSV or Parquet, got {path.suffix}: name it {stem}.csv or "
            f"{stem}.parquet"
        )


def check_output(path: Path, *sources: Path, force: bool) -> None:
    """Raise if a file may not be written: it exists, without `force`, or its folder does not.

    The sources, which are read, may never be overwritten.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path} must be in a folder that exists, got {path.parent}")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} must be a file, or new, got something else")
    for source in sources:
        if path.exists() and source.exists() and os.path.samefile(path, source):
            raise FileExistsError(f"{path} must be another file than {source}, which is read")
    if path.exists() and not force:
        raise FileExistsError(f"{path} must be new, or --force given to overwrite it")


@contextmanager
def output_claimed(path: Path, *sources: Path, force: bool) -> Iterator[None]:
    """Do what `check_output` does, and keep other commands from writing the file meanwhile."""
    check_output(path, *sources, force=force)
    with claimed(path):
        check_output(path, *sources, force=force)  # another may have ended just now
        yield
