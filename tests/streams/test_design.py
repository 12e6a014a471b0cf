"""From a user's arguments to a network."""

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.losses import Quantile
from fastnn.online import OnlineClassifier, OnlineRegressor
from fastnn.optimizers import LBFGS, SGD, Adam, RMSprop


def made_by(kind=OnlineRegressor, **options):
    return kind(**options).learn_one({"a": 1.0, "b": 2.0}, 1.0).network


@pytest.mark.parametrize(
    ("hidden", "widths"),
    [(5, [5, 1]), ((5, 4), [5, 4, 1]), ([], [1]), (Dense(3, "tanh"), [3, 1])],
)
def test_hidden_layers(hidden, widths):
    net = made_by(hidden=hidden)
    assert [layer.n_out for layer in net.layers] == widths


def test_activations_losses_and_dtype():
    net = made_by(hidden=(4, Dense(3, "elu")), activation="tanh", loss="poisson", dtype="float32")
    assert [layer.activation for layer in net.layers] == ["tanh", "elu", "exp"]
    assert (net.loss_name, net.dtype) == ("poisson", np.float32)
    assert made_by(loss="gamma").layers[-1].activation == "exp"
    assert made_by(loss=Quantile(0.9)).loss_function == Quantile(0.9)
    assert made_by(OnlineClassifier).loss_name == "cross_entropy"


def test_a_seed_means_the_weights_of_the_network():
    expected = Network(2, [Dense(4, "relu"), Dense(1)], seed=3)
    net = made_by(hidden=4, seed=3, optimizer=SGD(learning_rate=1e-300))
    for W, expected_W in zip(net.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(W, expected_W)


@pytest.mark.parametrize("source", [np.random.default_rng, np.random.RandomState])
def test_models_that_share_a_random_source_differ(source):
    random = source(0)
    first, second = made_by(seed=random), made_by(seed=random)
    assert (first.weights[0] != second.weights[0]).any()
    np.testing.assert_array_equal(made_by(seed=source(0)).params, first.params)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 0}, "hidden must be at least 1, got 0"),
        ({"hidden": (8, 0)}, r"hidden\[1\] must be at least 1, got 0"),
        ({"hidden": "32"}, "hidden must be a whole number, got '32'"),
        ({"hidden": None, "optimizer": Adam}, r"optimizer must be an object, .*: write Adam\(\)"),
        ({"activation": "rellu"}, "did you mean 'relu'"),
        ({"activation": "softmax"}, "softmax must be on the last layer only"),
        ({"loss": "binary_cross_entropy"}, "must follow a sigmoid layer"),
        ({"loss": "gaussian_nll"}, "gaussian_nll must follow a mean_and_spread layer"),
        ({"dtype": "int"}, "dtype must be 'float32' or 'float64'"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"optimizer": "lbfgs"}, "optimizer must be one of .* 'adamw', 'irprop'; got 'lbfgs'"),
        ({"optimizer": LBFGS()}, "optimizer must be one that learns from single rows, got LBFGS"),
        ({"learning_rate": 0.0}, "learning_rate must be finite and above 0"),
        ({"seed": -1}, "seed must be an int >= 0"),
        ({"grow": False}, "grow must be True without a network, got False"),
        ({"lr": 0.1}, "no argument 'lr'; did you mean learning_rate"),
        ({"network": 5}, "network must be a Network, got 5"),
        ({"network": Network(1, [Dense(1)]), "hidden": 3}, "hidden must not be given with a net"),
        ({"network": Network(1, [Dense(1)]), "seed": 3}, "seed must not be given with a network"),
    ],
)
def test_arguments_are_checked_at_once(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        OnlineRegressor(**options)


def rule_of(**options):
    learner = OnlineRegressor(**options)._learner
    return learner._optimizer


def test_optimisers_and_rates():
    net = Network(1, [Dense(1)]).partial_fit([0.0], 0.0, optimizer="adam", learning_rate=0.5)
    assert rule_of() == RMSprop(learning_rate=0.006)
    assert rule_of(learning_rate=0.3) == RMSprop(learning_rate=0.3)
    assert rule_of(optimizer="adam") == Adam()
    assert rule_of(optimizer="adam", learning_rate=0.3) == Adam(learning_rate=0.3)
    assert rule_of(optimizer=Adam()) == Adam()
    assert rule_of(optimizer=Adam(), learning_rate=0.3) == Adam(learning_rate=0.3)
    assert rule_of(network=net) is None
    assert rule_of(network=net, learning_rate=0.3) == Adam(learning_rate=0.3)
    assert rule_of(network=net, optimizer="sgd") == SGD()
