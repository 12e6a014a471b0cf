"""Entry points that train: per-sample and in batches, over a slice of the samples of some epochs.

Samples are numbered through the epochs of a call: position p is the sample
order[p // n_samples, p % n_samples]. A call goes from position `start` to `stop`, so that Python
has control again before long; where the cuts are does not change a bit of the result. `order` has
one row an epoch, or a single row that serves every epoch.

Arrays of one sample's units (z, a, delta) are the rows of `workspace`, shape (3, n_units), whose
padding is zero. `figures`, shape (n_epochs, 1 + n_metrics), is accumulated into: the loss and the
metrics of each sample before its update.
"""

from ._jit import entry
from .bits import all_finite
from .figures import add_figures
from .layout import ACTIVATION, UNITS
from .losses import output_delta
from .propagate import add_gradient, backward, forward, output_range, step_forward


@entry
def train_samples(
    params, layers, loss, metrics, X, Y, order, start, stop, learning_rate, workspace, sets, figures
):
    """Step down the gradient of each sample in turn: `params` is updated in place.

    params -= learning_rate dLoss(sample)/dparams
    """
    n_samples, n_units = X.shape[0], workspace.shape[1]
    z, a, last_a, delta = workspace[0], workspace[1], workspace[2], workspace[3]
    nonzeros, last_nonzeros = sets[0], sets[1]
    first, last = output_range(layers)
    skip_zeros = all_finite(params)
    last_nonzeros[:] = 0  # no step is pending
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
    sets,
    grad,
    figures,
):
    """Step down the gradient of each batch in turn: `params` is updated in place.

        params -= learning_rate sum over the batch of dLoss(sample)/dparams, divided by its
                  length if `mean`

    The last batch of an epoch may be shorter. `grad`, shape (n_params,), is accumulated into: it
    is zero at the start of a batch and carries an unfinished one from call to call.
    """
    n_samples = X.shape[0]
    z, a, delta, nonzeros = workspace[0], workspace[1], workspace[3], sets[0]
    first, last = output_range(layers)
    skip_zeros = all_finite(params)
    one = params.dtype.type(1)
    for position in range(start, stop):
        epoch, place = position // n_samples, position % n_samples
        sample = order[epoch % order.shape[0], place]
        x, y = X[sample], Y[sample]
        forward(params, layers, x, skip_zeros, z, a, nonzeros)
        add_figures(loss, metrics, layers, z, a, y, figures[epoch])
        output_delta(loss, layers[-1, ACTIVATION], z, a, first, last, y, delta)
        backward(params, layers, z, a, delta)
        add_gradient(grad, layers, a, nonzeros, delta, one)
        in_batch = place % batch_size + 1
        if in_batch == batch_size or place + 1 == n_samples:
            scale = learning_rate / params.dtype.type(in_batch) if mean else learning_rate
            for p in range(params.shape[0]):
                params[p] -= scale * grad[p]
                grad[p] = 0
