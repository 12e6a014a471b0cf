"""The four commands together, from a table to predictions."""

import csv
import os
import random
import re
import sys

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.cli.main import main
from fastnn.cli.tables import ADD_ARGUMENTS, RUN
from fastnn.tabular import COMMANDS

from ..exchange.c.c_programs import Compiler, find_compilers
from ..tabular.tables import flowers, prices, write


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return a fresh folder, the present one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*argv):
    """Run a command that must succeed."""
    assert main([str(part) for part in argv]) == 0


def r2_in(output):
    """Return the R2 that was printed."""
    return float(re.search(r"Held-out R2 (\S+),", output)[1])


@pytest.fixture
def flower_model(here, capsys):
    write("flowers.csv", flowers(100))
    run("train", "flowers.csv", "--target", "species", "--hidden", "4", "--epochs", "60",
        "--learning-rate", "0.02", "--save", "model")  # fmt: skip
    capsys.readouterr()
    return here / "model"


def test_every_command_has_its_flags_and_does_something():
    assert list(COMMANDS) == list(ADD_ARGUMENTS) == list(RUN)


def test_a_classification_from_end_to_end(here, capsys):
    write("flowers.csv", flowers(100))
    run("train", "flowers.csv", "--target", "species", "--hidden", "4,4", "--epochs", "60",
        "--learning-rate", "0.02", "--save", "model")  # fmt: skip
    got = capsys.readouterr()
    assert got.err == ""
    lines = got.out.splitlines()
    assert lines[0].startswith("flowers.csv: 100 rows; read in ")
    assert lines[1] == "classification, since 'species' holds texts"
    assert lines[2] == "  'species' has 2 categories: 'large', 'small'"
    assert lines[3].endswith(
        "2 columns of numbers, standardised, and 1 of categories make 4 inputs"
    )
    assert lines[4] == "4-4-4-2, 50 parameters; 80 rows to train on, 20 held out"
    assert lines[5].startswith("After 60 epochs: loss 0.0")
    assert lines[6].startswith("Held-out accuracy 1.0000 of 20 rows; 0.")
    assert lines[7] == f"Saved as model, {(here / 'model').stat().st_size} bytes"

    write("new.csv", "colour,length,width\nred,1.0,0.5\nblue,3.1,0.2\n")
    run("predict", "model", "new.csv")
    assert capsys.readouterr() == ("species\nsmall\nlarge\n", "")
    run("predict", "model", "new.csv", "-o", "out.csv", "--probabilities")
    with open("out.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["species"] for row in rows] == ["small", "large"]
    for row in rows:
        assert float(row[f"species={row['species']}"]) > 0.5
        assert float(row["species=small"]) + float(row["species=large"]) == pytest.approx(1)

    run("info", "model")
    got = capsys.readouterr().out
    for part in (
        f"model: {(here / 'model').stat().st_size} bytes",
        Network.load("model").summary(),
        "60 epochs: loss",
        "classification of 'species': 2 categories: 'large', 'small'",
        "'colour': 2 categories: 'blue', 'red'",
        "Held-out accuracy 1.0000",
        "80 rows of flowers.csv",
        "Trained 20",
    ):
        assert part in got


def test_a_regression_from_end_to_end(here, capsys):
    write("rents.csv", prices(200))
    run("train", "rents.csv", "--target", "rent", "--hidden", "8", "--epochs", "150",
        "--learning-rate", "0.02", "--save", "model", "--dtype", "float32")  # fmt: skip
    got = capsys.readouterr().out
    assert "regression, since 'rent' holds numbers with fractions, " in got
    assert r2_in(got) > 0.99
    write("new.csv", "place,area\ntown,50\ncountry,100\n")
    run("predict", "model", "new.csv")
    header, *rents = capsys.readouterr().out.split()
    assert header == "rent"
    assert [float(rent) for rent in rents] == pytest.approx([900, 1300], rel=0.03)


def test_chunks_learn_as_well(here, capsys):
    write("rents.csv", prices(200))
    run("train", "rents.csv", "--target", "rent", "--hidden", "8", "--epochs", "150",
        "--learning-rate", "0.02", "--save", "model", "--chunk-rows", "30")  # fmt: skip
    got = capsys.readouterr().out
    assert "160 rows to train on, 30 at a time, 40 held out" in got
    assert r2_in(got) > 0.99
    assert len(Network.load("model").history.epoch) == 150
    assert sorted(path.name for path in here.iterdir()) == ["model", "rents.csv"]


@pytest.mark.parametrize("chunks", [(), ("--chunk-rows", "30")])
def test_early_stopping(here, capsys, chunks):
    noise = random.Random(0)
    rows = "".join(f"{noise.random()},{noise.random()},{noise.choice('uv')}\n" for _ in range(200))
    write("noise.csv", "a,b,y\n" + rows)
    run("train", "noise.csv", "--target", "y", "--epochs", "300", "--learning-rate", "0.02",
        "--early-stopping", "--save", "model", *chunks)  # fmt: skip
    assert " for early stopping, 40 held out" in capsys.readouterr().out
    losses = Network.load("model").history["val_loss"]
    assert len(losses) == losses.index(min(losses)) + 11 < 300


def test_a_table_of_three_rows_has_no_score(here, capsys):
    write("t.csv", "a,y\n1,2.5\n2,3.5\n3,4.5\n")
    run("train", "t.csv", "--target", "y", "--epochs", "1", "--holdout", "0", "--save", "model")
    assert "No score: no rows were held out" in capsys.readouterr().out


def test_missing_values(here, capsys):
    write("t.csv", flowers(100) + ",red,0.5,small\n1.0,,0.5,small\n1.0,red,0.5,\n")
    argv = ("train", "t.csv", "--target", "species", "--epochs", "1")
    assert main([*argv, "--save", "strict"]) == 1
    assert capsys.readouterr().err == (
        "fastnn: error: t.csv line 102: 'length' must be given (or --missing drop or mean), "
        "got ''\n"
    )
    run(*argv, "--save", "dropped", "--missing", "drop")
    assert "103 rows, 3 of them dropped" in capsys.readouterr().out
    run(*argv, "--save", "filled", "--missing", "mean")
    assert "103 rows, 1 of them dropped" in capsys.readouterr().out
    write("new.csv", "length,colour,width\n1.0,NA,0.5\n")
    run("predict", "filled", "new.csv")
    capsys.readouterr()
    assert main(["predict", "dropped", "new.csv"]) == 1
    assert "new.csv line 2: 'colour' must be given" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("colour,length,width\ngreen,1,2\n", "line 2: 'colour' must be one of 'blue', 'red', got"),
        ("length,width\n1,2\n", "must have the column 'colour', got none of that name"),
        ("colour,length,width\nred,1,2\nred,long,2\n", "line 3: 'length' must be a finite number"),
        ("colour,length,width\nred,1\n", "line 2: a row must have 3 fields, got 2"),
    ],
)
def test_rows_that_cannot_be_predicted_leave_the_old_file(flower_model, capsys, text, expected):
    write("new.csv", text)
    write("out.csv", "old")
    assert main(["predict", "model", "new.csv", "-o", "out.csv", "--force"]) == 1
    got = capsys.readouterr()
    assert got.err.startswith("fastnn: error: new.csv ")
    assert expected in got.err
    assert got.err.count("\n") == 1
    assert (flower_model.parent / "out.csv").read_text() == "old"


