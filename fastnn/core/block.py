"""A block of samples through a whole network, and the sum of their gradients.

The weights of a layer are read and written once for the whole block. `workspace`, shape
(2, ROWS + 1, n_units), holds the activations and the deltas of its samples; the row beyond them is
scratch. `words`, shape (n_units,), has a word of bits a unit.
"""

from ._jit import inner
from .bits import mark_rows
from .dense import dense_add_gradient_of_rows
from .figures import add_figures
from .layout import ACTIVATION, BELOW, N_IN
from .losses import output_delta
from .propagate import backward, forward, output_range

ROWS = 32  # at most 64, the bits of a word; the block and a layer of weights share a cache of 1 MB


@inner
def forward_backward_block(
    params, layers, loss, metrics, X, Y, samples, skip_zeros, workspace, words, figures
):
    """Overwrite the activations and deltas of the block X[samples], and add to `figures`."""
    first, last = output_range(layers)
    z = workspace[0, ROWS]
    for t in range(samples.shape[0]):
        a, delta, y = workspace[0, t], workspace[1, t], Y[samples[t]]
        forward(params, layers, X[samples[t]], skip_zeros, z, a, words)
        add_figures(loss, metrics, layers, z, a, y, figures)
        output_delta(loss, layers[-1, ACTIVATION], z, a, first, last, y, delta)
        backward(params, layers, z, a, delta)


@inner
def add_block_gradient(target, layers, workspace, n_rows, skip_zeros, words, scale):
    """Add scale times the sum of dLoss/dparams over the block to `target`, in place."""
    n_units = words.shape[0]
    a, delta = workspace[0].reshape(-1), workspace[1].reshape(-1)
    for k in range(layers.shape[0]):
        mark_rows(a, n_units, n_rows, layers[k, BELOW], layers[k, N_IN], skip_zeros, words)
        dense_add_gradient_of_rows(target, layers[k], a, words, delta, n_units, n_rows, scale)
