"""The container: what a malicious person would make of it is refused."""

import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from fastnn._storage.npz import MALFORMED, MOST_ARRAYS, Archive, pack

from ..support.archives import (
    ARRAYS,
    HEADER,
    TAKEN,
    check_refused,
    check_whole,
    entries_of,
    npy,
    signed,
    zipped,
)


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
