"""What is called by another name: the error says ours, in the words of whoever calls."""

import inspect
import pydoc

import numpy as np
import pytest

import fastnn
from fastnn import Dense, Network, Population, callbacks, initializers, online, optimizers
from fastnn import schedules as rates
from fastnn._checks.names import did_you_mean
from fastnn.callbacks import EarlyStopping

from ..support.networks import make_data, small_network

X, Y = make_data(4, 3, 2)


# ---- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("ReLU", "relu"),
        ("LeakyReLU", "leaky_relu"),
        ("logsig", "sigmoid"),
        ("sigmoidal", "sigmoid"),
        ("SiLU", "silu"),
        ("Linear", "linear"),
        (np.tanh, "tanh"),
    ],
)
def test_activations(given, expected):
    with pytest.raises(ValueError, match=rf"activation must be .*; did you mean '{expected}'\?$"):
        Dense(3, given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("mean_squared_error", "mse"),
        ("MSELoss", "mse"),
        ("l2", "mse"),
        ("l1", "mae"),
        ("binary_crossentropy", "binary_cross_entropy"),
        ("BCE", "binary_cross_entropy"),
        ("categorical_crossentropy", "cross_entropy"),
        ("sparse_categorical_crossentropy", "cross_entropy"),
        ("CrossEntropyLoss", "cross_entropy"),
        ("nll", "cross_entropy"),
        ("pinball_loss", "quantile"),
        ("gaussian_nll_loss", "gaussian_nll"),
        ("smooth_l1", "huber"),
    ],
)
def test_losses(given, expected):
    with pytest.raises(ValueError, match=rf"loss must be .*; did you mean '{expected}'\?$"):
        Network(3, [Dense(2)], loss=given)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"optimizer": "Adam"}, "adam"),
        ({"optimizer": "rms_prop"}, "rmsprop"),
        ({"optimizer": "SGD"}, "sgd"),
        ({"optimizer": "L-BFGS-B"}, "lbfgs"),
        ({"metrics": ["acc"]}, "accuracy"),
        ({"metrics": ["R2_score"]}, "r2"),
        ({"reduction": "average"}, "mean"),
    ],
)
def test_arguments_of_fit(options, expected):
    with pytest.raises(ValueError, match=rf"; did you mean '{expected}'\?$"):
        small_network().fit(X, Y, **options)


def test_the_class_of_an_optimizer_is_told_to_be_called():
    with pytest.raises(TypeError, match=r"got the class: write Adam\(\)$"):
        small_network().fit(X, Y, optimizer=optimizers.Adam)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("xavier_uniform", "glorot_uniform"),
        ("glorot", "glorot_uniform"),
        ("Xavier-Normal", "glorot_normal"),
        ("kaiming", "he_uniform"),
        ("kaiming_normal", "he_normal"),
        ("lecun", "lecun_normal"),
    ],
)
def test_initializers(given, expected):
    with pytest.raises(ValueError, match=rf"initializer must be .*; did you mean '{expected}'\?$"):
        Dense(3, initializer=given)


def test_other_words():
    with pytest.raises(ValueError, match=r"got 'float16'; did you mean 'float32'\?$"):
        Network(3, [Dense(2)], dtype="float16")
    with pytest.raises(ValueError, match=r"got 'maximize'; did you mean 'max'\?$"):
        callbacks.EarlyStopping(mode="maximize")
    with pytest.raises(ValueError, match=r"got 'Tanhh'; did you mean 'tanh'\?$"):
        Dense(3, "Tanhh")


@pytest.mark.parametrize("value", ["xyz", 3, None, 1.5, object(), ""])
def test_no_guess_where_there_is_none(value):
    assert did_you_mean(value, ["mse", "mae"]) == ""


# ---- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lr", "did you mean learning_rate?"),
        ("learn_rate", "did you mean learning_rate?"),
        ("learningrate", "did you mean learning_rate?"),
        ("show_progress", "did you mean progress?"),
        ("print_every", "did you mean verbose?"),
        ("n_epochs", "did you mean epochs?"),
        ("epoch", "did you mean epochs?"),
        ("nb_epoch", "did you mean epochs?"),
        ("batchsize", "did you mean batch_size?"),
        ("validation_split", "did you mean validation_fraction?"),
        ("optimiser", "did you mean optimizer?"),
        ("shufle", "did you mean shuffle?"),
        ("loss", "loss is an argument of Network"),
        ("seed", "seed is an argument of Network"),
        ("activation", "activation is an argument of Dense"),
    ],
)
def test_fit_names_the_argument_that_was_meant(name, hint):
    net = small_network()
    before = net.params.copy()
    with pytest.raises(TypeError) as caught:
        net.fit(X, Y, **{name: 1})
    assert str(caught.value) == f"Network.fit() has no argument {name!r}; {hint}"
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Dense(units=3), "Dense() has no argument 'units'; did you mean n_out?"),
        (
            lambda: Dense(3, activation_function="tanh"),
            "Dense() has no argument 'activation_function'; did you mean activation?",
        ),
        (lambda: Dense(3, use_bias=True), "Dense() has no argument 'use_bias'; did you mean bias?"),
        (lambda: Network(input_dim=3), "Network() has no argument 'input_dim'; did you mean n_in?"),
        (
            lambda: Network(3, [Dense(2)], optimizer="adam"),
            "Network() has no argument 'optimizer'; optimizer is an argument of Network.fit",
        ),
        (
            lambda: optimizers.Adam(lr=0.1),
            "Adam() has no argument 'lr'; did you mean learning_rate?",
        ),
        (lambda: rates.Step(0.1, steps=3), "Step() has no argument 'steps'; did you mean step_si"),
        (
            lambda: small_network().partial_fit(X, Y, lr=0.1),
            "Network.partial_fit() has no argument 'lr'; did you mean learning_rate?",
        ),
        (lambda: small_network().predict(), "Network.predict(): missing a required argument: 'X'"),
        (lambda: small_network().fit(X, Y, xyz=1), "Network.fit() has no argument 'xyz'"),
        (
            lambda: Population([small_network()]).fit(X, Y, lr=0.1),
            "arguments must be those of Network.fit, got ['lr']; did you mean learning_rate?",
        ),
    ],
)
def test_calls(call, message):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value).startswith(message)


