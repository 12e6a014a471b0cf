"""Pack a header and arrays into a strict kind of `.npz`, which NumPy alone can read, and unpack it.

It is a zip without compression. The entry `header` is JSON in UTF-8, as an array of uint8; every
other entry is an array of the dtype and shape that the reader expects. The comment of the zip is
the SHA-256 of all bytes before it; without a comment, as `numpy.savez` leaves it, the CRC-32 of
each entry is checked. A reader compares every size with that of the file before it uses it, and
refuses every byte that a writer would not have written, so that no change goes unnoticed.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from itertools import product
from typing import Any, BinaryIO

import numpy as np

from .._checks.arrays import Array

HEADER = "header"
# What a header calls the files that `load_model` reads.
NETWORK, POPULATION, TABLE = "fastnn network", "fastnn population", "fastnn table"
LARGEST_HEADER = 2**20  # bytes; what JSON stands for takes up to 24 times as much
MOST_ARRAYS = 10_000
LARGEST_DIRECTORY = 100 * MOST_ARRAYS  # bytes; zipfile takes 10 times as much

DEEPEST = 100  # lists within lists in JSON: a copy takes two calls for each

# Of the zip format: an entry of the directory, its end, and what is before that beyond 2 GiB.
_ENTRY_MARK, _PLACE_MARK, _END_MARK = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_END_64_MARK, _LOCATOR_64_MARK = b"PK\6\6", b"PK\6\7"
_PLACE = struct.Struct("<4s4B4H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")

_DIGEST = b"sha256:"
_COMMENT = len(_DIGEST) + 2 * hashlib.sha256().digest_size
_CHUNK = 2**20  # bytes read at a time
# What is noted of an entry that NumPy writes: a date, who may read it, the system (0 is Windows),
# and the version of zip, the later one where a size has 8 bytes.
_DATE, _DOS_DATE, _PERMISSIONS = (1980, 1, 1, 0, 0, 0), 1 << 5 | 1, 0o600 << 16
_SYSTEMS, _VERSIONS = (3, 0), (20, 45)

_MAGIC = b"\x93NUMPY\x01\x00"  # of an array, version 1.0; its header's length is in two more bytes


# The errors of zipfile, json, NumPy and the checks below for malformed files.
MALFORMED = (
    ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, EOFError, struct.error,
    zipfile.BadZipFile,
)  # fmt: skip


def pack(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Return the content of a file."""
    text = json.dumps(header, allow_nan=False).encode()
    if len(text) > LARGEST_HEADER:
        raise ValueError(
            f"a description must have at most {LARGEST_HEADER} bytes of JSON, metadata included, "
            f"to be saved, got {len(text)}"
        )
    if len(arrays) > MOST_ARRAYS:
        raise ValueError(
            f"a file must have at most {MOST_ARRAYS} arrays to be saved, got {len(arrays)}"
        )
    entries = {HEADER: np.frombuffer(text, np.uint8), **arrays}
    parts: list[Any] = []
    places: list[bytes] = []
    position = 0
    for name, array in entries.items():
        stored = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
        head, values = _head_of(stored), stored.reshape(-1).view(np.uint8).data
        entry = zipfile.ZipInfo(f"{name}.npy", _DATE)
        entry.create_system = _SYSTEMS[0]
        entry.CRC = zlib.crc32(values, zlib.crc32(head))
        entry.file_size = entry.compress_size = len(head) + len(values)
        entry.header_offset = position
        local = entry.FileHeader(zip64=True)  # as NumPy does, however small
        position += len(local) + entry.file_size
        parts += [local, head, values]
        far = (number > zipfile.ZIP64_LIMIT for number in (entry.file_size, entry.header_offset))
        places.append(_place_of(entry, _VERSIONS[1], far_size=next(far), far_offset=next(far)))
    directory = b"".join(places)
    is_long = max(position, len(directory)) > zipfile.ZIP64_LIMIT
    parts += [directory, _ends(len(entries), len(directory), position, _COMMENT, is_long=is_long)]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return b"".join([*parts, _DIGEST, digest.hexdigest().encode()])


def _head_of(array: Array) -> bytes:
    """Return the bytes before the values of an array in NumPy's format."""
    buffer = io.BytesIO()
    fields = np.lib.format.header_data_from_array_1_0(array)
    np.lib.format.write_array_header_1_0(buffer, fields)
    return buffer.getvalue()


