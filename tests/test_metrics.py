"""Metrics worked by hand, and R2 against scikit-learn."""

import math

import numpy as np
import pytest

from fastnn import Dense, Network, Population, metrics
from fastnn.metrics import accuracy, mae, mse, r2

from .support.networks import make_data, small_network


def test_worked_by_hand():
    y, outputs = [[1, 0], [0, 2]], [[2, 0], [0, 5]]
    assert mse(y, outputs) == (1 + 9) / 4
    assert mae(y, outputs) == (1 + 3) / 4
    # The errors have squares 1 and 9, the targets 1/2 and 2 about their means.
    assert r2(y, outputs) == ((1 - 1 / 0.5) + (1 - 9 / 2)) / 2
    assert accuracy(y, outputs) == 1
    assert accuracy([1, 1, 0], [0.6, 0.4, 0.5]) == 2 / 3


@pytest.mark.parametrize("n_out", [1, 3])
def test_agree_with_scikit_learn(n_out):
    theirs = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(n_out)
    y, outputs = rng.normal(7, 2, size=(2, 40, n_out))
    assert r2(y, outputs) == pytest.approx(theirs.r2_score(y, outputs), rel=1e-12)
    assert mse(y, outputs) == pytest.approx(theirs.mean_squared_error(y, outputs), rel=1e-12)
    assert mae(y, outputs) == pytest.approx(theirs.mean_absolute_error(y, outputs), rel=1e-12)


@pytest.mark.parametrize(
    ("y", "outputs"),
    [
        ([2, 2, 2], [2, 2, 2]),
        ([2, 2, 2], [2, 2, 3]),
        ([[2, 1], [2, 2]], [[2, 1], [2, 3]]),
        ([[2, 1], [2, 2]], [[2, 1], [1, 3]]),
        ([[1, 2], [2, 1]], [[1, 2], [2, 1]]),
    ],
)
def test_r2_of_constant_targets(y, outputs):
    theirs = pytest.importorskip("sklearn.metrics")
    assert r2(y, outputs) == theirs.r2_score(y, outputs)


def test_r2_of_constant_targets_that_no_float_holds():
    assert np.mean([0.1] * 3) != 0.1  # so that targets seem to vary about their mean
    assert r2([0.1] * 3, [0.1, 0.1, 0.2]) == 0


def test_r2_of_one_sample():
    assert math.isnan(r2([1.0], [1.0]))


@pytest.mark.parametrize("metric", [accuracy, mse, mae, r2])
def test_arguments_are_checked(metric):
    with pytest.raises(ValueError, match=r"y must have shape \(4, 2\).*got \(3, 2\)"):
        metric(np.ones((3, 2)), np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"outputs must have shape .* got \(1, 4, 2\)"):
        metric(np.ones((4, 2)), np.ones((1, 4, 2)))


NUMBERS = np.array([0.0, 1.0, 0.3, 1.0])


@pytest.mark.parametrize(
    "fit",
    [
        lambda net, X, **how: net.fit(X, NUMBERS, **how),
        lambda net, X, **how: net.fit(X, NUMBERS, validation_fraction=0.5, **how),
        lambda net, X, **how: net.fit(X, NUMBERS == 1, validation_data=(X, NUMBERS), **how),
        lambda net, X, **how: Population([net]).fit(X, NUMBERS, **how),
        lambda net, X, **how: net.fit([(X, NUMBERS == 1), (X, NUMBERS)], **how),
        lambda net, X, **how: net.fit([(X, NUMBERS)], **how),
    ],
)
def test_accuracy_of_numbers_is_refused_before_training(fit):
    X = make_data(4, 3, 1)[0]
    net = Network(3, [Dense(4, "tanh"), Dense(1)], seed=0)
    before = net.params.copy()
    with pytest.raises(ValueError, match=r"y must be 0 or 1 .* got 0.3 in row 2; for numbers use"):
        fit(net, X, metrics=["mse", "accuracy"])
    np.testing.assert_array_equal(net.params, before)
    assert not net.history
    fit(net, X, metrics=["mse"])


