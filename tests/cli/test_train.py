"""`fastnn train` as a user meets it, from a table to a model that is saved."""

import gzip
import io
import re
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("narwhals")
pytest.importorskip("pyarrow")

import pyarrow as pa

import fastnn
from fastnn.cli import train
from fastnn.cli.main import main
from fastnn.tabular import training

from ..tabular.tables import flowers, prices, write
from .commands import refusal, run


def metrics_in(output, model):
    """Return the metrics that were printed of a model."""
    line = next(line for line in output.splitlines() if line.startswith(f"  {model}"))
    return [float(field) for field in line.split()[-3:] if re.fullmatch(r"-?\d.*", field)]


def test_a_classification_from_end_to_end(here, capsys):
    write("flowers.csv", flowers(100))
    run("train", "flowers.csv", "--target", "species", "--save", "model")
    got = capsys.readouterr()
    assert got.err == ""
    lines = got.out.splitlines()
    assert lines[0].startswith("flowers.csv: 100 rows, 3 columns; read in ")
    assert lines[1] == "classification, since 'species' holds texts, 2 different ones"
    assert lines[2] == "columns, in the rows of training:"
    assert lines[3].startswith("  length  numbers, ")
    assert lines[4] == "  colour  2 categories: 'blue', 'red'"
    assert "networks, whose shares are: " in lines[6]
    assert "trained on 80 rows" in lines[6]
    assert re.fullmatch(r"held out: 20 rows +log loss +AUC +accuracy", lines[7])
    assert [line.split("  ")[1] for line in lines[8:11]] == [
        "this model", "a linear model", "always 'large'",
    ]  # fmt: skip
    assert metrics_in(got.out, "this model")[1:] == [1, 1]
    assert lines[-1] == f"Saved as model, {(here / 'model').stat().st_size} bytes"
    classifier = fastnn.load_model("model")
    assert classifier.classes_.tolist() == ["large", "small"]
    assert len(classifier.members_) > 1
    new = pa.table({"length": [1.0], "colour": ["red"], "width": [0.5]})
    assert classifier.predict(new).tolist() == ["small"]


def test_a_regression_from_end_to_end(here, capsys):
    write("rents.csv", prices(200))
    run("train", "rents.csv", "--target", "rent", "--save", "model", "--fast")
    got = capsys.readouterr().out
    assert "regression, since 'rent' holds numbers with fractions, " in got
    assert "1 network; trained on 160 rows" in got
    ours, linear = metrics_in(got, "this model"), metrics_in(got, "a linear model")
    assert ours[0] > 0.999
    assert ours[1] < linear[1], "mean absolute error"
    write("new.csv", "place,area\ntown,50\ncountry,100\n")
    run("predict", "model", "new.csv")
    header, *rents = capsys.readouterr().out.split()
    assert header == "rent"
    assert [float(rent) for rent in rents] == pytest.approx([900, 1300], rel=0.03)


def test_the_defaults_are_those_of_the_estimator(here):
    pandas = pytest.importorskip("pandas")
    from fastnn.sklearn import TabularClassifier

    write("flowers.csv", flowers(60))
    run("train", "flowers.csv", "--target", "species", "--save", "model", "--holdout", "0",
        "--seed", "3", "--quiet")  # fmt: skip
    table = pandas.read_csv("flowers.csv")
    X, y = table.drop(columns="species"), table.species
    expected = TabularClassifier(random_state=3).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(fastnn.load_model("model").predict_proba(X), expected)


@pytest.mark.parametrize(("quiet", "is_shown"), [((), True), (("--quiet",), False)])
def test_a_bar_on_a_terminal_counts_the_networks(here, monkeypatch, quiet, is_shown):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    write("rents.csv", prices(60))
    run("train", "rents.csv", "--target", "rent", "--save", "model", "--epochs", "1", *quiet)
    assert ("15/15 networks" in sys.stderr.getvalue()) is is_shown


