"""What a user's compiled code calls, with a `Handle`.

The functions may be called from code under `numba.njit`; they take the handle first, call no Python
and allocate nothing. `x` has the shape (n_in,), `y`, `error` and `outputs` (n_out,); `X` and `Y`
hold many such rows, one after the other, `Y` in the network's dtype. A wrong shape is a ValueError;
called from Python they say in a line what else does not fit.
Layers' dropout is left out; their penalties and max_norm take part in `update`.
"""

import numpy as np

from .activations import pull_back
from .block_pass import (
    add_gradient_of_block,
    backward_block,
    forward_block,
    pull_back_to_inputs,
)
from .border import (
    ERROR_ROWS,
    INPUT,
    INPUT_ERROR_ROWS,
    INPUT_ROWS,
    NUMBER,
    TARGET,
    TARGET_ROWS,
    WEIGHTS,
    checked,
    written,
)
from .evaluate import predict_block
from .handle import block_of, net_of, optimizer_of, samples_of
from .inputs import NOTHING, Data, Samples, is_finite
from .jit import entry_in_place, inner, maker
from .layout import ACTIVATION, N_IN, N_OUT, output_range
from .losses import sample_loss
from .optimizers import N_UPDATES, Update
from .sample_pass import add_step, backward, backward_to_inputs, find_delta, forward
from .scratch import for_each_block
from .simd.bitset import TILE_ROWS, n_tiles_of
from .simd.borrow import row_of
from .updates import change_params


@checked(x=INPUT, outputs=written(TARGET))
@entry_in_place
def predict(handle, x, outputs):
    """Overwrite `outputs` with the network's outputs for the sample `x`."""
    layer_table = handle.layer_table
    require_length("x, required and got:", layer_table[0, N_IN], x.shape[0])
    require_length("outputs, required and got:", layer_table[-1, N_OUT], outputs.shape[0])
    sample, _, _ = samples_of(handle)
    forward(handle.params, layer_table, x, False, sample)
    first, last = output_range(layer_table)
    for j in range(first, last):
        outputs[j - first] = sample.a[j]


@checked(X=INPUT_ROWS, outputs=written(TARGET_ROWS))
@entry_in_place
def predict_rows(handle, X, outputs):
    """Overwrite `outputs`, shape (n_samples, n_out), with the network's for the samples `X`."""
    n_samples, layer_table = X.shape[0], handle.layer_table
    require_shape("X, required and got:", n_samples, layer_table[0, N_IN], X.shape)
    require_shape("outputs, required and got:", n_samples, layer_table[-1, N_OUT], outputs.shape)
    data = _data(X, NOTHING, NOTHING)
    _predict_all(net_of(handle), data, 0, n_samples, block_of(handle), outputs)


@checked(x=INPUT, y=TARGET, weight=NUMBER)
@entry_in_place
def add_gradient(handle, x, y, weight):
    """Add weight dLoss/dparams of the sample to `handle.grad`.

    Returns
    -------
    loss : float
        Without the weight.
    """
    loss = _find_delta(handle, x, y, 1.0 * weight)
    _add_step(handle, handle.grad)
    return loss


@checked(X=INPUT_ROWS, Y=TARGET_ROWS, weights=WEIGHTS)
@entry_in_place
def add_gradient_rows(handle, X, Y, weights):
    """Add the sum of weight dLoss/dparams over the samples, of shape (n_samples,), to `grad`.

    Returns
    -------
    loss : float
        The sum over the samples, without their weights.
    """
    n_samples, layer_table = X.shape[0], handle.layer_table
    require_shape("X, required and got:", n_samples, layer_table[0, N_IN], X.shape)
    require_shape("Y, required and got:", n_samples, layer_table[-1, N_OUT], Y.shape)
    require_length("weights, required and got:", n_samples, weights.shape[0])
    data, target = _data(X, Y, weights), (handle.grad, handle.sums)
    handle.sums[0] = 0
    _add_gradient(net_of(handle), data, 0, n_samples, block_of(handle), target)
    return handle.sums[0]


@checked(x=INPUT, y=TARGET, grad_x=written(INPUT))
@entry_in_place
def gradient_of_inputs(handle, x, y, grad_x):
    """Overwrite `grad_x`, shape (n_in,), with dLoss/dx of the sample.

    Returns
    -------
    loss : float
    """
    require_length("grad_x, required and got:", handle.layer_table[0, N_IN], grad_x.shape[0])
    loss = _find_delta(handle, x, y, 1.0)
    _leave_error(handle, grad_x)
    return loss


@checked(x=INPUT, error=TARGET, error_x=written(INPUT))
@entry_in_place
def add_vjp(handle, x, error, error_x):
    """Take dL/doutputs of the sample, `error`, back through the network, for any L.

    dL/dparams is added to `handle.grad`, and `error_x`, shape (n_in,), overwritten with dL/dx.
    """
    layer_table, (sample, _, _) = handle.layer_table, samples_of(handle)
    require_length("x, required and got:", layer_table[0, N_IN], x.shape[0])
    require_length("error, required and got:", layer_table[-1, N_OUT], error.shape[0])
    require_length("error_x, required and got:", layer_table[0, N_IN], error_x.shape[0])
    forward(handle.params, layer_table, x, False, sample)
    first, last = output_range(layer_table)
    for j in range(first, last):
        sample.delta[j] = error[j - first]
    pull_back(layer_table[-1, ACTIVATION], sample.z, sample.a, first, last, sample.delta)
    backward(handle.params, layer_table, sample)
    _add_step(handle, handle.grad)
    _leave_error(handle, error_x)


