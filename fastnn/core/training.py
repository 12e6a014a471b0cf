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
from .propagate import backward, enter, leave, output_range, step_forward
from .quads import dense_add_gradient_quads, dense_step_forward_quads
from .variants import may_skip_zeros


@entry
def train_samples(
    params, layers, loss, metrics, X, Y, order, start, stop, learning_rate, workspace, figures
):
    """Step down the gradient of each sample in turn: `params` is updated in place.

        params -= learning_rate dLoss(sample)/dparams

    Samples are taken in blocks of `rows_ahead`, counted from the first of an epoch; `workspace` has
    the shape (4, rows_ahead, n_units). A step is done in the next pass over the weights: for layer
    0 that of the next block, for the others that of the next sample.

    Returns
    -------
    position : int
        Where to go on.
    """
    n_samples, n_ahead, n_units = X.shape[0], workspace.shape[1], workspace.shape[2]
    n_quads, n_words = quads_of(n_ahead), n_units // WORD
    first, last = output_range(layers)
    skip_zeros = may_skip_zeros(params, stop - start)
    z, steps, a, last_a = workspace[0], workspace[1], workspace[2], workspace[3]
    words = np.zeros(n_quads * n_words, np.uint64)  # of the blocks
    last_words = np.zeros(n_quads * n_words, np.uint64)
    nonzeros = np.zeros(n_words, np.uint64)  # of the samples
    last_nonzeros = np.zeros(n_words, np.uint64)
    products = np.zeros((n_ahead, n_ahead), params.dtype)
    steps[:] = 0  # none is pending
    last_a[:] = 0
    last_row = 0
    position = start
    while position < stop:
        epoch, place = position // n_samples, position % n_samples
        n_rows = min(n_ahead, n_samples - place)
        samples = order[epoch % order.shape[0], place : place + n_rows]
        if n_ahead > 1:
            enter_block(X, samples, skip_zeros, n_quads, a, words)
            dense_step_forward_quads(
                params, layers[0], last_a.reshape(-1), last_words, steps.reshape(-1),
                a.reshape(-1), words, n_quads, n_units, z.reshape(-1),
            )  # fmt: skip
            multiply_inputs(layers[0], a, n_rows, products)
        for t in range(n_rows):
            y, x_a = Y[samples[t]], last_a[last_row] if t == 0 else a[t - 1]
            if n_ahead > 1:
                add_steps(layers[0], products, steps, t, z[t])
                leave(layers[0], z[t], skip_zeros, a[t], nonzeros)
                step_forward(
                    params, layers, 1, x_a, last_nonzeros, steps[last_row],
                    skip_zeros, z[t], a[t], nonzeros,
                )  # fmt: skip
            else:
                enter(X[samples[t]], skip_zeros, a[t], nonzeros)
                step_forward(
                    params, layers, 0, x_a, last_nonzeros, steps[last_row],
                    skip_zeros, z[t], a[t], nonzeros,
                )  # fmt: skip
            add_figures(loss, metrics, layers, z[t], a[t], y, figures[epoch])
            output_delta(loss, layers[-1, ACTIVATION], z[t], a[t], first, last, y, steps[t])
            for unit in range(first, last):
                steps[t, unit] *= -learning_rate
            backward(params, layers, z[t], a[t], steps[t])
            nonzeros, last_nonzeros = last_nonzeros, nonzeros
            last_row = t
        for t in range(n_rows, n_ahead):
            steps[t, :] = 0
        a, last_a = last_a, a
        words, last_words = last_words, words
        position += n_rows
    first_layer = 0
    if n_ahead > 1:
        first_layer = 1
        dense_add_gradient_quads(
            params, layers[0], last_a.reshape(-1), last_words, n_quads, n_units, steps.reshape(-1)
        )
    nonzeros[:] = 0
    step_forward(
        params, layers, first_layer, last_a[last_row], last_nonzeros, steps[last_row],
        skip_zeros, z[0], a[0], nonzeros,
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
    z, a, delta = workspace[0], workspace[1], workspace[2]
    words = np.zeros(quads_of(ROWS) * workspace.shape[2] // WORD, np.uint64)
    position = start
    while position < stop:
        epoch, place = position // n_samples, position % n_samples
        in_batch = place % batch_size
        n_batch = min(batch_size, n_samples - (place - in_batch))
        n_rows = min(ROWS, n_batch - in_batch)
        samples = order[epoch % order.shape[0], place : place + n_rows]
        forward_block(params, layers, X, samples, skip_zeros, z, a, words)
        add_figures_of_block(loss, metrics, layers, Y, samples, z, a, figures[epoch])
        backward_block(params, layers, loss, Y, samples, z, a, delta)
        add_gradient_of_block(grad, layers, n_rows, a, words, delta)
        if in_batch + n_rows == n_batch:
            scale = -learning_rate / params.dtype.type(n_batch) if mean else -learning_rate
            for p in range(params.shape[0]):
                params[p] += scale * grad[p]
                grad[p] = 0
        position += n_rows
    return position
