"""An epoch: one call of `fit`, its checks of the data included, from the same start each round."""

import numpy as np
import pytest
from tasks import digits


@pytest.mark.parametrize("batch_size", [1, 32, 200, None], ids=["1", "32", "200", "all"])
def test_epoch(race, task, batch_size):
    """Per sample, in batches, and all samples at once."""
    options = {"batch_size": batch_size, "learning_rate": task.learning_rate}
    race(
        f"fit, batch {batch_size or 'all'}",
        len(task.X),
        lambda net: net.fit(task.X, task.Y, shuffle=False, **options),
        lambda reference: reference.fit(task.X, task.Y, **options),
    )


@pytest.mark.parametrize("task", [digits], ids=["digits"], indirect=True)
def test_epoch_beside_a_bare_loop(race, task):
    """The reference serves any network and sums the loss: it is not the least NumPy can do."""
    race(
        "fit, batch 1 (bare loop)",
        len(task.X),
        lambda net: net.fit(task.X, task.Y, shuffle=False, learning_rate=task.learning_rate),
        lambda reference: bare_epoch(reference, task),
    )


def bare_epoch(reference, task):
    """Per-sample descent in as few lines as NumPy takes for this network and loss."""
    (W1, W2), (b1, b2), rate = reference.weights, reference.biases, task.learning_rate
    for x, y in zip(task.X, task.Y, strict=True):
        h = 1 / (1 + np.exp(-(x @ W1 + b1)))
        a = 1 / (1 + np.exp(-(h @ W2 + b2)))
        delta2 = (a - y) * a * (1 - a)
        delta1 = (W2 @ delta2) * h * (1 - h)
        W2 -= rate * np.outer(h, delta2)
        b2 -= rate * delta2
        W1 -= rate * np.outer(x, delta1)
        b1 -= rate * delta1
