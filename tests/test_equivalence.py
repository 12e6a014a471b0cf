"""The compiled network against the naive one, over all that can be combined."""

from itertools import product

import numpy as np
import pytest
from numba import config

from fastnn import Dense, Network
from fastnn._training import model
from fastnn._training.epochs import CompiledEpochs
from fastnn._training.model import Model
from fastnn._training.state import state_of
from fastnn.core.simd.bitset import TILE_ROWS
from fastnn.datasets import load_digits
from fastnn.optimizers import SGD, Momentum, Nesterov
from fastnn.reference.optimizers import Optimizer as Reference

from .support.cases import few_interpreted
from .support.networks import (
    BATCH_SIZES,
    HIDDEN,
    OUTPUTS,
    TOLERANCES,
    check_same,
    make_data,
    make_pair,
    small_network,
)
from .support.properties import HealthCheck, given, settings, st

DTYPES = ["float64", "float32"]
OF_BIASES = [{}, {"bias": False}, {"train_bias": False}]
LINEAR_RULES = [
    SGD(0.05, weight_decay=0.1),
    Momentum(0.01, momentum=0.9),
    Momentum(0.001, momentum=0.9, weight_decay=0.3, decay_biases=True),
    Nesterov(0.01, momentum=0.9, weight_decay=0.01),
]
BY_A_LINEAR_RULE = [*product(LINEAR_RULES, OF_BIASES, [0.0, 0.02], DTYPES)]
BOUNDED = [name for name in HIDDEN if name != "exp"]  # a stack of which does not overflow


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize(("activation", "loss"), OUTPUTS)
def test_update_of_every_output(activation, loss, batch_size, dtype):
    X, Y = make_data(7, 3, 4, loss=loss)
    layers = [Dense(5, "tanh"), Dense(4, activation, bias_initializer="glorot_normal")]
    net, reference = make_pair(Network(3, layers, loss=loss, dtype=dtype, seed=1))
    rate = 0.01 if activation == "exp" else 0.1  # its loss grows to 1e12, and rounding as much
    options = {"batch_size": batch_size, "learning_rate": rate}
    history = net.fit(X, Y, shuffle=False, **options)
    expected = reference.fit(X, Y, **options)
    check_same(net, reference, TOLERANCES[dtype])
    np.testing.assert_allclose(history["loss"], expected, rtol=TOLERANCES[dtype]["rtol"])
    np.testing.assert_allclose(net.loss(X, Y), reference.loss(X, Y), rtol=TOLERANCES[dtype]["rtol"])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize("activation", HIDDEN)
def test_update_through_every_hidden_activation(activation, batch_size, dtype):
    X, Y = make_data(8, 3, 2)
    layers = [Dense(20, activation), Dense(6, activation), Dense(2, "sigmoid")]
    net, reference = make_pair(Network(3, layers, loss="half_sse", dtype=dtype, seed=2))
    options = {"batch_size": batch_size, "learning_rate": 0.1, "reduction": "sum"}
    net.fit(X, Y, shuffle=False, **options)
    reference.fit(X, Y, **options)
    check_same(net, reference, TOLERANCES[dtype])


@pytest.mark.compiled
@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize(("activation", "loss"), [("sigmoid", "mse"), ("softmax", "cross_entropy")])
def test_hundreds_of_updates(activation, loss, batch_size):
    X, Y = make_data(8, 6, 3, loss=loss)
    layers = [Dense(9, "sigmoid"), Dense(7, "gelu"), Dense(3, activation)]
    net, reference = make_pair(Network(6, layers, loss=loss, seed=3))
    options = {"batch_size": batch_size, "learning_rate": 0.05}
    epochs = {1: 25, 3: 67, None: 200}[batch_size]
    net.fit(X, Y, epochs=epochs, shuffle=False, **options)
    reference.fit(X, Y, epochs=epochs, **options)
    check_same(net, reference, {"rtol": 1e-10, "atol": 1e-13})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_ahead", [1, 3])
@pytest.mark.parametrize("bias", OF_BIASES)
@pytest.mark.parametrize("n_hidden", [0, 1, 2])
def test_look_ahead(n_hidden, bias, n_ahead, dtype, monkeypatch):
    monkeypatch.setattr(model, "look_ahead_rows", lambda table, itemsize: n_ahead * TILE_ROWS)
    X, Y = make_data(13, 70, 3)
    X[X < 0.2] = 0
    X[5] = 0
    layers = [Dense(19, "tanh", **bias)] + [Dense(5, "relu")] * n_hidden + [Dense(3, "sigmoid")]
    net, reference = make_pair(Network(70, layers, dtype=dtype, seed=3))
    got = net.fit(X, Y, epochs=4, learning_rate=0.3, shuffle=False)
    expected = reference.fit(X, Y, epochs=4, learning_rate=0.3)
    tolerance = {"rtol": 1e-10, "atol": 1e-12} if dtype == "float64" else {"atol": 1e-5}
    check_same(net, reference, tolerance)
    np.testing.assert_allclose(got["loss"], expected, rtol=1e-10 if dtype == "float64" else 1e-4)