def test_without_rows_held_out_the_score_is_out_of_fold(here, capsys):
    write("t.csv", "a,y\n1,2.5\n2,3.5\n3,4.5\n")
    run("train", "t.csv", "--target", "y", "--save", "model", "--holdout", "0", "--fast",
        "--epochs", "1")  # fmt: skip
    assert "out of fold: 1 rows" in capsys.readouterr().out


def test_chunks_train_one_network_that_learns_as_well(here, capsys):
    write("rents.csv", prices(200))
    run("train", "rents.csv", "--target", "rent", "--save", "model", "--chunk-rows", "30")
    got = capsys.readouterr().out
    assert "one network, 30 rows at a time; a random sample of them is described" in got
    assert "held out: 40 rows" in got
    assert metrics_in(got, "this model")[0] > 0.999
    assert "a linear model of a sample" in got
    assert sorted(path.name for path in here.iterdir()) == ["model", "rents.csv"]
    assert len(fastnn.load_model("model").members_) == 1


def test_labels_come_back_as_they_were_written(here, capsys):
    write("t.csv", "a,y\n" + "".join(f"{k % 3},{['01', '1', '1.10'][k % 3]}\n" for k in range(60)))
    run("train", "t.csv", "--target", "y", "--task", "classification", "--save", "model", "--fast")
    capsys.readouterr()
    run("predict", "model", "t.csv")
    assert capsys.readouterr().out.split()[:4] == ["y", "01", "1", "1.10"]


def test_whole_numbers_that_are_written_in_two_ways_are_two_classes(here, capsys):
    write("t.csv", "a,y\n" + "".join(f"{k % 3},{['01', '1', '2'][k % 3]}\n" for k in range(60)))
    run("train", "t.csv", "--target", "y", "--save", "model", "--fast", "--epochs", "1")
    assert "since 'y' holds whole numbers, 3 different ones" in capsys.readouterr().out


def test_truth_values_are_classes(here, capsys):
    write("t.csv", "a,y\n" + "".join(f"{k % 2},{['True', 'False'][k % 2]}\n" for k in range(40)))
    run("train", "t.csv", "--target", "y", "--save", "model", "--fast")
    assert "since 'y' holds truth values, 2 different ones" in capsys.readouterr().out
    run("predict", "model", "t.csv")
    assert capsys.readouterr().out.split()[:3] == ["y", "True", "False"]


def test_a_rare_class_is_not_held_out_whole(here):
    rows = [f"{k},{'z' if k == 3 else 'uv'[k % 2]}" for k in range(40)]
    for seed in range(3):
        write("t.csv", "a,y\n" + "\n".join(rows))
        run("train", "t.csv", "--target", "y", "--save", "model", "--fast", "--epochs", "1",
            "--force", "--seed", seed)  # fmt: skip
        assert fastnn.load_model("model").classes_.tolist() == ["u", "v", "z"]


def test_a_linear_model_that_is_better_is_said(here, capsys):
    random = np.random.default_rng(0)
    x, noise = random.normal(size=(2, 200))
    rows = "".join(f"{a:.4f},{a + 0.5 * b:.4f}\n" for a, b in zip(x, noise, strict=True))
    write("t.csv", "a,y\n" + rows)
    run("train", "t.csv", "--target", "y", "--save", "model", "--fast", "--epochs", "1")
    got = capsys.readouterr().out
    assert re.search(r"Here a linear model is better by \d+\.\d standard errors", got)


def test_what_takes_minutes_says_how_to_have_it_shorter(here, capsys, monkeypatch):
    monkeypatch.setattr("fastnn.cli.train._MANY_ROWS", 30)
    write("flowers.csv", flowers(60))
    argv = ["train", "flowers.csv", "--target", "species", "--save", "m", "--epochs", "1"]
    said = "this takes minutes: --fast trains one network, --time-limit sets an end"
    run(*argv)
    assert said in capsys.readouterr().out.splitlines()
    for shorter in (["--fast"], ["--time-limit", "1"]):
        run(*argv, "--force", *shorter)
        assert said not in capsys.readouterr().out


