import bz2
import datetime
import gzip
import io
import os
import subprocess
import sys
import tempfile
import threading
import weakref

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from fastnn.tables.errors import TableError
from fastnn.tabular.sources import open_source

from .tables import write


def rows_of(source):
    """Return the rows of a source as texts."""
    rows = []
    for columns in source.batches(range(len(source.names))):
        rows += zip(*(column.to_pylist() for column in columns), strict=True)
    return rows


def from_text(path, text, delimiter=None, *, bare=False, **options):
    return open_source(write(path / "t.csv", text, **options), delimiter, bare=bare)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("a,b\n1,x\n2,y\n", "utf-8"),
        ("a,b\n1,x\n2,y\n", "utf-8-sig"),
        ("a,b\r\n1,x\r\n2,y\r\n", "utf-8"),
        ("a,b\r1,x\r2,y", "utf-8"),
        ("a;b\n1;x\n2;y\n", "utf-8"),
        ("a\tb\n1\tx\n2\ty\n", "utf-8"),
        ("a|b\n1|x\n2|y\n", "utf-8-sig"),
        ('"a","b"\n"1","x"\n"2","y"\n', "utf-8"),
        (" a ,b \n1,x\n2,y\n", "utf-8"),
        ("\n\na,b\n\n1,x\n\n2,y\n\n", "utf-8"),
        ("sep=;\na;b\n1;x\n2;y\n", "utf-8"),
        ("sep=;\r\na;b\r\n1;x\r\n2;y\r\n", "utf-8-sig"),
        ('"sep=,"\na,b\n1,x\n2,y\n', "utf-8"),
    ],
)
def test_the_same_table_however_it_is_written(tmp_path, text, encoding):
    source = from_text(tmp_path, text, encoding=encoding)
    assert source.names == ["a", "b"]
    assert rows_of(source) == [("1", "x"), ("2", "y")]
    assert rows_of(source) == [("1", "x"), ("2", "y")], "a second pass"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b;c;d,e,f\n1;2;3\n4;5;6\n", ["a,b", "c", "d,e,f"]),
        ("a;b\n1,5;2,5\n3;4\n", ["a", "b"]),
        ("a,b\n1;2,3\n4,5\n", ["a", "b"]),
        ('"a;b",c\n1,2\n', ["a;b", "c"]),
        ('"a\nb;c";d\n1;2\n', ["a\nb;c", "d"]),
        ("a\n1\n2\n", ["a"]),
        ("a,b\n1,x;y\n2,z\n", ["a", "b"]),
    ],
)
def test_the_delimiter_is_what_each_line_has_as_many_of(tmp_path, text, names):
    assert from_text(tmp_path, text).names == names


def test_a_delimiter_that_is_given(tmp_path):
    source = from_text(tmp_path, "a:b,c\n1:2,3\n", ":")
    assert (source.names, rows_of(source)) == (["a", "b,c"], [("1", "2,3")])


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_an_editor_does(tmp_path, ending):
    text = '\na,b\n1,"one\n""two""\n\nthree"\n\n2,5" y\n3,"""z"\n'.replace("\n", ending)
    source = from_text(tmp_path, text)
    assert [row[0] for row in rows_of(source)] == ["1", "2", "3"]
    assert [source.location(row)[-6:] for row in range(3)] == ["line 3", "line 8", "line 9"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", " must hold a table, got an empty file"),
        ("\n\n", " must hold a table, got an empty file"),
        ("hello", " must hold a table, got one line, 'hello': give names and rows"),
        ("a,b\n1,2\n\n3\n", " line 4: a row must have 2 fields, got 1"),
        ("sep=;\n\na;b\n1;2\n3\n", " line 5: a row must have 2 fields, got 1"),
        ('a,b\n1,"x\ny"\n3,4,5\n', " line 4: a row must have 2 fields, got 3"),
        ('a,b\n1,2\n3,"open\n', " line 3: a row must be separated values, and a quote closed"),
        ('a,b\n1,2\n3,"open\n4,5\n', " line 3: a row must be separated values, and a quote clo"),
        ('a,b\n1,2\n"open,3\n4,5\n', " line 3: a row must be separated values, and a quote clo"),
    ],
)
def test_a_bad_table_is_named_by_its_line(tmp_path, text, expected):
    with pytest.raises(TableError) as caught:
        rows_of(from_text(tmp_path, text))
    assert str(caught.value).startswith(f"{tmp_path / 't.csv'}{expected}")


def test_an_open_quote_in_a_long_file(tmp_path):
    text = "a,b\n" + "1,x\n" * 3 + '2,"y\n' + "3,z\n" * 600_000
    with pytest.raises(TableError, match=r"line 5: .* a quote closed, got an open one"):
        rows_of(from_text(tmp_path, text))


def test_a_text_that_is_not_utf8_is_named_by_its_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" + b"1,x\n" * 300_000 + b"2,caf\xe9\n")
    source = open_source(path, None, bare=False)
    with pytest.raises(TableError, match="line 300002: 'b' must be UTF-8, got other bytes"):
        rows_of(source)
    assert sum(len(column) for (column,) in source.batches([0])) == 300_001, "not wanted"


