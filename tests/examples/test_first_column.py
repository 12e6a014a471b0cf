import numpy as np
import pytest

from fastnn.cli.main import main

from ..support.golden import golden
from .output import expected, printed


@pytest.mark.compiled
def test_prints_the_error_curve_and_the_tutorials_answers(capsys):
    assert printed(capsys, "first_column") == expected("first_column")


def test_the_expected_output_holds_the_recorded_figures():
    text = expected("first_column")
    record = golden("seed_004")
    for epoch, error in record["error_history_at"].items():
        assert f"epoch {int(epoch):5}  {error:.8f}\n" in text
    assert f"[{record['printed']['predict_110']}]  for [1, 1, 0]" in text
    assert f"[{record['printed']['predict_011']}]  for [0, 1, 1]" in text


def test_the_expected_output_has_the_trained_weights_of_the_record():
    weights = np.array(golden("seed_004")["final"]["W"])[:, np.newaxis]
    assert f"Trained weights\n{weights}\n" in expected("first_column")


def test_explain_opens_the_first_update(capsys):
    main(["first_column", "--explain", "--epochs", "1"])
    got = capsys.readouterr().out
    assert "a = f(z), 6x1\n    [[0.62245933]" in got
    assert "f'(z), 6x1\n    [[0.23500371]" in got
    after = [np.format_float_positional(w, 8) for w in golden("seed_004")["after"]["1"]]
    assert f"W after the step, 3x1\n    [[{after[0]}]\n     [{after[1]}]\n     [{after[2]}]]" in got


@pytest.mark.compiled
def test_a_bias_frees_the_row_of_zeros(capsys):
    assert "[0.5]  for [0, 0, 0]; correct: 0\n" in (text := printed(capsys, "first_column"))
    assert "  [0, 0, 0] is stuck at 0.5: the mean error cannot fall below 1/12\n" in text
    assert "Trained bias" not in text
    got = printed(capsys, "first_column", "--bias")
    assert "stuck" not in got
    assert "Trained bias\n[-5." in got
    assert "[0.00596923]  for [0, 0, 0]; correct: 0\n" in got


def test_pictures_are_the_diagram_the_sample_the_error_and_the_sigmoid(capsys, tmp_path):
    plt = pytest.importorskip("matplotlib.pyplot")
    printed(capsys, "first_column", "--epochs", "3", "--plot", str(tmp_path / "a.png"))
    got = {file.name for file in tmp_path.iterdir()}
    assert got == {"a.png", *(f"a-{name}.png" for name in ("sample", "loss", "sigmoid"))}
    assert plt.imread(tmp_path / "a-loss.png").shape[1] == 800  # the width of a page
