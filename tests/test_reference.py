import math
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fastnn.reference import ACTIVATIONS, LOSSES, ReferenceNetwork

ELEMENTWISE = [name for name in ACTIVATIONS if name != "softmax"]
LEGAL_OUTPUTS = [
    *((a, loss) for a in ELEMENTWISE for loss in LOSSES if not loss.endswith("cross_entropy")),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
]


def random_net(rng, sizes, activations, loss, dtype=np.float64, **options):
    weights = [rng.normal(size=shape).astype(dtype) for shape in pairwise(sizes)]
    biases = [rng.normal(size=n).astype(dtype) for n in sizes[1:]]
    return ReferenceNetwork(weights, biases, activations, loss, **options)


def central_difference(f, x, step=1e-6):
    """The derivative of f, a function of nothing, by each element of the array x that it reads."""
    derivative = np.empty_like(x)
    for index in np.ndindex(x.shape):
        value = x[index]
        x[index] = value + step
        above = f()
        x[index] = value - step
        below = f()
        x[index] = value
        derivative[index] = (above - below) / (2 * step)
    return derivative


# Activations and losses


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivative_agrees_with_central_differences(name):
    z = np.concatenate([np.linspace(-6, 6, 40), [-30.0, 30.0]])  # not 0, where relu has a corner
    function, derivative = ACTIVATIONS[name]
    expected = (function(z + 1e-6) - function(z - 1e-6)) / 2e-6
    assert_allclose(derivative(z), expected, atol=1e-8)


def test_softmax_derivative_is_the_matrix_of_central_differences():
    z = np.array([[0.3, -1.2, 0.8]])
    got = ACTIVATIONS["softmax"].derivative(z)
    for j in range(3):
        step = 1e-6 * np.eye(3)[j]
        above, below = (ACTIVATIONS["softmax"].function(z + s) for s in (step, -step))
        assert_allclose(got[..., j], (above - below) / 2e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "z", "a", "slope"),
    [
        ("identity", -2.0, -2.0, 1.0),
        ("sigmoid", math.log(3), 0.75, 0.1875),
        ("tanh", math.log(2), 0.6, 0.64),
        ("relu", 0.0, 0.0, 0.0),
        ("relu", 3.0, 3.0, 1.0),
        ("leaky_relu", -2.0, -0.02, 0.01),
        ("leaky_relu", 0.0, 0.0, 0.01),
        ("elu", -math.log(2), -0.5, 0.5),
        ("softplus", 0.0, math.log(2), 0.5),
        ("swish", math.log(3), 0.75 * math.log(3), 0.75 + 0.1875 * math.log(3)),
        ("gelu", 1.0, 0.8413447460685429, 1.0833154705876864),  # Phi(1), Phi(1) + phi(1)
    ],
)
def test_activation_at_a_point(name, z, a, slope):
    function, derivative = ACTIVATIONS[name]
    assert_allclose(function(np.array([z])), a, rtol=1e-15)
    assert_allclose(derivative(np.array([z])), slope, rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "limits", "slopes"),
    [
        ("identity", (-1e300, 1e300), (1, 1)),
        ("sigmoid", (0, 1), (0, 0)),
        ("tanh", (-1, 1), (0, 0)),
        ("relu", (0, 1e300), (0, 1)),
        ("leaky_relu", (-1e298, 1e300), (0.01, 1)),
        ("elu", (-1, 1e300), (0, 1)),
        ("softplus", (0, 1e300), (0, 1)),
        ("swish", (0, 1e300), (0, 1)),
        ("gelu", (0, 1e300), (0, 1)),
    ],
)
def test_activation_far_out(name, limits, slopes):
    function, derivative = ACTIVATIONS[name]
    z = np.array([-1e300, 1e300])
    assert_allclose(function(z), limits, rtol=1e-15)
    assert_allclose(derivative(z), slopes, rtol=1e-15)


@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_left_tail_is_exp(name):
    z = np.array([-40.0, -300.0, -700.0])
    assert_allclose(ACTIVATIONS[name].function(z), np.exp(z), rtol=1e-15)


def test_left_tail_of_gelu():
    z = -20.0
    expected = z * 2.7536241186062337e-89  # Phi(-20)
    assert_allclose(ACTIVATIONS["gelu"].function(np.array([z])), expected, rtol=1e-13)


