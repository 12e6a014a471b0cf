"""Networks through files, and whether they are the same."""

import copy
from dataclasses import fields

import numpy as np

from fastnn import Network
from fastnn._training.state import TrainingState, state_of

from .networks import make_data

X, Y = make_data(12, 3, 2)


def through_file(net, path):
    net.save(path)
    return Network.load(path)


def check_same(got, expected):
    """Assert that two networks are the same to the bit, training and all."""
    assert repr(got) == repr(expected)
    assert got.dtype == expected.dtype == got.params.dtype
    np.testing.assert_array_equal(got.params, expected.params)
    assert got.history.columns() == expected.history.columns()
    assert got.history.epoch == expected.history.epoch
    assert got.metadata == expected.metadata
    training, other = state_of(got).training, state_of(expected).training
    assert (training is None) == (other is None)
    if other is not None:
        for item in fields(TrainingState):
            value = getattr(training, item.name)
            np.testing.assert_array_equal(value, getattr(other, item.name), err_msg=item.name)
        assert training.slots.dtype == other.slots.dtype
    draws = copy.deepcopy((state_of(got).random, state_of(expected).random))
    np.testing.assert_array_equal(*(random.random(3) for random in draws))