def test_columns_that_are_not_used_are_said(flower_model, capsys):
    write("new.csv", "id,colour,length,width,note\n1,red,1,0.5,x\n")
    run("predict", "model", "new.csv")
    got = capsys.readouterr()
    assert got.out == "species\nsmall\n"
    assert got.err == "fastnn: the network does not use the columns 'id', 'note'\n"


def test_predictions_of_the_training_table_are_those_of_the_network(flower_model, capsys):
    run("predict", "model", "flowers.csv", "-o", "out.csv")
    with open("out.csv", encoding="utf-8") as got, open("flowers.csv", encoding="utf-8") as table:
        predicted = [row["species"] for row in csv.DictReader(got)]
        expected = [row["species"] for row in csv.DictReader(table)]
    assert np.mean([one == other for one, other in zip(predicted, expected, strict=True)]) > 0.97


@pytest.mark.parametrize(
    ("argv", "path"),
    [
        (["train", "none.csv", "--target", "y", "--save", "old"], "old"),
        (["predict", "none", "none.csv", "-o", "old"], "old"),
        (["export", "none", "--onnx", "old"], "old"),
        (["export", "none", "--c", "old.c"], "old.c"),
        (["export", "none", "--c", "other.c"], "other.h"),
    ],
)
def test_an_output_is_never_overwritten_unasked_and_told_before_any_work(here, capsys, argv, path):
    write(path, "old")
    assert main(argv) == 1
    assert capsys.readouterr().err == (
        f"fastnn: error: {path} must be new, or --force given to overwrite it\n"
    )
    assert (here / path).read_text() == "old"
    assert main([*argv, "--force"]) == 1
    assert "none" in capsys.readouterr().err, "now the missing input is told"


