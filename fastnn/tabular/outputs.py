"""Files that are never overwritten unasked."""

from __future__ import annotations

from pathlib import Path


def check_output(path: Path, *, force: bool) -> None:
    """Raise unless a file may be written: it is new, or the user insists, and its folder exists."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path} must be in a folder that exists, got {path.parent}")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} must be a file, or new, got something else")
    if path.exists() and not force:
        raise FileExistsError(f"{path} must be new, or --force given to overwrite it")