def test_softmax_of_huge_logits():
    z = np.array([[1e300, -1e300, 0.0], [1e300, 1e300, -1e300]])
    assert_array_equal(ACTIVATIONS["softmax"].function(z), [[1, 0, 0], [0.5, 0.5, 0]])


@pytest.mark.parametrize(
    ("loss", "expected"),  # a - y is -3, 0 and 0.5
    [("half_sse", 4.625), ("sse", 9.25), ("mse", 9.25 / 3), ("mae", 3.5 / 3), ("huber", 2.625 / 3)],
)
def test_loss_by_hand(loss, expected):
    a, y = np.array([[-1.0, 1.0, 2.5]]), np.array([[2.0, 1.0, 2.0]])
    assert_allclose(LOSSES[loss].value(a, a, y), [expected], rtol=1e-15)


def test_derivative_of_mae_is_zero_where_it_has_a_corner():
    a = np.array([1.0, 2.0, 3.0])
    assert_array_equal(LOSSES["mae"].derivative(a, a, np.array([1.0, 3.0, 2.0])) * 3, [0, -1, 1])


def test_cross_entropies_are_their_definitions():
    z, y = np.array([0.5, -1.0, 2.0]), np.array([0.2, 0.9, 0.4])
    a = ACTIVATIONS["sigmoid"].function(z)
    expected = -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a))
    assert_allclose(LOSSES["binary_cross_entropy"].value(z, a, y), expected, rtol=1e-14)
    a = ACTIVATIONS["softmax"].function(z)
    expected = -np.sum(y * np.log(a))
    assert_allclose(LOSSES["cross_entropy"].value(z, a, y), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("activation", "loss", "expected"),
    [("sigmoid", "binary_cross_entropy", 3e300), ("softmax", "cross_entropy", 2e300)],
)
def test_cross_entropies_stay_finite(activation, loss, expected):
    z, y = np.array([1e300, -1e300, 1e300]), np.array([0.0, 1.0, 0.0])
    a = ACTIVATIONS[activation].function(z)
    assert_allclose(LOSSES[loss].value(z, a, y), expected, rtol=1e-15)
    assert np.isfinite(LOSSES[loss].derivative(z, a, y)).all()


# Gradients


@pytest.mark.parametrize(("activation", "loss"), LEGAL_OUTPUTS)
def test_gradient_of_each_output(activation, loss):
    rng = np.random.default_rng(7)
    net = random_net(rng, [3, 4, 3], ["tanh", activation], loss)
    assert_gradient_is_central_difference(net, rng)


@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_gradient_of_each_hidden_activation(activation):
    rng = np.random.default_rng(8)
    net = random_net(rng, [3, 4, 5, 2], [activation, activation, "softmax"], "cross_entropy")
    assert_gradient_is_central_difference(net, rng)


def assert_gradient_is_central_difference(net, rng):
    X = rng.normal(size=(5, net.weights[0].shape[0]))
    Y = rng.uniform(size=(5, net.weights[-1].shape[1]))  # the rows do not sum to one
    grad_weights, grad_biases = net.gradient(X, Y)
    for got, parameter in zip(
        [*grad_weights, *grad_biases], [*net.weights, *net.biases], strict=True
    ):
        expected = central_difference(lambda: net.loss(X, Y), parameter)
        assert_allclose(got, expected, rtol=1e-6, atol=1e-8)


def test_frozen_bias_is_used_and_never_trained():
    rng = np.random.default_rng(9)
    weights, biases = [rng.normal(size=(2, 3)), rng.normal(size=(3, 1))], [np.ones(3), np.ones(1)]
    activations = ["tanh", "identity"]
    X, Y = rng.normal(size=(4, 2)), rng.normal(size=(4, 1))
    frozen = ReferenceNetwork(weights, biases, activations, train_biases=[False, True])
    trained = ReferenceNetwork(weights, biases, activations)
    assert_array_equal(frozen.predict(X), trained.predict(X))
    (got, got_last), (_, expected_last) = frozen.gradient(X, Y)[1], trained.gradient(X, Y)[1]
    assert_array_equal(got, np.zeros(3))
    assert_array_equal(got_last, expected_last)
    frozen.fit(X, Y)
    assert_array_equal(frozen.biases[0], np.ones(3))
    assert frozen.biases[1] != 1