def test_a_name_that_is_not_utf8(tmp_path):
    (tmp_path / "t").write_bytes(b"caf\xe9,b\n1,2\n")
    with pytest.raises(TableError, match="line 1: a name must be UTF-8"):
        open_source(tmp_path / "t", None, bare=False)


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n".encode("utf-16"),
        "a,b\n1,2\n".encode("utf-16-le"),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1an old .xls",
    ],
)
def test_another_format_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "t").write_bytes(content)
    with pytest.raises(TableError, match="must be CSV in UTF-8, Parquet or "):
        open_source(tmp_path / "t", None, bare=False)


def test_bare_numbers_have_no_names(tmp_path):
    source = from_text(tmp_path, "1,2.5\n3,4\n", bare=True)
    assert source.names == ["1", "2"]
    assert rows_of(source) == [("1", "2.5"), ("3", "4")]
    assert source.location(1).endswith("line 2")
    assert from_text(tmp_path, "1,2.5\n3,4\n").names == ["1", "2.5"]
    assert from_text(tmp_path, "a,2\n3,4\n", bare=True).names == ["a", "2"]


def test_a_field_may_be_of_any_length(tmp_path):
    long = "x" * 3_000_000
    source = from_text(tmp_path, f"a,b\n0,short\n1,{long}\n" + "2,y\n" * 400_000 + f"3,{long}\n")
    rows = rows_of(source)
    assert rows[:3] == [("0", "short"), ("1", long), ("2", "y")]
    assert (len(rows), rows[-1]) == (400_003, ("3", long))


def test_a_table_may_be_wide(tmp_path):
    names = [f"c{j}" for j in range(12_000)]
    source = from_text(tmp_path, ",".join(names) + "\n" + ",".join("1" * 12_000) + "\n")
    assert source.names == names
    assert rows_of(source) == [("1",) * 12_000]


def test_a_first_line_without_end_is_refused(tmp_path):
    with pytest.raises(TableError, match="line 1: a line must have fewer than 16777216 ch"):
        from_text(tmp_path, "x" * 2**24)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs /dev/zero")
def test_a_device_without_end_is_refused():
    with pytest.raises(TableError, match="/dev/zero line 1: a line must have fewer than 16777216"):
        open_source("/dev/zero", None, bare=False)


def test_a_compressed_file_by_its_first_bytes(tmp_path):
    text = b"a,b\n1,x\n2,5\n"
    for content in (
        gzip.compress(text),
        gzip.compress(text[:6]) + gzip.compress(text[6:]),
        bz2.compress(text, 1),
        pa.compress(text, "zstd", asbytes=True),
    ):
        (tmp_path / "t.any").write_bytes(content)
        source = open_source(tmp_path / "t.any", None, bare=False)
        assert rows_of(source) == [("1", "x"), ("2", "5")]
        assert source.location(1).endswith("line 3")


@pytest.mark.parametrize("n_bytes", [15, 100_000])
def test_a_compressed_file_that_is_cut_off(tmp_path, n_bytes):
    content = gzip.compress(b"a,b\n" + os.urandom(200_000).hex().encode(), 1)
    (tmp_path / "t").write_bytes(content[:n_bytes])
    with pytest.raises(OSError, match="t must be a whole gzip file: "):
        rows_of(open_source(tmp_path / "t", None, bare=False))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_read_once_and_its_copy_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=["a,b\n1,x\n"])
    writer.start()
    source = open_source(pipe, None, bare=False)
    writer.join()
    assert source.names == ["a", "b"]
    assert rows_of(source) == rows_of(source) == [("1", "x")]
    assert source.location(0) == f"{pipe} line 2"
    del source
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_pipe_that_is_refused_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    with pytest.raises(TableError, match="standard input must hold a table, got an empty file"):
        open_source("-", None, bare=False)
    assert os.listdir(tmp_path) == []
    assert not sys.stdin.closed


@pytest.mark.parametrize("path", ["-", "/dev/stdin"])
@pytest.mark.skipif(not os.path.exists("/dev/stdin"), reason="needs /dev/stdin")
def test_standard_input(tmp_path, path):
    program = (
        "from fastnn.tabular.sources import open_source; "
        f"source = open_source({path!r}, None, bare=False); "
        "print(source.names, [len(c) for c, in source.batches([0])])"
    )
    with open(write(tmp_path / "t.csv", "a,b\n1,2\n"), encoding="utf-8") as file:
        for stream in ({"input": "a,b\n1,2\n"}, {"stdin": file}):
            done = subprocess.run(
                [sys.executable, "-c", program], text=True, stdout=-1, check=True, **stream
            )
            assert done.stdout == "['a', 'b'] [1]\n"


@pytest.mark.parametrize("path", ["none.csv", "."])
def test_what_is_no_file_is_an_error_of_the_system(tmp_path, path):
    with pytest.raises((FileNotFoundError, IsADirectoryError)):
        open_source(tmp_path / path, None, bare=False)


