"""Entry points that leave the network as it is: predictions, metrics, gradients, a step opened.

They work on the rows [start, stop) of the data, so that Python has control again before long.
Scratch belongs to the call: several threads may use one network at once.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .activations import scale_by_derivative
from .block_pass import (
    add_gradient_of_block,
    add_metrics_of_block,
    backward_block,
    forward_block,
    forward_rows,
)
from .dense import dense_error_below
from .dispatch import may_skip_zeros
from .inputs import NOTHING, Data, are_finite, is_finite, shows_finite
from .jit import entry, inner
from .layout import ACTIVATION, BELOW, N_IN, Net, output_range, units_size
from .losses import output_delta, output_error
from .sample_pass import add_step, forward
from .scratch import Sample, for_each_block, new_block
from .simd.bitset import WORD
from .simd.borrow import part_of, row_of

_NO_METRICS = np.empty(0, np.int64)
_for_each_block_in_place = partial(for_each_block, in_place=True)


@entry
def predict_row(params, layer_table, x, outputs):
    """Overwrite `outputs`, shape (n_out,), with the network's outputs for the sample `x`.

    Returns
    -------
    finite : bool
        Whether `x` is finite.
    """
    n_units = units_size(layer_table)
    units = np.empty((2, n_units), params.dtype)
    z, a, bitset = units[0], units[1], np.empty(n_units // WORD, np.uint64)
    forward(params, layer_table, x, False, Sample(z, a, z, bitset))
    first, last = output_range(layer_table)
    for j in range(first, last):
        outputs[j - first] = a[j]
    return shows_finite(layer_table, z) or is_finite(x)


@entry
def predict_few(params, layer_table, X, outputs):
    """Do what `predict_row` does for each row of `X`, shape (n_samples, n_in), of few."""
    n_units = units_size(layer_table)
    units = np.empty((2, n_units), params.dtype)
    bitset = np.empty(n_units // WORD, np.uint64)
    first, last = output_range(layer_table)
    finite = True
    for s in range(X.shape[0]):
        z, a = row_of(units, 0), row_of(units, 1)  # here: `units` must be named to the end
        row = row_of(outputs, s)
        forward(params, layer_table, row_of(X, s), False, Sample(z, a, z, bitset))
        for j in range(first, last):
            row[j - first] = a[j]
        finite &= shows_finite(layer_table, z) or is_finite(row_of(X, s))
    return finite


@entry
def predict_rows(params, layer_table, X, start, stop, outputs):
    """Overwrite outputs[start:stop] with the network's outputs for these rows of `X`.

    Returns
    -------
    finite : bool
        Whether these rows are finite; at the first block that is not, nothing more is computed.
    """
    net = Net(params, layer_table, np.int64(0))
    block = new_block(net, X, stop - start, False)
    data = Data(X, NOTHING, NOTHING)
    return _predict_while_finite(net, data, start, stop, block, outputs)


@inner
def predict_block(net, data, samples, skip_zeros, block, outputs):
    """Overwrite the outputs of a block's samples, which may be of another dtype."""
    forward_block(net, data.X, samples, skip_zeros, block)
    _leave_outputs(net, samples, block, outputs)
    return True


@_for_each_block_in_place
@inner
def _predict_while_finite(net, data, samples, skip_zeros, block, outputs):
    """Do it, as long as the samples are finite."""
    forward_rows(net, data.X, samples, skip_zeros, block)
    _leave_outputs(net, samples, block, outputs)
    return are_finite(data.X, samples, net.layer_table, block.z)


@inner
def _leave_outputs(net, samples, block, outputs):
    """Overwrite the outputs of the samples with those in the block."""
    first, last = output_range(net.layer_table)
    for t in range(samples.shape[0]):
        a, row = part_of(row_of(block.a, t), first, last - first), row_of(outputs, samples[t])
        for j in range(a.shape[0]):  # from 0 on: LLVM sees that none counts from the end
            row[j] = a[j]


@entry
def evaluate_rows(net, data, start, stop, metrics, sums):
    """Add the loss and the metrics of these rows, times their weights, to `sums`, in place.

    `sums` has the shape (1 + n_metrics,).
    """
    block = new_block(net, data.X, stop - start, False)
    _evaluate_all(net, data, start, stop, block, (metrics, sums))


@_for_each_block_in_place
@inner
def _evaluate_all(net, data, samples, skip_zeros, block, target):
    """Do it for a block."""
    metrics, sums = target
    forward_rows(net, data.X, samples, skip_zeros, block)
    add_metrics_of_block(net, metrics, data, samples, block, sums)
    return True


@entry
def add_gradient_of_rows(net, data, start, stop, grad, sums):
    """Add the sum of weight dLoss/dparams over these rows to `grad`, in place.

    The sum of weight times loss is added to `sums`, shape (1,).
    """
    block = new_block(net, data.X, stop - start, True)
    _add_gradient_and_loss(net, data, start, stop, block, (grad, sums))


@for_each_block
@inner
def _add_gradient_and_loss(net, data, samples, skip_zeros, block, target):
    """Do it for a block."""
    grad, sums = target
    forward_block(net, data.X, samples, skip_zeros, block)
    add_metrics_of_block(net, _NO_METRICS, data, samples, block, sums)
    backward_block(net, data, samples, None, block)
    add_gradient_of_block(grad, net.layer_table, samples.shape[0], block, (block.h, None), 0.0)
    return True


class Trace(NamedTuple):
    """All that a step computes on its way, of many samples: each of shape (n_samples, n_units)."""

    z: NDArray[Any]
    a: NDArray[Any]
    error: NDArray[Any]
    delta: NDArray[Any]


@entry
def trace_rows(net, X, Y, trace, grad):
    """Open one step: all that `forward` and `backward` compute on their way.

    `trace` is overwritten: z, a, error (dLoss/da) and delta (dLoss/dz), but for their padding,
    which must be zero. The sum of the gradients is added to `grad`. The cross-entropies and poisson
    have no dLoss/da at the outputs that is finite: there `error` is `delta`.
    """
    params, layer_table, code = net.params, net.layer_table, net.layer_table[-1, ACTIVATION]
    first, last = output_range(layer_table)
    skip_zeros = may_skip_zeros(params, X.shape[0])
    bitset = np.empty(units_size(layer_table) // WORD, np.uint64)
    empty, nowhere = np.zeros_like(bitset), np.empty(trace.z.shape[1], params.dtype)
    for s in range(X.shape[0]):
        z, a, error, delta = trace.z[s], trace.a[s], trace.error[s], trace.delta[s]
        sample = Sample(z, a, delta, bitset)
        forward(params, layer_table, X[s], skip_zeros, sample)
        output_error(net.loss, z, a, first, last, Y[s], error)
        output_delta(net.loss, code, z, a, first, last, Y[s], delta)
        for k in range(layer_table.shape[0] - 1, 0, -1):
            start = layer_table[k, BELOW]
            stop = start + layer_table[k, N_IN]
            dense_error_below(params, layer_table[k], delta, error)
            for j in range(start, stop):
                delta[j] = error[j]
            scale_by_derivative(layer_table[k - 1, ACTIVATION], z, a, delta, start, stop)
        add_step(grad, layer_table, sample, Sample(nowhere, a, delta, empty))
