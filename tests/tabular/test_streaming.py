import sys

import numpy as np
import pytest

from fastnn.tabular.fields import TableError
from fastnn.tabular.streaming import open_table, place_of, with_progress

from .tables import IRISES, write

N = 20_000  # fields of a chunk


def rows_of(table):
    """Return the lines and the rows of a table."""
    lines, rows = [], []
    for chunk in table.chunks():
        lines += chunk.lines.tolist()
        rows += zip(*chunk.columns, strict=True)
    return lines, rows


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
        ("a, b\n1, x\n2, y\n", "utf-8"),
    ],
)
def test_the_same_table_however_it_is_written(tmp_path, text, encoding):
    table = open_table(write(tmp_path / "t.csv", text, encoding=encoding), None)
    assert table.names == ["a", "b"]
    assert rows_of(table) == ([2, 3], [("1", "x"), ("2", "y")])
    assert rows_of(table) == ([2, 3], [("1", "x"), ("2", "y")]), "a second pass"


def test_a_delimiter_within_quotes_does_not_count(tmp_path):
    table = open_table(write(tmp_path / "t.csv", '"a,b,c";d\n1;2\n'), None)
    assert table.names == ["a,b,c", "d"]


def test_a_delimiter_that_is_given(tmp_path):
    table = open_table(write(tmp_path / "t.csv", "a:b,c\n1:2,3\n"), ":")
    assert table.names == ["a", "b,c"]
    assert rows_of(table) == ([2], [("1", "2,3")])


def test_lines_are_counted_as_an_editor_does(tmp_path):
    text = 'a,b\n1,"one\ntwo\r\nthree"\n\n2,y\n  3,z\n'
    got = rows_of(open_table(write(tmp_path / "t.csv", text), None))
    assert got == ([2, 6, 7], [("1", "one\ntwo\r\nthree"), ("2", "y"), ("3", "z")])


def test_chunks_follow_each_other(tmp_path):
    n = N // 2 * 2 + 5
    text = "a,b\n" + "".join(f"{i},{-i}\n" for i in range(n))
    table = open_table(write(tmp_path / "t.csv", text), None)
    chunks = list(table.chunks())
    assert [chunk.start for chunk in chunks] == [0, N // 2, N]
    lines, rows = rows_of(table)
    assert lines == list(range(2, n + 2))
    assert rows == [(str(i), str(-i)) for i in range(n)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", " must hold a table, got an empty file"),
        ("\n\n", " must hold a table, got an empty file"),
        ("a,b,a\n1,2,3\n", " must have columns of different names, got 'a' twice"),
        ("a,b\n1,2\n3\n", " line 3: a row must have 2 fields, got 1"),
        ('a,b\n1,"x\ny"\n3,4,5\n', " line 4: a row must have 2 fields, got 3"),
        ('a,b\n1,2\n3,"open\n', " line 3: a row must be separated values, and a quote closed"),
        ('a,b\n1,"x"y\n', " line 2: a row must be separated values, and a quote closed"),
    ],
)
def test_a_bad_table_is_named_by_its_line(tmp_path, text, expected):
    path = write(tmp_path / "t.csv", text)
    with pytest.raises(TableError) as caught:
        rows_of(open_table(path, None))
    assert str(caught.value).startswith(f"{path}{expected}")


def test_a_text_that_is_not_utf8_is_named_by_its_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" + b"1,x\n" * 50_000 + b"2,caf\xe9\n")
    with pytest.raises(TableError, match="line 50002: a text must be UTF-8, got other bytes"):
        rows_of(open_table(path, None))


def test_bare_numbers_have_no_names(tmp_path):
    path = write(tmp_path / "t.csv", "1,2.5\n3,4\n")
    table = open_table(path, None, bare=True)
    assert table.names == ["1", "2"]
    assert rows_of(table) == ([1, 2], [("1", "2.5"), ("3", "4")])
    assert open_table(path, None).names == ["1", "2.5"]


def test_names_are_names_though_numbers_follow(tmp_path):
    table = open_table(write(tmp_path / "t.csv", "a,2\n3,4\n"), None, bare=True)
    assert table.names == ["a", "2"]


