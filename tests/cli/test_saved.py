"""`fastnn info` and `fastnn export`, and that no command overwrites what it should not."""

import csv
import re

import numpy as np
import pytest

import fastnn
from fastnn import Dense, Network, Population
from fastnn.cli.flags import ADD_ARGUMENTS
from fastnn.cli.main import main
from fastnn.exchange import from_onnx
from fastnn.losses import LogCosh, Quantile
from fastnn.tabular import COMMANDS
from fastnn.tabular.report import wrapped

from ..support.functions import bent, tilted
from ..tabular.tables import write
from .commands import refusal, run

needs_tables = [pytest.importorskip(name) for name in ("sklearn", "narwhals", "pyarrow")]


def test_every_command_has_its_flags_and_does_something():
    from fastnn.cli import predict, saved, train

    assert list(COMMANDS) == list(ADD_ARGUMENTS)
    assert {*COMMANDS} == {*train.RUN, *predict.RUN, *saved.RUN}


def test_info_of_a_model(flower_model, capsys):
    run("info", "model")
    got = capsys.readouterr().out
    assert got.startswith(f"model: {flower_model.stat().st_size} bytes\n")
    for part in (
        "classification of 'species', columns 3\n  classes large, small\n",
        "  colour  2 categories: 'blue', 'red'\n",
        "1 network\n",
        "held out: 20 rows ",
        "  this model ",
        "  always ",
        "Trained 20",
        "  80 rows of flowers.csv, seed 0\n",
        f"  fastnn {fastnn.__version__}, ",
    ):
        assert part in got


def test_info_of_a_network(here, capsys):
    Network(2, [Dense(1, weights=[[1.0], [2.0]])]).save("plain")
    run("info", "plain")
    got = capsys.readouterr().out
    assert got.startswith(f"plain: {(here / 'plain').stat().st_size} bytes\nlayer  W")
    assert got.endswith("2 inputs, loss mse, float64\n")


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (Quantile([0.1, 0.9]), "Quantile([0.1, 0.9])"),
        (LogCosh(), "log_cosh"),
        ("mse", "mse"),
    ],
)
def test_info_tells_activations_and_the_loss(here, capsys, loss, told):
    Network(3, [Dense(4, "swish"), Dense(2, "ascending")], loss=loss).save("net")
    run("info", "net")
    got = capsys.readouterr().out
    assert re.search(r"^ +0 +\(3, 4\).* swish ", got, re.MULTILINE)
    assert re.search(r"^ +1 +\(4, 2\).* ascending ", got, re.MULTILINE)
    assert got.endswith(f"3 inputs, loss {told}, float64\n")


@pytest.mark.parametrize("name", ["predict", "export", "info"])
@pytest.mark.parametrize(
    ("activation", "loss", "what"),
    [("tanh", tilted, "the loss tilted"), (bent, "mse", "the activation bent")],
)
def test_functions_of_the_user_are_refused(here, capsys, name, activation, loss, what):
    Network(1, [Dense(2, activation), Dense(1)], loss=loss).save("net")
    write("new.csv", "1\n")
    more = {"predict": ["new.csv"], "export": ["--c", "net.c"]}
    assert re.fullmatch(
        rf"net: {what} must be given, for a file holds no function of the user's: load it in "
        rf"Python with functions=\[{what.split()[-1]}\]",
        refusal(capsys, name, "net", *more.get(name, [])),
    )
    assert not (here / "net.c").exists()


def test_export_of_a_network_with_quantiles(here, capsys):
    pytest.importorskip("onnx")
    Network(3, [Dense(3, "ascending")], loss=Quantile([0.1, 0.5, 0.9])).save("net")
    for option, path in (("--c", "net.c"), ("--onnx", "net.onnx")):
        run("export", "net", option, path)
        assert "3 inputs and 3 outputs, as they are\n" in capsys.readouterr().out
    assert repr(from_onnx("net.onnx")) == repr(Network.load("net"))


def test_export_of_a_network(here, capsys):
    Network(2, [Dense(1, weights=[[1.0], [2.0]])]).save("plain")
    run("export", "plain", "--c", "plain.c")
    assert capsys.readouterr().out == (
        "Wrote plain.c and plain.h\n2 inputs and 1 outputs, as they are\n"
    )
    assert "plain_predict" in (here / "plain.c").read_text()


def test_info_and_export_of_a_population(here, capsys):
    kinds = [[Dense(1)], [Dense(3, "tanh"), Dense(1)], [Dense(1)]]
    population = Population(Network(2, layers, seed=seed) for seed, layers in enumerate(kinds))
    population.fit([[0, 1], [1, 0]], [0, 1], epochs=2, learning_rate=1e-9)
    losses = [net.history["loss"][-1] for net in population]
    population.save("many")
    run("info", "many")
    assert capsys.readouterr().out.splitlines() == [
        f"many: {(here / 'many').stat().st_size} bytes",
        "population of 3 networks, whose mean is predicted",
        *wrapped(f"       2 {population[0]!r}").splitlines(),
        *wrapped(f"       1 {population[1]!r}").splitlines(),
        f"loss from {min(losses):.6g} to {max(losses):.6g}",
    ]
    run("export", "many", "--c", "many.c")
    assert capsys.readouterr().out == (
        "Wrote many.c and many.h\n2 inputs and 1 outputs, as they are\n"
    )
    assert "many_predict" in (here / "many.c").read_text()


