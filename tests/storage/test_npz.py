"""The container: NumPy reads it and writes it, and what is not as it should be is refused."""

import hashlib
import io
import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fastnn._storage import npz
from fastnn._storage.npz import MALFORMED, MOST_ARRAYS, Archive, pack

from ..support.properties import given, st

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


def check_refused(content, match=None):
    with pytest.raises(MALFORMED, match=match):
        unpack(content)


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


class Bomb:
    def __reduce__(self):
        return print, ("boom",)


def pickled():
    buffer = io.BytesIO()
    np.save(buffer, np.array([[Bomb()] * 3] * 2, dtype=object), allow_pickle=True)
    return buffer.getvalue()


HUGE = 10**12
REFUSED = {
    "no header": (entries_of()[1:], "a file must have a header to be of fastnn, got other arrays"),
    "not JSON": (entries_of(b"{"), "Expecting property name"),
    "not UTF-8": (entries_of(b'"\xff"'), "invalid start byte"),
    "not a number": (entries_of(b"[NaN]"), "a header must be JSON, got NaN"),
    "a number of too many digits": (entries_of(b"[" + b"9" * 5000 + b"]"), "4300 digits"),
    "a header that is deep": (entries_of(b"[" * 10**5), "while decoding a JSON array"),
    "a number beyond float64": (entries_of(b"[-1e999]"), "must be finite in float64, got -1e999"),
    "lists that could not be copied": (
        entries_of(b"[" * 900 + b"]" * 900),
        "a header must have lists and objects at most 102 deep, got deeper ones",
    ),
    "objects that could not be copied": (
        entries_of(b'{"a":' * 103 + b"1" + b"}" * 103),
        "at most 102 deep",
    ),
    "a header that is longer as we write it": (
        entries_of(('["' + "\u20ac" * 200_000 + '"]').encode()),
        "a header must have at most 1048576 bytes, got 1200004",
    ),
    "another end of an array's header": (
        entries_of(W=npy(ARRAYS["W"]).replace(b" \n", b"\t\n")),
        "W must be an array",
    ),
    "a header too large": (
        entries_of(b" " * 2**22),
        r"a header must have at most 1048576 bytes, got 4194",
    ),
    "objects": (
        entries_of(W=pickled()),
        r"W must be an array of .*'<f8'.* \(2, 3\), }, got b\"{'descr': '\|O'",
    ),
    "another type": (entries_of(W=npy(ARRAYS["W"].astype(np.float32))), "'<f8'.* got .*'<f4'"),
    "big-endian": (entries_of(W=npy(ARRAYS["W"], descr=">f8")), "'<f8'.* got .*'>f8'"),
    "in Fortran's order": (entries_of(W=npy(ARRAYS["W"], fortran_order=True)), "got .*True"),
    "another shape": (entries_of(W=npy(ARRAYS["W"].T)), r"\(2, 3\), }, got .*\(3, 2\)"),
    "an absurd shape": (entries_of(W=npy(ARRAYS["W"], shape=(HUGE, HUGE))), "got .*000000000"),
    "too few values": (
        entries_of(W=npy(ARRAYS["W"][:1], shape=(2, 3))),
        r"W must have values for \(2, 3\), got 24 bytes",
    ),
    "a vector of half a value": (
        entries_of(none=npy(np.zeros(12, np.uint8), descr="<i8", shape=(1,))),
        r"none must have values for \(1,\), got 12 bytes",
    ),
    "another version of NumPy's format": (
        entries_of(W=npy(ARRAYS["W"]).replace(b"\1\0", b"\2\0", 1)),
        "W must be an array",
    ),
    "half an array": (entries_of(W=npy(ARRAYS["W"])[:9]), "W must be an array"),
    "no array": (entries_of(W=b""), "W must be an array"),
    "an array missing": (entries_of()[:-1], "a file must have the array none that its header"),
    "an array more": (
        [*entries_of(), ("more.npy", b"")],
        r"no arrays beside those of its header, got more\.npy",
    ),
    "names with a path": ([*entries_of(), ("../../etc/passwd", b"")], "no arrays beside those"),
}


