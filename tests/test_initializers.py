"""Initializers: their distribution, their draws, and that they can be copied."""

import copy
import math
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fastnn import Dense, Network
from fastnn.initializers import NAMED, as_initializer, constant, normal, orthogonal, uniform

SHAPE = (300, 200)
VARIANCES = {
    "glorot": 2 / (300 + 200),
    "he": 2 / 300,
    "lecun": 1 / 300,
}


@pytest.mark.parametrize("name", VARIANCES)
def test_variance_of_named(name):
    std = math.sqrt(VARIANCES[name])
    for kind in ("uniform", "normal"):
        W = NAMED[f"{name}_{kind}"](np.random.default_rng(0), SHAPE)
        assert W.shape == SHAPE
        assert W.std() == pytest.approx(std, rel=0.01)
        assert abs(W.mean()) < 4 * std / math.sqrt(W.size)
        largest = abs(W).max()
        if kind == "uniform":
            assert largest == pytest.approx(std * math.sqrt(3), rel=1e-3)
            assert largest <= std * math.sqrt(3)
        else:
            assert largest > 3.5 * std


@pytest.mark.parametrize("random", [np.random.default_rng, np.random.RandomState])
def test_parameters_of_functions(random):
    W = uniform(-1, 3)(random(0), SHAPE)
    assert -1 <= W.min() < -0.99
    assert 2.99 < W.max() < 3
    assert_array_equal(W, -1 + 4 * random(0).random(SHAPE))
    assert_array_equal(normal(0.1)(random(0), SHAPE), random(0).standard_normal(SHAPE) * 0.1)
    source = random(0)
    assert_array_equal(constant(2)(source, (3,)), [2.0, 2.0, 2.0])
    assert source.random() == random(0).random()  # nothing was drawn


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (1, 6), (1, 1)])
def test_orthogonal(shape):
    drawn = np.random.default_rng(0).standard_normal(shape)
    W = orthogonal(np.random.default_rng(0), shape)
    tall, drawn = (W, drawn) if shape[0] >= shape[1] else (W.T, drawn.T)
    assert W.shape == shape
    assert_allclose(tall.T @ tall, np.eye(min(shape)), atol=1e-14)
    R = tall.T @ drawn  # W is the Q of this Q R
    assert_allclose(tall @ R, drawn, atol=1e-14)
    assert_allclose(np.tril(R, -1), 0, atol=1e-14)
    assert (np.diagonal(R) > 0).all()


def test_orthogonal_is_for_weights():
    with pytest.raises(ValueError, match=r"shape \(n_in, n_out\), got \(3,\)"):
        Network(2, [Dense(3, bias_initializer="orthogonal")])


@pytest.mark.parametrize("name", NAMED)
def test_every_name_fills_a_network(name):
    net = Network(3, [Dense(4, "tanh", initializer=name), Dense(2)], dtype="float32", seed=0)
    assert np.isfinite(net.weights[0]).all()
    assert net.weights[0].any() == (name != "zeros")


def test_name_that_is_not_known():
    with pytest.raises(ValueError, match=r"initializer must be one of .*'orthogonal'.*; got 'he'"):
        as_initializer("initializer", "he")


INITIALIZERS = [uniform(-1, 1), normal(0.5), constant(0.25), *NAMED, *NAMED.values()]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_a_network_that_holds_one_can_be_copied(initializer, copied):
    net = Network(2, [Dense(3, initializer=initializer)], seed=0)
    twin = copied(net)
    assert_array_equal(twin.params, net.params)
    assert twin.layers[0].initializer == initializer


def test_repr_can_be_typed_in():
    for initializer in (uniform(-1, 1), normal(0.5), constant(0.25)):
        assert eval(repr(initializer)) == initializer


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: uniform(2, 1), ValueError, r"finite a < b, got a = 2.0, b = 1.0"),
        (lambda: uniform(0, math.inf), ValueError, "b must be finite, got inf"),
        (lambda: uniform("low", 1), TypeError, "a must be a number, got 'low'"),
        (lambda: normal(-1), ValueError, "std must be finite and above 0, got -1"),
        (lambda: constant(math.nan), ValueError, "value must be finite, got nan"),
        (lambda: constant(None), TypeError, "value must be a number, got None"),
    ],
)
def test_what_cannot_be_built(build, error, message):
    with pytest.raises(error, match=message):
        build()
