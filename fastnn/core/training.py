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

from ._jit import entry
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
    params, layers, loss, metrics, X, Y, order, start, stop, learning_rate,
    workspace, sets, words, figures,
):  # fmt: skip
    """Step down the gradient of each sample in turn: `params` is updated in place.

        params -= learning_rate dLoss(sample)/dparams

    Samples are taken in blocks of `rows_ahead`, counted from the first of an epoch. A step is done
    in the next pass over the weights: for layer 0 that of the next block, where it looks ahead, for
    the others that of the next sample. `workspace`, shape (4, rows_ahead, n_units), holds z, steps,
    and the activations of this block and of the last; `sets` and `words`, the units of this sample
    and the last, and those of the blocks' quads, that are not 0: (2, n_quads * n_units / WORD).

    Returns
    -------
    position : int
        Where to go on.
    """
    n_samples, n_ahead, n_units = X.shape[0], workspace.shape[1], workspace.shape[2]
    n_quads = quads_of(n_ahead)
    first, last = output_range(layers)
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
    first_layer = 1 if n_ahead > 1 else 0  # whose step and pass are taken sample by sample
    layer_0 = row_of(layers, 0)
    row, last_row = row_of(a, 0), row_of(last_a, 0)
    step = row_of(steps, 0)
    position = start
    while position < stop:
        epoch, place = position // n_samples, position % n_samples
        n_rows = min(n_ahead, n_samples - place)
        numbers = row_of(order, epoch % order.shape[0])
        samples = numbers[place : place + n_rows]
        if n_ahead > 1:
            enter_block(X, samples, skip_zeros, n_quads, a, quads)
            dense_step_forward_quads(
                params, layer_0, last_a, last_quads, steps, a, quads, n_quads, n_units, z
            )
            multiply_inputs(layer_0, a, n_rows, products)
        for t in range(n_rows):
            row, row_z, y = row_of(a, t), row_of(z, t), row_of(Y, samples[t])
            if n_ahead > 1:
                add_steps(layer_0, products, steps, t, row_z)
                leave(layer_0, row_z, skip_zeros, row, nonzeros)
            else:
                enter(row_of(X, samples[t]), skip_zeros, row, nonzeros)
            step_forward(
                params, layers, first_layer, last_row, last_nonzeros, step,
                skip_zeros, row_z, row, nonzeros,
            )  # fmt: skip
            step = row_of(steps, t)
            add_figures(loss, metrics, layers, row_z, row, y, row_of(figures, epoch))
            output_delta(loss, layers[-1, ACTIVATION], row_z, row, first, last, y, step)
            scale_units(-learning_rate, first, last, step)
            backward(params, layers, row_z, row, step)
            last_row = row
            nonzeros, last_nonzeros = last_nonzeros, nonzeros
        steps[n_rows:] = 0
        a, last_a = last_a, a
        quads, last_quads = last_quads, quads
        position += n_rows
    if n_ahead > 1:
        dense_add_gradient_quads(params, layer_0, last_a, last_quads, n_quads, n_units, steps)
    nonzeros[:] = 0  # the last step, and the forward pass of no input
    step_forward(
        params, layers, first_layer, last_row, last_nonzeros, step,
        skip_zeros, row_of(z, 0), row_of(a, 0), nonzeros,
    )  # fmt: skip
    return position


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
