"""The naive network reproduces the recorded numbers: small trajectories and four tutorials."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fastnn.datasets import load_moons
from fastnn.reference import ReferenceNetwork

from ..support.golden import TRAJECTORIES, TRAJECTORY_TOLERANCE, golden


@pytest.fixture(params=TRAJECTORIES, ids=lambda case: case.name)
def trajectory(request):
    return request.param


def start(case):
    return ReferenceNetwork(
        case.after[0].weights, case.after[0].biases, case.activations, case.loss
    )


def test_trajectory_starts_as_recorded(trajectory):
    net, X, Y = start(trajectory), trajectory.X, trajectory.Y
    close = {"rtol": 0, "atol": TRAJECTORY_TOLERANCE}
    assert_allclose(len(X) * net.loss(X, Y), trajectory.after[0].loss_total, **close)
    assert_allclose(net.predict(X[0]), trajectory.output, **close)
    grad_weights, grad_biases = net.gradient(X, Y)
    assert_allclose(len(X) * grad_weights[0], trajectory.grad_weights, **close)
    assert_allclose(len(X) * grad_biases[0], trajectory.grad_biases, **close)


def test_trajectory(trajectory):
    net, X, Y = start(trajectory), trajectory.X, trajectory.Y
    n_done = 0
    for n_updates, expected in trajectory.after.items():
        for step in range(n_done, n_updates):
            rows = step % len(X) if trajectory.batch_size == 1 else slice(None)
            net.update(X[rows], Y[rows], trajectory.learning_rate, trajectory.reduction)
        n_done = n_updates
        for got, recorded in zip(
            net.weights + net.biases, expected.weights + expected.biases, strict=True
        ):
            assert_allclose(got, recorded, rtol=0, atol=TRAJECTORY_TOLERANCE)
        assert_allclose(
            len(X) * net.loss(X, Y), expected.loss_total, rtol=0, atol=TRAJECTORY_TOLERANCE
        )
    assert n_done == 1000


def full_batch(net, X, Y, n_updates):
    return net.fit(X, Y, epochs=n_updates, batch_size=None, learning_rate=1.0, reduction="sum")


def test_xor():
    record = golden("seed_000")
    X, Y = np.array(record["X"]), np.array(record["y"])[:, None]
    net = ReferenceNetwork(
        [record["W1_init"], record["W2_init"]], [None, None], record["act"], "half_sse"
    )
    n_done = 0
    for n_updates, expected in record["after"].items():
        full_batch(net, X, Y, int(n_updates) - n_done)
        n_done = int(n_updates)
        assert_allclose(net.weights[0], expected["W1"], rtol=0, atol=1e-10)
        assert_allclose(net.weights[1], expected["W2"], rtol=0, atol=1e-10)
        assert_allclose(14 * net.loss(X, Y), expected["sse"], rtol=0, atol=1e-10)
    full_batch(net, X, Y, record["iterations"] - n_done)
    expected, close = record["final"], {"rtol": 0, "atol": record["final"]["abs_tol_f64"]}
    assert_allclose(net.weights[0], expected["W1"], **close)
    assert_allclose(net.weights[1], expected["W2"], **close)
    assert_allclose(net.predict([1, 1, 0]), [expected["think_110"]], **close)
    assert_allclose(net.predict(X)[:, 0], expected["train_outputs"], **close)


def gender_net(parameters):
    """Lay out w1 ... w6, b1, b2, b3: h1 takes w1, w2, b1; h2 takes w3, w4, b2; o1 w5, w6, b3."""
    w1, w2, w3, w4, w5, w6, b1, b2, b3 = parameters
    weights, biases = [[[w1, w3], [w2, w4]], [[w5], [w6]]], [[b1, b2], [b3]]
    return ReferenceNetwork(weights, biases, ["sigmoid", "sigmoid"], "mse")


def in_gender_order(weights, biases):
    return np.concatenate([weights[0].T.ravel(), weights[1].ravel(), *biases])


def test_gender_derivatives_of_the_worked_example():
    expected = golden("seed_002")["alice_ones_zero"]
    net = gender_net([1, 1, 1, 1, 1, 1, 0, 0, 0])
    X, Y = [[-2.0, -1.0]], [[1.0]]
    _, (hidden, out) = net.forward(X)
    close = {"rtol": 1e-13}
    assert_allclose(hidden, [[expected["h1"], expected["h2"]]], **close)
    assert_allclose(out, [[expected["ypred"]]], **close)
    assert_allclose(net.loss(X, Y), expected["loss"], **close)
    names = ["w1", "w2", "w3", "w4", "w5", "w6", "b1", "b2", "b3"]
    got = in_gender_order(*net.gradient(X, Y))
    assert_allclose(got, [expected[f"dL_d{name}"] for name in names], **close)


@pytest.mark.parametrize("run", golden("seed_002")["runs"])
def test_gender(run):
    record, expected = golden("seed_002"), golden("seed_002")["runs"][run]
    X, Y = np.array(record["X"]), np.array(record["y"])[:, None]
    net = gender_net(expected["params_init_w1..w6,b1..b3"])
    parameters, losses = {}, []
    for epoch in range(record["epochs"]):
        net.fit(X, Y, learning_rate=record["lr"])
        parameters[str(epoch + 1)] = in_gender_order(net.weights, net.biases)
        if epoch % 10 == 0:
            losses.append(net.loss(X, Y))
    close = {"rtol": 0, "atol": record["abs_tol_f64"]}
    for n_epochs, values in expected["params_after_epochs"].items():
        assert_allclose(parameters[n_epochs], values, **close)
    assert_allclose(losses, expected["loss_every_10_epochs"], **close)
    emily, frank = net.predict([[128 - 135, 63 - 66], [155 - 135, 68 - 66]])
    assert_allclose([emily[0], frank[0]], [expected["emily"], expected["frank"]], **close)


def test_moons_first_epoch():
    record = golden("seed_003")
    X, _, labels, _ = load_moons()
    Y = np.eye(2)[labels]
    rng = np.random.RandomState(0)
    weights, biases = [], []
    for n_in, n_out in pairwise(record["arch"]):
        weights.append(rng.randn(n_in, n_out) * np.sqrt(1 / n_out))
        biases.append(rng.rand(n_out) * 0.1)
    net = ReferenceNetwork(weights, biases, record["act"], "half_sse", train_biases=[False] * 4)

    assert_weights_are(net, record["init_seed0"])
    losses = [net.update(X[0], Y[0], record["lr"])]
    assert_weights_are(net, record["after_1_sample_seed0"])
    losses += [net.update(x, y, record["lr"]) for x, y in zip(X[1:], Y[1:], strict=True)]
    assert_weights_are(net, record["after_1_epoch_seed0"])
    got = np.mean((net.predict(X) - Y) ** 2)
    assert_allclose(got, record["run_seed0_seedfaithful"]["mse_every_10"][0], rtol=0, atol=1e-10)

    whole = ReferenceNetwork(weights, biases, record["act"], "half_sse", train_biases=[False] * 4)
    assert_allclose(whole.fit(X, Y, learning_rate=record["lr"]), [np.mean(losses)], rtol=1e-13)
    for got, expected in zip(whole.weights, net.weights, strict=True):
        assert_array_equal(got, expected)


def assert_weights_are(net, expected):
    W = np.concatenate([w.ravel() for w in net.weights])
    assert_allclose(W[:5], expected["first5"], rtol=0, atol=1e-13)
    assert_allclose(W[-5:], expected["last5"], rtol=0, atol=1e-13)
    assert_allclose([W.sum(), (W * W).sum()], [expected["sum"], expected["sumsq"]], rtol=1e-12)


def test_first_column():
    record = golden("seed_004")
    X, Y = np.array(record["X"]), np.array(record["y"])[:, None]
    net = ReferenceNetwork([np.array(record["W_init"])[:, None]], [None], ["sigmoid"], "half_sse")
    close = {"rtol": 0, "atol": record["final"]["abs_tol_f64"]}
    for epoch in range(record["epochs"]):
        if str(epoch) in record["error_history_at"]:
            got = np.mean(np.abs(Y - net.predict(X)))
            assert_allclose(got, record["error_history_at"][str(epoch)], **close)
        net.update(X, Y, 1.0, "sum")
        if str(epoch + 1) in record["after"]:
            assert_allclose(net.weights[0][:, 0], record["after"][str(epoch + 1)], **close)
    assert_allclose(net.weights[0][:, 0], record["final"]["W"], **close)
    got = net.predict([[1, 1, 0], [0, 1, 1]])[:, 0]
    expected = [record["final"]["predict_110"], record["final"]["predict_011"]]
    assert_allclose(got, expected, **close)
    assert_allclose(net.predict(X)[:, 0], record["final"]["train_outputs"], **close)
