"""Check paths and open files."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO


def as_path(path: object) -> Path:
    """Return `path` if it is a path, not an int, which would be the number of an open file."""
    if isinstance(path, str | os.PathLike) and isinstance(os.fspath(path), str):
        return Path(path)
    raise TypeError(f"path must be a str or a path such as pathlib.Path, got {path!r}")


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; a pipe could block, and a device has no end."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise ValueError(f"a file must be a regular one, got a device: {path}")
    return open(path, "rb")


def as_path_or_file(file: Any, method: str) -> Path | None:
    """Return a path, or None for an open binary file; an int is neither."""
    if isinstance(file, str | os.PathLike):
        return as_path(file)
    is_text = isinstance(file, io.TextIOBase) or getattr(file, "encoding", None) is not None
    if is_text or isinstance(file, type) or not callable(getattr(file, method, None)):
        got = "one that is open for text" if is_text else repr(file)[:100]
        raise TypeError(
            "path must be a str, a path such as pathlib.Path, or a file that is open in binary "
            f'mode, as open(path, "{method[0]}b") and io.BytesIO() are; got {got}'
        )
    return None


def write_all(file: Any, content: bytes) -> None:
    """Write all of a content to an open file, which may take it in parts if it has no buffer."""
    rest = memoryview(content)
    while rest:
        n_written = file.write(rest)
        if n_written is None:  # so says a file that is not ready, and a writer that does not count
            if isinstance(file, io.RawIOBase):
                raise BlockingIOError(f"a file must take {len(rest)} bytes more, got none through")
            return
        rest = rest[n_written:]


def rest_of(file: Any) -> BinaryIO:
    """Return the rest of an open file from its present position, as a file in memory."""
    try:
        start = file.tell()
        n_bytes = file.seek(0, os.SEEK_END) - start
        file.seek(start)
    except (AttributeError, TypeError, OSError) as error:
        raise ValueError(
            "an open file must be one whose position can be set; of a pipe or a socket, give "
            f"io.BytesIO(file.read()); got {repr(file)[:100]}"
        ) from error
    if n_bytes <= 0 < start:
        raise ValueError(
            f"an open file must stand before a network, got its end: file.seek(0) goes back "
            f"from {start}"
        )
    parts = []
    while n_bytes > 0 and (part := file.read(n_bytes)):
        parts.append(part)
        n_bytes -= len(part)
    return io.BytesIO(b"".join(parts))
