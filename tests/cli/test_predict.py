"""`fastnn predict` and `fastnn evaluate` on tables that are not as those of the training."""

import csv
import io
import re

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("narwhals")
pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq

import fastnn
from fastnn import Dense, Network, Population
from fastnn.cli.main import main

from ..tabular.tables import flowers, write
from .commands import refusal, run


def test_columns_in_another_order_and_more_of_them(flower_model, capsys):
    write("new.csv", "id,colour,length,width,note\n1,red,1,0.5,x\n")
    run("predict", "model", "new.csv")
    assert capsys.readouterr() == (
        "species\nsmall\n",
        "fastnn: the model does not use the columns 'id', 'note'\n",
    )


def probabilities_of(rows):
    """Return what the model of flowers says in Python."""
    lengths, colours, widths = zip(*rows, strict=True)
    table = pa.table({"length": lengths, "colour": colours, "width": widths})
    return fastnn.load_model("model").predict_proba(table)


def test_probabilities(flower_model, capsys):
    write("new.csv", "colour,length,width\nred,1.0,0.5\nblue,3.1,0.2\n")
    run("predict", "model", "new.csv", "-o", "out.csv", "--probabilities")
    with open("out.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["species"] for row in rows] == ["small", "large"]
    expected = probabilities_of([[1.0, "red", 0.5], [3.1, "blue", 0.2]])
    got = [[float(row[f"species={label}"]) for label in ("large", "small")] for row in rows]
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("rows", ["red,1.0,0.5\nblue,3.1,0.2\n", ""])
def test_predictions_as_parquet(flower_model, rows):
    write("new.csv", "colour,length,width\n" + rows)
    run("predict", "model", "new.csv", "-o", "out.csv", "--probabilities")
    run("predict", "model", "new.csv", "-o", "out.parquet", "--probabilities")
    got = pq.read_table("out.parquet")
    assert got.schema.types == [pa.string(), pa.float64(), pa.float64()]
    with open("out.csv", encoding="utf-8") as file:
        names, *expected = csv.reader(file)
    assert got.column_names == names
    assert [[str(value) for value in row.values()] for row in got.to_pylist()] == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array(["01", "1.10"]), pa.string()),
        (np.array(["up", "down"], object), pa.string()),
        (np.array([2**60, 2**60 + 1]), pa.int64()),
        (np.array([3, 4], np.int8), pa.int64()),
        (np.array([2.0, -5.0]), pa.float64()),
        (np.array([2.0, -5.0], np.float32), pa.float64()),
        (np.array([False, True]), pa.bool_()),
        (None, pa.float64()),
    ],
)
def test_labels_keep_their_kind_in_parquet(here, labels, expected):
    from fastnn.sklearn import TabularClassifier, TabularRegressor

    kind = TabularRegressor if labels is None else TabularClassifier
    y = np.arange(40) % 2
    model = kind(n_members=1, encodings=["bins"], max_epochs=1, random_state=0)
    model.fit(y[:, None], y * 1.5 if labels is None else labels[y]).save("model")
    write("new.csv", "0\n1\n0\n")
    run("predict", "model", "new.csv", "-o", "out.pq")
    got = pq.read_table("out.pq").column("prediction")
    assert got.type == expected
    assert got.to_pylist() == model.predict([[1], [0]]).tolist()


def test_a_name_of_another_format_is_refused_before_the_model_is_read(here, capsys):
    got = refusal(capsys, "predict", "none", "none.csv", "-o", "out.csv.gz")
    assert got == "out.csv.gz must be CSV or Parquet, got .gz: name it out.csv or out.parquet"


def test_predictions_of_the_training_table(flower_model, capsys):
    run("predict", "model", "flowers.csv")
    got = capsys.readouterr().out.split()
    expected = [line.split(",")[-1] for line in flowers(100).split()]
    assert np.mean([one == other for one, other in zip(got, expected, strict=True)]) > 0.97


STRANGE = "colour,length,width\nred,1.0,0.5\ngreen,,0.5\n,3.0,0.5\ngreen,3.0,0.5\n"