def test_force_overwrites(flower_model, capsys):
    before = flower_model.read_bytes()
    argv = ("train", "flowers.csv", "--target", "species", "--epochs", "1", "--save", "model")
    run(*argv, "--force")
    assert flower_model.read_bytes() != before
    for path in ("net.c", "net.h"):
        write(path, "somebody else's")
    run("export", "model", "--c", "net.c", "--force")
    assert "net_predict" in (flower_model.parent / "net.c").read_text()
    assert "net_predict" in (flower_model.parent / "net.h").read_text()


def predictions_of_two(capsys):
    """Return raw inputs, and what the model of flowers predicts for them."""
    write("new.csv", "colour,length,width\nred,1.25,0.5\nblue,2.5,0.25\n")
    run("predict", "model", "new.csv", "--probabilities")
    _, *rows = csv.reader(capsys.readouterr().out.splitlines())
    return [[1.25, 0, 1, 0.5], [2.5, 1, 0, 0.25]], np.array([row[1:] for row in rows], float)


def test_the_c_of_a_model_takes_raw_numbers(flower_model, capsys):
    run("export", "model", "--c", "net.c")
    got = capsys.readouterr().out
    assert got.startswith("Wrote net.c and net.h, in float64\nThe standardisation is folded")
    assert "  0 length\n  1 colour=blue\n  2 colour=red\n  3 width\n" in got
    assert "the probability of\n  0 large\n  1 small\n" in got
    compilers = find_compilers()
    if "gcc" not in compilers:
        pytest.skip("gcc is not installed")
    X, expected = predictions_of_two(capsys)
    folder = flower_model.parent
    program = Compiler(compilers["gcc"], folder).load(folder / "net.c", "float64")
    np.testing.assert_allclose(program.predict(X, 2), expected, rtol=1e-10)


def test_the_onnx_of_a_model_takes_raw_numbers(flower_model, capsys):
    pytest.importorskip("onnx")
    from fastnn.exchange import from_onnx

    run("export", "model", "--onnx", "net.onnx", "--dtype", "float32")
    assert capsys.readouterr().out.startswith("Wrote net.onnx, in float32\n")
    X, expected = predictions_of_two(capsys)
    np.testing.assert_allclose(from_onnx("net.onnx").predict(X), expected, rtol=1e-4)


class TestPlainNetworks:
    @pytest.fixture
    def plain(self, here):
        Network(2, [Dense(1, weights=[[1.0], [2.0]])]).save("plain")

    def test_predict(self, plain, capsys):
        write("new.csv", "1,2\n3,4\n")
        run("predict", "plain", "new.csv")
        assert capsys.readouterr() == ("output_0\n5.0\n11.0\n", "")

    def test_info(self, plain, here, capsys):
        run("info", "plain")
        got = capsys.readouterr().out
        assert got.startswith(f"plain: {(here / 'plain').stat().st_size} bytes\nlayer  W")
        assert got.endswith("2 inputs, loss mse, float64\n")

    def test_export(self, plain, capsys):
        run("export", "plain", "--c", "plain.c")
        assert capsys.readouterr().out == (
            "Wrote plain.c and plain.h, in float64\n2 inputs and 1 outputs, as they are\n"
        )

    def test_no_probabilities(self, plain, capsys):
        write("new.csv", "1,2\n")
        assert main(["predict", "plain", "new.csv", "--probabilities"]) == 1
        assert "--probabilities must go with a classification" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["predict", "export", "info"])