DENSE, NETWORK = "; write Dense(n_out, activation), ", "; write Network(n_in, [Dense("


@pytest.mark.parametrize(
    ("call", "how"),
    [
        (lambda: Dense(2, 25, "sigmoid"), DENSE),
        (lambda: Dense(2, 25), DENSE),
        (lambda: Dense("sigmoid"), DENSE),
        (lambda: Dense("sigmoid", 25), DENSE),
        (lambda: Dense(), DENSE),
        (lambda: Network(2, [25, 2]), DENSE),
        (lambda: Network([2, 25, 2]), NETWORK),
        (lambda: Network(2, 25, 2), NETWORK),
        (lambda: Network(2, 25), NETWORK),
        (lambda: Network(2, Dense(2)), NETWORK),
        (lambda: Network(Dense(25), Dense(2)), NETWORK),
    ],
)
def test_what_is_written_as_elsewhere(call, how):
    with pytest.raises(TypeError) as caught:
        call()
    assert how in str(caught.value)


class MyNetwork(Network):
    """A network of the user's own."""


def test_a_subclass_is_named():
    net = MyNetwork(3, [Dense(2)])
    with pytest.raises(TypeError, match=r"MyNetwork.fit\(\) has no argument 'lr'"):
        net.fit(X, Y, lr=0.1)
    with pytest.raises(TypeError, match=r"MyNetwork.load\(\): missing a required argument: 'path'"):
        MyNetwork.load()


def test_an_error_from_within_is_as_it_was():
    def broken(y, outputs):
        return len(3)

    with pytest.raises(TypeError, match=r"object of type 'int' has no len\(\)"):
        small_network().fit(X, Y, metrics=[broken], validation_data=(X, Y))


def test_signatures_and_help_are_as_written():
    assert [*inspect.signature(Network.partial_fit).parameters] == [
        "self", "X", "y", "batch_size", "optimizer", "learning_rate", "sample_weight"
    ]  # fmt: skip
    assert [*inspect.signature(Dense).parameters][:3] == ["n_out", "activation", "bias"]
    assert "learning_rate: 'float | Schedule | None' = None" in pydoc.render_doc(Network.fit)


def _public_classes():
    for module in (fastnn, callbacks, initializers, online, optimizers, rates):
        for name, value in vars(module).items():
            if isinstance(value, type) and value.__module__.startswith("fastnn") and name[0] != "_":
                yield pytest.param(value, id=f"{module.__name__}.{name}")


@pytest.mark.parametrize("kind", [*_public_classes()])
def test_no_private_class_is_named(kind):
    calls = [(kind, kind.__init__)] if "__init__" in kind.__dict__ else []
    calls += [
        (getattr(kind, name), function)
        for name, function in inspect.getmembers(kind, callable)
        if not name.startswith("_") and getattr(function, "__module__", "").startswith("fastnn")
    ]
    for call, function in calls:
        if any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values()):
            continue
        with pytest.raises(TypeError) as caught:
            call(object.__new__(kind), no_such_argument=1)
        label = str(caught.value).partition("(")[0]
        assert not any(
            part.startswith("_") for part in label.removesuffix(".__init__").split(".")
        ), caught.value


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("uniform", r"uniform\(a, b\)"),
        ("random_normal", r"normal\(std\)"),
        ("ones", r"constant\(1\.0\)"),
    ],
)
def test_an_initializer_that_needs_numbers_says_how(given, expected):
    with pytest.raises(ValueError, match=rf"give the function fastnn\.initializers\.{expected}"):
        Dense(3, initializer=given)


def test_what_is_nearly_right_says_what_is_missing():
    net = Network(3, [Dense(2)], seed=0)
    X = np.random.default_rng(0).random((6, 3))
    with pytest.raises(TypeError, match=r"got the class EarlyStopping: write EarlyStopping\(\)"):
        net.fit(X, X[:, :2], callbacks=[EarlyStopping])
    with pytest.raises(TypeError, match=r"write \[network\]"):
        Population(net)
    with pytest.raises(ValueError, match=r"chunks, pairs \(X, y\), are given without y"):
        net.fit([(X, X[:, :2])], X[:, :2])
    with pytest.raises(ValueError, match=r"numbers for 2 outputs must have shape \(6, 2\)"):
        net.fit(X, X[:, 0])