def test_what_training_did_not_see_is_counted(flower_model, capsys):
    write("new.csv", STRANGE)
    run("predict", "model", "new.csv")
    got = capsys.readouterr()
    assert got.out.split()[:2] == ["species", "small"]
    assert len(got.out.split()) == 5
    assert got.err == (
        "fastnn: missing values: 2 (1 in 'length', 1 in 'colour')\n"
        "fastnn: categories that training did not see: 2 (2 in 'colour', 'green' say)\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (STRANGE, "line 3: 'length' must be given with --strict, got nothing"),
        (
            "colour,length,width\nred,1,2\ngreen,1,2\n",
            "line 3: 'colour' must be a category that training saw with --strict, got 'green': "
            "leave --strict out",
        ),
    ],
)
def test_strict_refuses_by_line_and_column(flower_model, capsys, text, expected):
    write("new.csv", text)
    write("out.csv", "old")
    got = refusal(capsys, "predict", "model", "new.csv", "--strict", "-o", "out.csv", "--force")
    assert got.startswith("new.csv ")
    assert expected in got
    assert (flower_model.parent / "out.csv").read_text() == "old"
    write("new.csv", "colour,length,width\nred,1,2\n")
    run("predict", "model", "new.csv", "--strict")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("length,width\n1,2\n", "must have the column 'colour', got none of that name"),
        ("colour,length,width\nred,1,2\nred,long,2\n", "line 3: 'length' must be a finite number"),
        ("colour,length,width\nred,1,2\nred,inf,2\n", "line 3: 'length' must be a finite number"),
        ("colour,length,width\nred,1\n", "line 2: a row must have 3 fields, got 2"),
        ("colour,length,length,width\nred,1,1,1\n", "got 'length' twice: rename one"),
    ],
)
def test_rows_that_cannot_be_predicted_leave_the_old_file(flower_model, capsys, text, expected):
    write("new.csv", text)
    for name in ("out.csv", "out.parquet"):
        write(name, "old")
        got = refusal(capsys, "predict", "model", "new.csv", "-o", name, "--force")
        assert got.startswith("new.csv ")
        assert expected in got
        assert "--" not in got, "predict has no flags for the columns"
        assert (flower_model.parent / name).read_text() == "old"
    assert main(["predict", "model", "new.csv"]) == 1
    assert capsys.readouterr().out == "", "a header alone would look like an empty table"


def test_a_model_that_python_has_saved(here, capsys):
    from fastnn.sklearn import TabularRegressor

    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [1.0, 2, 3, 4] * 10, "b": ["u", "v"] * 20})
    regressor = TabularRegressor(n_members=1, encodings=["bins"], random_state=0)
    regressor.fit(table, table.a * 10).save("model")
    write("new.csv", "b,a\nu,1\nv,2\n")
    run("predict", "model", "new.csv")
    header, *got = capsys.readouterr().out.split()
    assert header == "prediction"
    expected = regressor.predict(pandas.DataFrame({"a": [1.0, 2], "b": ["u", "v"]}))
    assert [float(value) for value in got] == expected.tolist()
    assert "must be a model that fastnn train has saved" in refusal(
        capsys, "evaluate", "model", "new.csv"
    )


def metrics_in(output, model):
    line = next(line for line in output.splitlines() if line.startswith(f"  {model}"))
    return [float(field) for field in line.split()[-3:]]


def test_evaluate_prints_the_scores(flower_model, capsys):
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

    write("new.csv", flowers(50, seed=1))
    run("evaluate", "model", "new.csv")
    got = capsys.readouterr().out
    assert re.match(r"new.csv: 50 rows +log loss +AUC +accuracy\n  this model ", got)
    assert "  always " in got
    rows = [line.split(",") for line in flowers(50, seed=1).split()[1:]]
    truth = [row[3] for row in rows]
    X = [[float(row[0]), row[1], float(row[2])] for row in rows]
    probabilities = probabilities_of(X)
    predicted = np.array(["large", "small"])[probabilities.argmax(axis=1)]
    expected = [
        log_loss(truth, probabilities),
        roc_auc_score(truth, probabilities[:, 1]),
        accuracy_score(truth, predicted),
    ]
    assert metrics_in(got, "this model") == pytest.approx(expected, abs=6e-5)


