"""What a user's compiled code calls, with a `Handle`.

The functions may be called from code under `numba.njit`; they take the handle first, call no Python
and allocate nothing. `x` has the shape (n_in,), `y`, `error` and `outputs` (n_out,); `X` and `Y`
hold many such rows, one after the other, `Y` in the network's dtype. A wrong shape is a ValueError.
Layers' dropout is left out; their penalties and max_norm take part in `update`.
"""

import numpy as np

from .activations import pull_back
from .block_pass import ROWS, add_gradient_of_block, backward_block, forward_block, triples_of
from .dense import dense_error_below
from .derivatives import pull_back_to_inputs
from .dispatch import may_skip_zeros
from .evaluate import NO_NOISE
from .handle import DELTA, TARGET, A, Z
from .inputs import NOTHING, Samples, is_finite
from .jit import entry_in_place, inner, maker
from .layout import ACTIVATION, N_IN, N_OUT
from .losses import output_delta, sample_loss
from .optimizers import change_params
from .sample_pass import add_step, backward, forward, output_range, scale_units
from .simd.bitset import TRIPLE
from .simd.borrow import row_of
from .train_batches import N_UPDATES

_NUMBERS = np.arange(ROWS)


@entry_in_place
def predict(handle, x, outputs):
    """Overwrite `outputs` with the network's outputs for the sample `x`."""
    layers = handle.layers
    _require_length("x, required and got:", layers[0, N_IN], x.shape[0])
    _require_length("outputs, required and got:", layers[-1, N_OUT], outputs.shape[0])
    _forward(handle, x)
    a, (first, last) = row_of(handle.units, A), output_range(layers)
    for j in range(first, last):
        outputs[j - first] = a[j]


@entry_in_place
def predict_rows(handle, X, outputs):
    """Overwrite `outputs`, shape (n_samples, n_out), with the network's for the samples `X`."""
    n_samples, layers = X.shape[0], handle.layers
    _require_shape("X, required and got:", n_samples, layers[0, N_IN], X.shape)
    _require_shape("outputs, required and got:", n_samples, layers[-1, N_OUT], outputs.shape)
    skip_zeros = may_skip_zeros(handle.params, n_samples)
    a, (first, last) = row_of(handle.block, A), output_range(layers)
    for start in range(0, n_samples, ROWS):
        for t in range(_forward_block(handle, X, start, skip_zeros)):
            for j in range(first, last):
                outputs[start + t, j - first] = a[t, j]


@entry_in_place
def add_gradient(handle, x, y, weight):
    """Add weight dLoss/dparams of the sample to `handle.grad`.

    Returns
    -------
    loss : float
        Without the weight.
    """
    loss = _find_delta(handle, x, y, weight)
    _add_rank_one(handle, handle.grad)
    return loss


@entry_in_place
def add_gradient_rows(handle, X, Y, weights):
    """Add the sum of weight dLoss/dparams over the samples, of shape (n_samples,), to `grad`.

    Returns
    -------
    loss : float
        The sum over the samples, without their weights.
    """
    n_samples = X.shape[0]
    params, layers, block = handle.params, handle.layers, handle.block
    _require_shape("X, required and got:", n_samples, layers[0, N_IN], X.shape)
    _require_shape("Y, required and got:", n_samples, layers[-1, N_OUT], Y.shape)
    _require_length("weights, required and got:", n_samples, weights.shape[0])
    z, a, delta = row_of(block, Z), row_of(block, A), row_of(block, DELTA)
    skip_zeros, loss = may_skip_zeros(params, n_samples), 0.0
    first, last = output_range(layers)
    for start in range(0, n_samples, ROWS):
        n_rows = _forward_block(handle, X, start, skip_zeros)
        targets, shares = Y[start : start + ROWS], weights[start : start + ROWS]
        for t in range(n_rows):
            y = row_of(targets, t)
            loss += sample_loss(handle.loss, row_of(z, t), row_of(a, t), first, last, y)
        backward_block(
            params, layers, handle.loss, targets, shares, _NUMBERS[:n_rows], NO_NOISE, 0, 0, z, a,
            delta,
        )  # fmt: skip
        add_gradient_of_block(handle.grad, layers, n_rows, a, handle.words, delta)
    return loss


@entry_in_place
def gradient_of_inputs(handle, x, y, grad_x):
    """Overwrite `grad_x`, shape (n_in,), with dLoss/dx of the sample.

    Returns
    -------
    loss : float
    """
    _require_length("grad_x, required and got:", handle.layers[0, N_IN], grad_x.shape[0])
    loss = _find_delta(handle, x, y, 1.0)
    _leave_error(handle, grad_x)
    return loss


@entry_in_place
def add_vjp(handle, x, error, error_x):
    """Take dL/doutputs of the sample, `error`, back through the network, for any L.

    dL/dparams is added to `handle.grad`, and `error_x`, shape (n_in,), overwritten with dL/dx.
    """
    layers, units = handle.layers, handle.units
    _require_length("x, required and got:", layers[0, N_IN], x.shape[0])
    _require_length("error, required and got:", layers[-1, N_OUT], error.shape[0])
    _require_length("error_x, required and got:", layers[0, N_IN], error_x.shape[0])
    _forward(handle, x)
    z, a, delta = row_of(units, Z), row_of(units, A), row_of(units, DELTA)
    first, last = output_range(layers)
    for j in range(first, last):
        delta[j] = error[j - first]
    pull_back(layers[-1, ACTIVATION], z, a, first, last, delta)
    backward(handle.params, layers, z, a, delta)
    _add_rank_one(handle, handle.grad)
    _leave_error(handle, error_x)