@pytest.mark.parametrize(
    ("optimizer", "options", "l2", "dtype"),
    # To the interpreter every pair of these, once at least.
    few_interpreted(
        [case for k, case in enumerate(BY_A_LINEAR_RULE) if k % 4 == k // 4 % 4], BY_A_LINEAR_RULE
    ),
    ids=repr,
)
def test_look_ahead_by_a_linear_rule(optimizer, options, l2, dtype, monkeypatch):
    monkeypatch.setattr(model, "look_ahead_rows", lambda table, itemsize: TILE_ROWS)
    kernels = []
    make = CompiledEpochs._kernel_for
    monkeypatch.setattr(
        CompiledEpochs, "_kernel_for", lambda self, *how: kernels.append(how) or make(self, *how)
    )
    X, Y = make_data(70, 70, 3)  # rounds of 48, or of 64
    X[X < 0.2] = 0
    layers = [Dense(19, "tanh", l2=l2, **options), Dense(5, "relu", l2=l2), Dense(3, "sigmoid")]
    net, reference = make_pair(Network(70, layers, dtype=dtype, seed=3))
    epochs = 1 if config.DISABLE_JIT else 3
    got = net.fit(X, Y, epochs=epochs, optimizer=optimizer, shuffle=False)
    expected = reference.fit(X, Y, epochs=epochs, optimizer=Reference.like(optimizer))
    is_double = dtype == "float64"
    check_same(net, reference, {"rtol": 1e-10, "atol": 1e-12} if is_double else {"atol": 1e-5})
    np.testing.assert_allclose(got["loss"], expected, rtol=1e-10 if is_double else 1e-4)
    assert [looks_ahead for _, looks_ahead in kernels] == [True]
    monkeypatch.setattr(model, "look_ahead_rows", lambda table, itemsize: 1)
    twin = Network(70, layers, dtype=dtype, seed=3)
    wanted = twin.fit(X, Y, epochs=epochs, optimizer=optimizer, shuffle=False)
    for name in ("loss", "penalty") if l2 else ("loss",):
        rtol = 1e-10 if is_double else 1e-4
        np.testing.assert_allclose(got[name], wanted[name], rtol=rtol)
    slots, wanted_slots = (state_of(one).training.slots for one in (net, twin))
    np.testing.assert_allclose(slots, wanted_slots, atol=1e-11 if is_double else 1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_look_ahead_does_not_depend_on_where_calls_are_cut(optimizer, monkeypatch):
    monkeypatch.setattr(model, "look_ahead_rows", lambda table, itemsize: TILE_ROWS)
    X, Y = make_data(70, 70, 2)
    how = {"optimizer": optimizer, "learning_rate": 0.01}
    nets = [Network(70, [Dense(9, "tanh"), Dense(2)], seed=3) for _ in range(3)]
    nets[0].fit(X, Y, epochs=4, **how)
    for _ in range(4):
        nets[1].fit(X, Y, resume=True, **how)
    monkeypatch.setattr(Model, "samples_per_slice", lambda self, *_: 5)
    nets[2].fit(X, Y, epochs=4, **how)
    for net in nets[1:]:
        np.testing.assert_array_equal(net.params, nets[0].params)


def test_shuffles_are_those_of_the_random_source():
    X, Y = make_data(9, 3, 2)
    net, reference = make_pair(small_network(seed=np.random.RandomState(5)))
    shuffles = np.random.RandomState()
    shuffles.set_state(state_of(net).random.get_state())
    net.fit(X, Y, epochs=4, batch_size=2, learning_rate=0.2)
    orders = [shuffles.permutation(9) for _ in range(4)]
    reference.fit(X, Y, epochs=4, batch_size=2, learning_rate=0.2, orders=orders)
    check_same(net, reference, TOLERANCES["float64"])


@pytest.mark.parametrize(("activation", "loss"), OUTPUTS)
def test_gradient_agrees_with_central_differences(activation, loss):
    X, Y = make_data(4, 3, 3, seed=7, loss=loss)
    layers = [Dense(5, "swish"), Dense(3, activation, bias_initializer="glorot_normal")]
    net = Network(3, layers, loss=loss, seed=4)
    got, step = net.gradient(X, Y), 1e-5
    for view, grad in zip(net._views(net.params), net._views(got), strict=True):
        for index in np.ndindex(view.shape):
            kept = view[index]
            view[index] = kept + step
            above = net.loss(X, Y)
            view[index] = kept - step
            below = net.loss(X, Y)
            view[index] = kept
            assert grad[index] == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("loss", ["half_sse", "cross_entropy"])
def test_trace_agrees_with_the_gradient(loss):
    X, Y = make_data(6, 3, 2, loss=loss)
    layers = [
        Dense(5, "gelu"),
        Dense(4, "relu", bias=False),
        Dense(2, "softmax" if loss == "cross_entropy" else "tanh"),
    ]
    net, reference = make_pair(Network(3, layers, loss=loss, seed=6))
    steps = net.trace(X, Y)
    zs, activations = reference.forward(X)
    grad_weights, grad_biases = reference.gradient(X, Y)
    for k, step in enumerate(steps):
        np.testing.assert_allclose(step.z, zs[k], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(step.a, activations[k], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(step.grad_W, grad_weights[k], rtol=1e-12, atol=1e-14)
        if grad_biases[k] is None:
            assert step.grad_b is None
        else:
            np.testing.assert_allclose(step.grad_b, grad_biases[k], rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(step.delta.mean(axis=0), step.grad_b, rtol=1e-12, atol=1e-14)
        if k + 1 < len(steps):
            np.testing.assert_allclose(
                step.error, steps[k + 1].delta @ net.weights[k + 1].T, rtol=1e-12, atol=1e-14
            )
    for layer, row in zip(net.trace(X[2], Y[2]), steps, strict=True):
        np.testing.assert_array_equal(layer.delta, row.delta[2])


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_architecture_any_input_array(data):
    n_in = data.draw(st.integers(1, 20), "n_in")
    widths = data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=4), "widths")
    names = data.draw(st.lists(st.sampled_from(BOUNDED), min_size=4, max_size=4), "activations")
    biases = data.draw(st.lists(st.sampled_from(["yes", "no", "frozen"]), min_size=4, max_size=4))
    trained = data.draw(st.lists(st.booleans(), min_size=4, max_size=4), "trained")
    dtype = data.draw(st.sampled_from(DTYPES), "dtype")
    batch_size = data.draw(st.sampled_from([1, 2, 5, None]), "batch_size")
    n_samples = data.draw(st.integers(1, 9), "n_samples")
    layers = [
        Dense(
            width,
            name,
            bias=bias != "no",
            train_bias=bias == "yes",
            trainable=trainable,
            bias_initializer="glorot_uniform",
        )
        for width, name, bias, trainable in zip(widths, names, biases, trained, strict=False)
    ]
    net, reference = make_pair(Network(n_in, layers, loss="huber", dtype=dtype, seed=8))
    X, Y = make_data(n_samples, n_in, widths[-1], seed=n_samples)
    given_X = data.draw(
        st.sampled_from(
            [
                X,
                np.asfortranarray(X),
                np.repeat(X, 2, axis=0)[::2],
                np.repeat(X, 3, axis=1)[:, ::3],
                X.tolist(),
                X.astype(">f8"),
            ]
        )
    )
    net.fit(given_X, Y, shuffle=False, batch_size=batch_size, learning_rate=0.1)
    reference.fit(X, Y, batch_size=batch_size, learning_rate=0.1)
    check_same(net, reference, TOLERANCES[dtype])
    np.testing.assert_allclose(
        net.predict(given_X), reference.predict(X), rtol=TOLERANCES[dtype]["rtol"], atol=1e-6
    )
    real = np.zeros(net.params.size, dtype=bool)
    for view in net._views(real):
        view[...] = True
    assert real.sum() == net.n_params
    assert not net.params[~real].any()


@pytest.mark.compiled
@pytest.mark.parametrize("dtype", DTYPES)
def test_digits_epoch(dtype):
    X, y = load_digits()
    layers = [Dense(25, "sigmoid"), Dense(10, "sigmoid")]
    net, reference = make_pair(
        Network(400, layers, loss="binary_cross_entropy", dtype=dtype, seed=0)
    )
    order = np.random.default_rng(1).permutation(5000)[:1000]
    Y = np.eye(10)[y]
    net.fit(X[order], y[order], learning_rate=0.1, shuffle=False)
    reference.fit(X[order], Y[order], learning_rate=0.1)
    tolerance = {"rtol": 1e-10, "atol": 1e-12} if dtype == "float64" else {"atol": 2e-3}
    check_same(net, reference, tolerance)
