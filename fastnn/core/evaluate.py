"""Entry points that leave the network as it is: predictions, figures, gradients, a step opened.

They work on the rows [start, stop) of `X`, so that Python has control again before long. Scratch
belongs to the call: several threads may use one network at once.
"""

import numpy as np

from .activations import scale_by_derivative
from .block_pass import (
    ROWS,
    add_figures_of_block,
    add_gradient_of_block,
    backward_block,
    forward_block,
    triples_of,
)
from .dense import dense_error_below
from .dispatch import may_skip_zeros
from .inputs import are_finite, is_finite, shows_finite
from .jit import entry
from .layout import ACTIVATION, BELOW, N_IN, units_size
from .losses import output_delta, output_error
from .sample_pass import add_step, forward, output_range
from .simd.bitset import TRIPLE, WORD

NO_NOISE = np.empty(0)


@entry
def predict_row(params, layers, x, outputs):
    """Overwrite `outputs`, shape (n_out,), with the network's outputs for the sample `x`.

    Returns
    -------
    finite : bool
        Whether `x` is finite.
    """
    n_units = units_size(layers)
    units = np.empty((2, n_units), params.dtype)
    z, a = units[0], units[1]
    nonzeros = np.empty(n_units // WORD, np.uint64)
    forward(params, layers, x, False, z, a, nonzeros)
    first, last = output_range(layers)
    for j in range(first, last):
        outputs[j - first] = a[j]
    return shows_finite(layers, z) or is_finite(x)


@entry
def predict_rows(params, layers, X, start, stop, outputs):
    """Overwrite outputs[start:stop] with the network's outputs for these rows of `X`.

    Returns
    -------
    finite : bool
        Whether these rows are finite; at the first block that is not, nothing more is computed.
    """
    n_units, n_triples = units_size(layers), triples_of(min(ROWS, stop - start))
    n_rows = TRIPLE * n_triples
    first, last = output_range(layers)
    skip_zeros = may_skip_zeros(params, stop - start)
    z, a = np.zeros((n_rows, n_units), params.dtype), np.zeros((n_rows, n_units), params.dtype)
    words = np.zeros(n_triples * n_units // WORD, np.uint64)
    for block in range(start, stop, ROWS):
        samples = np.arange(block, min(block + ROWS, stop))
        forward_block(params, layers, X, samples, skip_zeros, NO_NOISE, 0, 0, z, a, a, words)
        for t in range(samples.shape[0]):
            outputs[block + t] = a[t, first:last]
        if not are_finite(X, samples, layers, z):
            return False
    return True


@entry
def evaluate_rows(params, layers, loss, metrics, X, Y, weights, start, stop, figures):
    """Add the loss and the metrics of these rows, times their weights, to `figures`, in place.

    `weights` is empty, or has one for each sample; `figures` has the shape (1 + n_metrics,).
    """
    n_units = units_size(layers)
    skip_zeros = may_skip_zeros(params, stop - start)
    z, a = np.zeros((ROWS, n_units), params.dtype), np.zeros((ROWS, n_units), params.dtype)
    words = np.zeros(triples_of(ROWS) * n_units // WORD, np.uint64)
    for block in range(start, stop, ROWS):
        samples = np.arange(block, min(block + ROWS, stop))
        forward_block(params, layers, X, samples, skip_zeros, NO_NOISE, 0, 0, z, a, a, words)
        add_figures_of_block(loss, metrics, layers, Y, weights, samples, z, a, figures)


@entry
def add_gradient_of_rows(params, layers, loss, X, Y, weights, start, stop, grad, figures):
    """Add the sum of weight dLoss/dparams over these rows to `grad`, in place.

    The sum of weight times loss is added to `figures`, shape (1,).
    """
    n_units, no_metrics = units_size(layers), np.empty(0, np.int64)
    skip_zeros = may_skip_zeros(params, stop - start)
    z, a = np.zeros((ROWS, n_units), params.dtype), np.zeros((ROWS, n_units), params.dtype)
    delta = np.zeros((ROWS, n_units), params.dtype)
    words = np.zeros(triples_of(ROWS) * n_units // WORD, np.uint64)
    for block in range(start, stop, ROWS):
        samples = np.arange(block, min(block + ROWS, stop))
        forward_block(params, layers, X, samples, skip_zeros, NO_NOISE, 0, 0, z, a, a, words)
        add_figures_of_block(loss, no_metrics, layers, Y, weights, samples, z, a, figures)
        backward_block(params, layers, loss, Y, weights, samples, NO_NOISE, 0, 0, z, a, delta)
        add_gradient_of_block(grad, layers, samples.shape[0], a, words, delta)


@entry
def trace_rows(params, layers, loss, X, Y, z, a, error, delta, grad):
    """Open one step: all that `forward` and `backward` compute on their way.

    `z`, `a`, `error` (dLoss/da) and `delta` (dLoss/dz), each of shape (n_samples, n_units), are
    overwritten, but for their padding, which must be zero. The sum of the gradients is added to
    `grad`. The cross-entropies and poisson have no dLoss/da at the outputs that is finite: there
    `error` is `delta`.
    """
    first, last = output_range(layers)
    skip_zeros = may_skip_zeros(params, X.shape[0])
    nonzeros = np.empty(units_size(layers) // WORD, np.uint64)
    nothing, nowhere = np.zeros_like(nonzeros), np.empty(z.shape[1], params.dtype)
    for s in range(X.shape[0]):
        forward(params, layers, X[s], skip_zeros, z[s], a[s], nonzeros)
        output_error(loss, a[s], first, last, Y[s], error[s])
        output_delta(loss, layers[-1, ACTIVATION], z[s], a[s], first, last, Y[s], delta[s])
        for k in range(layers.shape[0] - 1, 0, -1):
            start = layers[k, BELOW]
            stop = start + layers[k, N_IN]
            dense_error_below(params, layers[k], delta[s], error[s])
            for j in range(start, stop):
                delta[s, j] = error[s, j]
            scale_by_derivative(layers[k - 1, ACTIVATION], z[s], a[s], delta[s], start, stop)
        add_step(grad, layers, a[s], nonzeros, delta[s], nothing, nowhere)