def test_absent_bias_is_a_zero_one():
    rng = np.random.default_rng(10)
    weights, b = [rng.normal(size=(2, 3)), rng.normal(size=(3, 1))], rng.normal(size=1)
    X, Y = rng.normal(size=(4, 2)), rng.normal(size=(4, 1))
    net = ReferenceNetwork(weights, [None, b], ["tanh", "identity"])
    zero = ReferenceNetwork(weights, [np.zeros(3), b], ["tanh", "identity"])
    assert_array_equal(net.predict(X), zero.predict(X))
    assert net.gradient(X, Y)[1][0] is None
    net.fit(X, Y)
    assert net.biases[0] is None


# One update by hand


def test_hand_worked_step():
    """2-2-1 without rounding: identity hidden units, half the squared error, rate 1/2.

    z1 = [1, 2] [[1, 0], [-1, 2]] + [0, 1] = [1 - 2, 0 + 4 + 1] = [-1, 5]
    a2 = z2 = -1 * 2 + 5 * 1 + 1 = 4,  y = 2:  loss = (4 - 2)^2 / 2 = 2
    delta2 = 4 - 2 = 2
    delta1 = 2 [2, 1] = [4, 2], with the weights from before the step
    dW2 = [-1, 5]^T 2 = [-2, 10],  db2 = 2
    dW1 = [1, 2]^T [4, 2] = [[4, 2], [8, 4]],  db1 = [4, 2]
    """
    W1, b1, W2, b2 = [[1.0, 0.0], [-1.0, 2.0]], [0.0, 1.0], [[2.0], [1.0]], [1.0]
    net = ReferenceNetwork([W1, W2], [b1, b2], ["identity", "identity"], "half_sse")
    X, Y = [[1.0, 2.0]], [[2.0]]

    zs, activations = net.forward(X)
    assert_array_equal(zs[0], [[-1, 5]])
    assert_array_equal(activations[1], [[4]])
    assert net.loss(X, Y) == 2
    (dW1, dW2), (db1, db2) = net.gradient(X, Y)
    assert_array_equal(dW1, [[4, 2], [8, 4]])
    assert_array_equal(db1, [4, 2])
    assert_array_equal(dW2, [[-2], [10]])
    assert_array_equal(db2, [2])

    assert net.fit(X, Y, learning_rate=0.5) == [2]
    assert_array_equal(net.weights[0], [[-1, -1], [-5, 0]])
    assert_array_equal(net.biases[0], [-2, 0])
    assert_array_equal(net.weights[1], [[3], [-4]])
    assert_array_equal(net.biases[1], [0])


# Batches and orders


@pytest.fixture
def problem():
    rng = np.random.default_rng(11)
    return rng.normal(size=(7, 3)), rng.uniform(size=(7, 2))


def small_net(dtype=np.float64, loss="half_sse"):
    rng = np.random.default_rng(12)
    return random_net(rng, [3, 4, 2], ["sigmoid", "sigmoid"], loss, dtype)


def assert_same_parameters(got, expected, **tolerance):
    for g, e in zip(got.weights + got.biases, expected.weights + expected.biases, strict=True):
        assert_allclose(g, e, **(tolerance or {"rtol": 1e-13}))


def test_row_and_batch_of_one_agree(problem):
    X, Y = problem
    row, batch = small_net(), small_net()
    for s in range(7):
        got, expected = row.update(X[s], Y[s], 0.3), batch.update(X[s : s + 1], Y[s : s + 1], 0.3)
        assert_allclose(got, expected[0], rtol=1e-14)
    assert_same_parameters(row, batch)
    assert_allclose(row.predict(X[0]), row.predict(X)[0], rtol=1e-14)


def test_short_last_batch_is_averaged_over_its_own_length(problem):
    X, Y = problem
    got, expected = small_net(), small_net()
    got.fit(X, Y, batch_size=5, learning_rate=0.3)
    for rows in (slice(0, 5), slice(5, 7)):
        grad_weights, grad_biases = expected.gradient(X[rows], Y[rows])
        for k in range(2):
            expected.weights[k] -= 0.3 * grad_weights[k]
            expected.biases[k] -= 0.3 * grad_biases[k]
    assert_same_parameters(got, expected)


def test_sum_is_the_mean_times_the_length(problem):
    got, expected = small_net(), small_net()
    got.fit(*problem, batch_size=None, learning_rate=0.1, reduction="sum")
    expected.fit(*problem, batch_size=None, learning_rate=0.7, reduction="mean")
    assert_same_parameters(got, expected)


