import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._training.state import state_of
from fastnn.core import layout
from fastnn.core.dispatch import (
    look_ahead_rows,
    looks_for_zeros,
    may_look_ahead_by,
    may_step_at_once,
)
from fastnn.core.inputs import NOTHING, Samples
from fastnn.core.optimizers import Optimizer
from fastnn.core.simd.bitset import TILE_ROWS
from fastnn.optimizers import SGD, Adam, Momentum, Nesterov

from ..support.kernels import from_python

EIGHT = -(-8 // TILE_ROWS) * TILE_ROWS  # samples, in whole tiles: of 4 with AVX-512, else of 3


@pytest.mark.parametrize(
    ("n_in", "width", "dtype", "expected"),
    [
        (400, 25, "float64", EIGHT),
        (400, 25, "float32", EIGHT),
        (784, 512, "float32", EIGHT),
        (100, 32, "float64", 1),  # fits into the cache
        (30, 100, "float64", 1),
    ],
)
def test_wide_first_layers_look_ahead(n_in, width, dtype, expected):
    dtype = np.dtype(dtype)
    table = layout.layer_table(n_in, [width, 10], [1, 1], [1, 1], [1, 1], [1, 1], dtype)
    assert look_ahead_rows(table, dtype.itemsize) == expected


@pytest.mark.parametrize(
    ("rule", "l2", "expected"),
    [
        (SGD(), 0, True),
        (SGD(weight_decay=0.1), 0, False),
        (SGD(clip_norm=1), 0, False),
        (SGD(clip_value=1), 0, False),
        (Momentum(), 0, False),
        (SGD(), 0.1, False),
    ],
    ids=repr,
)
def test_only_mere_descent_steps_at_once(rule, l2, expected):
    optimizer = for_kernels(rule, state_of(Network(1, [Dense(1, l2=l2)])).model)
    assert from_python(may_step_at_once)(optimizer) == expected


@pytest.mark.parametrize(
    ("n_rows", "n_zeros", "activation", "expected"),
    [
        (7, 8, "relu", False),  # too few to look at the weights
        (8, 5, "tanh", False),
        (8, 6, "tanh", True),
        (64, 5, "tanh", False),
        (65, 0, "tanh", True),
        (8, 0, "relu", True),
    ],
)
def test_of_few_rows_the_first_tells_whether_zeros_are_looked_for(
    n_rows, n_zeros, activation, expected
):
    net = state_of(Network(8, [Dense(9, activation), Dense(9, "relu")])).model.net
    X = np.ones((2 + n_rows, 8))
    X[2, :n_zeros] = 0
    rows = 2, len(X), 6  # eighths
    assert from_python(looks_for_zeros)(net, Samples.dense(X), *rows) == expected


def test_zeros_are_looked_for_in_sparse_rows():
    net = state_of(Network(8, [Dense(9, "tanh")])).model.net
    X = Samples(np.ones((1, 0)), np.zeros(9, np.int64), NOTHING)
    assert from_python(looks_for_zeros)(net, X, 0, 8, 6)


def for_kernels(rule, model):
    slots, counters = rule.initial_slots(model.params.size, model.params.dtype), np.zeros(3, int)
    return Optimizer(rule.settings(), model.penalties, slots, counters)


@pytest.mark.parametrize(
    ("rule", "penalties", "rate", "expected"),
    [
        (SGD(), {"l2": 0.1}, 1, True),
        (SGD(), {"l2": 0.2}, 1, False),  # it vanishes
        (Momentum(), {}, 1, True),
        (Nesterov(weight_decay=1e-4), {"l2": 1e-4}, 0.1, True),
        (Nesterov(weight_decay=1e-4), {"l2": 1e-4}, 10, False),  # W and b swing
        (Momentum(momentum=0.85), {}, 1, False),
        (Momentum(momentum=0.999), {}, 1, False),
        (Momentum(dampening=0.1), {}, 1, False),
        (Momentum(clip_norm=1), {}, 1, False),
        (Momentum(clip_value=1), {}, 1, False),
        (SGD(), {"l1": 0.1}, 1, False),
        (SGD(), {"l2": 0.1, "max_norm": 1}, 1, False),
        (Adam(), {}, 1, False),
    ],
    ids=repr,
)
def test_linear_rules_look_ahead(rule, penalties, rate, expected):
    model = state_of(Network(1, [Dense(1, **penalties)])).model
    assert may_look_ahead_by(for_kernels(rule, model), rate) is expected