def test_accuracy_of_labels_minus_one_and_one_names_the_remedy():
    net = Network(1, [Dense(1)], seed=0)
    with pytest.raises(
        ValueError, match=r"got -1 in row 0; for labels -1 and 1 use \(y \+ 1\) / 2"
    ):
        net.fit(OUTPUTS, 2 * LABELS - 1, metrics=["accuracy"])


@pytest.mark.parametrize("loss", ["half_sse", "mse", "mae", "huber", "binary_cross_entropy"])
def test_accuracy_of_two_classes_is_taken_for_any_loss(loss):
    net = Network(1, [Dense(1, "sigmoid")], loss=loss, seed=0)
    y = np.where(LABELS, 0.9, 0.1) if loss == "binary_cross_entropy" else LABELS
    expected = accuracy(y, net.predict(OUTPUTS))
    got = net.fit(OUTPUTS, y, batch_size=None, metrics=["accuracy"])["accuracy"]
    assert got == [pytest.approx(expected)]


def test_accuracy_of_numbers_beyond_shares_is_refused():
    with pytest.raises(ValueError, match=r"y must be from 0 to 1 .* got -2 ... 1; for numbers"):
        accuracy([0.0, -2.0, 1.0], [0.0, 1.0, 1.0])


def test_metrics_agree_with_fit():
    X, Y = make_data(4, 3, 2)
    net = small_network()
    names = ["accuracy", "mse", "mae", "r2"]
    history = net.fit(X, Y, metrics=names, validation_data=(X, Y))
    outputs = net.predict(X)
    for name, metric in zip(names, (accuracy, mse, mae, r2), strict=True):
        assert history[f"val_{name}"][0] == pytest.approx(metric(Y, outputs), rel=1e-12)
    one = Network(3, [Dense(1, "sigmoid")], seed=1)
    history = one.fit(X, [0, 1, 1, 0], metrics=["accuracy"], validation_data=(X, [0, 1, 1, 0]))
    assert history["val_accuracy"][0] == accuracy([0, 1, 1, 0], one.predict(X))


# ---- of the user's own ---------------------------------------------------------------------------


LABELS = np.array([0, 1, 1, 0, 1, 1])
OUTPUTS = np.array([[0.2], [0.9], [0.4], [0.6], [0.7], [0.8]])
SHAPES = [LABELS, LABELS[:, np.newaxis], LABELS.tolist(), LABELS.astype(float)]


@pytest.mark.parametrize("y", SHAPES)
@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (lambda y, o: ((y - o) ** 2).mean(), metrics.mse(LABELS, OUTPUTS)),
        (lambda y, o: ((o - y) ** 2).mean(), metrics.mse(LABELS, OUTPUTS)),
        (lambda y, o: ((y - o[:, 0]) ** 2).mean(), metrics.mse(LABELS, OUTPUTS)),
        (lambda y, o: ((o[:, 0] - y) ** 2).mean(), metrics.mse(LABELS, OUTPUTS)),
        (lambda y, o: ((y.ravel() - o) ** 2).mean(), metrics.mse(LABELS, OUTPUTS)),
        (lambda y, o: ((y[:, 0] - o) ** 2).mean(), metrics.mse(LABELS, OUTPUTS)),
        (lambda y, o: np.abs(np.asarray(y) - o).mean(), metrics.mae(LABELS, OUTPUTS)),
        (lambda y, o: np.abs(np.subtract(y, o, dtype=float)).max(), 0.6),
        (lambda y, o: (y == (o > 0.5)).mean(), 4 / 6),
        (lambda y, o: (y == (o[:, 0] > 0.5)).mean(), 4 / 6),
        (lambda y, o: ((y == 1) & (o[:, 0] > 0.5)).sum(), 3),
        (lambda y, o: ((o[:, 0] > 0.5) & ~(y == 0)).sum(), 3),
        (lambda y, o: (y * o).sum() / y.sum(), 2.8 / 4),
        (lambda y, o: (y.T @ o).item(), 2.8),
        (lambda y, o: (y.T * o).size, 36),
        (lambda y, o: y.shape == o.shape, 1.0),
        (lambda y, o: np.where(y > 0, o, 0).sum(), 2.8),
        (lambda y, o: metrics.accuracy(y, o), 4 / 6),
        (lambda y, o: metrics.r2(y, o), metrics.r2(LABELS, OUTPUTS)),
    ],
)
def test_one_output_is_taken_sample_by_sample(metric, expected, y):
    assert metrics.figure_of("f", metric, y, OUTPUTS) == pytest.approx(expected, rel=1e-12)


