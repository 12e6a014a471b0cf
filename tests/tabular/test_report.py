import pytest

from fastnn import Dense, Network
from fastnn.tabular.encoding import Category, Encoding, Number
from fastnn.tabular.report import (
    describe_score,
    print_interface,
    print_kinds,
    print_network,
    print_table,
)

COLUMNS = (Number("a", 3.0, 2.0), Category("b", ("u", "v"), (0.5, 0.5)))
RENT = Encoding(COLUMNS, Number("rent", 500.0, 100.0), fills_missing=False)
KIND = Encoding(COLUMNS, Category("kind", ("x", "y"), (0.5, 0.5)), fills_missing=False)
ACCURACY = {"n_rows": 40, "accuracy": 0.95, "baseline_accuracy": 0.5, "baseline": "x"}
MAE = {"n_rows": 40, "r2": 0.875, "mae": 12.5, "baseline_mae": 80.0, "baseline": 500.0}


@pytest.mark.parametrize(
    ("encoding", "score", "expected"),
    [
        (KIND, ACCURACY, "Held-out accuracy 0.9500 of 40 rows; 0.5000 by always saying 'x'"),
        (
            RENT,
            MAE,
            "Held-out R2 0.8750, mean absolute error 12.5 of 40 rows; "
            "80 by always saying the mean, 500",
        ),
        (RENT, MAE | {"r2": None}, "Held-out R2 not defined, mean absolute error 12.5 of 40 rows"),
        (KIND, None, "No score: no rows were held out"),
    ],
)
def test_the_score_in_a_line(encoding, score, expected):
    assert describe_score(encoding, score).startswith(expected)


def test_kinds(capsys):
    print_kinds(KIND)
    assert capsys.readouterr().out == (
        "  'kind' has 2 categories: 'x', 'y'\n"
        "  1 columns of numbers, standardised, and 1 of categories make 3 inputs\n"
    )


def test_the_network(capsys):
    net = Network(2, [Dense(1, weights=[[0.0], [0.0]])])
    print_network(net)
    assert capsys.readouterr().out == f"{net.summary()}\n2 inputs, loss mse, float64\n"
    net.fit([[0, 0]], [2.0], epochs=1)
    print_network(net)
    assert capsys.readouterr().out.endswith("float64\n1 epochs: loss 4\n")


def test_the_table(capsys):
    trained = {
        "date": "2026-11-23T12:00:00+00:00", "platform": "Linux", "versions": "fastnn 0.1.0",
        "n_rows": 160, "file": "rents.csv", "epochs": 100, "optimizer": "adam", "batch_size": 32,
        "seed": 0,
    }  # fmt: skip
    print_table(RENT, {"score": MAE, "trained": trained})
    got = capsys.readouterr().out.splitlines()
    assert got[0] == "regression of 'rent': numbers, mean 500, standard deviation 100"
    assert got[1] == "  'a': numbers, mean 3, standard deviation 2"
    assert got[2] == "  'b': 2 categories: 'u', 'v'"
    assert got[3] == describe_score(RENT, MAE)
    assert got[4] == "Trained 2026-11-23T12:00:00+00:00 on Linux, fastnn 0.1.0"
    assert "160 rows of rents.csv, up to 100 epochs of adam, 32 rows an update, seed 0" in got[5]


def test_the_inputs_of_an_exported_network(capsys):
    print_interface(Network(3, [Dense(1)]), RENT)
    got = capsys.readouterr().out.splitlines()
    assert got[2:] == ["  0 a", "  1 b=u", "  2 b=v", "Output: rent, as in the table"]
    print_interface(Network(3, [Dense(2)]), KIND)
    got = capsys.readouterr().out.splitlines()
    assert got[5:] == ["Outputs, in this order, the probability of", "  0 x", "  1 y"]
    print_interface(Network(3, [Dense(2)]), None)
    assert capsys.readouterr().out == "3 inputs and 2 outputs, as they are\n"
