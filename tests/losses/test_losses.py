"""Every loss beside those of the core, against the reference and against JAX."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fastnn import Dense, Network
from fastnn.losses import (
    NAMED,
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Gamma,
    GaussianNLL,
    LogCosh,
    Quantile,
)
from fastnn.reference import ReferenceNetwork

from ..support.functions import bent, fourth, tilted
from ..support.networks import TOLERANCES, central_difference
from ..support.training import check_trains_as

N = 23
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(N, 3))
POSITIVE = RNG.gamma(2.0, size=(N, 3))
CLASSES = np.eye(3)[RNG.integers(0, 3, N)]
SHARES = RNG.random((N, 3))
ROWS = SHARES / SHARES.sum(axis=1, keepdims=True)
CASES = [
    (Quantile(), "identity", 3, NUMBERS),
    (Quantile(0.9), "tanh", 3, NUMBERS),
    (Quantile([0.1, 0.5, 0.9]), "ascending", 3, NUMBERS[:, :1]),
    (GaussianNLL(), "mean_and_spread", 6, NUMBERS),
    (LogCosh(), "identity", 3, NUMBERS),
    (LogCosh(), "softmax", 3, ROWS),
    (Gamma(), "exp", 3, POSITIVE),
    (CrossEntropy(), "softmax", 3, ROWS),
    (CrossEntropy(label_smoothing=0.2), "softmax", 3, CLASSES),
    (BinaryCrossEntropy(), "sigmoid", 3, SHARES),
    (BinaryCrossEntropy(label_smoothing=0.2), "sigmoid", 3, CLASSES),
    (Focal(), "softmax", 3, CLASSES),
    (Focal(gamma=0.5), "softmax", 3, ROWS),
    (Focal(), "sigmoid", 3, SHARES),
    (Focal(gamma=0), "sigmoid", 3, CLASSES),
    (NAMED["mse"], "softmax", 3, ROWS),
    (NAMED["huber"], "ascending", 3, NUMBERS),
    (tilted, "identity", 3, NUMBERS),
    (tilted, bent, 3, NUMBERS),
    (fourth, "tanh", 3, NUMBERS),
]


def make(loss, activation, n_out, dtype="float64"):
    """Return a network of such outputs."""
    layers = [Dense(5, "tanh"), Dense(n_out, activation)]
    return Network(4, layers, loss=loss, dtype=dtype, seed=1)


def data_of(net, y):
    """Return inputs, and the targets as a network takes them and for each output."""
    X = np.random.default_rng(2).normal(size=(N, net.n_in)).astype(net.dtype)
    y = y.astype(net.dtype)
    return X, y, np.repeat(y, net.loss_function.n_per_target, axis=1)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(("loss", "activation", "n_out", "y"), CASES)
def test_training_is_that_of_the_reference(loss, activation, n_out, y, dtype):
    net = make(loss, activation, n_out, dtype)
    reference = ReferenceNetwork.like(net)
    check_trains_as(reference, net, *data_of(net, y), **TOLERANCES[dtype])


@pytest.mark.parametrize(("loss", "activation", "n_out", "y"), CASES)
def test_gradients_are_slopes(loss, activation, n_out, y):
    net = make(loss, activation, n_out)
    X, y, _ = data_of(net, y)
    slopes = central_difference(lambda: net.loss(X, y), net.params)
    assert_allclose(net.gradient(X, y), slopes, rtol=1e-6, atol=1e-8)
    x = X[:1].copy()
    slopes = central_difference(lambda: net.loss(x, y[:1]), x)
    assert_allclose(net.gradient_of_inputs(x, y[:1]), slopes, rtol=1e-6, atol=1e-8)


def jax_losses():
    """Return losses by automatic differentiation: functions of z and y of one sample."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, nn = jax.numpy, jax.nn

    def quantile(z, y):
        a = jnp.cumsum(jnp.concatenate([z[:1], nn.softplus(z[1:])]))
        q = jnp.array([0.1, 0.5, 0.9])
        return jnp.maximum(q * (y - a), (q - 1) * (y - a)).mean()

    def gaussian_nll(z, y):
        logpdf = jax.scipy.stats.norm.logpdf
        return -logpdf(y[::2], z[::2], nn.softplus(z[1::2]) + 1e-6).sum()

    def gamma(z, y):
        return (y / jnp.exp(z) - 1 - jnp.log(y / jnp.exp(z))).sum()

    def smooth(z, y):
        return -((0.8 * y + 0.2 / 3) * nn.log_softmax(z)).sum()

    def binary(z, y):
        y = 0.8 * y + 0.1
        return -(y * nn.log_sigmoid(z) + (1 - y) * nn.log_sigmoid(-z)).sum()

    def focal(z, y):
        return -(y * (1 - nn.softmax(z)) ** 2 * nn.log_softmax(z)).sum()

    def focal_of_each(z, y):
        p = nn.sigmoid(z)
        right, wrong = (1 - p) ** 2 * nn.log_sigmoid(z), p**2 * nn.log_sigmoid(-z)
        return -(y * right + (1 - y) * wrong).sum()

    return jax, {
        2: quantile,
        3: gaussian_nll,
        4: lambda z, y: jnp.log(jnp.cosh(z - y)).mean(),
        6: gamma,
        8: smooth,
        10: binary,
        11: focal,
        13: focal_of_each,
        15: lambda z, y: ((nn.softmax(z) - y) ** 2).mean(),
    }