@pytest.mark.parametrize("batch_size", [1, 3, None])
def test_orders_are_rows_taken_in_that_order(problem, batch_size):
    X, Y = problem
    orders = [np.random.default_rng(s).permutation(7) for s in range(2)]
    got, expected = small_net(), small_net()
    losses = got.fit(X, Y, epochs=2, batch_size=batch_size, orders=orders)
    assert losses == [expected.fit(X[o], Y[o], batch_size=batch_size)[0] for o in orders]
    assert_same_parameters(got, expected, rtol=0)


@pytest.mark.parametrize("n_orders", [1, 3])
def test_orders_are_one_an_epoch(problem, n_orders):
    with pytest.raises(ValueError, match="argument 2 is"):
        small_net().fit(*problem, epochs=2, orders=[np.arange(7)] * n_orders)


def test_running_loss_is_taken_before_each_update(problem):
    X, Y = problem
    net, other = small_net(), small_net()
    expected = []
    for s in range(7):
        expected.append(other.loss(X[s : s + 1], Y[s : s + 1]))
        other.update(X[s], Y[s], 0.3)
    assert_allclose(net.fit(X, Y, learning_rate=0.3), [np.mean(expected)], rtol=1e-14)
    expected = net.loss(X, Y)
    assert_allclose(net.fit(X, Y, batch_size=None), [expected], rtol=1e-14)


@pytest.mark.parametrize(("activation", "loss"), LEGAL_OUTPUTS)
def test_float32_stays_float32(activation, loss):
    rng = np.random.default_rng(13)
    net = random_net(rng, [3, 4, 2], ["gelu", activation], loss, np.float32)
    X, Y = rng.normal(size=(6, 3)), rng.uniform(size=(6, 2))
    for batch_size in (1, 4):
        net.fit(X, Y, batch_size=batch_size, learning_rate=np.float64(1e-3))
    zs, activations = net.forward(X)
    grad_weights, grad_biases = net.gradient(X, Y)
    arrays = zs + activations + grad_weights + grad_biases + net.weights + net.biases
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_keeps_float32(activation):
    z = np.linspace(-3, 3, 5, dtype=np.float32)
    for function in ACTIVATIONS[activation]:
        assert function(z).dtype == np.float32


# Construction


def test_parameters_are_copied():
    W, b = np.ones((2, 1)), np.zeros(1)
    net = ReferenceNetwork([W], [b], ["identity"])
    net.fit([[1.0, 2.0]], [[5.0]])
    assert_array_equal(W, np.ones((2, 1)))
    assert_array_equal(b, np.zeros(1))
    assert net.biases[0] != 0


def test_like_copies_a_network():
    layers = (
        SimpleNamespace(activation="tanh", train_bias=False),
        SimpleNamespace(activation="softmax", train_bias=True),
    )
    net = SimpleNamespace(
        weights=(np.ones((2, 3), np.float32), np.eye(3, 2, dtype=np.float32)),
        biases=(np.ones(3, np.float32), None),
        layers=layers,
        loss_name="cross_entropy",
    )
    got = ReferenceNetwork.like(net)
    assert got.activations == ["tanh", "softmax"]
    assert got.loss_name == "cross_entropy"
    assert got.train_biases == [False, True]
    assert got.dtype == np.float32
    assert got.biases[1] is None
    got.fit([[1.0, 2.0]], [[1.0, 0.0]])
    assert_array_equal(net.weights[0], np.ones((2, 3)))
    assert (got.weights[0] != 1).any()


@pytest.mark.parametrize(
    ("activations", "loss", "message"),
    [
        (["sigmod", "tanh"], "mse", "activation must be one of identity, .*, got 'sigmod'"),
        (["tanh", "tanh"], "rmse", "loss must be one of half_sse, .*, got 'rmse'"),
        (["softmax", "tanh"], "mse", "softmax must be the last activation, got softmax, tanh"),
        (["tanh", "softmax"], "mse", "softmax and cross_entropy .*, got softmax and mse"),
        (["tanh", "relu"], "cross_entropy", "softmax and .*, got relu and cross_entropy"),
        (["tanh", "tanh"], "binary_cross_entropy", "requires sigmoid outputs, got tanh"),
        (["tanh"], "mse", r"one entry a layer, got \[2, 2, 1, 2\] entries"),
    ],
)
def test_what_cannot_work_is_refused(activations, loss, message):
    with pytest.raises(ValueError, match=message):
        ReferenceNetwork([np.ones((2, 3)), np.ones((3, 2))], [None, None], activations, loss)
