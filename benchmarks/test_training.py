"""An epoch: one call of `fit`, its checks of the data included, from the same start each round."""

import pytest
from tasks import digits, numpy_epoch


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
        lambda reference: numpy_epoch(
            task.X, task.Y, *reference.weights, *reference.biases, task.learning_rate
        ),
    )
