"""Naive training with weights, penalties, limits, dropout and noise."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastnn
from fastnn.reference import OPTIMIZERS, ReferenceNetwork

from ..support.networks import central_difference, check_same, random_reference

CLOSE = {"rtol": 1e-12, "atol": 1e-14}


def small_net(dtype=np.float64, **options):
    sizes, activations = [3, 4, 2], ["tanh", "sigmoid"]
    return random_reference(
        np.random.default_rng(0), sizes, activations, "half_sse", dtype, **options
    )


@pytest.fixture
def problem():
    rng = np.random.default_rng(1)
    return rng.normal(size=(7, 3)), rng.uniform(size=(7, 2))


# ---- weights -------------------------------------------------------------------------------------

WEIGHTS = np.array([1, 0, 2, 1, 0, 3, 1])


@pytest.mark.parametrize("name", [None, *OPTIMIZERS])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weights_of_a_full_batch_are_rows_dropped_and_repeated(problem, name, reduction):
    got, expected = small_net(), small_net()
    X, Y = problem
    rows = np.repeat(np.arange(7), WEIGHTS)
    assert_allclose(got.loss(X, Y, sample_weight=WEIGHTS), got.loss(X[rows], Y[rows]), **CLOSE)
    gradients = zip(
        got.gradient(X, Y, sample_weight=WEIGHTS), got.gradient(X[rows], Y[rows]), strict=True
    )
    for of_weights, of_rows in gradients:
        for g, e in zip(of_weights, of_rows, strict=True):
            assert_allclose(g, e, **CLOSE)
    losses = []
    for net, (x, y), weights in (
        (got, (X, Y), {"sample_weight": WEIGHTS}),
        (expected, (X[rows], Y[rows]), {}),
    ):
        optimizer = OPTIMIZERS[name]() if name else None
        options = {"epochs": 3, "batch_size": None, "optimizer": optimizer, "reduction": reduction}
        losses.append(net.fit(x, y, **options, **weights))
    check_same(got, expected, CLOSE)
    assert_allclose(*losses, **CLOSE)


def test_a_step_of_one_sample_is_in_proportion_to_its_weight(problem):
    X, Y = problem
    got, expected = small_net(), small_net()
    losses = got.fit(X, Y, learning_rate=0.1, sample_weight=WEIGHTS)
    of_samples = [
        expected.update(x, y, 0.1 * weight) for x, y, weight in zip(X, Y, WEIGHTS, strict=True)
    ]
    check_same(got, expected, CLOSE)
    assert_allclose(losses, [np.average(of_samples, weights=WEIGHTS)], **CLOSE)


def test_a_mean_divides_by_the_weight_of_its_batch(problem):
    X, Y = problem
    got, expected = small_net(), small_net()
    order = np.array([3, 1, 2, 0, 6, 5, 4])
    got.fit(X, Y, batch_size=3, learning_rate=0.1, sample_weight=WEIGHTS, orders=[order])
    for rows in ([3, 2, 2], [0, 6, 5, 5, 5]):  # the last batch weighs nothing
        expected.fit(X[rows], Y[rows], batch_size=None, learning_rate=0.1)
    check_same(got, expected, CLOSE)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_batch_that_weighs_nothing_is_no_update(problem, batch_size):
    X, Y = problem
    weights = np.array([2, 1, 1, 0, 0, 0, 1])
    got, expected = small_net(), small_net()
    optimizer, rows = OPTIMIZERS["Adam"](), weights > 0
    got.fit(X, Y, batch_size=batch_size, optimizer=optimizer, sample_weight=weights)
    options = {"batch_size": batch_size, "optimizer": OPTIMIZERS["Adam"]()}
    expected.fit(X[rows], Y[rows], sample_weight=weights[rows], **options)
    check_same(got, expected, CLOSE)
    assert optimizer.n_updates == (4 if batch_size == 1 else 2)


# ---- penalties and limits ------------------------------------------------------------------------


@pytest.mark.parametrize(("reduction", "factor"), [("mean", 1), ("sum", 7)])
def test_penalty_is_added_to_the_loss_of_a_batch(problem, reduction, factor):
    net = small_net(l1=[0.1, 0.0], l2=[0.2, 0.3])
    (W, V), (b, c) = net.weights, net.biases
    penalty = 0.1 * np.abs(W).sum() + 0.1 * (W * W).sum() + 0.15 * (V * V).sum()
    assert_allclose(net.penalty(), penalty, **CLOSE)
    before = [np.array(p) for p in (W, V, b, c)]
    derivatives = [
        central_difference(lambda: factor * net.loss(*problem) + net.penalty(), p)
        for p in (W, V, b, c)
    ]
    net.fit(*problem, batch_size=None, learning_rate=0.1, reduction=reduction)
    for p, start, derivative in zip((W, V, b, c), before, derivatives, strict=True):
        assert_allclose(p, start - 0.1 * derivative, rtol=1e-7, atol=1e-9)


def test_l1_leaves_a_weight_of_0_alone():
    net = ReferenceNetwork([[[0.0, 2.0]]], [None], ["identity"], l1=[0.5])
    net.fit([[0.0]], [[0.0, 0.0]], learning_rate=1.0)
    assert_array_equal(net.weights[0], [[0, 1.5]])


@pytest.mark.parametrize("name", [None, "Adam"])
def test_max_norm_scales_down_what_exceeds_it(problem, name):
    got, expected = small_net(max_norm=[1.5, None]), small_net()
    for net in (got, expected):
        optimizer = OPTIMIZERS[name]() if name else None
        net.fit(*problem, batch_size=None, optimizer=optimizer)
    norms = np.linalg.norm(expected.weights[0], axis=0)
    assert norms.min() < 1.5 < norms.max()
    expected.weights[0] *= np.minimum(1, 1.5 / norms)
    check_same(got, expected, CLOSE)


def test_max_norm_of_a_unit_without_weights():
    net = ReferenceNetwork([np.zeros((2, 1))], [[1.0]], ["identity"], max_norm=[1.0])
    net.fit([[0.0, 0.0]], [[3.0]])
    assert_array_equal(net.weights[0], 0)


# ---- dropout and noise ---------------------------------------------------------------------------


def test_a_dropped_unit_is_as_if_it_were_not_there(problem):
    X, Y = problem
    net = small_net(dropout=[0.25, 0.0])
    kept = np.array([True, False, True, True])
    thinned = ReferenceNetwork(
        [net.weights[0][:, kept], net.weights[1][kept] / 0.75],
        [net.biases[0][kept], net.biases[1]],
        net.activations,
        net.loss_name,
    )
    masks = [np.tile(kept, (7, 1))]
    assert_allclose(net.forward(X, masks)[1][-1], thinned.predict(X), **CLOSE)
    before = [np.array(W) for W in net.weights]
    (grad_W, grad_V), (grad_b, grad_c) = thinned.gradient(X, Y)
    losses = net.update(X, Y, 1.0, masks=masks)
    assert_allclose(losses.mean(), thinned.loss(X, Y), **CLOSE)
    steps = [start - W for start, W in zip(before, net.weights, strict=True)]
    assert_allclose(steps[0][:, kept], grad_W, rtol=1e-11)
    assert_allclose(steps[1][kept], grad_V / 0.75, rtol=1e-11)
    assert_array_equal(steps[0][:, ~kept], 0)
    assert_array_equal(steps[1][~kept], 0)
    assert_allclose(thinned.biases[0] - net.biases[0][kept], grad_b, rtol=1e-11)
    assert_allclose(thinned.biases[1] - net.biases[1], grad_c, rtol=1e-11)


def test_gradient_under_masks_is_central_difference(problem):
    X, Y = problem
    net = random_reference(
        np.random.default_rng(2), [3, 5, 4, 2], ["sigmoid", "swish", "tanh"], "half_sse",
        dropout=[0.5, 0.2, 0.0],
    )  # fmt: skip
    masks = [np.random.default_rng(3).random((7, n)) < 0.6 for n in (5, 4)]

    def loss():
        return 0.5 * np.square(net.forward(X, masks)[1][-1] - Y).sum()

    parameters = net.weights + net.biases
    expected = [central_difference(loss, p) for p in parameters]
    before = [np.array(p) for p in parameters]
    net.update(X, Y, 1.0, "sum", masks=masks)
    for p, start, derivative in zip(parameters, before, expected, strict=True):
        assert_allclose(start - p, derivative, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("batch_size", [1, 3, None])
def test_masks_and_noise_are_in_the_order_of_training(problem, batch_size):
    X, Y = problem
    rng = np.random.default_rng(4)
    masks, noise = rng.random((2, 7, 4)) < 0.5, rng.normal(size=(2, 7, 3))
    orders = [rng.permutation(7) for _ in range(2)]
    got, expected = small_net(dropout=[0.5, 0.0]), small_net(dropout=[0.5, 0.0])
    options = {"batch_size": batch_size, "learning_rate": 0.1}
    losses = got.fit(X, Y, epochs=2, orders=orders, masks=[masks], noise=noise, **options)
    for epoch, order in enumerate(orders):
        x, y = X[order] + noise[epoch], Y[order]
        assert losses[epoch] == expected.fit(x, y, masks=[masks[epoch, None]], **options)[0]
    check_same(got, expected, {"rtol": 0})


def test_all_units_kept_at_rate_0_is_no_dropout(problem):
    got, expected = small_net(), small_net()
    got.fit(*problem, masks=[np.ones((1, 7, 4), dtype=bool)], noise=np.zeros((1, 7, 3)))
    expected.fit(*problem, masks=[None])
    check_same(got, expected, {"rtol": 0})
    other = small_net()
    other.fit(*problem)
    check_same(got, other, {"rtol": 0})


@pytest.mark.parametrize("batch_size", [1, 4])
def test_float32_stays_float32(problem, batch_size):
    layers = {"l1": [0.1] * 2, "l2": [0.1] * 2, "max_norm": [1.0] * 2, "dropout": [0.5, 0.0]}
    net = small_net(np.float32, **layers)
    masks, noise = [np.ones((1, 7, 4), dtype=bool)], np.ones((1, 7, 3))
    optimizer = OPTIMIZERS["Adam"]()
    how = {"batch_size": batch_size, "sample_weight": WEIGHTS / 3, "masks": masks, "noise": noise}
    net.fit(*problem, optimizer=optimizer, **how)
    arrays = [*net.weights, *net.biases, *(s["v"] for s in optimizer.states)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_weights_that_are_all_zero_are_refused_as_by_the_compiled_network(problem):
    X, Y = problem
    reference, nothing = small_net(), np.zeros(len(X))
    net = fastnn.Network(
        3,
        [
            fastnn.Dense(W.shape[1], activation, weights=W, biases=b)
            for W, b, activation in zip(
                reference.weights, reference.biases, reference.activations, strict=True
            )
        ],
        loss="half_sse",
    )
    before = [W.copy() for W in reference.weights]
    message = "^sample_weight must not be 0 for every sample, got 7 zeros$"
    for one in (reference, net):
        for call in (one.loss, one.gradient, one.fit):
            with pytest.raises(ValueError, match=message):
                call(X, Y, sample_weight=nothing)
    with pytest.raises(ValueError, match=message):
        reference.update(X, Y, 0.1, sample_weight=nothing)
    reference.update(X[0], Y[0], 0.1, sample_weight=0.0)
    for W, expected in zip(reference.weights, before, strict=True):
        assert_array_equal(W, expected)