@entry_in_place
def add_vjp_rows(handle, X, errors, errors_x):
    """Do what `add_vjp` does for many samples: `errors_x`, as `X`, is overwritten."""
    n_samples, params, layers, block = X.shape[0], handle.params, handle.layers, handle.block
    n_in, n_out, (first, last) = layers[0, N_IN], layers[-1, N_OUT], output_range(layers)
    _require_shape("X, required and got:", n_samples, n_in, X.shape)
    _require_shape("errors, required and got:", n_samples, n_out, errors.shape)
    _require_shape("errors_x, required and got:", n_samples, n_in, errors_x.shape)
    z, a, delta = row_of(block, Z), row_of(block, A), row_of(block, DELTA)
    skip_zeros = may_skip_zeros(params, n_samples)
    for start in range(0, n_samples, ROWS):
        n_rows = _forward_block(handle, X, start, skip_zeros)
        delta[n_rows : TRIPLE * triples_of(n_rows)] = 0
        for t in range(n_rows):
            for j in range(first, last):
                delta[t, j] = errors[start + t, j - first]
            pull_back(
                layers[-1, ACTIVATION], row_of(z, t), row_of(a, t), first, last, row_of(delta, t)
            )
        pull_back_to_inputs(params, layers, n_rows, z, a, delta)
        add_gradient_of_block(handle.grad, layers, n_rows, a, handle.words, delta)
        for t in range(n_rows):
            for i in range(n_in):
                errors_x[start + t, i] = delta[t, i]


@entry_in_place
def update(handle, learning_rate):
    """Change the parameters by the handle's optimiser and `handle.grad`, which becomes 0."""
    handle.counters[N_UPDATES] += 1
    change_params(
        handle.params, handle.layers, handle.penalties, handle.settings, learning_rate, 1.0, 1.0,
        handle.counters[N_UPDATES], handle.slots, row_of(handle.units, Z), handle.grad,
    )  # fmt: skip


@entry_in_place
def train_row(handle, x, y, learning_rate):
    """Do a step of plain gradient descent by one sample: the quickest way to train on it.

    Returns
    -------
    loss : float
        Before the step. NaN, and nothing is changed, unless the sample and its loss are finite.
    """
    loss = _find_delta(handle, x, y, -learning_rate)
    if is_finite(x) and abs(loss) < np.inf:
        _add_rank_one(handle, handle.params)
        return loss
    return np.nan


# ---- what they are made of -----------------------------------------------------------------------


@maker
def _require_length(name, n, length):
    """Raise a ValueError unless a row has `n` elements."""
    if length != n:
        raise ValueError("the length of", name, n, length)


@maker
def _require_shape(name, n_samples, n, shape):
    """Raise a ValueError unless a table has `n_samples` rows of `n` elements."""
    if shape[0] != n_samples or shape[1] != n:
        raise ValueError("the shape of", name, n_samples, n, shape[0], shape[1])


@inner
def _forward(handle, x):
    """Overwrite z, a and the set of units for the sample `x`."""
    units = handle.units
    z, a, nonzeros = row_of(units, Z), row_of(units, A), row_of(handle.sets, 0)
    forward(handle.params, handle.layers, x, False, z, a, nonzeros)


@inner
def _forward_block(handle, X, start, skip_zeros):
    """Overwrite z, a and the words of a block from X[start] on; return how many rows it has."""
    rows, block = X[start : start + ROWS], handle.block
    numbers, samples = _NUMBERS[: rows.shape[0]], Samples(rows, NOTHING, NOTHING)
    z, a = row_of(block, Z), row_of(block, A)
    forward_block(
        handle.params, handle.layers, samples, numbers, skip_zeros, NO_NOISE, 0, 0, z, a, a,
        handle.words,
    )  # fmt: skip
    return rows.shape[0]


@inner
def _find_delta(handle, x, y, weight):
    """Overwrite delta of all layers with weight dLoss/dz of the sample; return its loss."""
    layers, units, code = handle.layers, handle.units, handle.loss
    n_out, target = layers[-1, N_OUT], row_of(units, TARGET)
    _require_length("x, required and got:", layers[0, N_IN], x.shape[0])
    _require_length("y, required and got:", n_out, y.shape[0])
    for j in range(n_out):
        target[j] = y[j]  # in the dtype of the network
    _forward(handle, x)
    z, a, delta = row_of(units, Z), row_of(units, A), row_of(units, DELTA)
    first, last = output_range(layers)
    output_delta(code, layers[-1, ACTIVATION], z, a, first, last, target, delta)
    scale_units(weight, first, last, delta)
    backward(handle.params, layers, z, a, delta)
    return sample_loss(code, z, a, first, last, target)


@inner
def _add_rank_one(handle, target):
    """Add x^T delta of every layer, and delta for its biases, to `target`, laid out as `params`."""
    units, sets = handle.units, handle.sets
    z, a, delta = row_of(units, Z), row_of(units, A), row_of(units, DELTA)
    add_step(target, handle.layers, a, row_of(sets, 0), delta, row_of(sets, 1), z)


@inner
def _leave_error(handle, error_x):
    """Overwrite `error_x` with delta of layer 0 taken back to the inputs."""
    layers, delta = handle.layers, row_of(handle.units, DELTA)
    dense_error_below(handle.params, row_of(layers, 0), delta, delta)
    for i in range(layers[0, N_IN]):
        error_x[i] = delta[i]
