"""A header and arrays in one file that NumPy alone reads and writes: a narrow kind of `.npz`.

It is a zip without compression. The entry `header` is JSON in UTF-8, as an array of uint8; every
other one is an array of the type and shape that the reader expects. The comment of the zip is the
SHA-256 of all bytes before it; without a comment, as `numpy.savez` leaves it, there is the CRC-32
of each entry. A reader believes no size before it is compared with that of the file.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import struct
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from .validation import Array

HEADER = "header"
LARGEST_HEADER = 2**20  # bytes; what JSON stands for takes up to 24 times as much
MOST_ARRAYS = 10_000
LARGEST_DIRECTORY = 100 * MOST_ARRAYS  # bytes; zipfile takes 10 times as much

# Of the zip format: the end of the directory, and what is before it beyond 2 GiB.
_ENTRY_MARK, _END_MARK, _LOCATOR_64_MARK = b"PK\3\4", b"PK\5\6", b"PK\6\7"
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")

_DIGEST = b"sha256:"
_COMMENT = len(_DIGEST) + 2 * hashlib.sha256().digest_size
_CHUNK = 2**20  # bytes read at a time
_MAGIC = b"\x93NUMPY\x01\x00"  # of an array, version 1.0; its header's length is in two more bytes


class FormatError(ValueError):
    """A file is not what `Network.save` writes: of another kind or version, or not whole.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fastnn import FormatError, Network
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "letter"
    ...     size = path.write_text("Dear Sir, dear Madam")
    ...     try:
    ...         net = Network.load(path)
    ...     except FormatError as error:
    ...         print(str(error).removeprefix(str(path)))
    : a file must be whole and of fastnn, got one of another kind or a part of one
    """


# What zipfile, json, NumPy and the checks below raise where they are given nonsense.
NONSENSE = (
    ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, EOFError, struct.error,
    zipfile.BadZipFile,
)  # fmt: skip


def pack(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Return the content of a file."""
    text = json.dumps(header, allow_nan=False).encode()
    if len(text) > LARGEST_HEADER:
        raise ValueError(
            f"a network must have a description of at most {LARGEST_HEADER} bytes of JSON, "
            f"metadata included, to be saved, got {len(text)}"
        )
    if len(arrays) > MOST_ARRAYS:
        raise ValueError(
            f"a network must have at most {MOST_ARRAYS} arrays to be saved, got {len(arrays)}"
        )
    entries: dict[str, Any] = {HEADER: np.frombuffer(text, np.uint8)}
    for name, array in arrays.items():
        entries[name] = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    buffer = io.BytesIO()
    np.savez(buffer, **entries)
    buffer.seek(-2, os.SEEK_END)
    buffer.write(_COMMENT.to_bytes(2, "little"))
    buffer.write(_digest(buffer, buffer.tell()))
    return buffer.getvalue()


class Archive:
    """The entries of an open file, each to be taken once; they raise any of `NONSENSE`."""

    def __init__(self, file: BinaryIO) -> None:
        size = file.seek(0, os.SEEK_END)
        _check_ends(file, size)
        self._zip = zipfile.ZipFile(file)
        entries = self._zip.infolist()
        self._entries = {entry.filename: entry for entry in entries}
        if len(self._entries) < len(entries):
            raise ValueError("entries must have names that differ, got one twice")
        for entry in entries:
            if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits:
                raise ValueError(f"entries must be stored as they are, got {entry}")
        if sum(max(entry.file_size, entry.compress_size) for entry in entries) > size:
            raise ValueError(f"entries must fit into a file of {size} bytes, got larger ones")

    def header(self) -> Any:
        """Return what the JSON stands for."""
        if f"{HEADER}.npy" not in self._entries:
            raise ValueError("a file must have a header to be of fastnn, got other arrays")
        n_bytes = self._entries[f"{HEADER}.npy"].file_size
        if n_bytes > LARGEST_HEADER + _CHUNK:
            raise ValueError(f"a header must have at most {LARGEST_HEADER} bytes, got {n_bytes}")
        return json.loads(self.take(HEADER, "|u1").tobytes().decode(), parse_constant=_refuse)

    def take(self, name: str, descr: str, shape: tuple[int, ...] | None = None) -> Array:
        """Return an array of this type and shape; None is one axis of any length."""
        if f"{name}.npy" not in self._entries:
            raise ValueError(f"a file must have the array {name} that its header tells of")
        data, dtype = self._zip.read(self._entries.pop(f"{name}.npy")), np.dtype(descr)
        length = len(_MAGIC) + 2
        start = length + int.from_bytes(data[len(_MAGIC) : length], "little")
        if shape is None:
            shape = (max(0, len(data) - start) // dtype.itemsize,)
        expected = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}"
        got = data[length:start].rstrip()
        if not data.startswith(_MAGIC) or got != expected.encode():
            raise ValueError(f"{name} must be an array of {expected}, got {got[:100]!r}")
        if len(data) != start + math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{name} must have values for {shape}, got {len(data) - start} bytes")
        return np.frombuffer(data, dtype, offset=start).reshape(shape)

    def check_all_taken(self) -> None:
        """Raise if there are arrays that the header does not tell of."""
        if self._entries:
            names = ", ".join(self._entries)[:100]
            raise ValueError(f"a file must have no arrays beside those of its header, got {names}")


def _check_ends(file: BinaryIO, size: int) -> None:
    """Raise unless a file begins and ends like ours, with its own digest or none."""
    not_ours = ValueError(
        "a file must be whole and of fastnn, got one of another kind or a part of one"
    )
    tail = _read(file, max(0, size - _END.size - _COMMENT), size)
    if not tail.startswith(_END_MARK):
        tail = tail[-_END.size :]  # no comment
    if _read(file, 0, 4) != _ENTRY_MARK or len(tail) < _END.size:
        raise not_ours
    mark, *_, n_directory, start, n_comment = _END.unpack_from(tail)
    comment, end = tail[_END.size :], size - len(tail)
    if mark != _END_MARK or n_comment != len(comment):
        raise not_ours
    if comment and comment != _digest(file, size - n_comment):
        raise ValueError("a file must have the bytes it was saved with, got others")
    more = _read(file, max(0, end - _END_64.size - _LOCATOR_64.size), end)
    if more[_END_64.size :].startswith(_LOCATOR_64_MARK):
        end -= len(more)
        *_, n_directory, start = _END_64.unpack_from(more)
    if start + n_directory != end:
        raise not_ours
    if n_directory > LARGEST_DIRECTORY:
        raise ValueError(
            f"a directory must have at most {LARGEST_DIRECTORY} bytes, got {n_directory}"
        )


def _digest(file: BinaryIO, stop: int) -> bytes:
    """Return the comment of a file, made of the bytes before it."""
    digest = hashlib.sha256()
    for start in range(0, stop, _CHUNK):
        digest.update(_read(file, start, min(start + _CHUNK, stop)))
    return _DIGEST + digest.hexdigest().encode()


def _read(file: BinaryIO, start: int, stop: int) -> bytes:
    """Return bytes of a file."""
    file.seek(start)
    return file.read(stop - start)


def _refuse(constant: str) -> None:
    """Raise: NaN and infinity are not JSON."""
    raise ValueError(f"a header must be JSON, got {constant}")
