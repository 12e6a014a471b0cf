"""A block of samples through a whole network, in quads, and the sum of their gradients.

`a`, `z` and `delta` have a row for each sample, up to `ROWS` of `n_units` elements, laid out by the
layer table; `words`, flat, has n_units / WORD a quad: the units that take part. In a last quad that
is not full the activations and deltas of the missing samples are zero.
"""

from ._jit import inner
from .activations import activate
from .bits import mark_quads
from .figures import add_figures
from .layout import ACTIVATION, N_OUT, UNITS
from .losses import output_delta
from .propagate import backward, output_range
from .quads import QUAD, dense_add_gradient_quads, dense_forward_quads
from .rows import row_of
from .variants import is_often_zero

ROWS = 32  # the block, a layer of weights and its gradient share a cache of 1 MB


@inner
def quads_of(n_rows):
    """Return how many quads hold so many rows."""
    return (n_rows + QUAD - 1) // QUAD


@inner
def enter_block(X, samples, skip_zeros, n_quads, a, words):
    """Put the samples X[samples] below layer 0, and zeros in what is left of the quads."""
    n_rows, n_in = samples.shape[0], X.shape[1]
    for t in range(QUAD * n_quads):
        row = row_of(a, t)
        if t < n_rows:
            x = row_of(X, samples[t])
            for i in range(n_in):
                row[i] = x[i]
        else:
            row[:] = 0
    mark_quads(a, 0, n_in, skip_zeros, n_quads, a.shape[1], words)


@inner
def forward_block(params, layers, X, samples, skip_zeros, z, a, words):
    """Overwrite `z`, `a` and `words` for the inputs X[samples]."""
    n_rows, n_units = samples.shape[0], a.shape[1]
    n_quads = quads_of(n_rows)
    enter_block(X, samples, skip_zeros, n_quads, a, words)
    for k in range(layers.shape[0]):
        layer = row_of(layers, k)
        start, n_out = layer[UNITS], layer[N_OUT]
        dense_forward_quads(params, layer, a, words, n_quads, n_units, z)
        for t in range(n_rows):
            activate(layer[ACTIVATION], row_of(z, t), row_of(a, t), start, start + n_out)
        for t in range(n_rows, QUAD * n_quads):
            a[t, start : start + n_out] = 0
        if k + 1 < layers.shape[0]:
            skip = skip_zeros and is_often_zero(layer)
            mark_quads(a, start, n_out, skip, n_quads, n_units, words)


@inner
def backward_block(params, layers, loss, Y, samples, z, a, delta):
    """Overwrite `delta` with dLoss/dz of all layers, for the targets Y[samples]."""
    first, last = output_range(layers)
    n_rows = samples.shape[0]
    for t in range(n_rows):
        y, row_delta = row_of(Y, samples[t]), row_of(delta, t)
        row_z, row_a = row_of(z, t), row_of(a, t)
        output_delta(loss, layers[-1, ACTIVATION], row_z, row_a, first, last, y, row_delta)
        backward(params, layers, row_z, row_a, row_delta)
    for t in range(n_rows, QUAD * quads_of(n_rows)):
        delta[t, :] = 0


@inner
def add_figures_of_block(loss, metrics, layers, Y, samples, z, a, figures):
    """Add the loss and the metrics of the block to `figures`, in place."""
    for t in range(samples.shape[0]):
        y = row_of(Y, samples[t])
        add_figures(loss, metrics, layers, row_of(z, t), row_of(a, t), y, figures)


@inner
def add_gradient_of_block(target, layers, n_rows, a, words, delta):
    """Add the sum of dLoss/dparams over the block to `target`, in place."""
    n_quads, n_units = quads_of(n_rows), a.shape[1]
    for k in range(layers.shape[0]):
        dense_add_gradient_quads(target, row_of(layers, k), a, words, n_quads, n_units, delta)