def test_a_compressed_table(here, capsys):
    with gzip.open("flowers.csv.gz", "wt") as file:
        file.write(flowers(60))
    run("train", "flowers.csv.gz", "--target", "species", "--save", "model", "--fast")
    assert "flowers.csv.gz: 60 rows" in capsys.readouterr().out


def test_a_parquet_file(here, capsys):
    read_csv = pytest.importorskip("pyarrow.csv").read_csv
    write_table = pytest.importorskip("pyarrow.parquet").write_table
    for name, text in (("train", flowers(100)), ("new", "length,colour,width\n1,red,0.5\n")):
        write(f"{name}.csv", text)
        write_table(read_csv(f"{name}.csv"), f"{name}.parquet")
    run("train", "train.parquet", "--target", "species", "--fast", "--save", "model")
    capsys.readouterr()
    run("predict", "model", "new.parquet")
    assert capsys.readouterr().out == "species\nsmall\n"


def lines(*fields):
    """Return a table of 30 rows, each with what a function says of its number."""
    return "".join(",".join(str(field(k)) for field in fields) + "\n" for k in range(30))


def test_a_file_that_is_not_there(here, capsys):
    refused = refusal(capsys, "train", "nofile.csv", "--target", "y", "--save", "model")
    assert refused == "no file 'nofile.csv'"
    assert refusal(capsys, "predict", "nomodel", "nofile.csv") == "no file 'nomodel'"


NUMBER, LABEL = (lambda k: k), (lambda k: "uv"[k % 2])
BAD_TABLES = {
    "a single class": (
        "a,y\n" + lines(NUMBER, lambda k: "u"),
        "t.csv: 'y' must hold different values, got 'u' in every row: choose another --target",
    ),
    "another text in each row": (
        "a,y\n" + lines(NUMBER, lambda k: f"guid-{k}"),
        "t.csv: 'y' must hold a class in at least 2 rows, got another one in each of 30: choose "
        "another --target",
    ),
    "a constant target": (
        "a,y\n" + lines(NUMBER, lambda k: 2.5),
        "t.csv: 'y' must hold different values, got 2.5 in every row: choose another --target",
    ),
    "no value in any column": (
        "a,b,y\n" + lines(lambda k: "", lambda k: "", LABEL),
        "t.csv must have columns beside 'y', got only such as are left out, ['a', 'b']: they "
        "have no value in any row",
    ),
    "one row": (
        "a,y\n1,u\n",
        "t.csv must have at least 2 rows with 'y', one to train on and one to choose the epoch, "
        "got 1: give more rows",
    ),
    "two columns of one name": ("a,a,y\n1,2,u\n2,3,v\n", "got 'a' twice"),
    "no target in any row": (
        "a,y\n" + lines(NUMBER, lambda k: ""),
        "t.csv: 'y' must hold a value in some row, got 30 rows without: choose another --target",
    ),
    "an infinite value": (
        "a,b,y\n" + lines(NUMBER, lambda k: "inf" if k == 7 else k, LABEL),
        "t.csv line 9: 'b' must be a finite number",
    ),
    "another target": (
        "a,why\n" + lines(NUMBER, LABEL),
        "t.csv must have the column 'y', got none of that name; 'why' is near",
    ),
    "no other column": ("y\n" + lines(LABEL), "t.csv must have columns beside 'y', got none"),
    "a class a row": (
        "a,y\n" + "".join(f"{k},n{k}\n" for k in range(1500)),
        "t.csv: 'y' must hold at most 1000 classes, got more: join the seldom ones, or choose "
        "another --target",
    ),
    "dates as a target": (
        "a,y\n" + lines(NUMBER, lambda k: f"2020-01-{k + 1:02d}"),
        "t.csv: 'y' must hold numbers for a regression, got '2020-01-01 00:00:00': say --task "
        "classification, or choose another --target",
    ),
    "no row": ("a,y\n", "t.csv must have rows below its names, got none"),
    "an empty file": ("", "t.csv must hold a table, got an empty file"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_table_is_refused_in_a_line_and_nothing_is_left(here, capsys, name):
    text, expected = BAD_TABLES[name]
    write("t.csv", text)
    write("old", "old")
    got = refusal(capsys, "train", "t.csv", "--target", "y", "--save", "old", "--force")
    assert expected in got
    assert (here / "old").read_text() == "old"
    assert sorted(path.name for path in here.iterdir()) == ["old", "t.csv"]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--task", "regression"], "'y' must hold numbers for a regression, got 'u': say --task"),
        (["--ignore", "y"], "'y' must not be left out by --ignore: it is the --target"),
        (["--ignore", "b"], "must have the column 'b', got none of that name"),
        (["--ignore", "a"], "t.csv must have columns beside 'y', got none"),
        (
            ["--chunk-rows", "5", "--holdout", "0", "--task", "regression"],
            "and others to choose the epoch",
        ),
    ],
)
def test_flags_that_do_not_go_with_the_table(here, capsys, flags, expected):
    n_rows, target = (2, NUMBER) if "--chunk-rows" in flags else (30, LABEL)
    write("t.csv", "\n".join(("a,y\n" + lines(NUMBER, target)).splitlines()[: n_rows + 1]))
    assert expected in refusal(capsys, "train", "t.csv", "--target", "y", "--save", "m", *flags)


