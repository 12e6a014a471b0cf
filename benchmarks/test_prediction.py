"""Outputs: the whole Python call, for a table and for a row at a time."""

import numpy as np

N_CALLS = 1000


def test_table(race, task):
    """5000 rows in one call: the moons come several times over."""
    X = np.resize(task.X, (5000, task.X.shape[1]))
    race("predict 5000", len(X), lambda net: net.predict(X), lambda ref: ref.predict(X))


def test_row(race, task):
    """One row a call, as where samples come one by one."""
    rows = list(task.X[:N_CALLS])

    def predict_each(net):
        for row in rows:
            net.predict(row)

    race("predict 1", N_CALLS, predict_each, predict_each)
