"""Entry points for what belongs to each sample alone: its activations and its derivatives.

As in `evaluate`, they work on the rows [start, stop) of `X`, and their scratch belongs to the
call. What they fill has a row for each sample of `X`, of which they overwrite [start, stop).
"""

import numpy as np

from .activations import pull_back
from .block_pass import ROWS, backward_block, backward_layer_block, forward_block, triples_of
from .dense_block import dense_error_below_triples
from .dispatch import may_skip_zeros
from .evaluate import NO_NOISE
from .jit import entry, inner, maker
from .layout import ACTIVATION, N_IN, N_OUT, UNITS, units_size
from .losses import output_delta
from .sample_pass import add_step, output_range
from .simd.bitset import TRIPLE, WORD
from .simd.borrow import row_of


@entry
def activations_of_rows(params, layers, X, start, stop, units):
    """Overwrite what is of these rows in `units`: the activations of all layers.

    `units` is flat: a table of shape (n_samples, n_out) for each layer, one after the other.
    """
    z, a, _, sets = scratch(params, layers, stop - start)
    skip_zeros = may_skip_zeros(params, stop - start)
    n_samples = units.shape[0] // layers[:, N_OUT].sum()
    for block in range(start, stop, ROWS):
        samples = np.arange(block, min(block + ROWS, stop))
        forward_samples(params, layers, X, samples, skip_zeros, z, a, sets)
        table = 0
        for k in range(layers.shape[0]):
            first, n_out = layers[k, UNITS], layers[k, N_OUT]
            for t in range(samples.shape[0]):
                place = table + samples[t] * n_out
                units[place : place + n_out] = a[t, first : first + n_out]
            table += n_samples * n_out


@entry
def gradients_of_rows(params, layers, loss, X, Y, start, stop, grads):
    """Overwrite grads[start:stop], shape (n_params,) each, with dLoss/dparams of these rows."""
    z, a, delta, sets = scratch(params, layers, stop - start)
    skip_zeros = may_skip_zeros(params, stop - start)
    nothing, nowhere = np.zeros_like(sets[0]), np.empty_like(z[0])
    no_weights = np.empty(0, params.dtype)
    for block in range(start, stop, ROWS):
        samples = np.arange(block, min(block + ROWS, stop))
        forward_samples(params, layers, X, samples, skip_zeros, z, a, sets)
        backward_block(params, layers, loss, Y, no_weights, samples, NO_NOISE, 0, 0, z, a, delta)
        for t in range(samples.shape[0]):
            row, nonzeros = row_of(a, t), row_of(sets, t // TRIPLE)
            step, grad = row_of(delta, t), row_of(grads, samples[t])
            grad[:] = 0
            add_step(grad, layers, row, nonzeros, step, nothing, nowhere)


@entry
def input_gradients_of_rows(params, layers, loss, X, Y, start, stop, grads):
    """Overwrite grads[start:stop], shape (n_in,) each, with dLoss/dx of these rows."""
    z, a, delta, sets = scratch(params, layers, stop - start)
    skip_zeros = may_skip_zeros(params, stop - start)
    n_in, code, (first, last) = layers[0, N_IN], layers[-1, ACTIVATION], output_range(layers)
    for block in range(start, stop, ROWS):
        samples = np.arange(block, min(block + ROWS, stop))
        forward_samples(params, layers, X, samples, skip_zeros, z, a, sets)
        for t in range(samples.shape[0]):
            y, row_z, row_a = row_of(Y, samples[t]), row_of(z, t), row_of(a, t)
            output_delta(loss, code, row_z, row_a, first, last, y, row_of(delta, t))
        pull_back_to_inputs(params, layers, samples.shape[0], z, a, delta)
        for t in range(samples.shape[0]):
            grads[samples[t]] = delta[t, :n_in]


@entry
def jacobian_of_rows(params, layers, X, start, stop, jacobian):
    """Overwrite jacobian[start:stop], shape (n_out, n_in) each, with dOutputs/dx of these rows."""
    z, a, delta, sets = scratch(params, layers, stop - start)
    skip_zeros = may_skip_zeros(params, stop - start)
    n_in, code, (first, last) = layers[0, N_IN], layers[-1, ACTIVATION], output_range(layers)
    for block in range(start, stop, ROWS):
        samples = np.arange(block, min(block + ROWS, stop))
        forward_samples(params, layers, X, samples, skip_zeros, z, a, sets)
        for j in range(first, last):
            for t in range(samples.shape[0]):
                row = row_of(delta, t)
                row[first:last] = 0
                row[j] = 1
                pull_back(code, row_of(z, t), row_of(a, t), first, last, row)
            pull_back_to_inputs(params, layers, samples.shape[0], z, a, delta)
            for t in range(samples.shape[0]):
                jacobian[samples[t], j - first] = delta[t, :n_in]


@maker
def scratch(params, layers, n_rows):
    """Return z, a and delta of a block of so many rows, and a set of units for each triple."""
    n_units, n_triples = units_size(layers), triples_of(min(ROWS, n_rows))
    shape = TRIPLE * n_triples, n_units
    z, a = np.zeros(shape, params.dtype), np.zeros(shape, params.dtype)
    sets = np.zeros((n_triples, n_units // WORD), np.uint64)
    return z, a, np.zeros(shape, params.dtype), sets


@inner
def forward_samples(params, layers, X, samples, skip_zeros, z, a, sets):
    """Overwrite `z`, `a` and `sets` for the inputs X[samples]."""
    words = sets.reshape(sets.size)
    forward_block(params, layers, X, samples, skip_zeros, NO_NOISE, 0, 0, z, a, a, words)


@inner
def pull_back_to_inputs(params, layers, n_rows, z, a, delta):
    """Overwrite `delta` below the output units, which hold dL/dz: of the inputs it is dL/dx."""
    for k in range(layers.shape[0] - 1, 0, -1):
        backward_layer_block(params, layers, k, n_rows, z, a, delta)
    layer_0, n_triples = row_of(layers, 0), triples_of(n_rows)
    dense_error_below_triples(params, layer_0, delta, n_triples, delta.shape[1], delta)
