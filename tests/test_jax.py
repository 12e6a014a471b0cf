"""Derivatives and activations of whole networks against JAX, in float64."""

import numpy as np
import pytest

from fastnn import Dense, Network

from .support.networks import HIDDEN, OUTPUTS, make_data

jax = pytest.importorskip("jax")
jnp, nn = jax.numpy, jax.nn
jax.config.update("jax_enable_x64", True)

ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": nn.relu,
    "leaky_relu": nn.leaky_relu,
    "elu": nn.elu,
    "softplus": nn.softplus,
    "swish": nn.swish,
    "selu": nn.selu,
    "mish": nn.mish,
    "gelu": lambda z: nn.gelu(z, approximate=False),
    "softmax": nn.softmax,
    "exp": jnp.exp,
}
LOSSES = {  # of z, a and y of one sample
    "half_sse": lambda z, a, y: ((a - y) ** 2).sum() / 2,
    "sse": lambda z, a, y: ((a - y) ** 2).sum(),
    "mse": lambda z, a, y: ((a - y) ** 2).mean(),
    "mae": lambda z, a, y: abs(a - y).mean(),
    "huber": lambda z, a, y: jnp.where(abs(a - y) <= 1, (a - y) ** 2 / 2, abs(a - y) - 0.5).mean(),
    "binary_cross_entropy": lambda z, a, y: (nn.softplus(z) - y * z).sum(),
    "cross_entropy": lambda z, a, y: -(y * nn.log_softmax(z)).sum(),
    "poisson": lambda z, a, y: (a - y + y * (jnp.log(y) - z)).sum(),
}
# dLoss/dz is dLoss/da times the derivative of the activation: so each comes once, and with it every
# loss that is computed from z, for which that is one expression. The errors of selu, here, are on
# all sides of 1, 0 and -1, where losses bend.
EACH_ONCE = [
    (activation, loss)
    for activation, loss in OUTPUTS
    if activation == "selu" or loss == "half_sse" or ("selu", loss) not in OUTPUTS
]
CLOSE = {"rtol": 1e-12, "atol": 1e-13}  # of numbers of order 1


def answers_of(net):
    """Return a function of X and Y: the Jacobian, both gradients, and the layers' activations."""
    params = [tuple(map(jnp.array, pair)) for pair in zip(net.weights, net.biases, strict=True)]
    functions = [ACTIVATIONS[layer.activation] for layer in net.layers]

    def layers(params, x):
        zs, outputs = [], [x]
        for (W, b), function in zip(params, functions, strict=True):
            zs.append(outputs[-1] @ W + b)
            outputs.append(function(zs[-1]))
        return zs[-1], outputs[1:]

    def loss(params, x, y):
        z, outputs = layers(params, x)
        return LOSSES[net.loss_name](z, outputs[-1], y)

    def answers(x, y):
        jacobian = jax.jacrev(lambda x: layers(params, x)[1][-1])(x)
        by_params, by_x = jax.grad(loss, argnums=(0, 1))(params, x, y)
        return jacobian, by_params, by_x, layers(params, x)[1]

    return jax.jit(jax.vmap(answers))


def check(net, X, Y):
    """Assert that JAX finds the same of the network."""
    jacobian, by_params, by_x, layers = answers_of(net)(X, Y)
    np.testing.assert_allclose(net.jacobian(X), jacobian, **CLOSE)
    np.testing.assert_allclose(net.gradient_of_inputs(X, Y), by_x, **CLOSE)
    weights, biases = zip(*by_params, strict=True)
    for s, grad in enumerate(net.gradient_per_sample(X, Y)):
        for got, expected in zip(net._views(grad), weights + biases, strict=True):
            np.testing.assert_allclose(got, expected[s], **CLOSE)
    for got, expected in zip(net.hidden(X), layers, strict=True):
        np.testing.assert_allclose(got, expected, **CLOSE)


@pytest.mark.parametrize(("activation", "loss"), EACH_ONCE)
def test_every_output(activation, loss):
    X, Y = make_data(5, 3, 4, seed=1, loss=loss)
    layers = [Dense(5, "tanh"), Dense(4, activation, bias_initializer="glorot_normal")]
    check(Network(3, layers, loss=loss, seed=1), X, Y)


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_hidden_activation(activation):
    X, Y = make_data(5, 3, 2, seed=2, loss="cross_entropy")
    layers = [Dense(20, activation), Dense(6, activation), Dense(2, "softmax")]
    check(Network(3, layers, loss="cross_entropy", seed=2), X, Y)


def test_many_rows_of_a_wide_network():
    X, Y = make_data(40, 70, 3, seed=3)
    layers = [Dense(33, "relu"), Dense(9, "gelu"), Dense(3, "sigmoid")]
    check(Network(70, layers, loss="binary_cross_entropy", seed=3), X, Y)
