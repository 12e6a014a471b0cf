"""Files that are never overwritten unasked, nor left half written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_output(path: Path, *, force: bool) -> None:
    """Raise unless a file may be written: it is new, or the user insists, and its folder exists."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path} must be in a folder that exists, got {path.parent}")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} must be a file, or new, got something else")
    if path.exists() and not force:
        raise FileExistsError(f"{path} must be new, or --force given to overwrite it")


@contextmanager
def written_at_once(*paths: Path) -> Iterator[list[Path]]:
    """Yield paths of the same names elsewhere; what is written there then takes the files' place.

    If anything fails, the files are as they were.
    """
    with tempfile.TemporaryDirectory(dir=paths[0].parent, prefix=".fastnn-") as folder:
        partial = [Path(folder) / path.name for path in paths]
        yield partial
        for source, path in zip(partial, paths, strict=True):
            with open(source, "rb") as file:
                os.fsync(file.fileno())
            os.replace(source, os.path.realpath(path))
