"""The entry point that trains in batches, or by any optimiser but plain descent per sample."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .averaging import follow
from .block_pass import (
    add_gradient_of_block,
    add_metrics_of_block,
    backward_block,
    forward_chosen,
)
from .counter_rng import Noise
from .dense_block import has_many
from .dispatch import may_skip_zeros, may_step_at_once
from .inputs import weight_of
from .jit import entry, inner, renamed
from .layout import N_IN, is_narrow
from .optimizers import DIVIDE_PENALTY, KEY, MEAN, N_SEEN, N_UPDATES, Update, penalty_of
from .scratch import BLOCK_ROWS, Block
from .simd.bitset import WORD, n_tiles_of
from .simd.borrow import part_of, row_of, rows_like
from .updates import change_params, flush


class Batches(NamedTuple):
    """How the gradient of a batch is made.

    Attributes
    ----------
    size : int
        The number of samples; the last batch of an epoch may be shorter.
    noise_levels : ndarray, shape (n_layers,) or (0,)
        See `counter_rng.Noise`.
    units : ndarray, shape (4, BLOCK_ROWS, n_units)
        Scratch.
    grad : ndarray, shape (n_params,)
        It is zero at the start of a batch, and carries an unfinished one from call to call.
    average : ndarray of float64, or None
        Brought up to date after each update (`averaging`).
    """

    size: int
    noise_levels: NDArray[Any]
    units: NDArray[Any]
    grad: NDArray[Any]
    average: NDArray[np.float64] | None


def train_batches(net, data, samples, metrics, batches, optimizer, sums):
    """Change the parameters by the optimiser for each batch in turn, in place.

    The gradient of a batch is the sum over it of weight dLoss(sample)/dparams, divided by the sum
    of its weights where the hyperparameters say so. A batch without weight changes nothing. It is
    taken in blocks of up to `BLOCK_ROWS` samples, counted from its first one. `samples` is a
    `train_samples.Slice`. `sums`, shape (n_epochs, 2 + n_metrics), is accumulated into: the loss
    and the metrics of each sample, times its weight, and last the penalty of each batch, times the
    sum of its weights, all before the update.

    Returns
    -------
    position : int
        Where to go on.
    """
    params, layer_table, counters = net.params, net.layer_table, optimizer.counters
    order, units, grad, levels = samples.order, batches.units, batches.grad, batches.noise_levels
    n_samples, n_units = order.shape[1], units.shape[2]
    skip_zeros = may_skip_zeros(params, samples.stop - samples.start)
    steps_at_once = may_step_at_once(optimizer)
    z, a, delta = row_of(units, 0), row_of(units, 1), row_of(units, 2)
    h = row_of(units, 3) if levels.shape[0] > 0 else a
    bitsets = np.zeros((n_tiles_of(BLOCK_ROWS), n_units // WORD), np.uint64)
    is_dense, layer, X = data.X.starts.shape[0] == 0, row_of(layer_table, 0), data.X.values
    memory = np.empty(3 * BLOCK_ROWS, np.int64)  # where rows begin: of units, of X, and the next
    starts = part_of(memory, 0, BLOCK_ROWS)
    next_starts = part_of(memory, 2 * BLOCK_ROWS, BLOCK_ROWS if is_dense else 0)
    for t in range(BLOCK_ROWS):
        memory[t] = t * n_units
    block = Block(z, a, h, delta, bitsets, None, X, next_starts, starts)
    inputs, is_copied = (h, starts), layer[N_IN] < WORD or is_narrow(layer) or not is_dense
    is_copied = is_copied or levels.shape[0] > 0 or data.weights.shape[0] > 0
    if not is_copied:
        inputs = rows_like(X, 0, X.shape[0], h), part_of(memory, BLOCK_ROWS, BLOCK_ROWS)
    if not is_dense:  # sparse samples find zeros where no bit is set
        h[:, : layer[N_IN]] = 0
    position = samples.start
    while position < samples.stop:
        epoch, place = position // n_samples, position % n_samples
        in_batch = place % batches.size
        n_batch = min(batches.size, n_samples - (place - in_batch))
        n_rows = min(BLOCK_ROWS, n_batch - in_batch)
        numbers, row = row_of(order, epoch % order.shape[0]), row_of(sums, epoch)
        chosen = numbers[place : place + n_rows]
        noise = Noise(levels, counters[KEY], counters[N_SEEN] + position)
        forward_chosen(net, data.X, chosen, skip_zeros, noise, block, inputs, is_copied)
        add_metrics_of_block(net, metrics, data, chosen, block, row)
        backward_block(net, data, chosen, noise, block)
        for t in range(min(n_rows, next_starts.shape[0])):
            following = numbers[min(place + n_rows + t, n_samples - 1)]
            memory[2 * BLOCK_ROWS + t] = following * X.shape[1]
        rate, total = rate_of(samples.rates, epoch, place // batches.size), 0.0  # of a whole batch
        if steps_at_once and n_rows == n_batch and _has_many_inputs(net, n_rows, block):
            total = weight_of_batch(data.weights, chosen)
            step_down(net, optimizer, rate, total, n_rows, block, inputs)
        else:
            add_gradient_of_block(grad, layer_table, n_rows, block, inputs, 0.0)
            if in_batch + n_rows == n_batch:
                total = weight_of_batch(data.weights, numbers[place - in_batch : place + n_rows])
                if total > 0:
                    row[-1] += finish_batch(net, optimizer, rate, total, grad, row_of(delta, 0))
                grad[:] = 0
        if total > 0:
            follow(batches.average, params)
        position += n_rows
    return position


train_batches_averaging = entry(renamed(train_batches, "train_batches_averaging"))
train_batches = entry(train_batches)


@inner
def rate_of(rates, epoch, update):
    """Return the rate of an update, numbered from the first of its epoch; see `Slice`."""
    return rates[epoch, min(update, rates.shape[1] - 1)]


@inner
def _has_many_inputs(net, n_rows, block):
    """Return True if layer 0 makes its gradient by samples, as all others do."""
    layer = row_of(net.layer_table, 0)
    return is_narrow(layer) or has_many(layer, n_tiles_of(n_rows), block.bitsets)


@inner
def step_down(net, optimizer, rate, total, n_rows, block, inputs):
    """Do the update of plain descent for a batch that is one block.

    It changes the parameters as the update by a gradient does, to the last bit.
    """
    if total > 0:
        update, _ = begin_update(net, optimizer, rate, total)
        factor = -update.rate * update.scale
        if factor == 0:
            return
        add_gradient_of_block(net.params, net.layer_table, n_rows, block, inputs, factor)


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
def finish_batch(net, optimizer, rate, total, grad, units):
    """Do the update for the sum of gradients in `grad`, whose content is lost.

    `total` is the weight of the batch; `units` serve as scratch.

    Returns
    -------
    penalty : float
        Before the update, times `total`.
    """
    update, penalty = begin_update(net, optimizer, rate, total)
    change_params(net, optimizer, update, grad, units)
    return penalty


@inner
def begin_update(net, optimizer, rate, total):
    """Return the next update, for a batch of the weight `total`, and its penalty as above."""
    optimizer.counters[N_UPDATES] += 1
    flush(optimizer)
    scale = 1.0 / total if optimizer.hyperparameters[MEAN] else 1.0
    share = scale if optimizer.hyperparameters[DIVIDE_PENALTY] else 1.0
    penalty = 0.0
    if optimizer.penalties.shape[0] > 0:
        penalty = total * share * penalty_of(net, optimizer.penalties, 0)
    return Update(rate, scale, share), penalty
