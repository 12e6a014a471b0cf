"""Populations that the writers are tested with."""

import numpy as np

from fastnn import Dense, Network, Population
from fastnn.core.heads import HEADS
from fastnn.exchange._centres import note_far

X = np.random.default_rng(0).normal(size=(40, 3))


def make_population(activation, dtype, n_networks=4):
    """Return networks of one architecture that has the activation, on top if it is of a row."""
    hidden, output = (activation, "identity")
    if activation == "softmax" or activation in HEADS:
        hidden, output = "relu", activation
    return Population(
        Network(3, [Dense(5, hidden), Dense(4, output)], dtype=dtype, seed=seed)
        for seed in range(n_networks)
    )


def make_mixed():
    """Return networks with layers and dtypes of their own."""
    return Population([
        Network(3, [Dense(2)], dtype="float32", seed=0),
        Network(3, [Dense(4, "tanh"), Dense(3, "relu", bias=False), Dense(2)], seed=1),
        Network(3, [Dense(4, "tanh"), Dense(3, "relu", bias=False), Dense(2)], seed=2),
        Network(3, [Dense(2)], seed=3),
    ])  # fmt: skip


def far_network():
    """Return a network whose inputs are times."""
    net = Network(3, [Dense(1)], seed=0)
    note_far(net, ([1.7e9] * 3, [1e3] * 3), None)
    return net
