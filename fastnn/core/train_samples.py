"""Entry points that train per sample, over a slice of the samples of some epochs.

Samples are numbered through the epochs of a call: position p is the sample
order[p // n_samples, p % n_samples]. A call goes from position `start` to the end of the block that
reaches `stop`, and returns where that is, so that Python has control again before long; where the
cuts are does not change a bit of the result. `order` has one row an epoch, or a single row that
serves every epoch; `rates` has a learning rate for each, `weights` one for each sample or none.

`figures`, shape (n_epochs, 1 + n_metrics), is accumulated into: the loss and the metrics of each
sample before its update, times its weight. The padding of every workspace is zero.
"""

import numpy as np

from .block_pass import triples_of
from .dense_block import dense_add_gradient_triples, dense_step_forward_triples
from .dispatch import may_skip_zeros
from .inputs import enter_sample, enter_samples, is_finite, weight_of
from .jit import entry, entry_in_place, inner
from .layout import ACTIVATION, N_IN
from .look_ahead import add_steps, multiply_inputs
from .losses import is_target, output_delta, sample_loss
from .metrics import add_figures
from .sample_pass import add_step, backward, leave, output_range, scale_units, step_forward
from .simd.bitset import mark_units
from .simd.borrow import row_of
from .train_batches import N_SEEN


@entry_in_place
def train_samples(
    params, layers, loss, metrics, X, Y, weights, order, start, stop, rates,
    workspace, sets, figures,
):  # fmt: skip
    """Step down the gradient of each sample in turn: `params` is updated in place.

        params -= rate weight dLoss(sample)/dparams

    A step is done in the next sample's pass over the weights. The rows of `workspace`, shape
    (4, n_units), are z, the step, and the activations of this sample and of the last; those of
    `sets`, shape (2, n_units / WORD), the units of both that are not 0.

    Returns
    -------
    position : int
        Where to go on: `stop`.
    """
    n_samples, n_in = order.shape[1], layers[0, N_IN]
    skip_zeros = may_skip_zeros(params, stop - start)
    z, step = row_of(workspace, 0), row_of(workspace, 1)
    a, last_a = row_of(workspace, 2), row_of(workspace, 3)
    nonzeros, last_nonzeros = row_of(sets, 0), row_of(sets, 1)
    step[:] = 0  # none is pending
    a[:] = last_a[:] = 0
    sets[:] = 0
    for position in range(start, stop):
        epoch = position // n_samples
        sample = order[epoch % order.shape[0], position % n_samples]
        enter_sample(X, sample, n_in, skip_zeros, a, nonzeros)
        step_forward(params, layers, 0, last_a, last_nonzeros, step, skip_zeros, z, a, nonzeros)
        y, weight, row = row_of(Y, sample), weight_of(weights, sample), row_of(figures, epoch)
        find_step(params, layers, loss, metrics, rates[epoch], z, a, y, weight, step, row)
        a, last_a = last_a, a
        nonzeros, last_nonzeros = last_nonzeros, nonzeros
    nonzeros[:] = 0  # the last step, and the forward pass of no input
    step_forward(params, layers, 0, last_a, last_nonzeros, step, skip_zeros, z, a, nonzeros)
    return stop


@entry_in_place
def train_row(params, layers, loss, x, y, rate, counters, workspace, sets):
    """Do what `train_samples` does for one sample, `x` of shape (n_in,) and `y` of shape (n_out,).

    Where the sample or its loss is not finite, or `y` no target of the loss, nothing is changed. In
    `counters` (`train_batches`) the sample is counted.

    Returns
    -------
    loss : float
        Before the step; not finite where nothing was changed.
    """
    z, step = row_of(workspace, 0), row_of(workspace, 1)
    a, nowhere = row_of(workspace, 2), row_of(workspace, 3)
    nonzeros, nothing = row_of(sets, 0), row_of(sets, 1)
    step[:] = 0  # none is pending
    nothing[:] = 0
    if not (is_finite(x) and is_finite(y) and is_target(loss, y)):
        return np.nan
    for i in range(x.shape[0]):
        a[i] = x[i]
    mark_units(a, 0, x.shape[0], False, nonzeros)
    step_forward(params, layers, 0, nowhere, nothing, step, False, z, a, nonzeros)
    first, last = output_range(layers)
    value = np.float64(sample_loss(loss, z, a, first, last, y))
    if abs(value) < np.inf:  # np.isfinite is value - value, which `reassoc` makes 0 of a sum
        output_delta(loss, layers[-1, ACTIVATION], z, a, first, last, y, step)
        scale_units(-rate, first, last, step)
        backward(params, layers, z, a, step)
        add_step(params, layers, a, nonzeros, step, nothing, z)
        counters[N_SEEN] += 1
    return value


