"""The entry point that trains in batches, or by any rule but plain gradient descent per sample."""

import numpy as np

from .block_pass import (
    ROWS,
    add_figures_of_block,
    add_gradient_of_block,
    backward_block,
    forward_block,
    triples_of,
)
from .dispatch import may_skip_zeros, may_step_at_once
from .inputs import weight_of
from .jit import entry, inner
from .layout import N_IN, UNITS
from .optimizers import DIVIDE_PENALTY, MEAN, change_params, penalty_of
from .sample_pass import scale_units
from .simd.bitset import WORD
from .simd.borrow import row_of

N_UPDATES, N_SEEN, KEY = range(3)  # the places of `counters`
N_COUNTERS = 3


@entry
def train_batches(
    params, layers, loss, metrics, X, Y, weights, order, start, stop, rates, batch_size, penalties,
    noise, settings, slots, counters, workspace, grad, figures,
):  # fmt: skip
    """Change `params` by the rule of `settings` for each batch in turn, in place.

    The gradient of a batch is the sum over it of weight dLoss(sample)/dparams, divided by the sum
    of its weights where `settings` say so. The last batch of an epoch may be shorter; one without
    weight changes nothing. A batch is taken in blocks of up to `ROWS` samples, counted from its
    first one. For positions, `order`, `rates` and `weights` see `train_samples`.

    `penalties` and `settings` are described in `optimizers`, `noise` in `block_pass`. `counters`,
    int64, hold the number of updates, updated in place, the number of samples seen before this
    call's position 0, and the key of what is drawn. `grad`, shape (n_params,), is accumulated into:
    it is zero at the start of a batch and carries an unfinished one from call to call. `workspace`
    has the shape (4, ROWS, n_units). `figures`, shape (n_epochs, 2 + n_metrics), is accumulated
    into: the loss and the metrics of each sample, times its weight, and last the penalty of each
    batch, times the sum of its weights, all before the update.

    Returns
    -------
    position : int
        Where to go on.
    """
    n_samples = order.shape[1]
    skip_zeros = may_skip_zeros(params, stop - start)
    steps_at_once = may_step_at_once(params, penalties, settings)
    z, a, delta = row_of(workspace, 0), row_of(workspace, 1), row_of(workspace, 2)
    h = row_of(workspace, 3) if noise.shape[0] > 0 else a
    words = np.zeros(triples_of(ROWS) * workspace.shape[2] // WORD, np.uint64)
    if X.starts.shape[0] > 0:  # sparse samples find zeros where `words` has no mark
        h[:, : layers[0, N_IN]] = 0
    key, position = counters[KEY], start
    while position < stop:
        epoch, place = position // n_samples, position % n_samples
        in_batch = place % batch_size
        n_batch = min(batch_size, n_samples - (place - in_batch))
        n_rows = min(ROWS, n_batch - in_batch)
        numbers, row = row_of(order, epoch % order.shape[0]), row_of(figures, epoch)
        samples, seen = numbers[place : place + n_rows], counters[N_SEEN] + position
        forward_block(params, layers, X, samples, skip_zeros, noise, key, seen, z, a, h, words)
        add_figures_of_block(loss, metrics, layers, Y, weights, samples, z, a, row)
        backward_block(params, layers, loss, Y, weights, samples, noise, key, seen, z, a, delta)
        if steps_at_once and n_rows == n_batch:
            step_down(
                params, layers, settings, rates[epoch], weights, samples, counters, h, words, delta
            )
        else:
            add_gradient_of_block(grad, layers, n_rows, h, words, delta)
            if in_batch + n_rows == n_batch:
                batch = numbers[place - in_batch : place + n_rows]
                finish_batch(
                    params, layers, penalties, settings, rates[epoch], weights, batch, slots,
                    counters, row_of(delta, 0), grad, row,
                )  # fmt: skip
        position += n_rows
    return position


@inner
def step_down(params, layers, settings, rate, weights, batch, counters, h, words, delta):
    """Do the update of plain descent for a batch that is one block; `delta` is scaled for it."""
    total = weight_of_batch(weights, batch)
    if total > 0:
        counters[N_UPDATES] += 1
        factor = params.dtype.type(-rate / total if settings[MEAN] else -rate)
        for t in range(batch.shape[0]):
            scale_units(factor, layers[0, UNITS], delta.shape[1], row_of(delta, t))
        add_gradient_of_block(params, layers, batch.shape[0], h, words, delta)


@inner
def weight_of_batch(weights, batch):
    """Return the sum of the weights of the samples: their number where `weights` is empty."""
    total = np.float64(batch.shape[0])
    if weights.shape[0] > 0:
        total = 0.0
        for sample in batch:
            total += weight_of(weights, sample)
    return total


@inner
def finish_batch(
    params,
    layers,
    penalties,
    settings,
    rate,
    weights,
    batch,
    slots,
    counters,
    scratch,
    grad,
    figures,
):
    """Do the update for the sum of gradients in `grad`, which becomes 0."""
    total = weight_of_batch(weights, batch)
    if total == 0:
        grad[:] = 0
        return
    counters[N_UPDATES] += 1
    scale = 1.0 / total if settings[MEAN] else 1.0
    share = scale if settings[DIVIDE_PENALTY] else 1.0
    if penalties.shape[0] > 0:
        figures[-1] += total * share * penalty_of(params, layers, penalties)
    change_params(
        params, layers, penalties, settings, rate, scale, share, counters[N_UPDATES], slots,
        scratch, grad,
    )  # fmt: skip