def test_the_place_of_a_column_and_the_nearest_name(tmp_path):
    table = open_table(write(tmp_path / "t.csv", IRISES), None)
    assert place_of(table, "species") == 3
    with pytest.raises(TableError, match=r"must have the column 'Specie', .*; 'species' is near"):
        place_of(table, "Specie")


def test_a_watched_table_is_the_same(tmp_path, capsys):
    table = open_table(write(tmp_path / "t.csv", IRISES), None)
    (chunk,) = with_progress(table, "reading", quiet=False)
    assert chunk.lines.tolist() == [2, 3, 4, 5, 6, 7]
    assert capsys.readouterr() == ("", "")


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_table(tmp_path / "none.csv", None)


class TestParquet:
    @pytest.fixture
    def pyarrow(self):
        return pytest.importorskip("pyarrow")

    def write(self, path, columns, **options):
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(columns), path, **options)
        return path

    def test_numbers_texts_and_gaps(self, pyarrow, tmp_path):
        columns = {
            "whole": pyarrow.array([1, None, 3], pyarrow.int32()),
            "real": [0.5, float("nan"), None],
            "exact": pyarrow.array([1, 2, 3]).cast(pyarrow.decimal128(22, 2)),
            "text": ["x", None, ""],
            "flag": [True, False, None],
            "few": pyarrow.array(["u", "v", "u"]).dictionary_encode(),
        }
        table = open_table(self.write(tmp_path / "t.any", columns), None)
        assert table.names == list(columns)
        (chunk,) = table.chunks()
        np.testing.assert_array_equal(chunk.columns[0], [1, np.nan, 3])
        np.testing.assert_array_equal(chunk.columns[1], [0.5, np.nan, np.nan])
        np.testing.assert_array_equal(chunk.columns[2], [1, 2, 3])
        assert chunk.columns[3:] == [["x", "", ""], ["true", "false", ""], ["u", "v", "u"]]
        assert chunk.lines.tolist() == [1, 2, 3]

    def test_chunks_follow_each_other(self, pyarrow, tmp_path):
        path = self.write(tmp_path / "t", {"a": range(N + 5)}, row_group_size=N // 3)
        starts, numbers = [], []
        for chunk in open_table(path, None).chunks():
            starts.append(chunk.start)
            numbers += chunk.columns[0].tolist()
            assert chunk.lines[0] == chunk.start + 1
        assert numbers == list(range(N + 5))
        assert len(starts) > 1

    def test_a_broken_file(self, pyarrow, tmp_path):
        path = self.write(tmp_path / "t", {"a": [1, 2]})
        path.write_bytes(path.read_bytes()[:50])
        with pytest.raises(TableError, match="must be a readable Parquet file"):
            open_table(path, None)

    def test_a_column_that_is_neither_numbers_nor_texts(self, pyarrow, tmp_path):
        table = open_table(self.write(tmp_path / "t", {"a": [[1, 2], [3]]}), None)
        with pytest.raises(TableError, match="must hold numbers and texts, got a column of list"):
            next(table.chunks())


def test_a_missing_pyarrow_is_told_in_one_line(monkeypatch, tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError) as caught:
        open_table(path, None)
    assert str(caught.value) == (
        f'{path} is Parquet, which needs pyarrow: pip install "fastnn-numba[parquet]"'
    )


@pytest.mark.parametrize("before", ["", "a,b\n1,2\n"])
@pytest.mark.parametrize("fill", ["\0", "1,"])
def test_a_line_without_end_is_refused(tmp_path, before, fill):
    path = write(tmp_path / "t.csv", before + fill * 2**24)
    line = 1 + before.count("\n")
    with pytest.raises(TableError, match=f"line {line}: a line must have fewer than 16777216 ch"):
        rows_of(open_table(path, None))


def test_a_long_line_is_one_row(tmp_path):
    names = ",".join(f"c{j}" for j in range(3000))
    row = ",".join(["x" * 3000] * 3000)
    table = open_table(write(tmp_path / "t.csv", f"{names}\r\n{row}\r\n{row}"), None)
    assert rows_of(table) == ([2, 3], [("x" * 3000,) * 3000] * 2)