def test_a_file_that_is_no_model(here, capsys, name):
    write("model", "Dear Sir")
    write("new.csv", "1,2\n")
    more = {"predict": ["new.csv"], "export": ["--c", "net.c"], "info": []}[name]
    assert main([name, "model", *more]) == 1
    got = capsys.readouterr().err
    assert got.startswith("fastnn: error: model: ")
    assert got.count("\n") == 1
    assert not (here / "net.c").exists()


def test_divergence_is_said_in_one_line_and_nothing_is_saved(here, capsys):
    write("rents.csv", prices(100))
    argv = [
        "train",
        "rents.csv",
        "--target",
        "rent",
        "--optimizer",
        "sgd",
        "--epochs",
        "2",
        "--save",
        "model",
    ]
    assert main([*argv, "--learning-rate", "1e9"]) == 1
    got = capsys.readouterr().err
    assert got.startswith("fastnn: error: training must stay finite, got")
    assert got.count("\n") == 1
    assert not (here / "model").exists()


def test_too_many_categories_for_a_file_are_told_before_the_training(here, capsys):
    rows = "".join(f"{'x' * 2000}{i},{i % 2}\n" for i in range(600))
    write("t.csv", "a,y\n" + rows)
    assert main(["train", "t.csv", "--target", "y", "--save", "model"]) == 1
    assert "the columns must have a description of at most" in capsys.readouterr().err


def test_the_same_seed_gives_the_same_predictions(flower_model, capsys):
    run("train", "flowers.csv", "--target", "species", "--hidden", "4", "--epochs", "60",
        "--learning-rate", "0.02", "--save", "twin")  # fmt: skip
    one, twin = Network.load("model"), Network.load("twin")
    assert one.params.tobytes() == twin.params.tobytes()


def test_a_parquet_file(here, capsys):
    read_csv = pytest.importorskip("pyarrow.csv").read_csv
    write_table = pytest.importorskip("pyarrow.parquet").write_table
    for name, text in (("train", flowers(100)), ("new", "length,colour,width\n1,red,0.5\n")):
        write(f"{name}.csv", text)
        write_table(read_csv(f"{name}.csv"), f"{name}.parquet")
    run("train", "train.parquet", "--target", "species", "--hidden", "4", "--epochs", "60",
        "--learning-rate", "0.02", "--save", "model")  # fmt: skip
    assert "Held-out accuracy 1.0000" in capsys.readouterr().out
    run("predict", "model", "new.parquet")
    assert capsys.readouterr().out == "species\nsmall\n"


def test_a_missing_pyarrow_is_said_in_one_line(here, capsys, monkeypatch):
    (here / "t.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["train", "t.parquet", "--target", "y", "--save", "model"]) == 1
    assert capsys.readouterr().err == (
        "fastnn: error: t.parquet is Parquet, which needs pyarrow: "
        'pip install "fastnn-numba[parquet]"\n'
    )


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there is no /dev/zero")
def test_a_device_without_end_is_refused(flower_model, capsys):
    for argv in (
        ["predict", "model", "/dev/zero", "-o", "out.csv"],
        ["train", "/dev/zero", "--target", "species", "--save", "out.model"],
    ):
        assert main(argv) == 1
        got = capsys.readouterr().err
        assert got.startswith("fastnn: error: /dev/zero line 1: a line must have fewer than ")
        assert got.count("\n") == 1
    assert not list(flower_model.parent.glob("out*"))


@pytest.mark.parametrize(
    "argv",
    [
        ["predict", "model", "flowers.csv", "-o", "flowers.csv"],
        ["predict", "model", "flowers.csv", "-o", "model"],
        ["train", "flowers.csv", "--target", "species", "--save", "flowers.csv"],
        ["export", "model", "--onnx", "model"],
        ["export", "./model.c", "--c", "model.c"],
    ],
)
def test_what_is_read_stays(flower_model, capsys, argv):
    folder = flower_model.parent
    (folder / "model.c").write_bytes(flower_model.read_bytes())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main([*argv, "--force"]) == 1
    assert re.search(r"must be another file than \S+, which is read\n$", capsys.readouterr().err)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