@pytest.mark.parametrize(("entries", "match"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_as_it_should_be_is_refused(entries, match, capsys):
    check_refused(zipped(entries), match)
    assert capsys.readouterr().out == ""


def test_the_same_entries_are_taken_if_all_is_well():
    check_whole(zipped(entries_of()))


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_entries_are_refused(kind):
    check_refused(zipped(entries_of(), compression=kind), "entries must be stored as they are")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused():
    check_refused(zipped([*entries_of(), entries_of()[1]]), "names that differ, got one twice")


def replaced(content, mark, offset, form, value, which=0):
    """Return `content`, signed, with a number changed in the zip's record that `mark` begins."""
    content, at = bytearray(content), -1
    for _ in range(which + 1):
        at = content.index(mark, at + 1)
    struct.pack_into(form, content, at + offset, value)
    return signed(bytes(content))


DIRECTORY, LOCAL, END = b"PK\1\2", b"PK\3\4", b"PK\5\6"
RECORDS = {
    "encrypted": (DIRECTORY, 8, "<H", 1, "entries must be stored as they are"),
    "another size": (DIRECTORY, 24, "<L", 2**31, "entries must fit into a file"),
    "another compressed size": (DIRECTORY, 20, "<L", 2**31, "entries must fit into a file"),
    "an offset beyond the file": (DIRECTORY, 42, "<L", 2**31, None),
    "a compressed size too small": (DIRECTORY, 20, "<L", 3, None),
    "another name": (LOCAL, 30, "<B", 65, "differ"),
    "a name beyond the directory": (DIRECTORY, 28, "<H", 2**16 - 1, None),
    "an extra field beyond the directory": (DIRECTORY, 30, "<H", 2**16 - 1, None),
    "a later version of zip": (DIRECTORY, 6, "<B", 64, "zip file version"),
    "a date": (DIRECTORY, 14, "<B", 34, "differ from what NumPy writes"),
    "permissions": (DIRECTORY, 41, "<B", 2, "differ from what NumPy writes"),
    "another system": (DIRECTORY, 5, "<B", 7, "one after the other, of one system"),
    "a date that the directory has not": (LOCAL, 12, "<B", 34, "must not differ from what"),
    "a version that the directory has not": (LOCAL, 4, "<B", 20, "must not differ from what"),
    "another number of entries": (END, 8, "<H", 3, "a file must end as NumPy writes it"),
    "another disk": (END, 4, "<H", 3, "a file must end as NumPy writes it"),
    "a directory elsewhere": (END, 16, "<L", 3, "a file must be whole"),
    "a larger directory": (END, 12, "<L", 2**31, "a file must be whole"),
}


@pytest.mark.parametrize(
    ("mark", "offset", "form", "value", "match"), RECORDS.values(), ids=RECORDS
)
def test_records_of_the_zip_that_are_not_as_they_should_be(mark, offset, form, value, match):
    content = pack(HEADER, ARRAYS)
    for which in range(1 if mark == END else len(ARRAYS)):
        check_refused(replaced(content, mark, offset, form, value, which), match)


def test_entries_that_share_their_bytes_do_not_add_up():
    """A thousand names for one array of the file: each would be read anew."""
    content = zipped([("header.npy", b"x" * 10**5)] + [(f"{i}.npy", b"") for i in range(1000)])
    for which in range(1, 1001):
        content = bytearray(content)
        at = -1
        for _ in range(which + 1):
            at = content.index(DIRECTORY, at + 1)
        struct.pack_into("<2L", content, at + 20, 10**5, 10**5)
    check_refused(signed(bytes(content)), "entries must fit into a file")


def test_a_directory_of_very_many_entries_is_not_read():
    content = zipped([(str(i), b"") for i in range(30_000)])
    peak, error = peak_of(content)
    assert "a directory must have at most 1000000 bytes, got" in error
    assert peak < 2 * len(content)


def test_what_cannot_be_read_again_is_not_packed(monkeypatch):
    with pytest.raises(ValueError, match="at most 1048576 bytes of JSON, metadata included, to be"):
        pack({"metadata": "x" * 2**20}, {})
    arrays = {f"slots_W{i}": np.zeros(0) for i in range(MOST_ARRAYS)}
    content = pack({}, arrays)
    assert Archive(io.BytesIO(content)).header() == {}
    with pytest.raises(ValueError, match="at most 10000 arrays to be saved, got 10001"):
        pack({}, arrays | {"more": np.zeros(0)})


def peak_of(content):
    """Return the most memory that reading takes, in bytes, and what it fails with, if it does."""
    file = io.BytesIO(content)
    tracemalloc.start()
    try:
        opened = Archive(file)
        opened.header()
        for name, *rest in TAKEN:
            opened.take(name, *rest)
    except MALFORMED as error:
        return tracemalloc.get_traced_memory()[1], str(error)
    else:
        return tracemalloc.get_traced_memory()[1], None
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "entries",
    [
        entries_of(b" " * 10**7),
        entries_of(b"[" + b"[]," * 3 * 10**5 + b"[]]"),
        entries_of(W=npy(np.zeros(10**6), shape=(HUGE, HUGE))),
        entries_of(W=npy(np.zeros(10**6), shape=(2, 3))),
        entries_of(W=npy(ARRAYS["W"], shape=(2**40,))),
    ],
)
def test_memory_is_bounded_by_the_size_of_the_file(entries):
    content = zipped(entries)
    peak, _ = peak_of(content)
    assert peak < 3 * len(content) + 24 * 2**20
