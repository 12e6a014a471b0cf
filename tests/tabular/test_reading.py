import datetime
import gzip
import json
import sys

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastnn.tables.errors import TableError
from fastnn.tabular.reading import ReadingOptions, open_table

from .tables import IRISES, flowers, write


def from_text(path, text, formats=None, *, bare=False, **options):
    return open_table(write(path / "t.csv", text), ReadingOptions(**options), formats, bare=bare)


def test_a_table_of_numbers_and_texts(tmp_path):
    table = from_text(tmp_path, IRISES)
    assert table.names == ["length", "width", "colour", "species"]
    assert table.n_rows is None
    got = table.read()
    assert [str(field.type) for field in got.schema] == ["double", "double", "string", "string"]
    assert got.slice(2, 1).to_pylist() == [
        {"length": 7.0, "width": 3.2, "colour": "blue", "species": "versicolor"}
    ]
    assert (table.n_rows, table.notes) == (6, [])
    assert table.location(2) == f"{tmp_path / 't.csv'} line 4"
    assert table.read(["species", "width"]).column_names == ["species", "width"]


def test_chunks_are_the_table(tmp_path):
    table = from_text(tmp_path, flowers(1003))
    chunks = list(table.chunks(100, ["colour", "length"]))
    assert [chunk.num_rows for chunk in chunks] == [100] * 10 + [3]
    assert pa.concat_tables(chunks).equals(table.read(["colour", "length"]))


def test_a_format_lasts_beyond_the_first_block(tmp_path):
    n = 150_000
    text = "whole;number\n" + "".join(f"{i};{i}\n" for i in range(n)) + "1;2,5\n"
    got = from_text(tmp_path, text).read()
    assert got["number"].to_pylist() == [*range(n), 2.5]


NUMBERS = st.floats(-1e6, 1e6).map(lambda number: round(number, 2))
STYLES = [(".", ""), (",", ""), (".", ","), (",", "."), (".", "'"), (",", " "), (",", "\u202f")]


def written(number, decimal, thousands, suffix):
    return f"{number:,.2f}".translate({ord(","): thousands, ord("."): decimal}) + suffix


@st.composite
def tables(draw):
    """Return the text of a table and its columns."""
    n = draw(st.integers(1, 30))

    def column(values):
        return draw(st.lists(st.none() | values, min_size=n, max_size=n))

    texts = st.text(st.sampled_from("abc ,;\"'\n\u00e4-"), min_size=1, max_size=5)
    columns = {
        "number": column(NUMBERS),
        "text": [text and f"t{text.rstrip()}" for text in column(texts)],
        "date": column(st.dates(datetime.date(1970, 1, 1))),
        "flag": column(st.booleans()),
    }
    decimal, thousands = draw(st.sampled_from(STYLES))
    suffix = draw(st.sampled_from(["", "%", " kg"]))
    separator = draw(st.sampled_from(";|\t"))
    as_text = {
        "number": lambda value: written(value, decimal, thousands, suffix),
        "text": lambda value: '"' + value.replace('"', '""') + '"',
        "date": lambda value: f"{value:%d.%m.%Y}",
        "flag": str,
    }
    lines = [separator.join(columns)]
    for row in zip(*columns.values(), strict=True):
        fields = zip(columns, row, strict=True)
        lines.append(separator.join("" if v is None else as_text[name](v) for name, v in fields))
    return "\n".join(lines) + "\n", columns


@settings(max_examples=60)
@given(tables(), st.integers(1, 12))
def test_what_was_written_is_read_whole_and_in_chunks(tmp_path_factory, written_table, n_rows):
    text, columns = written_table
    path = tmp_path_factory.mktemp("t") / "t.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    table = open_table(path)
    got = table.read()
    for name, values in columns.items():
        if any(value is not None for value in values):
            of_column = got[name].to_pylist()
            if name == "date":
                of_column = [moment and moment.date() for moment in of_column]
            assert of_column == values
        else:
            assert got[name].null_count == len(values)
    assert table.n_rows == got.num_rows == len(values)
    chunks = list(table.chunks(n_rows))
    assert {chunk.num_rows for chunk in chunks[:-1]} <= {n_rows}
    assert pa.concat_tables(chunks).equals(got)
    assert open_table(path, formats=json.loads(json.dumps(table.formats))).read().equals(got)


def test_new_rows_are_read_as_those_of_the_training(tmp_path):
    text = "a;b;c\n1,5;01/02/2020;NA\n2;31/01/2021;DE\n"
    trained = from_text(tmp_path, text, na_values=["?"])
    formats = json.loads(json.dumps(trained.formats))
    table = from_text(tmp_path, "c;b;a;more\nNA;03/04/2020;3;1.5\n?;;4,25;2,5,1\n", formats)
    assert table.read(["a", "b", "c"]).to_pylist() == [
        {"a": 3.0, "b": datetime.datetime(2020, 4, 3), "c": "NA"},
        {"a": 4.25, "b": None, "c": None},
    ]
    table = from_text(tmp_path, "a;b;c\n3;01/02/2020;NA\n4.5;;\n", formats)
    with pytest.raises(TableError) as caught:
        table.read()
    assert str(caught.value) == (
        f"{tmp_path / 't.csv'} line 3: 'a' must be a number written as 1234,5, got '4.5': "
        "correct it, or leave it empty"
    )


def test_a_column_that_is_not_there(tmp_path):
    table = from_text(tmp_path, IRISES)
    with pytest.raises(TableError, match=r"the column 'Specie', .*; 'species' is near"):
        table.read(["Specie"])
    for option in ("ignored", "categories"):
        with pytest.raises(TableError, match="must have the column 'none', got none"):
            from_text(tmp_path, IRISES, **{option: ["none"]})


