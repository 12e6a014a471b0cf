"""What a user gives as a path: a path it is, of a file that can be read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO


def as_path(path: object) -> Path:
    """Return `path` if it is one: an int would be the number of an open file, 1 the output."""
    if isinstance(path, str | os.PathLike) and isinstance(os.fspath(path), str):
        return Path(path)
    raise TypeError(f"path must be a str or a path such as pathlib.Path, got {path!r}")


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading, if it is one: a pipe would be waited for, a device has no end."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise ValueError(f"{path}: a file must be a regular one, got a device")
    return open(path, "rb")