@pytest.fixture
def handlers(monkeypatch):
    """Return the list of those functions of ours that pyarrow holds, which grows with each pass."""
    held, make = [], pyarrow.csv.ParseOptions

    def options(**given):
        held.append(weakref.ref(given["invalid_row_handler"]))
        return make(**given)

    monkeypatch.setattr(pyarrow.csv, "ParseOptions", options)
    return held


def test_no_thread_of_pyarrow_has_python_in_its_hands_when_a_pass_is_over(tmp_path, handlers):
    # 22 of 300 were let go later, by a thread that may then abort a program at its end.
    late = 0
    for _ in range(300):
        source = from_text(tmp_path, "a,b\n" + "1,2\n" * 20)
        late += handlers[-1]() is not None
        assert len(rows_of(source)) == 20
        late += handlers[-1]() is not None
    assert (late, len(handlers)) == (0, 600)


class TestParquet:
    def write(self, path, columns, **options):
        pyarrow.parquet.write_table(pa.table(columns), path, **options)
        return path

    def test_only_the_wanted_columns_are_read(self, tmp_path):
        columns = {"a": [1, 2], "nested": [[1], [2, 3]], "a.b": ["x", None]}
        source = open_source(self.write(tmp_path / "t.any", columns), None, bare=False)
        assert source.names == ["a", "nested", "a.b"]
        (got,) = source.batches([2, 0])
        assert [column.to_pylist() for column in got] == [["x", None], [1, 2]]
        assert source.location(1) == f"{tmp_path / 't.any'} row 2"

    def test_batches_follow_each_other(self, tmp_path):
        n = 2**20 + 5
        path = self.write(tmp_path / "t", {"a": range(n)}, row_group_size=n // 3)
        batches = [columns[0] for columns in open_source(path, None, bare=False).batches([0])]
        assert pa.chunked_array(batches).to_pylist() == list(range(n))

    def test_a_broken_file(self, tmp_path):
        path = self.write(tmp_path / "t", {"a": [1, 2]})
        path.write_bytes(path.read_bytes()[:50])
        with pytest.raises(TableError, match="must be a readable Parquet file"):
            open_source(path, None, bare=False)

    def test_a_file_broken_within(self, tmp_path):
        path = self.write(tmp_path / "t", {"a": range(1000)}, compression="gzip")
        content = bytearray(path.read_bytes())
        content[40:400] = bytes(360)
        path.write_bytes(content)
        source = open_source(path, None, bare=False)
        with pytest.raises(TableError, match="must be a readable Parquet file"):
            rows_of(source)


class TestExcel:
    @pytest.fixture
    def book(self):
        return pytest.importorskip("openpyxl").Workbook()

    def opened(self, book, path, *rows):
        for row in rows:
            book.active.append(row)
        book.save(path)
        return open_source(path, None, bare=False)

    def test_cells_of_one_type_and_of_several(self, book, tmp_path):
        day = datetime.datetime(2020, 1, 5)
        source = self.opened(
            book, tmp_path / "t.xlsx",
            ["n", " b ", "day", "mixed", 5, None], [1, True, day, 7, None], [2.5, False, None, "x"],
            [], [None, None, day, 1.5, "y"], [None],
        )  # fmt: skip
        assert source.names == ["n", "b", "day", "mixed", "5"]
        assert rows_of(source) == [
            (1, True, day, "7", None),
            (2.5, False, None, "x", None),
            (None,) * 5,
            (None, None, day, "1.5", "y"),
        ]
        assert source.location(1) == f"{tmp_path / 't.xlsx'} row 3"

    def test_a_sheet_through_a_pipe(self, book, tmp_path, monkeypatch):
        self.opened(book, tmp_path / "t.xlsx", ["a"], [1])
        content = io.BytesIO((tmp_path / "t.xlsx").read_bytes())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
        assert rows_of(open_source("-", None, bare=False)) == [(1,)]

    def test_an_empty_sheet(self, book, tmp_path):
        with pytest.raises(TableError, match="must hold a table, got an empty sheet"):
            self.opened(book, tmp_path / "t.xlsx")

    @pytest.mark.parametrize("name", ["t.zip", "t.xlsx"])
    def test_an_archive_that_is_no_sheet(self, tmp_path, name):
        pytest.importorskip("openpyxl")
        (tmp_path / name).write_bytes(b"PK\3\4 and no more")
        with pytest.raises(TableError, match=r"got an archive that is no \.xlsx: unpack it"):
            open_source(tmp_path / name, None, bare=False)

    def test_a_missing_openpyxl_is_told_in_one_line(self, monkeypatch, tmp_path):
        (tmp_path / "t.xlsx").write_bytes(b"PK\3\4")
        monkeypatch.setitem(sys.modules, "openpyxl", None)
        with pytest.raises(ImportError, match="which needs openpyxl, of the extra files: "):
            open_source(tmp_path / "t.xlsx", None, bare=False)
