"""What `fit` and `partial_fit` are asked for: weights, figures; and a call that fails."""

import numpy as np
import pytest

from fastnn import Dense, Network, metrics, schedules
from fastnn.reference import ReferenceNetwork

from ..support.networks import make_data, noisy_network, small_network
from ..support.training import Recorder, check_equal, snapshot

X, Y = make_data(12, 3, 2)
LABELS = np.array([0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1])


# ---- weights -------------------------------------------------------------------------------------


WEIGHTS = np.array([1, 0, 2, 1, 0, 3, 1, 1, 0, 2, 1, 1])
ROWS = np.repeat(np.arange(12), WEIGHTS)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "irprop", "lbfgs"])
def test_weights_are_rows_dropped_and_repeated(optimizer, reduction, dtype):
    net, other = small_network(dtype=dtype), small_network(dtype=dtype)
    close = {"rtol": 1e-9, "atol": 1e-11} if dtype == "float64" else {"rtol": 1e-3, "atol": 1e-4}
    assert net.loss(X, Y, sample_weight=WEIGHTS) == pytest.approx(
        net.loss(X[ROWS], Y[ROWS]), rel=close["rtol"]
    )
    got = net.gradient(X, Y, sample_weight=WEIGHTS)
    np.testing.assert_allclose(got, net.gradient(X[ROWS], Y[ROWS]), **close)
    how = {"epochs": 3, "batch_size": None, "optimizer": optimizer, "reduction": reduction}
    how |= {"metrics": ["mse", "accuracy"], "shuffle": False}
    history = net.fit(X, Y, sample_weight=WEIGHTS, **how)
    expected = other.fit(X[ROWS], Y[ROWS], **how)
    np.testing.assert_allclose(net.params, other.params, **close)
    for name in expected:
        np.testing.assert_allclose(history[name], expected[name], rtol=close["rtol"])


def test_the_step_of_one_sample_is_in_proportion_to_its_weight():
    net, other = small_network(), small_network()
    history = net.fit(X, Y, learning_rate=0.1, sample_weight=WEIGHTS, shuffle=False)
    losses = []
    for x, y, weight in zip(X, Y, WEIGHTS, strict=True):
        losses.append(other.loss(x[np.newaxis], y[np.newaxis]))
        if weight:
            other.partial_fit(x, y, learning_rate=0.1 * weight)
    np.testing.assert_allclose(net.params, other.params, rtol=1e-13, atol=1e-15)
    assert history["loss"] == [pytest.approx(np.average(losses, weights=WEIGHTS), rel=1e-12)]
    streamed = small_network()
    for x, y, weight in zip(X, Y, WEIGHTS, strict=True):
        if weight:
            streamed.partial_fit(x, y, learning_rate=0.1, sample_weight=[weight])
    np.testing.assert_allclose(streamed.params, net.params, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    ("class_weight", "of_class"),
    [
        ({0: 2.0, 1: 0.5}, (2.0, 0.5)),
        ({0: 2.0}, (2.0, 1.0)),
        ({np.int64(0): 2.0, True: 3}, (2.0, 3.0)),
        ("balanced", (12 / (2 * 4), 12 / (2 * 8))),
    ],
)
@pytest.mark.parametrize("n_out", [1, 2])
@pytest.mark.parametrize("batch_size", [1, 5, None])
def test_class_weights_multiply_those_of_samples(class_weight, of_class, n_out, batch_size):
    nets = [Network(3, [Dense(n_out, "sigmoid")], seed=0) for _ in range(2)]
    how = {"batch_size": batch_size, "epochs": 2}
    weights = np.arange(1.0, 13)
    history = nets[0].fit(X, LABELS, class_weight=class_weight, sample_weight=weights, **how)
    both = weights * np.array(of_class)[LABELS]
    expected = nets[1].fit(X, LABELS, sample_weight=both, **how)
    np.testing.assert_array_equal(nets[0].params, nets[1].params)
    assert history["loss"] == expected["loss"]


# ---- figures -------------------------------------------------------------------------------------


def test_metrics_on_validation_data():
    def largest_error(y, outputs):
        return np.abs(y - outputs).max()

    net = small_network()
    history = net.fit(
        X, Y, epochs=3, metrics=["mae", "r2", largest_error, metrics.mse], validation_data=(X, Y),
        evaluate_every=2,
    )  # fmt: skip
    assert [*history] == [
        "loss", "mae", "val_loss", "val_mae", "val_r2", "val_largest_error", "val_mse"
    ]  # fmt: skip
    assert history.epochs_of("val_r2") == [0, 2]
    outputs = net.predict(X)
    for name, expected in (
        ("val_r2", metrics.r2(Y, outputs)),
        ("val_largest_error", largest_error(Y, outputs)),
        ("val_mse", metrics.mse(Y, outputs)),
        ("val_mae", metrics.mae(Y, outputs)),
    ):
        assert history[name][-1] == pytest.approx(expected, rel=1e-12)


def test_a_metric_is_given_y_as_it_came():
    def kind(y, outputs):
        return float(y.dtype.kind == "i" and y.shape == (12,) and outputs.shape == (12, 2))

    net = small_network()
    for data in ({"validation_data": (X, LABELS)}, {"validation_fraction": 0.5}):
        expected = 1.0 if "validation_data" in data else 0.0
        assert net.fit(X, LABELS, metrics=[kind], **data)["val_kind"] == [expected]