@entry
def train_samples_ahead(
    params, layers, loss, metrics, X, Y, weights, order, start, stop, rates,
    workspace, sets, words, figures,
):  # fmt: skip
    """Do what `train_samples` does, with layer 0 looking ahead (`look_ahead`).

    Samples are taken in blocks of n_ahead, a multiple of three, counted from the first of an epoch.
    `workspace`, shape (4, n_ahead, n_units), holds z, the steps, and the activations of this block
    and of the last; `words`, shape (2, n_ahead / 3 * n_units / WORD), the inputs of both that are
    not 0, by triples; `sets`, shape (2, n_units / WORD), the units of this sample and of the last.

    Returns
    -------
    position : int
        Where to go on.
    """
    n_samples, n_in = order.shape[1], layers[0, N_IN]
    n_ahead, n_units = workspace.shape[1], workspace.shape[2]
    n_triples = triples_of(n_ahead)
    skip_zeros = may_skip_zeros(params, stop - start)
    z, steps = row_of(workspace, 0), row_of(workspace, 1)
    a, last_a = row_of(workspace, 2), row_of(workspace, 3)
    nonzeros, last_nonzeros = row_of(sets, 0), row_of(sets, 1)
    triples, last_triples = row_of(words, 0), row_of(words, 1)
    products = np.zeros((n_ahead, n_ahead), params.dtype)
    steps[:] = 0  # none is pending
    a[:] = last_a[:] = 0
    sets[:] = 0
    words[:] = 0
    layer_0, last_row, step = row_of(layers, 0), row_of(last_a, 0), row_of(steps, 0)
    position = start
    while position < stop:
        epoch, place = position // n_samples, position % n_samples
        n_rows = min(n_ahead, n_samples - place)
        samples = row_of(order, epoch % order.shape[0])[place : place + n_rows]
        enter_samples(X, samples, n_in, skip_zeros, n_triples, a, triples)
        dense_step_forward_triples(
            params, layer_0, last_a, last_triples, steps, a, triples, n_triples, n_units, z
        )
        multiply_inputs(layer_0, a, n_rows, products)
        for t in range(n_rows):
            row, row_z = row_of(a, t), row_of(z, t)
            add_steps(layer_0, products, steps, t, row_z)
            leave(layer_0, row_z, skip_zeros, row, nonzeros)
            step_forward(
                params, layers, 1, last_row, last_nonzeros, step, skip_zeros, row_z, row, nonzeros
            )
            y, weight = row_of(Y, samples[t]), weight_of(weights, samples[t])
            step, sums = row_of(steps, t), row_of(figures, epoch)
            find_step(
                params, layers, loss, metrics, rates[epoch], row_z, row, y, weight, step, sums
            )
            last_row = row
            nonzeros, last_nonzeros = last_nonzeros, nonzeros
        steps[n_rows:] = 0
        a, last_a = last_a, a
        triples, last_triples = last_triples, triples
        position += n_rows
    dense_add_gradient_triples(params, layer_0, last_a, last_triples, n_triples, n_units, steps)
    nonzeros[:] = 0  # the last step, and the forward pass of no input
    row, row_z = row_of(a, 0), row_of(z, 0)
    step_forward(params, layers, 1, last_row, last_nonzeros, step, skip_zeros, row_z, row, nonzeros)
    return position


@inner
def find_step(params, layers, loss, metrics, rate, z, a, y, weight, step, figures):
    """Overwrite `step` with -rate weight dLoss/dz of all layers, and add to `figures`."""
    first, last = output_range(layers)
    add_figures(loss, metrics, layers, z, a, y, weight, figures)
    output_delta(loss, layers[-1, ACTIVATION], z, a, first, last, y, step)
    scale_units(-rate * weight, first, last, step)
    backward(params, layers, z, a, step)