def test_labels_keep_their_texts(tmp_path):
    text = "x,y\n1,01\n2,1\n3,1.10\n4,1.1\n"
    labels = ["01", "1", "1.10", "1.1"]
    assert from_text(tmp_path, text, categories=["y"]).read()["y"].to_pylist() == labels
    table = from_text(tmp_path, text)
    assert table.read()["y"].to_pylist() == [1, 1, 1.1, 1.1]
    table.keep_texts("y")
    assert table.read()["y"].to_pylist() == labels


def test_ids_stay_different(tmp_path):
    ids = ["9007199254740993", "9007199254740992", "18446744073709551617"]
    table = from_text(tmp_path, "id,x\n" + "".join(f"{name},1\n" for name in ids))
    assert table.read()["id"].to_pylist() == ids
    assert table.notes == ["'id' holds whole numbers beyond 2^53: kept as texts, none merged"]


@pytest.mark.parametrize(
    ("names", "used", "note"),
    [
        (",a", ["a"], "a column without a name, an index say, is left out"),
        ("a,", ["a"], "a column without a name, an index say, is left out"),
        ("Unnamed: 0,a", ["a"], "a column 'Unnamed: 0', pandas' index, is left out"),
        ("3,4", ["3", "4"], "line 1 names the columns, though it holds numbers: ['3', '4']"),
    ],
)
def test_an_index_is_left_out_and_told(tmp_path, names, used, note):
    table = from_text(tmp_path, f"{names}\n0,1\n1,2\n")
    assert (table.names, table.notes) == (used, [note])


def test_the_index_of_a_parquet_file(tmp_path):
    columns = {"a": [1, 2], "__index_level_0__": ["x", "y"], "__index_level_1__": [1, 2]}
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "t")
    assert open_table(tmp_path / "t").names == ["a"]


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("a,b\n", {}, " must have rows below its names, got none"),
        ("a,b,a\n1,2,3\n", {}, " must have columns of different names, got 'a' twice: rename one"),
        ("a\n1\n", {"ignored": ["a"]}, " must have columns, got none that is used"),
        ("a,b\n1,2\n2,3\n4,x\n", {}, " line 4: 'b' must be a finite number, as most are, got 'x'"),
    ],
)
def test_a_bad_table_is_told_in_one_line(tmp_path, text, options, expected):
    with pytest.raises(TableError) as caught:
        from_text(tmp_path, text, **options).read()
    assert str(caught.value).startswith(f"{tmp_path / 't.csv'}{expected}")
    assert "\n" not in str(caught.value)


def test_names_that_come_twice_may_be_ignored(tmp_path):
    table = from_text(tmp_path, "a,b,a\n1,2,3\n", ignored=["a"])
    assert table.read().to_pydict() == {"b": [2.0]}


def test_a_remedy_can_be_pasted(tmp_path):
    with pytest.raises(TableError, match="--categories 'my x', or leave it out with --ignore 'my "):
        from_text(tmp_path, "my x\n1\n2\n?\n").read()


def test_one_row(tmp_path):
    assert from_text(tmp_path, "a,b\n1,x").read().to_pydict() == {"a": [1.0], "b": ["x"]}


def test_what_is_not_wanted_may_be_anything(tmp_path):
    columns = {"a": [1, 2], "nested": [[1], [2, 3]], "binary": [b"\xff", b""]}
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "t")
    with pytest.raises(TableError) as caught:
        open_table(tmp_path / "t").read()
    assert str(caught.value) == (
        f"{tmp_path / 't'} row 1: 'nested' must be numbers, texts or times, got "
        "'list<element: int64>': leave it out with --ignore nested"
    )
    expected = {"a": [1.0, 2.0]}
    ignored = ReadingOptions(ignored=["nested", "binary"])
    assert open_table(tmp_path / "t", ignored).read().to_pydict() == expected
    assert open_table(tmp_path / "t").read(["a"]).to_pydict() == expected


def test_infinity_is_refused_by_its_row(tmp_path):
    pyarrow.parquet.write_table(pa.table({"a": [1.0, float("inf")]}), tmp_path / "t")
    with pytest.raises(TableError, match="row 2: 'a' must be a finite number, got 'inf'"):
        open_table(tmp_path / "t").read()


def test_words_for_missing_are_texts_in_parquet(tmp_path):
    pyarrow.parquet.write_table(pa.table({"a": ["NA", "x", "", None]}), tmp_path / "t")
    assert open_table(tmp_path / "t").read()["a"].to_pylist() == ["NA", "x", None, None]


def test_bare_numbers(tmp_path):
    table = from_text(tmp_path, "1,2.5\n3,4\n", bare=True)
    assert table.read().to_pydict() == {"1": [1.0, 3.0], "2": [2.5, 4.0]}


def test_a_watched_table_is_the_same(tmp_path, capsys):
    path = write(tmp_path / "t.csv", IRISES)
    assert open_table(path, quiet=False).read().equals(open_table(path).read())
    assert capsys.readouterr() == ("", "")


def test_malformed_formats_are_told_in_one_line(tmp_path):
    with pytest.raises(TableError, match="a column's format must be as fastnn saved it"):
        from_text(tmp_path, IRISES, {"length": {"kind": "prose"}})


def test_a_missing_pyarrow_is_told_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "fastnn.tabular.reading")
    with pytest.raises(ImportError, match="a table needs pyarrow, of the extra tables: pip"):
        import fastnn.tabular.reading  # noqa: F401
