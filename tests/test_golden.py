"""The compiled network reproduces the recorded numbers: small trajectories and the tutorials."""

import numpy as np
import pytest
from numba import config
from numpy.testing import assert_allclose

from fastnn import Dense, Network
from fastnn.datasets import load_digits, load_first_column, load_moons, load_xor
from fastnn.initializers import normal, uniform
from fastnn.metrics import accuracy

from .support.golden import TRAJECTORIES, TRAJECTORY_TOLERANCE, golden


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", TRAJECTORIES, ids=lambda case: case.name)
def test_trajectory(case, dtype):
    start = case.after[0]
    layers = [
        Dense(W.shape[1], activation, weights=W, biases=b)
        for W, b, activation in zip(start.weights, start.biases, case.activations, strict=True)
    ]
    net = Network(3, layers, loss=case.loss, dtype=dtype)
    atol = TRAJECTORY_TOLERANCE if dtype == "float64" else golden("trajectories")["abs_tol_f32"]
    assert_allclose(net.predict(case.X[0]), case.output, rtol=0, atol=atol)
    n_done, last = 0, 100 if config.DISABLE_JIT else 1000
    for n_updates, expected in case.after.items():
        if n_updates > last:
            break
        for step in range(n_done, n_updates):
            rows = slice(step % 6, step % 6 + 1) if case.batch_size == 1 else slice(None)
            net.fit(
                case.X[rows],
                case.Y[rows],
                batch_size=case.batch_size,
                reduction=case.reduction,
                learning_rate=case.learning_rate,
                shuffle=False,
            )
        n_done = n_updates
        for got, recorded in zip(
            net.weights + net.biases, expected.weights + expected.biases, strict=True
        ):
            assert_allclose(got, recorded, rtol=0, atol=atol)
        got = 6 * net.loss(case.X, case.Y)
        assert_allclose(got, expected.loss_total, rtol=0, atol=6 * atol)
    assert n_done == last


@pytest.mark.compiled
def test_xor():
    record, (X, y) = golden("seed_000"), load_xor()
    draw = uniform(-1, 1)
    layers = [Dense(n, "sigmoid", bias=False, initializer=draw) for n in record["arch"][1:]]
    net = Network(3, layers, loss="half_sse", seed=np.random.RandomState(1))
    assert_allclose(net.weights[0], record["W1_init"], rtol=0, atol=1e-15)
    n_done = 0
    after = record["after"] | {"60000": record["final"]}
    for n_updates, expected in after.items():
        net.fit(
            X,
            y,
            epochs=int(n_updates) - n_done,
            batch_size=None,
            reduction="sum",
            learning_rate=1.0,
            shuffle=False,
        )
        n_done = int(n_updates)
        assert_allclose(net.weights[0], expected["W1"], rtol=0, atol=1e-10)
        assert_allclose(net.weights[1], expected["W2"], rtol=0, atol=1e-10)
    assert_allclose(net.predict([1, 1, 0]), [record["final"]["think_110"]], rtol=0, atol=1e-10)


@pytest.mark.compiled
def test_first_column():
    record, (X, y) = golden("seed_004"), load_first_column()
    net = Network(3, [Dense(1, "sigmoid", bias=False, weights=[[0.5]] * 3)], loss="half_sse")
    history = net.fit(
        X,
        y,
        epochs=record["epochs"],
        batch_size=None,
        reduction="sum",
        learning_rate=1.0,
        shuffle=False,
        metrics=["mae"],
    )
    atol = record["final"]["abs_tol_f64"]
    for epoch, expected in record["error_history_at"].items():
        assert_allclose(history["mae"][int(epoch)], expected, rtol=0, atol=atol)
    assert_allclose(net.weights[0][:, 0], record["final"]["W"], rtol=0, atol=atol)
    assert_allclose(net.predict([0, 1, 1]), [record["final"]["predict_011"]], rtol=0, atol=atol)


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("run", "train_bias"),
    [("run_seed0_seedfaithful", False), ("run_seed0_bias_updated", True)],
)
def test_moons(run, train_bias):
    record, (X, X_test, y, y_test) = golden("seed_003"), load_moons()
    layers = [
        Dense(
            n,
            "sigmoid",
            train_bias=train_bias,
            initializer=normal(np.sqrt(1 / n)),
            bias_initializer=uniform(0, 0.1),
        )
        for n in record["arch"][1:]
    ]
    net = Network(2, layers, loss="half_sse", seed=np.random.RandomState(0))
    options = {"learning_rate": 0.01, "shuffle": False, "metrics": ["mse", "accuracy"]}
    mses, accuracies = [], []
    for _ in range(100):
        net.fit(X, y, epochs=1 if not mses else 10, resume=bool(mses), **options)
        mses.append(np.mean((net.predict(X) - np.eye(2)[y]) ** 2))
        accuracies.append(np.mean(net.predict(X_test).argmax(axis=1) == y_test))
    expected = record[run]
    # a thousand epochs of 1400 updates: rounding grows to 1e-9 on the steep stretch at epoch 800
    assert_allclose(mses, expected["mse_every_10"], rtol=0, atol=1e-8)
    assert_allclose(accuracies, expected["test_acc_every_10"], rtol=0, atol=1 / 600)
    net.fit(X, y, epochs=9, resume=True, **options)
    W = np.concatenate([w.ravel() for w in net.weights])
    assert_allclose(W.sum(), expected["W_final"]["sum"], rtol=1e-7)
    assert_allclose((W * W).sum(), expected["W_final"]["sumsq"], rtol=1e-7)


@pytest.mark.compiled
@pytest.mark.parametrize("run", ["ce_lr0.003", "ce_lr0.1", "half_sse_lr0.1"])
def test_digits(run):
    expected = golden("seed_001")["working_variants_rebuilt_data"][run]
    X, y = load_digits()
    draws = np.random.RandomState(0)
    layers = [
        Dense(n, "sigmoid", weights=draws.uniform(-1, 1, (m, n)) * np.sqrt(6 / (m + n)))
        for m, n in ((400, 25), (25, 10))
    ]
    judge = Network(400, layers, loss="binary_cross_entropy")  # the cost, whatever the loss is
    loss = "half_sse" if run.startswith("half") else "binary_cross_entropy"
    net = Network(400, layers, loss=loss, seed=np.random.RandomState(100))
    costs, accuracies = [], []
    for _ in range(20):
        net.fit(X, y, learning_rate=float(run.split("lr")[1]))
        judge.params = net.params
        costs.append(judge.loss(X, y))
        accuracies.append(accuracy(y, net.predict(X)))
    assert_allclose(costs, expected["cost_per_epoch"], rtol=1e-8)
    assert_allclose(accuracies, expected["acc_per_epoch"], rtol=0, atol=1 / 5000)
    W = np.concatenate([w.ravel() for w in net.weights])
    assert_allclose(W.sum(), expected["W_final"]["sum"], rtol=1e-8)
    assert_allclose((W * W).sum(), expected["W_final"]["sumsq"], rtol=1e-8)
    assert_allclose(sum(b.sum() for b in net.biases), expected["W_final"]["B_sum"], rtol=1e-8)