def test_evaluate_leaves_rows_without_target_out(flower_model, capsys):
    head = "colour,length,width,species\n"
    write("new.csv", head + "red,1.0,0.5,small\nblue,3.0,0.5,\nblue,3.0,0.5,large\n")
    run("evaluate", "model", "new.csv")
    got = capsys.readouterr()
    assert got.out.startswith("new.csv: 2 rows ")
    assert got.err == "fastnn: rows without 'species', which are left out: 1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("colour,length,width\nred,1,2\n", "new.csv must have the column 'species', got none of"),
        (
            "colour,length,width,species\nred,1,2,\n",
            "new.csv: 'species' must hold a value in some row, got none: predict works without",
        ),
        (
            "colour,length,width,species\nred,1,2,small\nred,1,2,huge\n",
            "new.csv line 3: 'species' must be a class that training saw, got 'huge': leave the "
            "row out",
        ),
        ("length,width,species\n1,2,small\n", "must have the column 'colour', got none of that"),
    ],
)
def test_evaluate_refuses_in_a_line(flower_model, capsys, text, expected):
    write("new.csv", text)
    assert expected in refusal(capsys, "evaluate", "model", "new.csv")


class TestPlainNetworks:
    @pytest.fixture
    def plain(self, here):
        Network(2, [Dense(1, weights=[[1.0], [2.0]])]).save("plain")

    @pytest.mark.parametrize("head", ["", "a,b\n"])
    def test_predict(self, plain, capsys, head):
        write("new.csv", head + "1,2\n3,4\n")
        run("predict", "plain", "new.csv")
        assert capsys.readouterr() == ("output_0\n5.0\n11.0\n", "")

    def test_as_parquet(self, here):
        weights = [[0.1, 1.0], [0.2, 2.0]]
        Network(2, [Dense(2, weights=weights)], dtype="float32").save("plain")
        write("new.csv", "1,2\n3,4\n")
        run("predict", "plain", "new.csv", "-o", "out.parquet")
        run("predict", "plain", "new.csv", "-o", "out.csv")
        got = pq.read_table("out.parquet")
        assert got.schema.types == [pa.float32(), pa.float32()]
        texts = [",".join(str(np.float32(v)) for v in row.values()) for row in got.to_pylist()]
        with open("out.csv", encoding="utf-8") as file:
            assert file.read().split() == ["output_0,output_1", *texts]

    def test_a_population_predicts_its_mean(self, here, capsys):
        weights = ([[1.0], [2.0]], [[3.0], [4.0]])
        Population(Network(2, [Dense(1, weights=W)]) for W in weights).save("plain")
        write("new.csv", "1,2\n3,4\n")
        run("predict", "plain", "new.csv")
        assert capsys.readouterr() == ("output_0\n8.0\n18.0\n", "")
        got = refusal(capsys, "predict", "plain", "new.csv", "--probabilities")
        assert "--probabilities must go with a classification" in got
        assert "must be a model that fastnn train" in refusal(
            capsys, "evaluate", "plain", "new.csv"
        )

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1,2,3\n", "new.csv must have 2 columns, the inputs of the network in their order"),
            ("1,2\n3,\n", "new.csv line 2: '2' must be a number, got nothing"),
            ("a,b\n3,x\n", "new.csv line 2: 'b' must be a number, got 'x'"),
        ],
    )
    def test_refusals(self, plain, capsys, text, expected):
        write("new.csv", text)
        assert expected in refusal(capsys, "predict", "plain", "new.csv")

    def test_no_probabilities(self, plain, capsys):
        write("new.csv", "1,2\n")
        got = refusal(capsys, "predict", "plain", "new.csv", "--probabilities")
        assert got == "--probabilities must go with a classification, got another model"


def test_predictions_of_a_regression_have_no_probabilities(here, capsys):
    write("t.csv", "a,y\n" + "".join(f"{k},{k / 3}\n" for k in range(40)))
    run("train", "t.csv", "--target", "y", "--save", "model", "--fast", "--epochs", "1")
    capsys.readouterr()
    assert "must go with a classification" in refusal(
        capsys, "predict", "model", "t.csv", "--probabilities"
    )


def test_predictions_go_into_a_pipe_in_utf8(here, monkeypatch):
    import sys

    write("t.csv", "a,y\n" + "".join(f"{k % 2},{['süß', 'bitter'][k % 2]}\n" for k in range(40)))
    run("train", "t.csv", "--target", "y", "--save", "model", "--fast")
    pipe = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", newline="\n")
    monkeypatch.setattr(sys, "stdout", pipe)
    run("predict", "model", "t.csv")
    assert pipe.buffer.getvalue().decode().startswith("y\nsüß\nbitter\n")
