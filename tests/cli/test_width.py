"""What the commands print, and their help, fits a terminal of 80 columns."""

import re

import pytest

from fastnn import Dense, Network, activation
from fastnn.cli.main import main
from fastnn.datasets import load_moons
from fastnn.examples import EXAMPLES, TUTORIALS
from fastnn.tabular import COMMANDS
from fastnn.tabular.report import WIDTH

from ..tabular.tables import flowers, prices, write
from .commands import run

COMPILED_RUNS = {
    "cart_pole": [],
    "evolution": ["--networks", "50"],
    "integral": ["--epochs", "1"],
    "ode": ["--updates", "1"],
}


def assert_fits(text):
    assert text
    assert [line for line in text.splitlines() if len(line) > WIDTH] == []


@pytest.mark.parametrize("name", [*COMMANDS, "warmup", "example", *EXAMPLES])
def test_help_fits(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([name, "--help"])
    assert_fits(capsys.readouterr().out)


def test_the_list_and_the_help_of_all_fit(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    run("example")
    with pytest.raises(SystemExit):
        main(["--help"])
    assert_fits(capsys.readouterr().out)


@pytest.fixture
def one_round(monkeypatch):
    """Leave one round of the times beside naive NumPy."""
    monkeypatch.setattr("fastnn.examples._timing.ROUNDS", 1)


@pytest.mark.compiled
@pytest.mark.usefixtures("one_round")
@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_fits_with_its_explanation_and_times(name, capsys):
    run("example", name, "--explain", "--epochs", 2, "--quiet")
    got = capsys.readouterr().out
    assert "Time beside naive NumPy" in got
    assert_fits(got)


@pytest.mark.compiled
@pytest.mark.usefixtures("one_round")
@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("xor", ["--no-hidden"]),
        ("digits", ["--holdout", "1000", "--hidden", "20,15", "--batch-size", "all"]),
        ("moons", ["--train-biases", "--dtype", "float32"]),
        ("first_column", ["--bias", "--learning-rate", "0.25", "1.5"]),
    ],
)
def test_a_tutorial_fits_with_its_flags(name, flags, capsys):
    run("example", name, *flags, "--explain", "--epochs", 1, "--quiet")
    assert_fits(capsys.readouterr().out)


@pytest.mark.compiled
@pytest.mark.parametrize("name", COMPILED_RUNS)
def test_a_compiled_example_fits(name, capsys):
    if name == "integral":
        pytest.importorskip("scipy")
    run("example", name, *COMPILED_RUNS[name], "--quiet")
    assert_fits(capsys.readouterr().out)


def test_all_compiled_examples_are_looked_at():
    assert COMPILED_RUNS.keys() == EXAMPLES.keys() - TUTORIALS.keys()


def long_names(table):
    """Return a table with long names of columns and of classes."""
    for word in ("length", "colour", "area", "place"):
        table = table.replace(word, f"{word} in a name that goes on and on " + "and on " * 12, 1)
    return re.sub(r"(?m)(small|large)$", r"one of those that are \1 by a rule of its own", table)


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("table", "target"),
    [(flowers(60), "species"), (prices(60), "rent")],
    ids=["classes", "numbers"],
)
@pytest.mark.parametrize("lengthen", [str, long_names])
def test_the_life_of_a_model_fits(table, target, lengthen, here, capsys):
    for package in ("sklearn", "narwhals", "pyarrow"):
        pytest.importorskip(package)
    write("table.csv", lengthen(table))
    run("train", "table.csv", "--target", target, "--save", "model", "--fast", "--epochs", 3)
    run("evaluate", "model", "table.csv")
    run("info", "model")
    run("export", "model", "--c", "model.c")
    run("predict", "model", "table.csv", "-o", "predicted.csv")
    got = capsys.readouterr().out
    assert got.count("this model") == 3
    assert_fits(got)


def test_a_network_of_many_metrics_fits(here, capsys):
    X, _, y, _ = load_moons()
    net = Network(2, [Dense(20, "sigmoid"), Dense(2, "sigmoid")], seed=0)
    net.fit(X, y, metrics=["accuracy", "mse", "mae"], validation_data=(X, y))
    net.save("net")
    run("info", "net")
    assert_fits(capsys.readouterr().out)


def test_a_summary_fits_whatever_the_names():
    @activation
    def an_activation_whose_name_is_longer_than_any_that_a_column_has_room_for(z):
        return z, 1.0

    wide = an_activation_whose_name_is_longer_than_any_that_a_column_has_room_for
    net = Network(10000, [Dense(1000, wide, train_bias=False), Dense(1)], seed=0)
    got = net.summary()
    assert_fits(got)
    assert "an_activation" in got
    assert {len(line) for line in got.splitlines()} == {WIDTH}
