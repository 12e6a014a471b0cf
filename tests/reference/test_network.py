from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fastnn.losses import NAMED
from fastnn.reference import ACTIVATIONS, LOSSES, ReferenceNetwork
from fastnn.reference.optimizers import SGD, Momentum

from ..support.networks import central_difference, check_same, random_reference

ELEMENTWISE = [name for name in ACTIVATIONS if name != "softmax"]
PARTNERS = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax", "poisson": "exp"}
LEGAL_OUTPUTS = [
    *((activation, loss) for activation in ELEMENTWISE for loss in LOSSES if loss not in PARTNERS),
    *((activation, loss) for loss, activation in PARTNERS.items()),
]


# Gradients


@pytest.mark.parametrize(("activation", "loss"), LEGAL_OUTPUTS)
def test_gradient_of_each_output(activation, loss):
    rng = np.random.default_rng(7)
    net = random_reference(rng, [3, 4, 3], ["tanh", activation], loss)
    assert_gradient_is_central_difference(net, rng)


@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_gradient_of_each_hidden_activation(activation):
    rng = np.random.default_rng(8)
    net = random_reference(rng, [3, 4, 5, 2], [activation, activation, "softmax"], "cross_entropy")
    for W in net.weights:
        W /= 3  # exp of exp is steep
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


def small_net():
    sizes, activations = [3, 4, 2], ["sigmoid", "sigmoid"]
    return random_reference(np.random.default_rng(12), sizes, activations, "half_sse")


def assert_same_parameters(got, expected, **tolerance):
    check_same(got, expected, tolerance or {"rtol": 1e-13})


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
    net = random_reference(rng, [3, 4, 2], ["gelu", activation], loss, np.float32)
    X, Y = rng.normal(size=(6, 3)), rng.uniform(size=(6, 2))
    for batch_size in (1, 4):
        net.fit(X, Y, batch_size=batch_size, learning_rate=np.float64(1e-3))
    zs, activations = net.forward(X)
    grad_weights, grad_biases = net.gradient(X, Y)
    arrays = zs + activations + grad_weights + grad_biases + net.weights + net.biases
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


# Construction


def test_parameters_are_copied():
    W, b = np.ones((2, 1)), np.zeros(1)
    net = ReferenceNetwork([W], [b], ["identity"])
    net.fit([[1.0, 2.0]], [[5.0]])
    assert_array_equal(W, np.ones((2, 1)))
    assert_array_equal(b, np.zeros(1))
    assert net.biases[0] != 0


def test_like_copies_a_network():
    regularizers = {"l1": 0.1, "l2": 0.2, "max_norm": 3.0, "dropout": 0.5}
    layers = (
        SimpleNamespace(activation="tanh", train_bias=False, **regularizers),
        SimpleNamespace(activation="softmax", train_bias=True),
    )
    net = SimpleNamespace(
        weights=(np.ones((2, 3), np.float32), np.eye(3, 2, dtype=np.float32)),
        biases=(np.ones(3, np.float32), None),
        layers=layers,
        loss_function=NAMED["cross_entropy"],
    )
    got = ReferenceNetwork.like(net)
    assert got.activations == ["tanh", "softmax"]
    assert got.loss_name == "cross_entropy"
    assert got.train_biases == [False, True]
    assert got.l1 == [0.1, 0.0]
    assert got.l2 == [0.2, 0.0]
    assert got.max_norm == [3.0, None]
    assert got.dropout == [0.5, 0.0]
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
        (
            ["softmax", "tanh"],
            "mse",
            "softmax must be the last activation, got softmax, tanh",
        ),
        (["tanh", "relu"], "cross_entropy", "cross_entropy requires softmax outputs, got relu"),
        (["tanh", "tanh"], "binary_cross_entropy", "requires sigmoid outputs, got tanh"),
        (["tanh", "relu"], "poisson", "poisson requires exp outputs, got relu"),
        (["tanh"], "mse", r"one entry a layer, got \[2, 2, 1, 2, 2, 2, 2, 2, 2\] entries"),
    ],
)
def test_what_cannot_work_is_refused(activations, loss, message):
    with pytest.raises(ValueError, match=message):
        ReferenceNetwork([np.ones((2, 3)), np.ones((3, 2))], [None, None], activations, loss)


@pytest.mark.parametrize("batch_size", [1, None])
@pytest.mark.parametrize("kind", [SGD, Momentum])
def test_a_sample_of_weight_0_counts_as_nothing_though_its_loss_be_infinite(kind, batch_size):
    X, Y = np.array([[0.5], [1e200], [0.25], [1e200]]), np.array([[1.0], [2.0], [3.0], [4.0]])
    w, counted = np.array([1.0, 0.0, 2.0, 0.0]), [0, 2]
    net, expected = (ReferenceNetwork([[[0.5]]], [[0.0]], ["identity"], "mse") for _ in range(2))
    how = {"batch_size": batch_size, "epochs": 2}
    with np.errstate(over="ignore"):
        losses = net.fit(X, Y, sample_weight=w, optimizer=kind(), **how)
        loss = net.loss(X, Y, sample_weight=w)
    X, Y, w = X[counted], Y[counted], w[counted]
    assert losses == expected.fit(X, Y, sample_weight=w, optimizer=kind(), **how)
    assert loss == expected.loss(X, Y, sample_weight=w)
    assert_array_equal(net.weights[0], expected.weights[0])
