import re
from itertools import product
from textwrap import indent

import numpy as np
import pytest

from fastnn.cli.main import main

from ..support.golden import golden
from .output import expected, printed


@pytest.mark.compiled
def test_prints_the_tutorials_weights_and_answer(capsys):
    assert printed(capsys, "xor") == expected("xor")


def test_the_expected_output_holds_the_tutorials_digits():
    text = expected("xor")
    record = golden("seed_000")["printed"]
    for number in [*np.ravel(record["W1"]), *record["W2"], record["think_110"]]:
        assert f"{number}" in text


def test_the_expected_output_has_the_truth_table():
    rows = re.findall(r"^  \[(\d), (\d), (\d)\]  (\d)  (0\.\d+)$", expected("xor"), re.M)
    bits = np.array(rows)[:, :4].astype(int)
    assert bits[:, :3].tolist() == [[*x] for x in product((0, 1), repeat=3)]
    assert bits[:, 3].tolist() == (bits[:, 0] ^ bits[:, 1]).tolist()
    record = golden("seed_000")
    X = [tuple(x) for x in np.array(record["X"]).astype(int).tolist()]
    answers = dict(zip(X, record["final"]["train_outputs"], strict=True))
    answers[1, 1, 0] = record["final"]["think_110"]
    for *x, _, answer in rows:
        assert float(answer) == pytest.approx(answers[tuple(map(int, x))], abs=5.1e-8)


def test_explain_opens_the_first_update(capsys):
    main(["xor", "--explain", "--epochs", "1"])
    got = capsys.readouterr().out
    assert "x, 7x3" in got
    assert "delta = dLoss/dz = error * f'(z), 7x4" in got
    record = golden("seed_000")["after"]["1"]
    for name in ("W1", "W2"):
        W = np.array(record[name])
        text = indent(str(W), "    ")
        assert f"W after the step, {W.shape[0]}x{W.shape[1]}\n{text}\n" in got


@pytest.mark.compiled
def test_without_the_hidden_layer_it_fails(capsys):
    assert "0.9999999992 without a hidden layer, where 0 is right" in printed(
        capsys, "xor", "--no-hidden"
    )


@pytest.mark.compiled
def test_float32_answers_alike(capsys):
    got = printed(capsys, "xor", "--dtype", "float32")
    (answer,) = re.search(r"\[1, 1, 0\] -> \?\n\[(.*)\]", got).groups()
    assert float(answer) == pytest.approx(0.0078876, abs=2e-5)


def test_another_seed_is_another_start(capsys):
    results = {printed(capsys, "xor", "--seed", seed, "--epochs", "1") for seed in ("1", "2")}
    assert len(results) == 2


def test_several_rates_give_several_results_and_one_picture(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "rates.png"
    got = printed(
        capsys, "xor", "--epochs", "3", "--learning-rate", "0.5", "1", "--plot", str(path)
    )
    assert got.index("--- learning rate 0.5 ---") < got.index("--- learning rate 1 ---")
    assert [file.name for file in tmp_path.iterdir()] == ["rates.png"]


def test_pictures_are_the_diagram_the_sample_the_curves_and_the_points(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    printed(capsys, "xor", "--epochs", "3", "--plot", str(tmp_path / "a.png"))
    got = {file.name for file in tmp_path.iterdir()}
    assert got == {"a.png", *(f"a-{n}.png" for n in ("sample", "loss", "sigmoid", "points"))}


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_pictures_are_of_the_kind_of_the_path(capsys, tmp_path, suffix, start):
    pytest.importorskip("matplotlib")
    printed(capsys, "xor", "--epochs", "3", "--no-hidden", "--plot", str(tmp_path / f"a.{suffix}"))
    files = list(tmp_path.iterdir())
    assert len(files) == 5
    assert all(file.suffix == f".{suffix}" for file in files)
    assert all(file.read_bytes().startswith(start) for file in files)