@checked(X=INPUT_ROWS, errors=ERROR_ROWS, errors_x=written(INPUT_ERROR_ROWS))
@entry_in_place
def add_vjp_rows(handle, X, errors, errors_x):
    """Do what `add_vjp` does for many samples: `errors_x`, as `X`, is overwritten."""
    n_samples, layer_table = X.shape[0], handle.layer_table
    n_in, n_out = layer_table[0, N_IN], layer_table[-1, N_OUT]
    require_shape("X, required and got:", n_samples, n_in, X.shape)
    require_shape("errors, required and got:", n_samples, n_out, errors.shape)
    require_shape("errors_x, required and got:", n_samples, n_in, errors_x.shape)
    data, target = _data(X, NOTHING, NOTHING), (handle.grad, errors, errors_x)
    _add_vjp(net_of(handle), data, 0, n_samples, block_of(handle), target)


@checked(learning_rate=NUMBER)
@entry_in_place
def update(handle, learning_rate):
    """Change the parameters by the handle's optimiser and `handle.grad`, which becomes 0."""
    optimizer, (sample, _, _) = optimizer_of(handle), samples_of(handle)
    optimizer.counters[N_UPDATES] += 1
    rate = 1.0 * learning_rate  # a float, for which alone what follows is compiled
    change_params(net_of(handle), optimizer, Update(rate, 1.0, 1.0), handle.grad, sample.z)
    handle.grad[:] = 0


@checked(x=INPUT, y=TARGET, learning_rate=NUMBER)
@entry_in_place
def train_row(handle, x, y, learning_rate):
    """Do a step of plain gradient descent by one sample: the quickest way to train on it.

    So it is whatever optimiser the handle has: `add_gradient` and `update` go by that one.

    Returns
    -------
    loss : float
        Before the step. NaN, and nothing is changed, unless the sample and its loss are finite.
    """
    loss = _find_delta(handle, x, y, -1.0 * learning_rate)
    if is_finite(x) and abs(loss) < np.inf:
        _add_step(handle, handle.params)
        return loss
    return np.nan


# ---- what they are made of -----------------------------------------------------------------------

_predict_all = for_each_block(predict_block)


@maker
def require_length(name, n, length):
    """Raise a ValueError unless a row has `n` elements."""
    if length != n:
        raise ValueError("the length of", name, n, length)


@maker
def require_shape(name, n_samples, n, shape):
    """Raise a ValueError unless a table has `n_samples` rows of `n` elements."""
    if shape[0] != n_samples or shape[1] != n:
        raise ValueError("the shape of", name, n_samples, n, shape[0], shape[1])


@inner
def _data(X, Y, weights):
    """Return a user's arrays as kernels take data."""
    return Data(Samples(X, NOTHING, NOTHING), Y, weights)


@inner
def _find_delta(handle, x, y, weight):
    """Overwrite delta with weight dLoss/dz of the sample (`find_delta`); return its loss."""
    layer_table, (sample, _, target) = handle.layer_table, samples_of(handle)
    n_out = layer_table[-1, N_OUT]
    require_length("x, required and got:", layer_table[0, N_IN], x.shape[0])
    require_length("y, required and got:", n_out, y.shape[0])
    for j in range(n_out):
        target[j] = y[j]  # in the dtype of the network
    forward(handle.params, layer_table, x, False, sample)
    first, last = output_range(layer_table)
    loss = sample_loss(handle.loss, sample.z, sample.a, first, last, target)
    find_delta(net_of(handle), target, weight, sample)
    return loss


@for_each_block
@inner
def _add_gradient(net, data, samples, skip_zeros, block, target):
    """Add the gradient of a block's samples, and their losses without the weights."""
    grad, sums = target
    first, last = output_range(net.layer_table)
    forward_block(net, data.X, samples, skip_zeros, block)
    for t in range(samples.shape[0]):
        z, a, y = row_of(block.z, t), row_of(block.a, t), row_of(data.Y, samples[t])
        sums[0] += sample_loss(net.loss, z, a, first, last, y)
    backward_block(net, data, samples, None, block)
    add_gradient_of_block(grad, net.layer_table, samples.shape[0], block, (block.h, None), 0.0)
    return True


@for_each_block
@inner
def _add_vjp(net, data, samples, skip_zeros, block, target):
    """Take the errors of a block's outputs back through the network."""
    grad, errors, errors_x = target
    layer_table, z, a, delta = net.layer_table, block.z, block.a, block.delta
    first, last = output_range(layer_table)
    n_rows = samples.shape[0]
    forward_block(net, data.X, samples, skip_zeros, block)
    delta[n_rows : TILE_ROWS * n_tiles_of(n_rows)] = 0
    for t in range(n_rows):
        row = row_of(delta, t)
        for j in range(first, last):
            row[j] = errors[samples[t], j - first]
        pull_back(layer_table[-1, ACTIVATION], row_of(z, t), row_of(a, t), first, last, row)
    pull_back_to_inputs(net, n_rows, block)
    add_gradient_of_block(grad, layer_table, n_rows, block, (block.h, None), 0.0)
    for t in range(n_rows):
        for i in range(layer_table[0, N_IN]):
            errors_x[samples[t], i] = delta[t, i]
    return True


@inner
def _add_step(handle, target):
    """Add x^T delta of every layer, and delta for its biases, to `target`, laid out as `params`."""
    sample, nothing, _ = samples_of(handle)
    add_step(target, handle.layer_table, sample, nothing)


@inner
def _leave_error(handle, error_x):
    """Overwrite `error_x` with delta of layer 0 taken back to the inputs."""
    layer_table, (sample, _, _) = handle.layer_table, samples_of(handle)
    backward_to_inputs(handle.params, layer_table, sample)
    for i in range(layer_table[0, N_IN]):
        error_x[i] = sample.delta[i]