def test_export_of_a_model_takes_the_columns_as_they_are(flower_model, capsys):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    run("export", "model", "--onnx", "net.onnx")
    assert capsys.readouterr().out == (
        "Wrote net.onnx\nInputs are the columns of the table as they are, in this order:\n"
        "  length  number\n  colour  text\n  width   number\n"
        "Durations are numbers of days, times of day of hours\n"
        "Outputs, in this order, the probability of: large, small\n"
    )
    write("new.csv", "colour,length,width\nred,1.25,0.5\ngreen,,0.25\n")
    run("predict", "model", "new.csv", "--probabilities")
    rows = csv.DictReader(capsys.readouterr().out.splitlines())
    expected = [[float(row[f"species={label}"]) for label in ("large", "small")] for row in rows]
    session = runtime.InferenceSession("net.onnx")
    columns = {
        "length": np.array([[1.25], [np.nan]], np.float32),
        "colour": np.array([["red"], ["green"]], object),
        "width": np.array([[0.5], [0.25]], np.float32),
    }
    got = next(each for each in session.run(None, columns) if np.shape(each) == (2, 2))
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_force_overwrites_an_export(flower_model):
    for path in ("net.c", "net.h"):
        write(path, "somebody else's")
    run("export", "model", "--c", "net.c", "--force")
    assert "net_predict" in (flower_model.parent / "net.c").read_text()
    assert "net_predict" in (flower_model.parent / "net.h").read_text()


def test_a_record_that_is_malformed(flower_model, capsys):
    model = fastnn.load_model("model")
    model.model_.metadata["fastnn train"] = {"target": "y"}
    model.save("other")
    assert refusal(capsys, "info", "other") == (
        "other must have metadata of fastnn train, got other"
    )


@pytest.mark.parametrize("name", ["predict", "evaluate", "export", "info"])
def test_a_file_that_is_no_model(here, capsys, name):
    write("model", "Dear Sir")
    write("new.csv", "1,2\n")
    more = {"predict": ["new.csv"], "evaluate": ["new.csv"], "export": ["--c", "net.c"]}
    assert refusal(capsys, name, "model", *more.get(name, [])).startswith("model: ")
    assert not (here / "net.c").exists()


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
    assert refusal(capsys, *argv) == f"{path} must be new, or --force given to overwrite it"
    assert (here / path).read_text() == "old"
    assert main([*argv, "--force"]) == 1
    assert "none" in capsys.readouterr().err, "now the missing input is told"


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


MESSY = "price,listed,new,y\n" + "".join(
    f'"${1000 + 37 * row:,}.50",{1 + row % 28:02}.0{1 + row % 9}.2020,{row % 3 == 0},{row % 2}\n'
    for row in range(60)
)


def test_python_reads_the_texts_of_a_dataframe_as_the_command_read_the_file(here, capsys):
    pandas = pytest.importorskip("pandas")
    table = write(here / "messy.csv", MESSY)
    run("train", table, "--target", "y", "--save", "model", "--fast", "--quiet")
    run("predict", "model", table, "-o", "out.csv", "--probabilities")
    raw = pandas.read_csv(table, dtype=str).drop(columns="y")
    got = fastnn.load_model("model").predict_proba(raw)
    expected = np.loadtxt("out.csv", delimiter=",", skiprows=1, usecols=[1, 2])
    np.testing.assert_array_equal(got, expected)
    raw.loc[3, "price"] = "4 kg"
    with pytest.raises(ValueError, match=r"'price' must be a number .* got '4 kg' in row 3"):
        fastnn.load_model("model").predict(raw)


def test_rows_without_a_target_are_counted(here, capsys):
    table = write(here / "messy.csv", MESSY + '"$1.50",01.01.2020,True,\n' * 3)
    run("train", table, "--target", "y", "--save", "model", "--fast", "--quiet")
    assert "note: rows without 'y', which are left out: 3\n" in capsys.readouterr().out


def test_a_name_that_is_like_none_gets_no_hint(here, flower_model, capsys):
    table = write(here / "other.csv", "a,b\n1,2\n")
    got = refusal(capsys, "predict", "model", table)
    assert got.endswith("got none of that name")


@pytest.mark.parametrize(
    ("place", "value"),
    [("na_values", 5), ("na_values", None), ("target", 7), ("trained", None), ("trained", {})],
)
def test_metadata_of_another_shape_are_refused(here, flower_model, capsys, place, value):
    estimator = fastnn.load_model(flower_model)
    estimator.model_.metadata["fastnn train"][place] = value
    estimator.save("other")
    for command in ("info", "predict", "evaluate"):
        tables = [] if command == "info" else ["flowers.csv"]
        assert "must have metadata of fastnn train" in refusal(capsys, command, "other", *tables)


def test_a_missing_text_is_one_in_any_kind_of_file(here, capsys):
    import pyarrow.parquet

    rows = "".join(f"{'NA' if row % 2 else 'DE'},{row % 3},{row % 2}\n" for row in range(60))
    table = write(here / "t.csv", "country,x,y\n" + rows)
    run("train", table, "--target", "y", "--save", "model", "--fast", "--quiet")
    frame = {"country": ["NA", "DE"] * 5, "x": [1] * 10}
    pyarrow.parquet.write_table(pyarrow.table(frame), "t.parquet")
    write(here / "new.csv", "country,x\n" + "NA,1\nDE,1\n" * 5)
    run("predict", "model", "t.parquet", "-o", "one.csv", "--probabilities")
    run("predict", "model", "new.csv", "-o", "other.csv", "--probabilities")
    assert (here / "one.csv").read_bytes() == (here / "other.csv").read_bytes()
