"""What `fastnn train` says of the columns, and which it leaves out."""

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("narwhals")
pytest.importorskip("pyarrow")

import numpy as np

import fastnn
from fastnn.tabular.rows import HELD_OUT, Split

from ..tabular.tables import flowers, write
from .commands import refusal, run

HOW = ["--target", "species", "--save", "model", "--fast", "--epochs", "1", "--force"]


def train_with(capsys, name, label):
    """Train on the flowers with one more column, labels by number, and return what is said."""
    head, *rows = flowers(60).splitlines()
    named = (f"{label.format(k)},{row}" for k, row in enumerate(rows))
    write("t.csv", "\n".join([f"{name},{head}", *named]))
    run("train", "t.csv", *HOW)
    return " ".join(capsys.readouterr().out.split())


def test_a_column_that_names_the_rows_is_left_out_and_said(here, capsys):
    rows = flowers(60).splitlines()
    numbered = [f",{rows[0]}", *(f"{k},{row}" for k, row in enumerate(rows[1:]))]
    write("t.csv", "\n".join(numbered))
    run("train", "t.csv", "--target", "species", "--save", "model", "--fast", "--epochs", "1")
    assert "note: a column without a name, an index say, is left out" in capsys.readouterr().out
    assert fastnn.load_model("model").feature_names_in_.tolist() == ["length", "colour", "width"]


def test_texts_of_which_nearly_each_is_another_are_left_out_unless_asked_for(here, capsys):
    got = train_with(capsys, "name", "Mr. {} X")
    assert "t.csv: 60 rows, 3 columns" in got
    assert "(60 of 60) and is left out: --categories name takes it" in got
    assert fastnn.load_model("model").feature_names_in_.tolist() == ["length", "colour", "width"]
    run("predict", "model", "t.csv", "-o", "p.csv")
    assert "the model does not use the columns 'name'" in capsys.readouterr().err
    run("train", "t.csv", *HOW, "--categories", "name")
    assert "left out" not in capsys.readouterr().out
    assert "name" in fastnn.load_model("model").feature_names_in_
    write("t.csv", "\n".join(["name,y", *(f"Mr. {k} X,{k}.5" for k in range(60))]))
    told = "must have columns beside 'y', got only such as are left out, ['name']: 'name' has "
    told += "nearly as many categories as rows, --categories name takes it"
    assert told in refusal(capsys, "train", "t.csv", "--target", "y", "--save", "other")


def test_numbers_that_tell_rows_apart_are_inputs_and_said(here, capsys):
    got = train_with(capsys, "id", "{}")
    assert (
        "note: 'id' has another whole number in each row, as a key has, and is an input: "
        "--ignore id leaves it out"
    ) in got
    assert "id" in fastnn.load_model("model").feature_names_in_
    run("train", "t.csv", *HOW, "--ignore", "id")
    assert "note: " not in capsys.readouterr().out
    assert "id" not in fastnn.load_model("model").feature_names_in_


def test_each_column_has_a_line_of_a_terminal_and_info_has_them_all(here, capsys):
    names = [f"a rather long name of a column, number {k}" for k in range(30)]
    texts = ["a very long text that no terminal shows in one line " * 3 + t for t in "uv"]
    rows = [",".join([*(f'"{n}"' for n in names), "y"])]
    rows += [",".join([*([texts[k % 2]] * 30), str(k % 2)]) for k in range(40)]
    write("t.csv", "\n".join(rows))
    argv = ("train", "t.csv", "--target", "y", "--save", "model", "--fast", "--epochs", "1")
    run(*argv)
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines if line.startswith("  a rather"))
    assert sum(line.startswith("  a rather") for line in lines) == 20
    assert "  and 10 more: fastnn info lists all" in lines
    run("info", "model")
    assert capsys.readouterr().out.count("  a rather") == 30


def test_a_column_without_a_value_is_left_out_and_said(here, capsys):
    head, *rows = flowers(60).splitlines()
    write("t.csv", "\n".join([f"gone,{head}", *(f",{row}" for row in rows)]))
    run("train", "t.csv", *HOW)
    got = " ".join(capsys.readouterr().out.split())
    assert "note: 'gone' has no value in any row and is left out" in got
    assert "gone" not in fastnn.load_model("model").feature_names_in_
    write("new.csv", flowers(5))
    run("predict", "model", "new.csv", "-o", "p.csv")


@pytest.mark.parametrize("more", [[], ["--chunk-rows", "10"]])
def test_a_column_whose_values_are_all_held_out_is_of_no_use(here, capsys, more):
    head, *rows = flowers(60).splitlines()
    held = set(np.flatnonzero(Split(0.2, 0.0, 0).parts(0, 60) == HELD_OUT)[:3])
    named = (f"{k if k in held else ''},{row}" for k, row in enumerate(rows))
    write("t.csv", "\n".join([f"late,{head}", *named]))
    run("train", "t.csv", *HOW, *more)
    got = capsys.readouterr()
    assert "  late    no value: of no use\n" in got.out
    assert got.err == ""
    run("predict", "model", "t.csv", "-o", "p.csv", "--strict")
