"""The same training, in one process and in plain words."""

import copy

import numpy as np

from fastnn._training.state import state_of


def fit(net, chunks, *, rounds, epochs_per_round=1, rate=None, lost=(), **options):
    """Train `net` by local SGD; return the loss of each round.

    `rate` is the rate of a round; the shares in `lost`, (round, chunk), do not come back.
    """
    losses, key = [], draw_key(net)
    for number in range(rounds):
        weights, params, figures = [], [], []
        for c, (X, y, *sample_weight) in enumerate(chunks):
            if (number, c) in lost:
                continue
            replica = copy.copy(net)
            state_of(replica).random = np.random.default_rng((key, number, c))
            history = replica.fit(
                X,
                y,
                sample_weight=sample_weight[0] if sample_weight else None,
                epochs=epochs_per_round,
                learning_rate=None if rate is None else rate(number),
                **options,
            )
            weights.append(np.sum(sample_weight[0]) if sample_weight else X.shape[0])
            params.append(replica.params)
            figures.append(np.mean(history["loss"]))
        net.params = np.average(params, axis=0, weights=weights)
        losses.append(np.average(figures, weights=weights))
    return losses


def draw_key(net):
    """Return what all that is random in the replicas comes from."""
    return 1 + int(state_of(net).random.random() * 2**53)
