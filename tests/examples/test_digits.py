import argparse
import re

import numpy as np
import pytest

from fastnn import metrics
from fastnn.datasets import load_digits
from fastnn.examples import digits
from fastnn.examples._explain import print_step

from ..support.golden import golden
from .output import expected, printed

OPTIONS = argparse.Namespace(hidden=[25], dtype="float64", seed=0)


def final_accuracy(text):
    return [float(number) for number in re.findall(r"([\d.]+) %", re.search("Final.*", text)[0])]


@pytest.mark.compiled
def test_prints_the_data_each_epoch_and_the_shapes(capsys):
    assert printed(capsys, "digits") == expected("digits")


def test_the_expected_output_ends_at_about_92_percent():
    (got,) = final_accuracy(expected("digits"))
    assert got == pytest.approx(92.4, abs=0.5)


@pytest.mark.compiled
@pytest.mark.parametrize("rate", [0.003, 0.1])
def test_from_the_recorded_start_it_learns_as_recorded(rate):
    X, y = load_digits()
    net = digits.build(argparse.Namespace(**vars(OPTIONS) | {"seed": np.random.RandomState(0)}))
    orders = np.random.RandomState(100)
    costs, accuracies = [], []
    for _ in range(20):
        order = orders.permutation(len(X))
        net.partial_fit(X[order], y[order], learning_rate=rate)
        costs.append(net.loss(X, y))
        accuracies.append(metrics.accuracy(y, net.predict(X)))
    record = golden("seed_001")["working_variants_rebuilt_data"][f"ce_lr{rate}"]
    assert costs == pytest.approx(record["cost_per_epoch"], rel=1e-9)
    assert accuracies == pytest.approx(record["acc_per_epoch"], abs=1e-12)


@pytest.mark.compiled
def test_held_out_images_reach_93_percent(capsys):
    argv = ("digits", "--holdout", "1000", "--learning-rate", "0.1")
    runs = [final_accuracy(printed(capsys, *argv, "--seed", seed)) for seed in "01234"]
    held_out = np.array(runs)[:, 1]
    assert held_out.mean() == pytest.approx(93, abs=0.7)


@pytest.mark.compiled
def test_batches_of_all_hardly_move_with_the_mean_and_stick_with_the_sum(capsys):
    argv = ("digits", "--batch-size", "all")
    (mean,) = final_accuracy(printed(capsys, *argv))
    (total,) = final_accuracy(printed(capsys, *argv, "--reduction", "sum"))
    assert mean < 25
    assert total == 10


@pytest.mark.compiled
def test_hidden_layers_batches_and_types_are_as_asked(capsys):
    got = printed(
        capsys,
        *("digits", "--hidden", "20,15", "--batch-size", "32", "--epochs", "1"),
        *("--dtype", "float32"),
    )
    assert "X (5000, 400), float32" in got
    assert "(400, 20)  (20,)" in got
    assert "(20, 15)   (15,)" in got
    assert got.count("\nEpoch ") == 1


def test_explain_has_the_shapes_of_the_tutorial(capsys):
    X = np.zeros((50, 400))
    print_step(digits.build(OPTIONS), X, np.zeros(50, int), learning_rate=0.003)
    got = [line.rsplit(", ")[-1] for line in capsys.readouterr().out.splitlines() if ", " in line]
    shapes = iter(got)
    assert all(shape in shapes for shape in ("50x400", "400x25", "50x25", "25x10", "50x10"))


@pytest.mark.compiled
def test_pictures_are_digits_weights_confusion_and_the_curves(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    argv = ("digits", "--epochs", "1", "--holdout", "30", "--plot", str(tmp_path / "a.png"))
    printed(capsys, *argv)
    others = ("weights", "confusion", "loss", "accuracy")
    got = {file.name for file in tmp_path.iterdir()}
    assert got == {"a.png", *(f"a-{name}.png" for name in others)}