def test_f1_of_the_issue():
    def f1(y, o):
        p = o[:, 0] > 0.5
        return float(2 * (p & (y == 1)).sum() / max(1, p.sum() + y.sum()))

    X = OUTPUTS + 0.1
    net = Network(1, [Dense(3, "tanh"), Dense(1, "sigmoid")], loss="binary_cross_entropy", seed=0)
    history = net.fit(X, LABELS, epochs=3, metrics=[f1], validation_data=(X, LABELS))
    assert history["val_f1"][-1] == pytest.approx(f1(LABELS, net.predict(X)), rel=1e-12)


@pytest.mark.parametrize("labels", [[0, 2, 1], [[0], [2], [1]]])
def test_class_labels_are_one_dimensional(labels):
    outputs = np.eye(3)

    def share(y, outputs):
        return (y == outputs.argmax(axis=1)).mean()

    assert metrics.figure_of("share", share, labels, outputs) == pytest.approx(1 / 3)


def test_the_users_targets_are_not_written_to():
    y = LABELS.copy()

    def spoil(y, outputs):
        y[:] = 0
        return 0.0

    with pytest.raises(ValueError, match="read-only") as caught:
        metrics.figure_of("spoil", spoil, y, OUTPUTS)
    expected = "in the metric spoil, given y of shape (6, 1) and outputs of shape (6, 1)"
    assert caught.value.__notes__ == [expected]
    np.testing.assert_array_equal(y, LABELS)


def test_a_metric_that_raises_is_named_with_what_it_was_given():
    X, Y = make_data(4, 3, 2)

    def mine(y, outputs):
        return y[:, 7]

    with pytest.raises(IndexError) as caught:
        small_network().fit(X, Y, metrics=[mine], validation_data=(X, Y))
    expected = "in the metric mine, given y of shape (4, 2) and outputs of shape (4, 2)"
    assert caught.value.__notes__ == [expected]


@pytest.mark.parametrize("got", [None, "0.5", 1j, np.array([1.0]), [0.5], LABELS, {}])
def test_a_metric_must_return_a_number(got):
    net = Network(1, [Dense(1)], seed=0)

    def mine(y, outputs):
        return got

    with pytest.raises(TypeError, match="the value of the metric mine must be a number, got"):
        net.fit(OUTPUTS, LABELS, metrics=[mine], validation_data=(OUTPUTS, LABELS))


@pytest.mark.parametrize("got", [1, 0.5, np.float32(0.5), np.array(0.5), True, np.False_, np.nan])
def test_numbers_of_all_kinds(got):
    figure = metrics.figure_of("mine", lambda y, outputs: got, LABELS, OUTPUTS)
    assert type(figure) is float
    np.testing.assert_equal(figure, float(got))


@pytest.mark.parametrize("name", ["loss", "mse"])
def test_a_metric_may_not_take_the_name_of_another(name):
    def mine(y, outputs):
        return 0.0

    mine.__name__ = name
    net = Network(1, [Dense(1)], seed=0)
    with pytest.raises(ValueError, match=f"names that differ, got a function named {name}"):
        net.fit(OUTPUTS, LABELS, metrics=["mse", mine], validation_data=(OUTPUTS, LABELS))


@pytest.mark.parametrize("metric", [metrics.mse, metrics.mae, metrics.r2, metrics.accuracy])
def test_built_in_metrics_take_both_shapes(metric):
    expected = metric(LABELS[:, np.newaxis], OUTPUTS)
    for y in (LABELS, LABELS[:, np.newaxis]):
        for outputs in (OUTPUTS, OUTPUTS[:, 0]):
            assert metric(y, outputs) == expected
