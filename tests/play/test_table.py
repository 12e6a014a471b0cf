"""A user's own CSV file is read, or refused with the reason."""

import numpy as np
import pytest

from fastnn.play.data import load
from fastnn.play.settings import Settings
from fastnn.play.table import MOST_ROWS, read

TEXT = "a,b,c,kind\n" + "".join(f"{i},{-i},{i % 2},{'uv'[i % 2]}\n" for i in range(6))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_are_told_apart(delimiter):
    table = read("\ufeff" + TEXT.replace(",", delimiter), "own.csv")
    assert table.delimiter == delimiter
    assert table.description() == {
        "type": "columns",
        "numeric": ["a", "b", "c"],
        "labels": ["a", "b", "c", "kind"],
        "rows": 6,
    }
    assert table.chosen((), "") == (("a", "b"), "kind")
    np.testing.assert_array_equal(table.numbers(("b", "c"))[:2], [[0, 0], [-1, 1]])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "header and 2 to 10000 rows, got 0"),
        ("a,b,c\n1,2,x\n", "header and 2 to 10000 rows, got 1"),
        ("a,b,c\n\n\n", "header and 2 to 10000 rows, got 0"),
        ("\na,b,c\n1,2,x\n2,3,y\n", "the header must hold 3 to 64 different names, got 0"),
        ("a,b,a\n1,2,x\n2,3,y\n", "3 to 64 different names"),
        ("a,b\n1,x\n2,y\n", "3 to 64 different names"),
        (",".join(f"c{i}" for i in range(65)) + "\n1\n2\n", "3 to 64"),
        ("a,b,c\n1,2,x\n1,2\n", "line 3 must have 3 cells, got 2"),
        ("a,b,c\n\n\n1,2,x\n1,2\n", "line 5 must have 3 cells, got 2"),
        ('a,b,c\r\n1,2,"x\r\ny"\r\n1,2\r\n', "line 4 must have 3 cells, got 2"),
        ("a,b,c\n1,nan,x\n2,3,y\n", "two or more columns of numbers"),
        ("a,b,c\n1,,x\n2,3,y\n", "two or more columns of numbers"),
        ("a,b,c\n1,2,x\n2,3,x\n", "another column of 2 to 10 labels"),
        ('a,b,c\n1,"2,x\n2,3,y\n', "must be CSV"),
        ("a,b,c\n" + "1,2,x\n" * (MOST_ROWS + 1), "to 10000 rows, got 10001"),
        ("a,b,c\n1,2,\ufffd\n2,3,y\n", "encoded as UTF-8"),
        (f"a,b,c\n1,2,{'x' * 201}\n2,3,y\n", "line 2 .* at most 200 characters"),
    ],
)
def test_bad_files_are_refused(text, what):
    with pytest.raises(ValueError, match=what):
        read(text, "own.csv")


def test_empty_lines_are_no_rows():
    lines = "\n\n" + "1,2,x\n\n2,3,y\n\n" * (MOST_ROWS // 2)
    assert read("a,b,c" + lines, "own.csv").n_rows == MOST_ROWS


@pytest.mark.parametrize(
    ("inputs", "label", "what"),
    [
        (("a",), "kind", "two or more"),
        (("a", "a"), "kind", "two or more different"),
        (("a", "kind"), "c", "columns of numbers"),
        (("a", "b"), "b", "beside the label"),
        (("a", "b"), "none", "label must be one of"),
    ],
)
def test_bad_columns_are_refused(inputs, label, what):
    with pytest.raises(ValueError, match=what):
        read(TEXT, "own.csv").chosen(inputs, label)


@pytest.mark.parametrize("number", ["1e200", "1e-200", "1e308"])
def test_columns_without_a_scale_are_refused_by_name(number):
    table = read(f"far,b,kind\n{number},1,x\n-{number},2,y\n0,3,x\n", "own.csv")
    with pytest.raises(
        ValueError, match=r"the column 'far' must hold numbers that scale to a deviation"
    ):
        load(Settings(data="csv"), table)