def test_divergence_is_said_in_one_line_and_nothing_is_saved(here, capsys):
    write("rents.csv", prices(100))
    got = refusal(
        capsys, "train", "rents.csv", "--target", "rent", "--save", "model", "--fast",
        "--learning-rate", "1e30",
    )  # fmt: skip
    assert got.startswith("training must stay finite, got")
    assert not (here / "model").exists()


@pytest.mark.parametrize("package", ["sklearn", "narwhals", "pyarrow"])
@pytest.mark.parametrize("name", ["train", "predict", "evaluate"])
def test_a_missing_package_is_said_in_one_line(here, capsys, monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    argv = ["t.csv", "--target", "y", "--save", "model"] if name == "train" else ["m", "t.csv"]
    wanted = f'fastnn {name} needs {package}, of the extra tables: pip install "scikit-learn>='
    assert refusal(capsys, name, *argv).startswith(wanted)


def test_a_terminal_that_is_not_utf8_ends_nothing(here, monkeypatch):
    write("t.csv", "größe,y\n" + lines(NUMBER, lambda k: ["süß", "bitter"][k % 2]))
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["train", "t.csv", "--target", "y", "--save", "m", "--fast", "--epochs", "1"]) == 0
    assert b"gr\\xf6\\xdfe" in terminal.buffer.getvalue()
    assert (terminal.encoding, terminal.errors) == ("ascii", "strict")
    terminal.buffer.truncate(0)
    assert main(["predict", "m", "t.csv", "--probabilities"]) == 0
    assert terminal.buffer.getvalue().lstrip(b"\0").startswith("y,y=bitter,y=süß\n".encode())


def test_the_same_seed_gives_the_same_predictions(flower_model, capsys):
    run("train", "flowers.csv", "--target", "species", "--fast", "--save", "twin")
    one, twin = (fastnn.load_model(name).members_[0].network for name in ("model", "twin"))
    assert one.params.tobytes() == twin.params.tobytes()


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_file_that_another_training_will_write_is_refused_at_once(
    here, capsys, monkeypatch, force
):
    write("rents.csv", prices(60))
    argv = ("train", "rents.csv", "--target", "rent", "--save", "model", "--fast", "--epochs", "1",
            *force)  # fmt: skip
    trained = []

    def train_at_once(*arguments):
        if trained:
            raise AssertionError("the second is trained")
        trained.append(arguments)
        assert refusal(capsys, *argv) == (
            "model must be written by one program at a time, got another that is at it: wait for "
            "its end, or name another file"
        )
        return training.train_at_once(*arguments)

    monkeypatch.setattr(train, "train_at_once", train_at_once)
    run(*argv)
    assert sorted(path.name for path in here.iterdir()) == ["model", "rents.csv"]
    fastnn.load_model("model")
