import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._training.state import state_of
from fastnn.core import layout
from fastnn.core.dispatch import look_ahead_rows, may_look_ahead_by, may_step_at_once
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
