import math

import numpy as np
import pytest

pytest.importorskip("sklearn")

from fastnn.tabular import judging
from fastnn.tabular.judging import Judge, LinearModel, score_numbers


def test_probabilities_by_hand():
    judge = Judge.trained_on(np.array([0, 1, 1, 1]), ["u", "v"])
    outputs = np.array([[0.8, 0.2], [0.4, 0.6], [0.9, 0.1]], np.float32)
    got = judge.score("ours", np.array([0, 1, 1]), outputs).metrics
    losses = [math.log(p) for p in (0.8, 0.6, 0.1)]
    assert got["log loss"] == pytest.approx(-sum(losses) / 3, rel=1e-6)
    assert got["accuracy"] == pytest.approx(2 / 3)
    assert got["AUC"] == 0.5


def test_the_commonest_class_is_judged_by_the_shares():
    judge = Judge.trained_on(np.array([0, 1, 1, 1]), ["u", "v"])
    got = judge.baseline(np.array([0, 1]))
    assert got.model == "always 'v'"
    assert got.metrics["log loss"] == pytest.approx(-(math.log(0.25) + math.log(0.75)) / 2)
    assert got.metrics["accuracy"] == 0.5


def test_an_auc_without_rows_of_a_class_is_not_defined():
    judge = Judge.trained_on(np.array([0, 1, 2]), ["u", "v", "w"])
    outputs = np.full((2, 3), 1 / 3)
    assert math.isnan(judge.score("ours", np.array([0, 1]), outputs).metrics["AUC"])
    assert judge.score("ours", np.array([0, 1, 2]), np.full((3, 3), 1 / 3)).metrics["AUC"] == 0.5


def test_numbers_by_hand():
    judge = Judge.trained_on(np.array([1.0, 3.0]), None)
    got = judge.score("ours", np.array([1.0, 2.0, 3.0]), np.array([[1.0], [3.0], [3.0]])).metrics
    assert got == {"R2": 0.5, "mean absolute error": pytest.approx(1 / 3)}
    got = judge.baseline(np.array([1.0, 2.0, 3.0]))
    assert (got.model, got.metrics["R2"]) == ("always the mean, 2", 0)
    assert math.isnan(judge.score("ours", np.array([1.0]), np.array([1.0])).metrics["R2"])


def test_a_judge_comes_back_from_json():
    for judge in (
        Judge.trained_on(np.array([0, 1, 1]), ["u", "v"]),
        Judge.trained_on(np.array([1.5, 2.5]), None),
    ):
        twin = Judge.from_json(judge.to_json(), judge.classes)
        targets = np.array([0, 1])
        assert twin.baseline(targets) == judge.baseline(targets)
    with pytest.raises(ValueError, match="shares must be 3, got 2"):
        Judge.from_json({"shares": [0.5, 0.5], "mean": 0.0}, ["u", "v", "w"])


def test_only_what_is_better_by_more_than_chance_is_said():
    judge = Judge.trained_on(np.array([0.0, 1.0]), None)
    targets, random = np.arange(100.0), np.random.default_rng(0)
    ours = targets + random.normal(size=100)
    assert judge.comparison(targets, ours, targets + random.normal(size=100), "it") is None
    got = judge.comparison(targets, ours, targets, "a linear model")
    squares = (ours - targets) ** 2
    expected = squares.mean() / (squares.std() / 10)
    assert got == f"Here a linear model is better by {expected:.1f} standard errors"
    assert judge.comparison(targets, targets, ours, "it") is None


def test_a_model_stands_beside_another_and_none():
    judge = Judge.trained_on(np.array([0.0, 3.0]), None)
    targets = np.array([1.0, 2.0, 3.0])
    scores, warning = judge.beside(targets, targets, "a linear model", targets[::-1])
    assert [score.model for score in scores] == [
        "this model",
        "a linear model",
        "always the mean, 1.5",
    ]
    assert [score.metrics["R2"] for score in scores] == [1.0, -3.0, -0.375]
    assert warning is None
    _, warning = judge.beside(targets, targets[::-1], "a linear model", targets)
    assert warning.startswith("Here a linear model is better by ")


def test_the_linear_model_is_of_at_most_so_many_rows(monkeypatch):
    monkeypatch.setattr(judging, "LINEAR_ROWS", 50)
    x = np.linspace(-1, 1, 200)[:, None]
    got = LinearModel(x, 3 * x[:, 0], n_classes=0)
    assert got.name == "a linear model of 50 rows"
    assert got.outputs(x) == pytest.approx(3 * x[:, 0], rel=0.2)


def test_a_class_that_the_linear_model_did_not_see_has_no_probability():
    x = np.linspace(-1, 1, 40)[:, None]
    got = LinearModel(x, np.where(x[:, 0] > 0, 2, 0), n_classes=3).outputs(x)
    assert got.sum(axis=1) == pytest.approx(1)
    assert not got[:, 1].any()
    assert LinearModel(x, np.full(40, 1), n_classes=3).outputs(x[:1]).tolist() == [[0, 1, 0]]


def test_the_linear_model_knows_a_target_far_from_zero():
    x = np.linspace(-1, 1, 200)[:, None]
    y = 1e9 + 10.0 * x[:, 0]
    got = LinearModel(x.astype(np.float32), y, n_classes=0).outputs(x.astype(np.float32))
    assert score_numbers("it", y, got).metrics["R2"] > 0.99