def test_against_jax():
    jax, losses = jax_losses()
    for place, of_row in losses.items():
        loss, activation, n_out, y = CASES[place]
        net = Network(4, [Dense(n_out, activation)], loss=loss, seed=1)
        X, y, Y = data_of(net, y)

        def mean(W, of_row=of_row, X=X, Y=Y):
            return jax.vmap(of_row)(X @ W, Y).mean()

        value, grad = jax.value_and_grad(mean)(net.weights[0])
        assert_allclose(net.loss(X, y), value, rtol=1e-12, err_msg=repr(loss))
        ours = net.gradient(X, y)
        weights = Network(4, [Dense(n_out, activation)], loss=loss, seed=1)
        weights.params[:] = ours
        assert_allclose(weights.weights[0], grad, rtol=1e-10, atol=1e-13, err_msg=repr(loss))


@pytest.mark.parametrize(
    ("loss", "activation"),
    [(CrossEntropy(0.1), "softmax"), (Focal(), "softmax"), (Focal(), "sigmoid"), (Gamma(), "exp")],
)
@pytest.mark.parametrize("z", [-700.0, -40.0, 0.0, 40.0, 700.0])
def test_far_outputs_stay_finite(loss, activation, z):
    net = Network(1, [Dense(2, activation, weights=[[z, -z]])], loss=loss)
    y = [[1, 1]] if activation == "exp" else [[1, 0]]
    assert np.isfinite(net.loss([[1]], y))
    assert np.isfinite(net.gradient([[1]], y)).all()


def test_smoothing_by_nothing_is_the_cross_entropy():
    for plain, smooth, activation, y in (
        ("cross_entropy", CrossEntropy(), "softmax", ROWS),
        ("binary_cross_entropy", BinaryCrossEntropy(), "sigmoid", SHARES),
    ):
        nets = [make(loss, activation, 3) for loss in (plain, smooth)]
        losses = [net.loss(*data_of(net, y)[:2]) for net in nets]
        assert_allclose(*losses, rtol=1e-14)


def test_quantiles_are_found_and_do_not_cross():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (2000, 1))
    y = X[:, 0] + (1 + X[:, 0]) * rng.normal(size=2000)
    levels = [0.1, 0.5, 0.9]
    net = Network(1, [Dense(16, "tanh"), Dense(3, "ascending")], loss=Quantile(levels), seed=0)
    net.fit(X, y, epochs=200, batch_size=100, optimizer="adam", learning_rate=0.003)
    predicted = net.predict(X)
    assert (np.diff(predicted) > 0).all()
    assert_allclose((y[:, np.newaxis] < predicted).mean(axis=0), levels, atol=0.04)


