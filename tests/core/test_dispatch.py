import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._training.state import state_of
from fastnn.core import layout
from fastnn.core.dispatch import look_ahead_rows, may_step_at_once
from fastnn.core.optimizers import Optimizer
from fastnn.optimizers import SGD, Momentum

from ..support.kernels import from_python


@pytest.mark.parametrize(
    ("n_in", "width", "dtype", "expected"),
    [
        (400, 25, "float64", 9),
        (400, 25, "float32", 9),
        (784, 512, "float32", 9),
        (100, 32, "float64", 1),  # fits into the cache
        (30, 100, "float64", 1),
    ],
)
def test_wide_first_layers_look_ahead(n_in, width, dtype, expected):
    dtype = np.dtype(dtype)
    table = layout.layer_table(n_in, [width, 10], [1, 1], [1, 1], [1, 1], dtype)
    assert look_ahead_rows(table, dtype.itemsize) == expected


@pytest.mark.parametrize(
    ("rule", "l2", "dtype", "expected"),
    [
        (SGD(), 0, "float64", True),
        (SGD(), 0, "float32", False),
        (SGD(weight_decay=0.1), 0, "float64", False),
        (SGD(clip_norm=1), 0, "float64", False),
        (SGD(clip_value=1), 0, "float64", False),
        (Momentum(), 0, "float64", False),
        (SGD(), 0.1, "float64", False),
    ],
    ids=repr,
)
def test_only_mere_descent_steps_at_once(rule, l2, dtype, expected):
    model = state_of(Network(1, [Dense(1, l2=l2)], dtype=dtype)).model
    slots, counters = rule.initial_slots(model.params.size, model.params.dtype), np.zeros(3, int)
    optimizer = Optimizer(rule.settings(), model.penalties, slots, counters)
    assert from_python(may_step_at_once)(model.params, optimizer) == expected
