"""Entry points for what belongs to each sample alone: its activations and its derivatives.

As in `evaluate`, they work on the rows [start, stop) of the data, and their scratch belongs to the
call. What they fill has a row for each sample, of which they overwrite [start, stop).
"""

import numpy as np

from .activations import pull_back
from .block_pass import backward_block, forward_block, pull_back_to_inputs
from .inputs import NOTHING, Data
from .jit import entry, inner
from .layout import ACTIVATION, N_IN, N_OUT, UNITS, Net, output_range
from .losses import output_delta
from .sample_pass import add_step
from .scratch import Sample, for_each_block, new_block, sample_of
from .simd.borrow import row_of


@entry
def activations_of_rows(params, layer_table, X, start, stop, units):
    """Overwrite the activations of all layers, of these rows.

    `units` is flat: a table of shape (n_samples, n_out) for each layer, one after the other.
    """
    net = Net(params, layer_table, np.int64(0))
    block = new_block(net, X, stop - start, False)
    data = Data(X, NOTHING, NOTHING)
    _write_activations(net, data, start, stop, block, units)


@for_each_block
@inner
def _write_activations(net, data, samples, skip_zeros, block, units):
    """Do it for a block."""
    layer_table = net.layer_table
    forward_block(net, data.X, samples, skip_zeros, block)
    n_samples, table = units.shape[0] // layer_table[:, N_OUT].sum(), 0
    for k in range(layer_table.shape[0]):
        first, n_out = layer_table[k, UNITS], layer_table[k, N_OUT]
        for t in range(samples.shape[0]):
            a, place = row_of(block.a, t), table + samples[t] * n_out
            for j in range(n_out):
                units[place + j] = a[first + j]
        table += n_samples * n_out
    return True


@entry
def gradients_of_rows(net, data, start, stop, grads):
    """Overwrite grads[start:stop], shape (n_params,) each, with dLoss/dparams of these rows."""
    block = new_block(net, data.X, stop - start, True)
    empty, nowhere = np.zeros_like(block.bitsets[0]), np.empty_like(block.z[0])
    nothing = Sample(nowhere, nowhere, nowhere, empty)
    _write_gradients(net, data, start, stop, block, (grads, nothing))


@for_each_block
@inner
def _write_gradients(net, data, samples, skip_zeros, block, target):
    """Do it for a block."""
    grads, nothing = target
    forward_block(net, data.X, samples, skip_zeros, block)
    backward_block(net, data, samples, None, block)
    for t in range(samples.shape[0]):
        grad = row_of(grads, samples[t])
        grad[:] = 0
        add_step(grad, net.layer_table, sample_of(block, t), nothing)
    return True


@entry
def input_gradients_of_rows(net, data, start, stop, grads):
    """Overwrite grads[start:stop], shape (n_in,) each, with dLoss/dx of these rows."""
    block = new_block(net, data.X, stop - start, True)
    _write_input_gradients(net, data, start, stop, block, grads)


@for_each_block
@inner
def _write_input_gradients(net, data, samples, skip_zeros, block, grads):
    """Do it for a block."""
    code, (first, last) = net.layer_table[-1, ACTIVATION], output_range(net.layer_table)
    forward_block(net, data.X, samples, skip_zeros, block)
    for t in range(samples.shape[0]):
        y, of_row = row_of(data.Y, samples[t]), sample_of(block, t)
        output_delta(net.loss, code, of_row.z, of_row.a, first, last, y, of_row.delta)
    pull_back_to_inputs(net, samples.shape[0], block)
    for t in range(samples.shape[0]):
        _copy_inputs(net.layer_table, row_of(block.delta, t), row_of(grads, samples[t]))
    return True


@entry
def jacobian_of_rows(params, layer_table, X, start, stop, jacobian):
    """Overwrite jacobian[start:stop], shape (n_out, n_in) each, with dOutputs/dx of these rows."""
    net = Net(params, layer_table, np.int64(0))
    block = new_block(net, X, stop - start, True)
    data = Data(X, NOTHING, NOTHING)
    _write_jacobian(net, data, start, stop, block, jacobian)


@for_each_block
@inner
def _write_jacobian(net, data, samples, skip_zeros, block, jacobian):
    """Do it for a block."""
    code, (first, last) = net.layer_table[-1, ACTIVATION], output_range(net.layer_table)
    forward_block(net, data.X, samples, skip_zeros, block)
    for j in range(first, last):
        for t in range(samples.shape[0]):
            z, a, delta = row_of(block.z, t), row_of(block.a, t), row_of(block.delta, t)
            delta[first:last] = 0
            delta[j] = 1
            pull_back(code, z, a, first, last, delta)
        pull_back_to_inputs(net, samples.shape[0], block)
        for t in range(samples.shape[0]):
            row = row_of(row_of(jacobian, samples[t]), j - first)
            _copy_inputs(net.layer_table, row_of(block.delta, t), row)
    return True


@inner
def _copy_inputs(layer_table, units, row):
    """Overwrite `row`, shape (n_in,), with the units below layer 0."""
    for i in range(layer_table[0, N_IN]):
        row[i] = units[i]
