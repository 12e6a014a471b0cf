import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.examples._explain import print_step
from fastnn.losses import BinaryCrossEntropy

from ..support.functions import bent


def small_network(loss="sse", **options):
    layers = [
        Dense(2, "tanh", weights=[[1, 2]], biases=[3, 4], **options),
        Dense(1, "sigmoid", weights=[[1], [0]], bias=False),
    ]
    return Network(1, layers, loss=loss)


def test_the_network_stays():
    net = small_network()
    before = net.params.copy()
    print_step(net, np.array([[1.0]]), np.array([0.0]), learning_rate=1)
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_step_is_that_of_fit(capsys, reduction):
    X, y = np.array([[1.0], [-2.0]]), np.array([0.0, 1.0])
    net = small_network()
    print_step(net, X, y, learning_rate=0.5, reduction=reduction)
    net.fit(X, y, batch_size=None, learning_rate=0.5, reduction=reduction)
    got = capsys.readouterr().out
    for name, array in (("W", net.weights[0]), ("b", net.biases[0]), ("W", net.weights[1])):
        shape = "x".join(map(str, array.shape))
        text = str(array).replace("\n", "\n    ")
        assert f"{name} after the step, {shape}\n    {text}\n" in got


def test_frozen_biases_have_no_step(capsys):
    print_step(small_network(train_bias=False), np.ones((1, 1)), np.ones(1), learning_rate=1)
    assert "b after" not in capsys.readouterr().out


def test_a_cross_entropy_starts_from_delta(capsys):
    net = small_network("binary_cross_entropy")
    print_step(net, np.ones((1, 1)), np.ones(1), learning_rate=1)
    _, backward, _ = capsys.readouterr().out.split("Backward")
    assert "delta = dLoss/dz = a - y, 1x1" in backward
    assert "error" not in backward


def test_whatever_activations_there_are(capsys):
    """A derivative by z is of each unit, or a matrix of each row."""
    net = Network(2, [Dense(2, bent), Dense(3, "softmax")], loss="mse", seed=0)
    X, y = np.array([[0.5, -1.0]]), np.array([[0.2, 0.3, 0.5]])
    print_step(net, X, y, learning_rate=1)
    _, last, first = capsys.readouterr().out.split("Backward")
    assert "f'(z), 1x3x3" in last
    assert "delta = dLoss/dz = error @ f'(z), 1x3" in last
    assert first.startswith(", layer 0: 2 <- 2, bent")
    assert "delta = dLoss/dz = error * f'(z), 1x2" in first


@pytest.mark.parametrize(
    ("loss", "activation", "delta"),
    [
        ("poisson", "exp", "delta = dLoss/dz = a - y, 1x1"),
        ("gamma", "exp", "delta = dLoss/dz, 1x1"),
        (BinaryCrossEntropy(label_smoothing=0.1), "sigmoid", "delta = dLoss/dz, 1x1"),
        ("gaussian_nll", "mean_and_spread", "delta = dLoss/dz = error * f'(z), 1x2"),
        ("quantile", "ascending", "delta = dLoss/dz = error @ f'(z), 1x1"),
    ],
)
def test_where_a_loss_starts(capsys, loss, activation, delta):
    net = Network(1, [Dense(2 if "spread" in activation else 1, activation)], loss=loss, seed=0)
    print_step(net, np.ones((1, 1)), np.ones(1), learning_rate=1)
    assert delta in capsys.readouterr().out
