"""Entry points that train: per-sample and in batches, over a slice of the samples of some epochs.

Samples are numbered through the epochs of a call: position p is the sample
order[p // n_samples, p % n_samples]. A call goes from position `start` to the end of the block that
reaches `stop`, and returns where that is, so that Python has control again before long; where the
cuts are does not change a bit of the result. `order` has one row an epoch, or a single row that
serves every epoch.

`figures`, shape (n_epochs, 1 + n_metrics), is accumulated into: the loss and the metrics of each
sample before its update. The padding of every workspace is zero.
"""

import numpy as np

from ._jit import entry, inner
from .ahead import add_steps, multiply_inputs
from .bits import WORD
from .block import (
    ROWS,
    add_figures_of_block,
    add_gradient_of_block,
    backward_block,
    enter_block,
    forward_block,
    quads_of,
)
from .figures import add_figures
from .layout import ACTIVATION
from .losses import output_delta
from .propagate import backward, enter, leave, output_range, scale_units, step_forward
from .quads import dense_add_gradient_quads, dense_step_forward_quads
from .rows import row_of
from .variants import may_skip_zeros


@entry
def train_samples(
    params, layers, loss, metrics, X, Y, order, start, stop, learning_rate, workspace, sets, figures
):
    """Step down the gradient of each sample in turn: `params` is updated in place.

        params -= learning_rate dLoss(sample)/dparams

    A step is done in the next sample's pass over the weights. The rows of `workspace`, shape
    (4, n_units), are z, the step, and the activations of this sample and of the last; those of
    `sets`, shape (2, n_units / WORD), the units of both that are not 0.

    Returns
    -------
    position : int
        Where to go on: `stop`.
    """
    n_samples = X.shape[0]
    skip_zeros = may_skip_zeros(params, stop - start)
    z, step = row_of(workspace, 0), row_of(workspace, 1)
    a, last_a = row_of(workspace, 2), row_of(workspace, 3)
    nonzeros, last_nonzeros = row_of(sets, 0), row_of(sets, 1)
    step[:] = 0  # none is pending
    last_a[:] = 0
    sets[:] = 0
    for position in range(start, stop):
        epoch = position // n_samples
        sample = order[epoch % order.shape[0], position % n_samples]
        enter(row_of(X, sample), skip_zeros, a, nonzeros)
        step_forward(params, layers, 0, last_a, last_nonzeros, step, skip_zeros, z, a, nonzeros)
        y, row = row_of(Y, sample), row_of(figures, epoch)
        find_step(params, layers, loss, metrics, learning_rate, z, a, y, step, row)
        a, last_a = last_a, a
        nonzeros, last_nonzeros = last_nonzeros, nonzeros
    nonzeros[:] = 0  # the last step, and the forward pass of no input
    step_forward(params, layers, 0, last_a, last_nonzeros, step, skip_zeros, z, a, nonzeros)
    return stop