def _place_of(entry: zipfile.ZipInfo, version: int, *, far_size: bool, far_offset: bool) -> bytes:
    """Return the record of an entry in the zip directory.

    `zipfile` has no function for that alone. If Ctrl-C interrupts it while it writes a whole file,
    it raises ValueError.
    """
    name, n_bytes, offset = entry.filename.encode("ascii"), entry.file_size, entry.header_offset
    far = [n_bytes, n_bytes] * far_size + [offset] * far_offset
    extra = struct.pack(f"<2H{len(far)}Q", 1, 8 * len(far), *far) if far else b""
    n_bytes, offset = (
        2**32 - 1 if is_far else number
        for number, is_far in ((n_bytes, far_size), (offset, far_offset))
    )
    record = _PLACE.pack(
        _PLACE_MARK, version, entry.create_system, version, 0, 0, zipfile.ZIP_STORED, 0, _DOS_DATE,
        entry.CRC, n_bytes, n_bytes, len(name), len(extra), 0, 0, 0, _PERMISSIONS, offset,
    )  # fmt: skip
    return record + name + extra


def _ends(n_entries: int, n_directory: int, start: int, n_comment: int, *, is_long: bool) -> bytes:
    """Return the bytes between the directory and the comment."""
    end = _END.pack(
        _END_MARK, 0, 0, n_entries, n_entries,
        min(n_directory, 2**32 - 1), min(start, 2**32 - 1), n_comment,
    )  # fmt: skip
    if not is_long:
        return end
    numbers = n_entries, n_entries, n_directory, start
    far = _END_64.pack(_END_64_MARK, _END_64.size - 12, *_VERSIONS[1:] * 2, 0, 0, *numbers)
    return far + _LOCATOR_64.pack(_LOCATOR_64_MARK, 0, start + n_directory, 1) + end


class Archive:
    """The entries of an open file, each to be taken once; methods raise any of `MALFORMED`."""

    def __init__(self, file: BinaryIO) -> None:
        size = file.seek(0, os.SEEK_END)
        start, n_directory, ends = _check_ends(file, size)
        self._header: Any = None
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
        _check_layout(file, entries, start, n_directory, ends)

    def header(self) -> Any:
        """Return the value of the JSON header, which is read once."""
        if self._header is None:
            self._header = self._read_header()
        return self._header

    def header_of(self, kind: str, version: int) -> dict[str, Any]:
        """Return the header of a file of this format and version; raise ValueError of another."""
        header = self.header()
        if not isinstance(header, dict) or header.get("format") != kind:
            got = "another header"
            if isinstance(header, dict) and header.get("format") in (NETWORK, POPULATION, TABLE):
                got = f"{header['format']!r}, which fastnn.load_model reads"
            raise ValueError(f"a file must have the format {kind!r}, got {got}")
        if header.get("version") != version:
            got = repr(header.get("version"))[:100]
            raise ValueError(
                f"this fastnn reads version {version} of the format, got version {got}"
            )
        return header

    def _read_header(self) -> Any:
        """Return the value of the JSON header."""
        if f"{HEADER}.npy" not in self._entries:
            raise ValueError("a file must have a header to be of fastnn, got other arrays")
        n_bytes = self._entries[f"{HEADER}.npy"].file_size
        if n_bytes > LARGEST_HEADER + _CHUNK:
            raise ValueError(f"a header must have at most {LARGEST_HEADER} bytes, got {n_bytes}")
        text = self.take(HEADER, "|u1").tobytes().decode()
        header = json.loads(text, parse_constant=_refuse, parse_float=_as_finite)
        check_depth("a header", header, DEEPEST + 2)  # of metadata, DEEPEST
        # What could not be saved again is refused. JSON is longer as we write it.
        if (n_bytes := len(json.dumps(header))) > LARGEST_HEADER:
            raise ValueError(f"a header must have at most {LARGEST_HEADER} bytes, got {n_bytes}")
        return header

    def take(self, name: str, descr: str, shape: tuple[int, ...] | None = None) -> Array:
        """Return an array of this dtype and shape; None means one axis of any length."""
        if f"{name}.npy" not in self._entries:
            raise ValueError(
                f"a file must have the array {name} that its header tells of, got none"
            )
        data, dtype = self._zip.read(self._entries.pop(f"{name}.npy")), np.dtype(descr)
        length = len(_MAGIC) + 2
        start = length + int.from_bytes(data[len(_MAGIC) : length], "little")
        if shape is None:
            shape = (max(0, len(data) - start) // dtype.itemsize,)
        expected = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}"
        got = data[length:start].rstrip(b" \n")
        padding = data[length + len(got) : start]
        if (
            not data.startswith(_MAGIC)
            or got != expected.encode()
            or padding != b" " * (len(padding) - 1) + b"\n"
        ):
            raise ValueError(f"{name} must be an array of {expected}, got {got[:100]!r}")
        if len(data) != start + math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{name} must have values for {shape}, got {len(data) - start} bytes")
        return np.frombuffer(data, dtype, offset=start).reshape(shape)

    def check_all_taken(self) -> None:
        """Raise if there are arrays that the header does not announce."""
        if self._entries:
            names = ", ".join(self._entries)[:100]
            raise ValueError(f"a file must have no arrays beside those of its header, got {names}")


