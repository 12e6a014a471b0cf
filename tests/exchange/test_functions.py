"""Losses and activations beyond those of the core's tables, at the doors to other libraries."""

import numpy as np
import pytest

import fastnn
from fastnn import Dense, Network
from fastnn.exchange import from_keras, from_sklearn, from_torch, to_sklearn, to_torch
from fastnn.losses import Focal, Quantile

from ..support.functions import bent, tilted

OWN = "a function of the user's, cannot be carried"


def own(name):
    """Return an activation of the user that has the name of one of fastnn's."""

    def function(z):
        return 2 * z, 2.0

    function.__name__ = name
    return fastnn.activation(function)


def lines_of(error):
    return str(error.value).splitlines()


@pytest.mark.parametrize("last", ["ascending", "mean_and_spread"])
def test_torch_has_no_heads(last):
    pytest.importorskip("torch")
    net = Network(2, [Dense(3, bent), Dense(3, own("tanh")), Dense(2, last)])
    with pytest.raises(ValueError, match="cannot be carried") as error:
        to_torch(net)
    assert lines_of(error) == [
        f"layer 0: bent, {OWN}: net.save keeps it",
        f"layer 1: tanh, {OWN}: net.save keeps it",
        f"layer 2: {last} cannot be carried: PyTorch has no such module; to_onnx and to_c write it",
    ]


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ("ascending", "ascending cannot be carried"),
        ("mean_and_spread", "mean_and_spread cannot be carried"),
        (own("sigmoid"), f"sigmoid, {OWN}"),
    ],
)
def test_sklearn_has_no_heads(last, told):
    pytest.importorskip("sklearn")
    net = Network(2, [Dense(3, own("tanh")), Dense(2, last)])
    with pytest.raises(ValueError, match="cannot be carried") as error:
        to_sklearn(net)
    assert lines_of(error) == [
        f"layer 0: tanh, {OWN}, scikit-learn has identity, sigmoid, tanh, relu",
        f"layer 1: {told}, scikit-learn's outputs have identity, sigmoid, softmax, exp",
    ]


@pytest.mark.parametrize("loss", [tilted, Focal(), "mse"])
def test_a_loss_takes_no_part_in_what_is_computed(loss):
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    net = Network(3, [Dense(4, "tanh"), Dense(3, "softmax")], loss=loss, seed=0)
    X = np.random.default_rng(0).normal(size=(20, 3))
    module, estimator = to_torch(net), to_sklearn(net)
    torch = __import__("torch")
    with torch.no_grad():
        np.testing.assert_allclose(module(torch.tensor(X)), net.predict(X), rtol=1e-12)
    np.testing.assert_allclose(estimator.predict_proba(X), net.predict(X), rtol=1e-12)


READERS = {
    "torch": lambda loss: from_torch(__import__("torch").nn.Linear(2, 1), loss=loss),
    "keras": lambda loss: from_keras([[[1.0], [2.0]], [0.5]], activations=[None], loss=loss),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("loss", [tilted, Quantile(0.9), "log_cosh", "mse"])
def test_readers_take_any_loss(name, loss):
    if name == "torch":
        pytest.importorskip("torch")
    net = READERS[name](loss)
    assert net.loss_function == Network(2, [Dense(1)], loss=loss).loss_function
    assert np.isfinite(net.loss([[1, 2]], [3]))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("tilted", "loss must be one of 'half_sse', .*; got 'tilted'"),
        ("", "loss must be one of"),
        (Quantile, r"loss must be an object, got the class: write Quantile\(\)"),
        (lambda y, a: (a - y, 1.0), "loss must be a name or a loss, got the function <lambda>: w"),
        ("gaussian_nll", "gaussian_nll must follow a mean_and_spread layer, got identity"),
    ],
)
def test_readers_refuse_what_is_no_loss_of_the_layers(name, loss, message):
    if name == "torch":
        pytest.importorskip("torch")
    with pytest.raises((TypeError, ValueError), match=message):
        READERS[name](loss)


def test_an_estimator_with_an_activation_of_the_user_is_read():
    estimators = pytest.importorskip("fastnn.sklearn")
    X = np.random.default_rng(0).normal(size=(50, 3))
    options = {"hidden_layer_sizes": (5, 4), "solver": "lbfgs", "tol": 0.1, "random_state": 0}
    regressor = estimators.MLPRegressor(activation=[bent, "tanh"], **options)
    regressor.fit(X, X[:, 0] - X[:, 1] ** 2)
    net = from_sklearn(regressor)
    assert [layer.activation for layer in net.layers] == [bent, "tanh", "identity"]
    np.testing.assert_array_equal(net.predict(X)[:, 0], regressor.predict(X))


@pytest.mark.parametrize("loss", ["binary_cross_entropy", Focal()])
def test_a_loss_that_is_computed_from_z_goes_with_its_activation_not_with_its_name(loss):
    needed = "a sigmoid|a softmax or sigmoid"
    with pytest.raises(ValueError, match=f"must follow ({needed}) layer, got sigmoid, a function"):
        Network(2, [Dense(1, own("sigmoid"))], loss=loss)
