import re

import numpy as np
import pytest

from fastnn.datasets import load_gender
from fastnn.examples import gender
from fastnn.reference import ReferenceNetwork

from ..support.golden import golden
from ..support.pictures import legend_of
from .output import expected, printed


@pytest.mark.compiled
def test_prints_the_pieces_the_losses_and_the_tutorials_verdicts(capsys):
    assert printed(capsys, "gender") == expected("gender")


def test_the_expected_output_holds_the_tutorials_digits():
    text = expected("gender")
    record = golden("seed_002")
    tutorial, worked = record["printed"], record["alice_ones_zero"]
    assert f"on [2, 3]: {tutorial['neuron']}\n" in text
    assert f"on [2, 3]: {tutorial['network_w01_b0']}\n" in text
    assert f"for everyone: {tutorial['mse_loss']}\n" in text
    assert f"prediction: {tutorial['ypred_ones']}\n" in text
    for name in ("ypred", *(f"w{i}" for i in range(1, 7)), "b1", "b2", "b3"):
        assert f"dL/d{name} = {worked[f'dL_d{name}']:.9f}\n" in text
    assert f"Emily: {tutorial['emily']} - F\nFrank: {tutorial['frank']} - M\n" in text
    assert text.count("\nEpoch ") == 100


@pytest.mark.compiled
@pytest.mark.parametrize("seed", ["0", "1"])
def test_other_starts_print_the_recorded_losses(capsys, seed):
    got = printed(capsys, "gender", "--seed", seed)
    record = golden("seed_002")["runs"][f"RandomState({seed}).normal(size=9)"]
    for number, loss in enumerate(record["loss_every_10_epochs"]):
        assert f"\nEpoch {10 * number} loss: {loss:.3f}\n" in got
    assert f"Emily: {record['emily']:.3f} - F\nFrank: {record['frank']:.3f} - M\n" in got


def test_the_expected_output_has_a_row_for_each_of_the_people():
    (X, y), people = load_gender(), load_gender(raw=True)
    net = ReferenceNetwork.like(gender.build(np.random.RandomState(44).normal(size=9)))
    net.fit(X, y[:, np.newaxis], epochs=1000, learning_rate=0.1)
    rows = re.findall(
        r"^(\w+) +(\d+) +(\d+)  ([FM]) +([01]) +(0\.\d+) +(0\.\d+)$", expected("gender"), re.M
    )
    assert [row[0] for row in rows] == people["name"].tolist()
    assert [[float(row[1]), float(row[2])] for row in rows] == (X + [135, 66]).tolist()
    assert [row[3] for row in rows] == people["gender"].tolist()
    assert [float(row[4]) for row in rows] == y.tolist()
    answers = net.predict(X)[:, 0]
    np.testing.assert_allclose([float(row[5]) for row in rows], answers, atol=5.1e-4)
    np.testing.assert_allclose([float(row[6]) for row in rows], (y - answers) ** 2, atol=5.1e-7)


def test_the_nine_numbers_go_to_their_places():
    numbers = np.arange(9.0)
    net = gender.build(numbers)
    got = gender.named(net.weights, net.biases)
    assert list(got.values()) == list(numbers)
    assert got["w3"] == net.weights[0][0, 1]


def test_explain_opens_alices_step(capsys):
    got = printed(capsys, "gender", "--explain", "--epochs", "1")
    assert "Alice alone, all weights 1, all biases 0" in got
    assert "error = dLoss/da = 2 (a - y), 1x1\n    [[-0.95260965]]" in got
    assert (
        "W after the step, 2x2\n    [[0.99785305 0.99785305]\n     [0.99892652 0.99892652]]" in got
    )
    assert "b after the step, 2\n    [0.00107348 0.00107348]" in got


def test_pictures_are_the_named_diagram_the_sample_the_curve_and_the_people(capsys, tmp_path):
    plt = pytest.importorskip("matplotlib.pyplot")
    printed(capsys, "gender", "--epochs", "3", "--plot", str(tmp_path / "a.png"))
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"a.png", *(f"a-{n}.png" for n in ("sample", "loss", "points", "decisions"))}
    ax = gender.pictures(gender.build(np.arange(9.0)), {"rate": None})["network"]()
    got = {text.get_text() for text in ax.texts}
    plt.close(ax.figure)
    assert {f"w{i} = {i - 1}" for i in range(1, 7)} | {"b1 = 6", "b2 = 7", "b3 = 8"} <= got


def test_pictures_show_alice_and_all_people(capsys):
    plt = pytest.importorskip("matplotlib.pyplot")
    draw = gender.pictures(gender.build(np.arange(9.0)), {"rate": None})
    texts = {text.get_text() for text in draw["sample"]().texts}
    assert {"w1 = 1", "dL/dw1 = 0.0215", "b1 = 0", "z = -3", "a = 0.0474", "-2"} <= texts
    for name in ("points", "decisions"):
        ax = draw[name]()
        people = {text.get_text() for text in ax.texts}
        assert people == {"Alice", "Bob", "Charlie", "Diana"}
        assert set(legend_of(ax)) >= {"M", "F"}
    plt.close("all")


def test_the_path_of_an_animation_shows_the_training(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    printed(capsys, "gender", "--epochs", "30", "--plot", str(tmp_path / "a.gif"))
    assert (tmp_path / "a.gif").read_bytes().startswith(b"GIF")
    assert (tmp_path / "a-network.png").exists()
