"""The container: NumPy reads it and writes it, and what is damaged is refused."""

import io
import json
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fastnn._storage import npz
from fastnn._storage.npz import MALFORMED, pack

from ..support.archives import (
    ARRAYS,
    HEADER,
    check_refused,
    check_whole,
    entries_of,
    signed,
    unpack,
    zipped,
)
from ..support.properties import given, st

# ---- with NumPy ----------------------------------------------------------------------------------


def test_what_is_packed_is_unpacked():
    check_whole(pack(HEADER, ARRAYS))


def test_the_same_content_has_the_same_bytes():
    assert pack(HEADER, ARRAYS) == pack(HEADER, ARRAYS)


def test_numpy_reads_it():
    with np.load(io.BytesIO(pack(HEADER, ARRAYS)), allow_pickle=False) as file:
        assert json.loads(file["header"].tobytes()) == HEADER
        for name, expected in ARRAYS.items():
            assert_array_equal(file[name], expected)


def test_numpy_writes_it():
    with np.load(io.BytesIO(pack(HEADER, ARRAYS)), allow_pickle=False) as file:
        arrays = dict(file)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    check_whole(buffer.getvalue())


def test_views_and_other_byte_orders_are_stored_plainly():
    wide = np.arange(12.0).reshape(2, 6)
    arrays = ARRAYS | {"W": wide[:, 1:4], "b": np.arange(3, dtype=">f4")}
    got = unpack(pack(HEADER, arrays))[1]
    assert_array_equal(got["W"], wide[:, 1:4])
    assert_array_equal(got["b"], [0, 1, 2])


def test_beyond_2_gib_the_directory_has_another_end(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    content = pack(HEADER, ARRAYS)
    monkeypatch.undo()
    assert npz._LOCATOR_64_MARK in content
    check_whole(content)
    for position in range(len(content)):
        check_refused(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])


# ---- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_every_byte_counts(bit):
    content = pack(HEADER, ARRAYS)
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << bit
        check_refused(bytes(damaged))


def test_a_part_is_refused():
    content = pack(HEADER, ARRAYS)
    for stop in range(len(content)):
        check_refused(content[:stop], "a file must be whole")
    check_refused(content + b"\0", "a file must be whole")
    check_refused(content[1:])


def written_by_numpy():
    """Return a file that `numpy.savez` has written: it has no digest."""
    buffer = io.BytesIO()
    np.savez(buffer, header=np.frombuffer(json.dumps(HEADER).encode(), np.uint8), **ARRAYS)
    return buffer.getvalue()


def test_but_for_the_digest_the_bytes_are_those_of_numpy():
    content, expected = pack(HEADER, ARRAYS), written_by_numpy()
    assert len(content) == len(expected) + npz._COMMENT
    assert content[: len(expected) - 2] == expected[:-2]


def test_without_a_digest_an_entry_has_its_crc():
    content = written_by_numpy()
    start = content.index(ARRAYS["W"].tobytes())
    for position in range(start, start + ARRAYS["W"].nbytes):
        damaged = bytearray(content)
        damaged[position] ^= 1
        check_refused(bytes(damaged), "Bad CRC-32")


@pytest.mark.parametrize("change", [0x01, 0x03, 0x08, 0x20, 0x39, 0x80, 0xFF])
@pytest.mark.parametrize("content", [written_by_numpy(), zipped(entries_of())])
def test_without_a_digest_every_byte_counts(content, change):
    content = content.partition(npz._DIGEST)[0]
    if content[-2:] != b"\0\0":
        content = content[:-2] + b"\0\0"
    check_whole(content)
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= change
        check_refused(bytes(damaged))


SIZE = len(pack(HEADER, ARRAYS))
CHANGES = st.lists(
    st.tuples(st.integers(0, SIZE - 1), st.binary(min_size=1, max_size=9)), min_size=1
)


def changed(content, changes):
    """Return other bytes of the same number."""
    damaged = bytearray(content)
    for position, data in changes:
        damaged[position : position + len(data)] = data[: len(damaged) - position]
    return bytes(damaged)


@given(CHANGES)
def test_whatever_is_changed_is_refused(changes):
    content = pack(HEADER, ARRAYS)
    damaged = changed(content, changes)
    if damaged != content:
        check_refused(damaged)


@given(CHANGES)
def test_what_is_signed_anew_is_as_it_would_be_packed_or_refused(changes):
    content = signed(changed(pack(HEADER, ARRAYS), changes))
    try:
        header, arrays = unpack(content)
    except MALFORMED:
        return
    text, got = (
        zipfile.ZipFile(io.BytesIO(one)).read("header.npy") for one in (content, pack(header, {}))
    )
    if text == got:  # JSON may be spelt in more ways than one
        assert content == pack(header, arrays)


@given(st.binary(max_size=300))
def test_noise_is_refused(content):
    check_refused(content, "a file must be whole")
    check_refused(b"PK\3\4" + content)


# ---- malice --------------------------------------------------------------------------------------