def check_depth(name: str, value: Any, deepest: int = DEEPEST) -> None:
    """Raise if JSON is nested too deeply to be copied or saved again."""
    parts = [value]
    for _ in range(deepest + 1):
        parts = [
            part
            for whole in parts
            if isinstance(whole, list | dict)
            for part in (whole.values() if isinstance(whole, dict) else whole)
        ]
        if not parts:
            return
    raise ValueError(f"{name} must have lists and objects at most {deepest} deep, got deeper ones")


def _check_layout(
    file: BinaryIO, entries: list[zipfile.ZipInfo], start: int, n_directory: int, ends: bytes
) -> None:
    """Raise unless the entries and the end are as a writer would have written them.

    Otherwise there would be bytes that can be changed unnoticed: dates, versions, a name or size
    that is stored twice, the gap between two entries.
    """
    directory, place, position = _read(file, start, start + n_directory), 0, 0
    for entry in entries:
        noted = copy.copy(entry)
        noted.extra = b""
        for is_long, far_size, far_offset in product((False, True), repeat=3):
            noted.extract_version = _VERSIONS[is_long]
            local = noted.FileHeader(zip64=is_long)
            version = _VERSIONS[is_long or far_size or far_offset]
            record = _place_of(entry, version, far_size=far_size, far_offset=far_offset)
            if directory.startswith(record, place) and local == _read(
                file, position, position + len(local)
            ):
                break
        else:
            raise ValueError(f"entries must not differ from what NumPy writes, got {entry}")
        systems = {entry.create_system, entries[0].create_system}
        if entry.header_offset != position or len(systems) > 1 or not systems <= {*_SYSTEMS}:
            raise ValueError(f"entries must come one after the other, of one system, got {entry}")
        position += len(local) + entry.file_size
        place += len(record)
    n_comment, is_long = int.from_bytes(ends[-2:], "little"), len(ends) > _END.size
    expected = _ends(len(entries), place, position, n_comment, is_long=is_long)
    if (place, position) != (n_directory, start) or ends != expected:
        raise ValueError("a file must end as NumPy writes it, got another end")


def _check_ends(file: BinaryIO, size: int) -> tuple[int, int, bytes]:
    """Raise unless a file begins and ends as fastnn writes it, with its digest or none.

    Return the start and the length of the directory, and the bytes between it and the comment.
    """
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
    ends = tail[: _END.size]
    more = _read(file, max(0, end - _END_64.size - _LOCATOR_64.size), end)
    if more[_END_64.size :].startswith(_LOCATOR_64_MARK):
        end -= len(more)
        ends = more + ends
        *_, n_directory, start = _END_64.unpack_from(more)
    if start + n_directory != end:
        raise not_ours
    if n_directory > LARGEST_DIRECTORY:
        raise ValueError(
            f"a directory must have at most {LARGEST_DIRECTORY} bytes, got {n_directory}"
        )
    return start, n_directory, ends


def _digest(file: BinaryIO, stop: int) -> bytes:
    """Return the comment of a file, which is made from the bytes before it."""
    digest = hashlib.sha256()
    for start in range(0, stop, _CHUNK):
        digest.update(_read(file, start, min(start + _CHUNK, stop)))
    return _DIGEST + digest.hexdigest().encode()


def _read(file: BinaryIO, start: int, stop: int) -> bytes:
    """Return bytes of a file."""
    file.seek(start)
    return file.read(stop - start)


def _refuse(constant: str) -> None:
    """Raise, since NaN and infinity are not JSON."""
    raise ValueError(f"a header must be JSON, got {constant}")


def _as_finite(text: str) -> float:
    """Return a number of JSON; refuse one beyond float64, since infinity cannot be saved."""
    if not math.isfinite(number := float(text)):
        raise ValueError(f"numbers of a header must be finite in float64, got {text[:100]}")
    return number