@entry
def train_samples_ahead(
    params, layers, loss, metrics, X, Y, order, start, stop, learning_rate,
    workspace, sets, words, figures,
):  # fmt: skip
    """Do what `train_samples` does, with layer 0 looking ahead (`ahead`).

    Samples are taken in blocks of n_ahead, a multiple of four, counted from the first of an epoch.
    `workspace`, shape (4, n_ahead, n_units), holds z, the steps, and the activations of this block
    and of the last; `words`, shape (2, n_ahead / 4 * n_units / WORD), the inputs of both that are
    not 0, by quads; `sets`, shape (2, n_units / WORD), the units of this sample and of the last.

    Returns
    -------
    position : int
        Where to go on.
    """
    n_samples, n_ahead, n_units = X.shape[0], workspace.shape[1], workspace.shape[2]
    n_quads = quads_of(n_ahead)
    skip_zeros = may_skip_zeros(params, stop - start)
    z, steps = row_of(workspace, 0), row_of(workspace, 1)
    a, last_a = row_of(workspace, 2), row_of(workspace, 3)
    nonzeros, last_nonzeros = row_of(sets, 0), row_of(sets, 1)
    quads, last_quads = row_of(words, 0), row_of(words, 1)
    products = np.zeros((n_ahead, n_ahead), params.dtype)
    steps[:] = 0  # none is pending
    last_a[:] = 0
    sets[:] = 0
    words[:] = 0
    layer_0, last_row, step = row_of(layers, 0), row_of(last_a, 0), row_of(steps, 0)
    position = start
    while position < stop:
        epoch, place = position // n_samples, position % n_samples
        n_rows = min(n_ahead, n_samples - place)
        samples = row_of(order, epoch % order.shape[0])[place : place + n_rows]
        enter_block(X, samples, skip_zeros, n_quads, a, quads)
        dense_step_forward_quads(
            params, layer_0, last_a, last_quads, steps, a, quads, n_quads, n_units, z
        )
        multiply_inputs(layer_0, a, n_rows, products)
        for t in range(n_rows):
            row, row_z = row_of(a, t), row_of(z, t)
            add_steps(layer_0, products, steps, t, row_z)
            leave(layer_0, row_z, skip_zeros, row, nonzeros)
            step_forward(
                params, layers, 1, last_row, last_nonzeros, step, skip_zeros, row_z, row, nonzeros
            )
            y, step, sums = row_of(Y, samples[t]), row_of(steps, t), row_of(figures, epoch)
            find_step(params, layers, loss, metrics, learning_rate, row_z, row, y, step, sums)
            last_row = row
            nonzeros, last_nonzeros = last_nonzeros, nonzeros
        steps[n_rows:] = 0
        a, last_a = last_a, a
        quads, last_quads = last_quads, quads
        position += n_rows
    dense_add_gradient_quads(params, layer_0, last_a, last_quads, n_quads, n_units, steps)
    nonzeros[:] = 0  # the last step, and the forward pass of no input
    row, row_z = row_of(a, 0), row_of(z, 0)
    step_forward(params, layers, 1, last_row, last_nonzeros, step, skip_zeros, row_z, row, nonzeros)
    return position


@inner
def find_step(params, layers, loss, metrics, learning_rate, z, a, y, step, figures):
    """Overwrite `step` with -learning_rate dLoss/dz of all layers, and add to `figures`."""
    first, last = output_range(layers)
    add_figures(loss, metrics, layers, z, a, y, figures)
    output_delta(loss, layers[-1, ACTIVATION], z, a, first, last, y, step)
    scale_units(-learning_rate, first, last, step)
    backward(params, layers, z, a, step)


@entry
def train_batches(
    params, layers, loss, metrics, X, Y, order, start, stop, batch_size, mean, learning_rate,
    workspace, grad, figures,
):  # fmt: skip
    """Step down the gradient of each batch in turn: `params` is updated in place.

        params -= learning_rate sum over the batch of dLoss(sample)/dparams, divided by its
                  length if `mean`

    The last batch of an epoch may be shorter. A batch is taken in blocks of up to `ROWS` samples,
    counted from its first one. `grad`, shape (n_params,), is accumulated into: it is zero at the
    start of a batch and carries an unfinished one from call to call. `workspace` has the shape
    (3, ROWS, n_units).

    Returns
    -------
    position : int
        Where to go on.
    """
    n_samples = X.shape[0]
    skip_zeros = may_skip_zeros(params, stop - start)
    z, a, delta = row_of(workspace, 0), row_of(workspace, 1), row_of(workspace, 2)
    words = np.zeros(quads_of(ROWS) * workspace.shape[2] // WORD, np.uint64)
    position = start
    while position < stop:
        epoch, place = position // n_samples, position % n_samples
        in_batch = place % batch_size
        n_batch = min(batch_size, n_samples - (place - in_batch))
        n_rows = min(ROWS, n_batch - in_batch)
        numbers = row_of(order, epoch % order.shape[0])
        samples = numbers[place : place + n_rows]
        forward_block(params, layers, X, samples, skip_zeros, z, a, words)
        row = row_of(figures, epoch)
        add_figures_of_block(loss, metrics, layers, Y, samples, z, a, row)
        backward_block(params, layers, loss, Y, samples, z, a, delta)
        add_gradient_of_block(grad, layers, n_rows, a, words, delta)
        if in_batch + n_rows == n_batch:
            scale = -learning_rate / params.dtype.type(n_batch) if mean else -learning_rate
            for p in range(params.shape[0]):
                params[p] += scale * grad[p]
                grad[p] = 0
        position += n_rows
    return position