@pytest.mark.parametrize("batch_size", [1, 5, None])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_penalty_in_the_history(batch_size, reduction):
    layers = [Dense(4, "tanh", l1=0.1), Dense(3, "tanh"), Dense(2, l2=0.2)]
    net = Network(3, layers, seed=0)
    reference = ReferenceNetwork.like(net)
    how = {"batch_size": batch_size, "learning_rate": 0.05, "reduction": reduction}
    history = net.fit(X, Y, epochs=2, shuffle=False, **how)
    size = batch_size or 12
    for epoch in range(2):
        penalties, sizes = [], []
        for start in range(0, 12, size):
            rows = slice(start, start + size)
            penalties.append(reference.penalty())
            sizes.append(len(X[rows]))
            reference.update(X[rows], Y[rows], 0.05, reduction if size > 1 else "sum")
        expected = np.average(penalties, weights=sizes)
        assert history["penalty"][epoch] == pytest.approx(expected, rel=1e-12)
    limited = Network(3, [Dense(2, max_norm=1.0)], seed=0)
    assert [*limited.fit(X, Y)] == ["loss"]


# ---- failed calls --------------------------------------------------------------------------------


def raising(epoch):
    raise OSError("no rate")


BAD_CALLS = [
    ({"X": X[:, :2]}, ValueError),
    ({"X": np.full_like(X, np.nan)}, ValueError),
    ({"y": Y[:3]}, ValueError),
    ({"y": ["a"] * 12}, TypeError),
    ({"epochs": 0}, ValueError),
    ({"batch_size": 0}, ValueError),
    ({"optimizer": "adamant"}, ValueError),
    ({"optimizer": "lbfgs"}, ValueError),  # per sample
    ({"learning_rate": -1}, ValueError),
    ({"learning_rate": raising}, OSError),
    ({"learning_rate": lambda epoch: np.nan}, ValueError),
    ({"optimizer": "irprop", "learning_rate": schedules.Constant(0.1)}, ValueError),
    ({"reduction": "max"}, ValueError),
    ({"sample_weight": np.ones(3)}, ValueError),
    ({"sample_weight": -np.ones(12)}, ValueError),
    ({"sample_weight": np.zeros(12)}, ValueError),
    ({"sample_weight": np.full(12, np.nan)}, ValueError),
    ({"sample_weight": "heavy"}, TypeError),
    ({"class_weight": "balanced"}, ValueError),  # no labels
    ({"y": LABELS, "class_weight": "even"}, ValueError),
    ({"y": LABELS, "class_weight": {2: 1.0}}, ValueError),
    ({"y": LABELS, "class_weight": {"a": 1.0}}, ValueError),
    ({"y": LABELS, "class_weight": {0: -1.0}}, ValueError),
    ({"y": LABELS, "class_weight": {0: 0.0, 1: 0.0}}, ValueError),
    ({"y": LABELS, "class_weight": [1.0, 2.0]}, TypeError),
    ({"input_noise": -1}, ValueError),
    ({"input_noise": "some"}, TypeError),
    ({"metrics": ["f1"]}, ValueError),
    ({"metrics": "mse"}, TypeError),
    ({"metrics": ["r2"]}, ValueError),
    ({"metrics": [metrics.mae]}, ValueError),
    ({"metrics": [lambda y, a: 0.0, lambda y, a: 1.0], "validation_data": (X, Y)}, ValueError),
    ({"validation_data": (X[:, :2], Y)}, ValueError),
    ({"validation_data": X}, ValueError),
    ({"validation_fraction": 1.5}, ValueError),
    ({"validation_fraction": 0.1, "validation_data": (X, Y)}, ValueError),
    ({"evaluate_every": 0}, ValueError),
    ({"callbacks": [print]}, TypeError),
    ({"callbacks": [Recorder(fail_in="start")]}, OSError),
]


@pytest.mark.parametrize(("bad", "error"), BAD_CALLS)
@pytest.mark.parametrize("resume", [False, True])
def test_a_failed_call_changes_nothing(bad, error, resume):
    net = noisy_network()
    net.fit(X, Y, optimizer="adam", validation_fraction=0.2)
    before = snapshot(net)
    with pytest.raises(error):
        net.fit(**{"X": X, "y": Y, "resume": resume} | bad)
    check_equal(snapshot(net), before)
    allowed = {"X", "y", "batch_size", "optimizer", "sample_weight"}
    if bad.keys() <= allowed:
        with pytest.raises(error):
            net.partial_fit(**{"X": X, "y": Y} | bad)
        check_equal(snapshot(net), before)


@pytest.mark.parametrize("targets", [[[-1.0, 2.0]] * 12, [[2.0, -1.0]] * 12])
def test_poisson_needs_targets_of_at_least_0(targets):
    net = Network(3, [Dense(2, "exp")], loss="poisson", seed=0)
    before = snapshot(net)
    for method in (net.fit, net.partial_fit, net.loss, net.gradient, net.trace):
        with pytest.raises(
            ValueError, match=r"y must be at least 0 for the loss poisson, got -1\.0"
        ):
            method(X, targets)
    with pytest.raises(ValueError, match="y must be at least 0 for the loss poisson"):
        net.fit(X, np.ones((12, 2)), validation_data=(X, targets))
    check_equal(snapshot(net), before)
    net.fit(X, np.zeros((12, 2)))
