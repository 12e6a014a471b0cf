"""Entry points that train: per-sample and in batches, over a slice of the samples of some epochs.

Samples are numbered through the epochs of a call: position p is the sample
order[p // n_samples, p % n_samples]. A call goes from position `start` to `stop`, so that Python
has control again before long; where the cuts are does not change a bit of the result. `order` has
one row an epoch, or a single row that serves every epoch.

`figures`, shape (n_epochs, 1 + n_metrics), is accumulated into: the loss and the metrics of each
sample before its update. The padding of every workspace is zero.
"""

from ._jit import entry
from .bits import may_skip_zeros
from .block import ROWS, add_block_gradient, forward_backward_block
from .figures import add_figures
from .layout import ACTIVATION, UNITS
from .losses import output_delta
from .propagate import add_gradient, backward, output_range, step_forward


@entry
def train_samples(
    params, layers, loss, metrics, X, Y, order, start, stop, learning_rate, workspace, sets, figures
):
    """Step down the gradient of each sample in turn: `params` is updated in place.

        params -= learning_rate dLoss(sample)/dparams

    The rows of `workspace`, shape (4, n_units), are z, the activations of this sample and of the
    last, and delta; those of `sets`, shape (2, n_units / 64), the units of both that are not 0.
    """
    n_samples, n_units = X.shape[0], workspace.shape[1]
    z, a, last_a, delta = workspace[0], workspace[1], workspace[2], workspace[3]
    nonzeros, last_nonzeros = sets[0], sets[1]
    first, last = output_range(layers)
    skip_zeros = may_skip_zeros(params, stop - start)
    last_nonzeros[:] = 0  # no step is pending
    last_a[:] = 0
    delta[:] = 0
    for position in range(start, stop):
        epoch = position // n_samples
        sample = order[epoch % order.shape[0], position % n_samples]
        x, y = X[sample], Y[sample]
        step_forward(params, layers, last_a, last_nonzeros, delta, x, skip_zeros, z, a, nonzeros)
        add_figures(loss, metrics, layers, z, a, y, figures[epoch])
        output_delta(loss, layers[-1, ACTIVATION], z, a, first, last, y, delta)
        backward(params, layers, z, a, delta)
        for unit in range(layers[0, UNITS], n_units):
            delta[unit] *= -learning_rate  # from here on the step that the next pass will do
        a, last_a = last_a, a
        nonzeros, last_nonzeros = last_nonzeros, nonzeros
    add_gradient(params, layers, last_a, last_nonzeros, delta, params.dtype.type(1))


@entry
def train_batches(
    params,
    layers,
    loss,
    metrics,
    X,
    Y,
    order,
    start,
    stop,
    batch_size,
    mean,
    learning_rate,
    workspace,
    words,
    grad,
    figures,
):
    """Step down the gradient of each batch in turn: `params` is updated in place.

        params -= learning_rate sum over the batch of dLoss(sample)/dparams, divided by its
                  length if `mean`

    The last batch of an epoch may be shorter. A batch is taken in blocks of up to `ROWS` samples,
    counted from its first one; a call ends with the block that reaches `stop`. `grad`, shape
    (n_params,), is accumulated into: it is zero at the start of a batch and carries an unfinished
    one from call to call. `workspace` and `words` are those of `forward_backward_block`.

    Returns
    -------
    position : int
        Where to go on: `stop`, or the end of the block that reaches beyond it.
    """
    n_samples = X.shape[0]
    one = params.dtype.type(1)
    skip_zeros = may_skip_zeros(params, stop - start)
    position = start
    while position < stop:
        epoch, place = position // n_samples, position % n_samples
        in_batch = place % batch_size
        n_batch = min(batch_size, n_samples - (place - in_batch))
        n_rows = min(ROWS, n_batch - in_batch)
        samples = order[epoch % order.shape[0], place : place + n_rows]
        forward_backward_block(
            params, layers, loss, metrics, X, Y, samples, skip_zeros, workspace, words,
            figures[epoch],
        )  # fmt: skip
        scale = -learning_rate / params.dtype.type(n_batch) if mean else -learning_rate
        if n_rows == n_batch:  # the usual mini-batch: straight to the parameters
            add_block_gradient(params, layers, workspace, n_rows, skip_zeros, words, scale)
        else:
            add_block_gradient(grad, layers, workspace, n_rows, skip_zeros, words, one)
            if in_batch + n_rows == n_batch:
                for p in range(params.shape[0]):
                    params[p] += scale * grad[p]
                    grad[p] = 0
        position += n_rows
    return position
