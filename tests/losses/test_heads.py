"""Several outputs with a loss each, against the reference, JAX and networks of one output."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fastnn import Dense, Heads, Network
from fastnn.losses import Quantile
from fastnn.reference import ReferenceNetwork

from ..support.functions import bent, tilted
from ..support.networks import TOLERANCES, central_difference
from ..support.training import check_trains_as

N = 23
RNG = np.random.default_rng(0)
BINARY, CLASSES = RNG.integers(0, 2, N), RNG.integers(0, 3, N)
NUMBERS, COUNTS = RNG.normal(size=(N, 2)), RNG.poisson(3, N).astype(float)
LEVELS = [0.1, 0.5, 0.9]
CASES = {  # of each head: the layer, the loss, and the targets
    "classes": [
        (Dense(1, "sigmoid"), "binary_cross_entropy", BINARY),
        (Dense(3, "softmax"), ("cross_entropy", 0.3), CLASSES),
    ],
    "by z and by a": [
        (Dense(3, "softmax"), "cross_entropy", CLASSES),
        (Dense(2, "tanh"), ("huber", 2.0), NUMBERS),
        (Dense(1, "exp"), "poisson", COUNTS),
        (Dense(3, "softmax"), "mse", CLASSES),
    ],
    "of rows": [
        (Dense(3, "ascending"), Quantile(LEVELS), NUMBERS[:, 0]),
        (Dense(4, "mean_and_spread"), "gaussian_nll", NUMBERS),
        (Dense(1, "sigmoid"), "focal", BINARY),
    ],
    "the user's own": [
        (Dense(2, bent), (tilted, 0.5), NUMBERS),
        (Dense(1), "mae", NUMBERS[:, 1]),
    ],
    "wide": [  # parts of registers at the end of a row's memory
        (Dense(60, "sigmoid"), ("mse", 3.0), RNG.random((N, 60))),
        (Dense(4, "softmax"), "cross_entropy", np.eye(4)[RNG.integers(0, 4, N)]),
    ],
}


def make(case, dtype="float64", hidden="tanh"):
    """Return a network of such heads."""
    layers, losses, _ = zip(*CASES[case], strict=True)
    return Network(4, [Dense(5, hidden), Heads(*layers)], loss=[*losses], dtype=dtype, seed=1)


def data_of(case, dtype="float64"):
    """Return inputs, targets of each head, and the same for each output."""
    X = np.random.default_rng(2).normal(size=(N, 4)).astype(dtype)
    y, tables = [], []
    for layer, loss, targets in CASES[case]:
        own = loss[0] if isinstance(loss, tuple) else loss
        n = {"gaussian_nll": 2}.get(own, getattr(own, "n_per_target", 1))
        is_labels = targets.ndim == 1 and layer.activation == "softmax"
        table = np.eye(layer.n_out)[targets] if is_labels else targets.reshape(N, -1)
        y.append(targets)
        tables.append(np.repeat(table, n, axis=1))
    return X, y, np.hstack(tables).astype(dtype)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("case", CASES)
def test_training_is_that_of_the_reference(case, dtype):
    net = make(case, dtype)
    reference = ReferenceNetwork.like(net)
    check_trains_as(reference, net, *data_of(case, dtype), **TOLERANCES[dtype])


@pytest.mark.compiled
@pytest.mark.parametrize("case", CASES)
def test_gradients_are_slopes(case):
    net, (X, y, _) = make(case), data_of(case)
    slopes = central_difference(lambda: net.loss(X, y), net.params)
    assert_allclose(net.gradient(X, y), slopes, rtol=1e-6, atol=1e-7)
    x, first = X[:1].copy(), [targets[:1] for targets in y]
    slopes = central_difference(lambda: net.loss(x, first), x)
    assert_allclose(net.gradient_of_inputs(x, first), slopes, rtol=1e-6, atol=1e-7)
    columns = [
        central_difference(lambda j=j: np.hstack(net.predict(x))[0, j], x)[0]
        for j in range(net.n_out)
    ]
    assert_allclose(net.jacobian(x)[0], columns, rtol=1e-6, atol=1e-8)


def test_against_jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, nn = jax.numpy, jax.nn
    X, y, Y = data_of("by z and by a")

    def mean(params):
        (W0, b0), (W1, b1) = params
        z = jnp.tanh(X @ W0 + b0) @ W1 + b1
        e = jnp.tanh(z[:, 3:5]) - Y[:, 3:5]
        huber = jnp.where(abs(e) <= 1, e * e / 2, abs(e) - 0.5)
        values = -(Y[:, :3] * nn.log_softmax(z[:, :3])).sum(axis=1)
        values += 2 * huber.mean(axis=1)
        a, count = jnp.exp(z[:, 5]), Y[:, 5]
        values += a - count + jax.scipy.special.xlogy(count, count) - count * z[:, 5]
        return (values + ((nn.softmax(z[:, 6:]) - Y[:, 6:]) ** 2).mean(axis=1)).mean()

    net = make("by z and by a")
    params = [*zip(net.weights, net.biases, strict=True)]
    value, grads = jax.value_and_grad(mean)(params)
    assert_allclose(net.loss(X, y), value, rtol=1e-12)
    ours = make("by z and by a")
    ours.params[:] = net.gradient(X, y)
    for pair, expected in zip(zip(ours.weights, ours.biases, strict=True), grads, strict=True):
        for got, grad in zip(pair, expected, strict=True):
            assert_allclose(got, grad, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("case", ["classes", "of rows", "the user's own"])
def test_a_head_that_counts_nothing_is_not_there(case, dtype):
    (layer, loss, y), *others = CASES[case]
    alone = Network(4, [Dense(5, "tanh"), layer], loss=_plain(loss), dtype=dtype, seed=1)
    heads = Heads(layer, *(other for other, _, _ in others))
    losses = [_plain(loss), *((_plain(other), 0) for _, other, _ in others)]
    net = Network(4, [Dense(5, "tanh"), heads], loss=losses, dtype=dtype, seed=1)
    X, targets, _ = data_of(case, dtype)
    untouched = net.layers[-1].split(net.weights[-1])[1].copy()
    for batch_size in (1, 7, None):
        options = {"batch_size": batch_size, "optimizer": "adam", "shuffle": False}
        history, expected = net.fit(X, targets, **options), alone.fit(X, y, **options)
        assert_allclose(history["loss"], expected["loss"], rtol=1e-5)
        assert_allclose(history["head_0_loss"], expected["loss"], rtol=1e-5)
    assert_allclose(net.predict(X)[0], alone.predict(X), **TOLERANCES[dtype])
    assert_array_equal(net.layers[-1].split(net.weights[-1])[1], untouched)


def _plain(loss):
    return loss[0] if isinstance(loss, tuple) else loss


def test_not_even_an_infinite_loss_counts_if_its_weight_is_0():
    layers = [Heads(Dense(1), Dense(1, "exp", weights=[[800.0]]))]
    net = Network(1, layers, loss=["mse", ("poisson", 0)], seed=0)
    with np.errstate(over="ignore"):  # without the compiler
        net.fit([[1.0]], [[2.0], [1.0]], epochs=3)
        assert np.isfinite(net.loss([[1.0]], [[2.0], [1.0]]))
    assert net.weights[0][0, 1] == 800.0


@pytest.mark.parametrize("case", CASES)
def test_the_total_is_the_weighted_sum_of_the_heads(case):
    net, (X, y, _) = make(case), data_of(case)
    history = net.fit(X, y, epochs=2, batch_size=5, validation_data=(X, y))
    for prefix in ("", "val_"):
        total = sum(
            weight * np.array(history[f"{prefix}head_{k}_loss"])
            for k, weight in enumerate(net.loss_function.weights)
        )
        assert_allclose(history[f"{prefix}loss"], total, rtol=1e-12)
    assert history["val_loss"][-1] == pytest.approx(net.loss(X, y), rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_a_head_has_the_bits_of_its_own_network(case):
    """Outputs and loss from the same z: those of a network that has only this layer."""
    net, (X, y, _) = make(case), data_of(case)
    z = np.array(net.trace(X, y)[-1].z)
    for k, (part, own) in enumerate(
        zip(net.loss_function.parts, net.loss_function.losses, strict=True)
    ):
        layer = Dense(part.n_out, part.activation, bias=False, weights=np.eye(part.n_out))
        alone = Network(part.n_out, [layer], loss=own)
        own_z = np.ascontiguousarray(z[:, part.start : part.stop])
        assert_array_equal(alone.trace(own_z, y[k])[0].z, own_z)
        assert_array_equal(net.predict(X)[k], alone.predict(own_z))
        delta = net.trace(X, y)[-1].delta[:, part.start : part.stop]
        weight = net.loss_function.weights[k]
        assert_array_equal(delta, weight * alone.trace(own_z, y[k])[0].delta)


def test_equal_heads_are_one_table():
    first, second = (make("classes")._state.model for _ in range(2))
    assert first.net.loss == second.net.loss
    assert_array_equal(first.table, second.table)


def test_layers_below_heads_and_heads_themselves_are_frozen_and_freed():
    net, (X, y, _) = make("classes"), data_of("classes")
    for flags in ([False, True], [True, False]):
        net.trainable = flags
        before = [weights.copy() for weights in net.weights]
        net.fit(X, y, batch_size=8)
        changed = [bool((new != old).any()) for new, old in zip(net.weights, before, strict=True)]
        assert changed == flags
        assert net.layers[-1].names == make("classes").layers[-1].names
