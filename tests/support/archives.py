"""Containers of arrays, whole and damaged."""

import hashlib
import io
import json
import struct
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fastnn._storage import npz
from fastnn._storage.npz import MALFORMED, Archive

HEADER = {"name": "n\u00e4me", "numbers": [1, 2.5, None, True]}
ARRAYS = {
    "W": np.arange(6.0).reshape(2, 3),
    "b": np.arange(3, dtype=np.float32),
    "none": np.zeros(0, np.int64),
}
TAKEN = [("W", "<f8", (2, 3)), ("b", "<f4", (3,)), ("none", "<i8", None)]


def unpack(content):
    """Return the header and the arrays in `content`, and let nothing be left."""
    opened = Archive(io.BytesIO(content))
    header = opened.header()
    arrays = {name: opened.take(name, *rest) for name, *rest in TAKEN}
    opened.check_all_taken()
    return header, arrays


def check_whole(content):
    header, arrays = unpack(content)
    assert header == HEADER
    for name, expected in ARRAYS.items():
        assert_array_equal(arrays[name], expected)
        assert arrays[name].dtype == expected.dtype


def signed(content):
    """Return `content` with the digest that belongs to it: what a malicious person would do."""
    digest = npz._DIGEST
    bare = content[: content.rindex(digest)] if digest in content else content
    return bare + digest + hashlib.sha256(bare).hexdigest().encode()


def zipped(entries, **options):
    """Return a zip of (name, bytes), with a digest."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as file:
        for name, data in entries:
            file.writestr(zipfile.ZipInfo(name), data, file.compression)
    content = buffer.getvalue()
    return signed(content[:-2] + struct.pack("<H", npz._COMMENT))


def npy(array, **changes):
    """Return an array as NumPy stores it, or with another header."""
    buffer = io.BytesIO()
    fields = np.lib.format.header_data_from_array_1_0(array) | changes
    np.lib.format.write_array_header_1_0(buffer, fields)
    return buffer.getvalue() + array.tobytes()


def entries_of(header=HEADER, **others):
    """Return the entries of a file as (name, bytes), some of them others."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    arrays = {"header": npy(np.frombuffer(text, np.uint8))}
    arrays |= {name: npy(array) for name, array in ARRAYS.items()} | others
    return [(f"{name}.npy", data) for name, data in arrays.items()]


def check_refused(content, match=None):
    with pytest.raises(MALFORMED, match=match):
        unpack(content)
