"""Activations of a whole row of outputs in C, and which losses C has a step of."""

import numpy as np
import pytest

import fastnn
from fastnn import Dense, Network
from fastnn.exchange import to_c
from fastnn.losses import CrossEntropy, Quantile

from ...support.functions import bent, tilted
from ...support.networks import make_data
from .test_c import AFTER_STEPS, DTYPES, TOLERANCES

HEADS = [("ascending", 1), ("ascending", 3), ("mean_and_spread", 2), ("mean_and_spread", 4)]
# What softplus rounds to 0 of, or to z; where e^z overflows.
EXTREMES = [0.0, 1e-30, 1e-8, 0.3, 3, 20, 40, 87, 89, 300, 709, 710, 1e4, 1e30]


def make(activation, n_out, loss="mse", dtype="float64"):
    layers = [Dense(5, "tanh"), Dense(n_out, activation, bias_initializer="glorot_normal")]
    return Network(6, layers, loss=loss, dtype=dtype, seed=0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("activation", "n_out"), HEADS)
def test_predicts_as_the_network(activation, n_out, dtype, compiler, tmp_path):
    net = make(activation, n_out, dtype=dtype)
    X, _ = make_data(20, 6, 3)
    to_c(net, tmp_path / "net.c")
    got = compiler.load(tmp_path / "net.c", dtype).predict(X, n_out)
    np.testing.assert_allclose(got, net.predict(X), **TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("activation", "n_out"), HEADS)
def test_outputs_far_from_zero(activation, n_out, dtype, compiler, tmp_path):
    weights = np.linspace(-1, 1, n_out + 2)[1:-1] if n_out > 1 else [1]
    net = Network(1, [Dense(n_out, activation, weights=[weights], bias=False)], dtype=dtype)
    X = np.concatenate([EXTREMES, np.negative(EXTREMES), [np.nan]])[:, np.newaxis]
    to_c(net, tmp_path / "net.c")
    got = compiler.load(tmp_path / "net.c", dtype).predict(X, n_out)
    np.testing.assert_allclose(got[:-1], net.predict(X[:-1]), **TOLERANCES[dtype])
    assert np.isnan(got[-1]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", ["half_sse", "huber"])
@pytest.mark.parametrize(("activation", "n_out"), [*HEADS, ("softmax", 1), ("softmax", 3)])
def test_trains_as_the_network(activation, n_out, loss, dtype, compiler, tmp_path):
    net = make(activation, n_out, loss, dtype)
    X, Y = make_data(30, 6, n_out)
    to_c(net, tmp_path / "net.c", train=True)
    program = compiler.load(tmp_path / "net.c", dtype)
    tolerance = AFTER_STEPS[dtype]
    for x, y in zip(X, Y, strict=True):
        expected = net.loss([x], [y])
        net.partial_fit(x, y, optimizer="sgd", learning_rate=0.02)
        np.testing.assert_allclose(program.train(x, y, 0.02), expected, **tolerance)
    np.testing.assert_allclose(program.predict(X, n_out), net.predict(X), **tolerance)


@pytest.mark.parametrize(("activation", "n_out"), HEADS)
def test_int8(activation, n_out, compiler, tmp_path):
    net = make(activation, n_out)
    X, _ = make_data(100, 6, 3)
    to_c(net, tmp_path / "net.c", int8=True, calibration=X)
    got = compiler.load(tmp_path / "net.c", "float64").predict(X, n_out)
    expected = net.predict(X)
    assert np.abs(got - expected).mean() < 0.01 * np.ptp(expected)
    if activation == "ascending":
        assert (np.diff(got) > 0).all()


@pytest.mark.parametrize(
    ("activation", "n_out", "loss", "told"),
    [
        ("ascending", 3, Quantile([0.1, 0.5, 0.9]), r"Quantile\(\[0.1, 0.5, 0.9\]\)"),
        ("mean_and_spread", 2, "gaussian_nll", r"GaussianNLL\(\)"),
        ("identity", 1, "log_cosh", r"LogCosh\(\)"),
        ("softmax", 2, CrossEntropy(label_smoothing=0.1), r"CrossEntropy\(label_smoothing=0.1\)"),
        ("identity", 1, tilted, "tilted"),
    ],
)
def test_a_step_of_another_loss_is_refused(activation, n_out, loss, told, compiler, tmp_path):
    net, path = make(activation, n_out, loss), tmp_path / "net.c"
    refusal = (
        rf"^train must be False for the loss {told}, got True: C has a step of half_sse, .*, "
        "poisson; without train, the file predicts$"
    )
    with pytest.raises(ValueError, match=refusal):
        to_c(net, path, train=True)
    assert not [*tmp_path.iterdir()]
    to_c(net, path)
    X, _ = make_data(5, 6, 3)
    got = compiler.load(path, "float64").predict(X, n_out)
    np.testing.assert_allclose(got, net.predict(X), **TOLERANCES["float64"])


def test_a_loss_of_the_user_is_not_one_of_its_name(tmp_path):
    @fastnn.loss
    def mse(y, a):
        return 2 * (a - y) ** 2, 4 * (a - y)

    with pytest.raises(ValueError, match="train must be False for the loss mse"):
        to_c(make("identity", 1, mse), tmp_path / "net.c", train=True)


def test_an_activation_of_the_user_is_refused(tmp_path):
    @fastnn.activation
    def tanh(z):
        return np.tanh(z), 1 - np.tanh(z) ** 2

    net = Network(2, [Dense(3, bent), Dense(1, tanh)])
    for options in ({}, {"int8": True, "calibration": np.ones((3, 2))}):
        with pytest.raises(ValueError, match="cannot be carried") as error:
            to_c(net, tmp_path / "net.c", **options)
        assert str(error.value).splitlines() == [
            f"layer {k}: {name}, a function of the user's, cannot be carried: net.save keeps it"
            for k, name in enumerate(("bent", "tanh"))
        ]
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        ("mse", "the loss mse;"),
        (Quantile([0.1, 0.5, 0.9]), "the loss Quantile([0.1, 0.5, 0.9]);"),
        (Quantile(np.arange(1, 20) / 20), "0.9, 0.95]);"),
        (tilted, "the loss tilted, a function of the user's;"),
    ],
)
def test_the_title_tells_the_loss(loss, told, tmp_path):
    levels = 1 if isinstance(loss, str) else loss.n_per_target
    to_c(make("ascending" if levels > 1 else "identity", levels, loss), tmp_path / "net.c")
    title, _ = (tmp_path / "net.c").read_text().split("*/", 1)
    assert told in title.replace("\n *", "")
    assert max(map(len, title.splitlines())) <= 100