def test_a_spread_is_found():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (2000, 1))
    spread = np.where(X[:, 0] > 0, 2.0, 0.5)
    y = 3 * X[:, 0] + spread * rng.normal(size=2000)
    net = Network(1, [Dense(16, "tanh"), Dense(2, "mean_and_spread")], loss="gaussian_nll", seed=0)
    net.fit(X, y, epochs=60, batch_size=20, optimizer="adam", learning_rate=0.005)
    mean, got = net.predict([[-0.5], [0.5]]).T
    assert_allclose(mean, [-1.5, 1.5], atol=0.3)
    assert_allclose(got, [0.5, 2.0], rtol=0.2)


@pytest.mark.parametrize("levels", [0, 1.0, [0.5, 0.2], [0.1, 0.1], [[0.1]], [np.nan], -0.1])
def test_bad_levels(levels):
    with pytest.raises(ValueError, match=r"levels must be"):
        Quantile(levels)


@pytest.mark.parametrize(
    ("loss", "layer", "message"),
    [
        (Quantile([0.1, 0.9]), Dense(2), "quantile must follow an ascending layer, got identity"),
        (Quantile([0.1, 0.9]), Dense(4, "ascending"), "needs a last layer of 2 outputs, got 4"),
        ("gaussian_nll", Dense(2), "gaussian_nll must follow a mean_and_spread layer"),
        ("gaussian_nll", Dense(3, "mean_and_spread"), "needs 2 outputs for each target, got 3"),
        ("mse", Dense(3, "mean_and_spread"), "must have pairs of outputs, got 3"),
        ("gamma", Dense(1), "gamma must follow an exp layer, got identity"),
        ("focal", Dense(1), "focal must follow a softmax or sigmoid layer, got identity"),
        (CrossEntropy(0.1), Dense(2), "cross_entropy must follow a softmax layer"),
    ],
)
def test_layers_that_a_loss_does_not_go_with(loss, layer, message):
    with pytest.raises(ValueError, match=message):
        Network(1, [layer], loss=loss)


@pytest.mark.parametrize("name", ["ascending", "mean_and_spread", "softmax"])
def test_heads_are_on_the_last_layer(name):
    with pytest.raises(ValueError, match=f"{name} must be on the last layer only, got it on laye"):
        Network(1, [Dense(2, name), Dense(1)])


@pytest.mark.parametrize(
    ("loss", "activation", "bad", "message"),
    [
        ("gamma", "exp", 0.0, "y must be above 0 for the loss gamma, got 0.0"),
        ("focal", "sigmoid", 1.5, "y must be from 0 to 1 for the loss focal"),
        (BinaryCrossEntropy(0.1), "sigmoid", -1.0, "y must be from 0 to 1"),
    ],
)
def test_bad_targets_change_nothing(loss, activation, bad, message):
    net = Network(1, [Dense(1, activation)], loss=loss, seed=0)
    before = net.params.copy()
    net.partial_fit([1.0], [0.5])  # from here on rows go straight to a kernel
    net.params[:] = before
    for train in (net.fit, net.partial_fit):
        with pytest.raises(ValueError, match=message):
            train([[1.0], [2.0]], [0.5, bad])
    with pytest.raises(ValueError, match=message):
        net.partial_fit([1.0], [bad])
    assert (net.params == before).all()


def test_a_target_of_several_outputs():
    net = Network(1, [Dense(2, "mean_and_spread")], loss="gaussian_nll", seed=0)
    with pytest.raises(ValueError, match=r"y must have shape \(2, 1\), got \(2, 2\)"):
        net.fit([[0.0], [1.0]], [[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="metrics must be none for the loss gaussian_nll"):
        net.fit([[0.0], [1.0]], [1, 2], metrics=["mae"])
    for y in (1.0, [1.0], [[1.0]]):
        net.partial_fit([0.5], y)
    assert np.isfinite(net.params).all()
    assert net.trace([0.5], 1.0)[0].error[0] == net.trace([0.5], [1.0])[0].error[0]


def test_equal_losses_are_compiled_once():
    first, second = (
        Network(1, [Dense(2, "ascending")], loss=Quantile([0.2, 0.8]), seed=0)._state.model.net.loss
        for _ in range(2)
    )
    assert first == second
