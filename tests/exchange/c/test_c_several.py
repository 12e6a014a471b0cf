"""Networks with several heads in C: outputs side by side, and a step on the weighted sum."""

import numpy as np
import pytest

from fastnn import Dense, Heads, Network, Population
from fastnn.exchange import to_c

from ...support.functions import tilted
from ...support.networks import make_data
from .test_c import AFTER_STEPS, DTYPES, TOLERANCES

LOSSES = [
    "binary_cross_entropy", ("cross_entropy", 0.5), ("huber", 0), ("mae", 3.0), ("poisson", 1e-7),
]  # fmt: skip
N_OUT = 2 + 3 + 2 + 4 + 1


def make(losses=LOSSES, dtype="float64", **options):
    heads = Heads(
        Dense(2, "sigmoid", bias_initializer="glorot_normal"),
        Dense(3, "softmax"),
        Dense(2, "tanh"),
        Dense(4, "ascending"),
        **{"rain */ mm": Dense(1, "exp")},
    )
    return Network(6, [Dense(5, "tanh"), heads], loss=losses, dtype=dtype, seed=0, **options)


def side_by_side(outputs):
    return np.hstack(outputs)


@pytest.mark.parametrize("dtype", DTYPES)
def test_predicts_as_the_network(dtype, compiler, tmp_path):
    net, (X, _) = make(dtype=dtype), make_data(20, 6, 1)
    to_c(net, tmp_path / "net.c")
    got = compiler.load(tmp_path / "net.c", dtype).predict(X, N_OUT)
    np.testing.assert_allclose(got, side_by_side(net.predict(X)), **TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("losses", [LOSSES, ["sse", "mse", ("half_sse", 0.25), "huber", "mae"]])
def test_trains_as_the_network(losses, dtype, compiler, tmp_path):
    net = make(losses, dtype)
    X, Y = make_data(30, 6, N_OUT)
    Y[:, 2:5] /= Y[:, 2:5].sum(axis=1, keepdims=True)
    to_c(net, tmp_path / "net.c", train=True)
    program = compiler.load(tmp_path / "net.c", dtype)
    tolerance = AFTER_STEPS[dtype]
    before = net.params.copy()
    for x, y in zip(X, Y, strict=True):
        expected = net.loss([x], y[np.newaxis])
        net.partial_fit(x, y, optimizer="sgd", learning_rate=0.02)
        np.testing.assert_allclose(program.train(x, y, 0.02), expected, **tolerance)
    got, expected = program.predict(X, N_OUT), side_by_side(net.predict(X))
    np.testing.assert_allclose(got, expected, **tolerance)
    assert np.abs(net.params - before).max() > 0.01


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_mean_of_a_population(dtype, compiler, tmp_path):
    X, _ = make_data(20, 6, 1)
    population = Population(make(dtype=dtype) for _ in range(3))
    for k, net in enumerate(population):
        net.params = net.params * (1 + k)
    to_c(population, tmp_path / "mean.c")
    got = compiler.load(tmp_path / "mean.c", dtype).predict(X, N_OUT)
    expected = side_by_side(population.predict(X).mean)
    np.testing.assert_allclose(got, expected, **TOLERANCES[dtype])
    title, _ = (tmp_path / "mean.c").read_text().split("\n */", 1)
    assert ' *        3 of "head_1", from output[2] on\n' in title


def test_int8(compiler, tmp_path):
    net, (X, _) = make(), make_data(100, 6, 1)
    to_c(net, tmp_path / "net.c", int8=True, calibration=X)
    got = compiler.load(tmp_path / "net.c", "float64").predict(X, N_OUT)
    expected = side_by_side(net.predict(X))
    assert np.abs(got - expected).mean() < 0.01 * np.ptp(expected)


def test_the_title_tells_where_a_head_is(tmp_path):
    to_c(make(), tmp_path / "net.c")
    for file in ("net.c", "net.h"):
        title, _ = (tmp_path / file).read_text().split("*/", 1)
        assert ' *        3 softmax: "head_1", from output[2] on\n' in title
        assert '*        1 exp: "rain *\\/ mm", from output[11] on\n' in title


def test_what_is_refused(tmp_path):
    net = make(["mse", "mse", "mse", tilted, "poisson"])
    with pytest.raises(ValueError, match=r"train must be False for the loss .*tilted"):
        to_c(net, tmp_path / "net.c", train=True)
    others = Network(6, [Heads(Dense(11), Dense(1))], seed=0)
    with pytest.raises(ValueError, match=r"networks must have the same heads for their mean, got"):
        to_c(Population([net, others]), tmp_path / "net.c")
    assert not [*tmp_path.iterdir()]
    to_c(net, tmp_path / "net.c")
