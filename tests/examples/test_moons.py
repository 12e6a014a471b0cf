import argparse

import numpy as np
import pytest

from fastnn import History
from fastnn.cli.main import main
from fastnn.examples import moons
from fastnn.examples._explain import print_step

from ..support.golden import golden
from .output import expected, printed

OPTIONS = argparse.Namespace(train_biases=False, dtype="float64", seed=0)


def lines(record):
    """Return what is printed every ten epochs, from what was recorded."""
    figures = zip(record["mse_every_10"], record["test_acc_every_10"], strict=True)
    return [
        f"Epoch: #{10 * number}, MSE: {mse:f}, Accuracy: {100 * accuracy:.2f}%"
        for number, (mse, accuracy) in enumerate(figures)
    ]


@pytest.mark.compiled
def test_prints_the_errors_and_the_accuracies_of_the_tutorial(capsys):
    assert printed(capsys, "moons") == expected("moons")


def test_the_expected_output_holds_the_recorded_figures():
    got = expected("moons").splitlines()
    assert got[1:101] == lines(golden("seed_003")["run_seed0_seedfaithful"])
    assert got[101] == "After 1000 epochs: MSE: 0.025517, Accuracy: 97.50%"


@pytest.mark.compiled
def test_trained_biases_end_the_plateau_earlier(capsys):
    got = printed(capsys, "moons", "--train-biases").splitlines()
    assert got[1:101] == lines(golden("seed_003")["run_seed0_bias_updated"])
    (end,) = [line for line in got if line.startswith("Of every tenth epoch, ")]
    accuracies = golden("seed_003")["run_seed0_bias_updated"]["test_acc_every_10"]
    first = 10 * next(number for number, value in enumerate(accuracies) if value >= 0.95)
    assert end == f"Of every tenth epoch, {first} is the first with 95 % or more"
    assert first < 650  # with frozen ones


def test_the_start_is_the_recorded_one():
    net = moons.build(OPTIONS)
    record = golden("seed_003")["init_seed0"]
    assert net.biases[0][:3].tolist() == pytest.approx(record["b0_first3"], abs=1e-15)
    assert net.weights[0][0, :5].tolist() == pytest.approx(record["first5"], abs=1e-15)
    assert net.weights[-1].ravel()[-5:].tolist() == pytest.approx(record["last5"], abs=1e-15)


def test_explain_opens_the_first_update(capsys):
    X = [golden("seed_003")["data_check"]["X_train_first2"][0]]
    print_step(moons.build(OPTIONS), np.array(X), np.array([0]), learning_rate=0.01)
    got = capsys.readouterr().out
    assert "x, 1x2\n    [[0.25831991 0.74873917]]" in got
    assert "W after the step, 2x25\n    [[ 0.3528083  0.0800344  0.1957473" in got
    assert "b after the step" not in got


@pytest.mark.compiled
def test_pictures_are_the_decisions_the_points_the_curves_and_the_units(capsys, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    printed(capsys, "moons", "--epochs", "2", "--dark", "--plot", str(tmp_path / "a.png"))
    got = {file.name for file in tmp_path.iterdir()}
    others = ("points", "loss", "accuracy", "units")
    assert got == {"a.png", *(f"a-{name}.png" for name in others)}
    corner = pyplot.imread(tmp_path / "a.png")[0, 0, :3]
    assert corner.tolist() == [0, 0, 0]
    assert pyplot.rcParams["axes.facecolor"] != "black"


@pytest.mark.compiled
def test_the_path_of_an_animation_shows_the_training(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    printed(capsys, "moons", "--epochs", "2", "--plot", str(tmp_path / "a.html"))
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2  # before training, and the last epoch
    got = {file.suffix for file in tmp_path.iterdir()}
    assert got == {".html", ".png"}


@pytest.mark.compiled
def test_float32_stays_near(capsys):
    main(["moons", "--epochs", "21", "--dtype", "float32"])
    assert "Epoch: #20, MSE: 0.0989" in capsys.readouterr().out


def test_the_end_of_the_plateau_is_what_was_measured(capsys):
    history = History()
    for epoch, accuracy in ((0, 0.5), (10, 0.89)):
        history.record(epoch, {"test_accuracy": accuracy})
    moons.print_end_of_plateau(history)
    assert capsys.readouterr().out == ""
    for epoch, accuracy in ((20, 0.95), (30, 0.9), (40, 0.97)):
        history.record(epoch, {"test_accuracy": accuracy})
    moons.print_end_of_plateau(history)
    assert capsys.readouterr().out == "Of every tenth epoch, 20 is the first with 95 % or more\n"
