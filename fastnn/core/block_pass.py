"""A block of samples through a whole network, in triples, and the sum of their gradients.

`a`, `h`, `z` and `delta` have a row for each sample, up to `ROWS` of `n_units` elements, laid out
by the layer table; `words`, flat, has n_units / WORD a triple: the units that take part. In a last
triple that is not full the activations and deltas of the missing samples are zero.

`h` is what a layer hands to the next: `a` itself, or in training with `noise` an array of its own,
the activations after dropout. `noise`, empty or of the shape (n_layers,), is the standard deviation
of the noise on the inputs, then the rate of dropout of each hidden layer. What is drawn depends on
`key` and on the number of the sample, which for row t is first_number + t (`counter_rng`).
"""

from .activations import activate, scale_by_derivative
from .counter_rng import add_noise, drop_units
from .dense_block import (
    dense_add_gradient_triples,
    dense_error_below_triples,
    dense_forward_triples,
)
from .dispatch import is_often_zero
from .inputs import enter_samples, weight_of
from .jit import inner
from .layout import ACTIVATION, BELOW, N_IN, N_OUT, UNITS
from .losses import output_delta
from .metrics import add_figures
from .sample_pass import output_range, scale_units
from .simd.bitset import TRIPLE, mark_triples
from .simd.borrow import row_of

ROWS = 33  # the block, a layer of weights and its gradient share a cache of 1 MB


@inner
def triples_of(n_rows):
    """Return how many triples hold so many rows."""
    return (n_rows + TRIPLE - 1) // TRIPLE


@inner
def forward_block(params, layers, X, samples, skip_zeros, noise, key, first_number, z, a, h, words):
    """Overwrite `z`, `a`, `h` and `words` for the inputs X[samples]."""
    n_rows, n_units, n_in = samples.shape[0], a.shape[1], layers[0, N_IN]
    n_triples, is_noisy = triples_of(n_rows), noise.shape[0] > 0
    enter_samples(X, samples, n_in, skip_zeros, n_triples, h, words)
    if is_noisy and noise[0] > 0:
        for t in range(n_rows):
            add_noise(key, first_number + t, noise[0], n_in, row_of(h, t))
        mark_triples(h, 0, n_in, False, n_triples, n_units, words)
    for k in range(layers.shape[0]):
        layer = row_of(layers, k)
        start, n_out = layer[UNITS], layer[N_OUT]
        dense_forward_triples(params, layer, h, words, n_triples, n_units, z)
        for t in range(n_rows):
            activate(layer[ACTIVATION], row_of(z, t), row_of(a, t), start, start + n_out)
        for t in range(n_rows, TRIPLE * n_triples):
            a[t, start : start + n_out] = 0
        if k + 1 < layers.shape[0]:
            rate = noise[k + 1] if is_noisy else noise.dtype.type(0)
            if is_noisy:
                for t in range(TRIPLE * n_triples):
                    number = first_number + t
                    drop_units(key, number, k, rate, start, n_out, row_of(a, t), row_of(h, t))
            skip = skip_zeros and (is_often_zero(layer) or rate > 0)
            mark_triples(h, start, n_out, skip, n_triples, n_units, words)


@inner
def backward_block(
    params, layers, loss, Y, weights, samples, noise, key, first_number, z, a, delta
):
    """Overwrite `delta` with weight dLoss/dz of all layers, for the targets Y[samples]."""
    first, last = output_range(layers)
    n_rows = samples.shape[0]
    for t in range(n_rows):
        y, row_delta = row_of(Y, samples[t]), row_of(delta, t)
        row_z, row_a = row_of(z, t), row_of(a, t)
        output_delta(loss, layers[-1, ACTIVATION], row_z, row_a, first, last, y, row_delta)
        if weights.shape[0] > 0:
            scale_units(weight_of(weights, samples[t]), first, last, row_delta)
    for t in range(n_rows, TRIPLE * triples_of(n_rows)):
        delta[t, :] = 0
    for k in range(layers.shape[0] - 1, 0, -1):
        backward_layer_block(params, layers, k, n_rows, z, a, delta)
        if noise.shape[0] > 0:
            start, n_out = layers[k, BELOW], layers[k, N_IN]
            for t in range(n_rows):
                row_delta = row_of(delta, t)
                drop_units(
                    key, first_number + t, k - 1, noise[k], start, n_out, row_delta, row_delta
                )


@inner
def backward_layer_block(params, layers, k, n_rows, z, a, delta):
    """Overwrite `delta` below layer `k`, not 0, with dLoss/dz, from that of its own units."""
    layer, code = row_of(layers, k), layers[k - 1, ACTIVATION]
    start, stop = layer[BELOW], layer[BELOW] + layer[N_IN]
    dense_error_below_triples(params, layer, delta, triples_of(n_rows), delta.shape[1], delta)
    for t in range(n_rows):
        scale_by_derivative(code, row_of(z, t), row_of(a, t), row_of(delta, t), start, stop)


@inner
def add_figures_of_block(loss, metrics, layers, Y, weights, samples, z, a, figures):
    """Add the loss and the metrics of the block, times the weights, to `figures`, in place."""
    for t in range(samples.shape[0]):
        y, weight = row_of(Y, samples[t]), weight_of(weights, samples[t])
        add_figures(loss, metrics, layers, row_of(z, t), row_of(a, t), y, weight, figures)


@inner
def add_gradient_of_block(target, layers, n_rows, h, words, delta):
    """Add the sum of dLoss/dparams over the block to `target`, in place."""
    n_triples, n_units = triples_of(n_rows), h.shape[1]
    for k in range(layers.shape[0]):
        dense_add_gradient_triples(target, row_of(layers, k), h, words, n_triples, n_units, delta)
