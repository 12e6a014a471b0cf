"""Files that are replaced at once: the old one or the new one, and never a part of it."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from uuid import uuid4


def check_folder(path: Path) -> None:
    """Raise unless the folder of a file to be written exists."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path must be in a folder that exists, got {path}")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that, whenever the power fails, it is the old or the new one.

    Its permissions stay as they are, a link still points to it. What fails leaves the old file.
    """
    path = Path(os.path.realpath(path))
    check_folder(path)
    permissions = _permissions_of(path)
    partial = path.with_name(f".fastnn-{uuid4().hex}")  # of a length any file system takes
    try:
        with open(partial, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if permissions is not None:
            os.chmod(partial, permissions)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)


def _permissions_of(path: Path) -> int | None:
    """Return the permissions of a file that may be written to, None if there is none."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # root could replace /dev/null
        raise OSError(f"path must be a file, or new, got a device: {path}")
    with open(path, "r+b"):  # raises where it may not be written to, and for a folder
        return stat.S_IMODE(mode)


def _sync(folder: Path) -> None:
    """Put the name of a new file on the disk too, where the system can do that for a folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
