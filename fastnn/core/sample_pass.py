"""One sample through a whole network: forward, the last one's step on the way, and backward.

With `skip_zeros`, the bitset of a sample leaves out the units that may be 0.
"""

from .activations import activate, scale_by_derivative
from .dense import dense_error_below, dense_forward, dense_gradient, dense_step_forward
from .dispatch import is_often_zero
from .jit import inner
from .layout import ACTIVATION, BELOW, N_IN, N_OUT, UNITS, output_range
from .losses import output_delta
from .simd.bitset import mark_units
from .simd.borrow import row_of
from .simd.vectors import lanes_of, load, splat, store, zeros


@inner
def enter(x, skip_zeros, sample):
    """Put the inputs `x`, shape (n_in,), below layer 0."""
    for i in range(x.shape[0]):
        sample.a[i] = x[i]
    mark_units(sample.a, 0, x.shape[0], skip_zeros, sample.bitset)


@inner
def leave(layer, skip_zeros, sample):
    """Turn the layer's pre-activations into what the next one takes."""
    start, n_out = layer[UNITS], layer[N_OUT]
    activate(layer[ACTIVATION], sample.z, sample.a, start, start + n_out)
    mark_units(sample.a, start, n_out, skip_zeros and is_often_zero(layer), sample.bitset)


@inner
def forward(params, layer_table, x, skip_zeros, sample):
    """Overwrite `sample` for the inputs `x`, shape (n_in,)."""
    enter(x, skip_zeros, sample)
    forward_entered(params, layer_table, skip_zeros, sample)


@inner
def forward_entered(params, layer_table, skip_zeros, sample):
    """Do it for inputs that lie below layer 0 already."""
    for k in range(layer_table.shape[0]):
        layer = row_of(layer_table, k)
        dense_forward(params, layer, sample)
        leave(layer, skip_zeros, sample)


@inner
def step_forward(params, layer_table, first_layer, last, skip_zeros, sample):
    """Do the step of the `last` sample, and take this one forward, from a layer on."""
    for k in range(first_layer, layer_table.shape[0]):
        layer = row_of(layer_table, k)
        dense_step_forward(params, layer, last, sample)
        leave(layer, skip_zeros, sample)


@inner
def add_step(target, layer_table, sample, nothing):
    """Add a^T delta to the weights in `target` and delta to its biases, of all layers, in place.

    It is a step and a forward pass of no input: the bitset of `nothing` is empty, and the pass
    overwrites its z.
    """
    for k in range(layer_table.shape[0]):
        dense_step_forward(target, row_of(layer_table, k), sample, nothing)


@inner
def gradient(target, layer_table, sample):
    """Overwrite the weights in `target` with a^T delta and its biases with delta, of all layers."""
    for k in range(layer_table.shape[0]):
        dense_gradient(target, row_of(layer_table, k), sample)


@inner
def scale_units(factor, start, stop, units):
    """Multiply units[start:stop] by `factor`, in place; the padding beyond them is zero."""
    one = zeros(units, 1)
    factors = splat(factor, one)
    for unit in range(start, stop, lanes_of(one)):
        store(units, unit, factors * load(units, unit, one))


@inner
def find_delta(net, y, factor, sample):
    """Overwrite `delta` of all layers with factor dLoss/dz, for the target `y`, shape (n_out,)."""
    first, last = output_range(net.layer_table)
    code = net.layer_table[-1, ACTIVATION]
    output_delta(net.loss, code, sample.z, sample.a, first, last, y, sample.delta)
    scale_units(factor, first, last, sample.delta)
    backward(net.params, net.layer_table, sample)


@inner
def backward(params, layer_table, sample):
    """Overwrite `delta` with dLoss/dz of all layers, from that of the output units."""
    z, a, delta = sample.z, sample.a, sample.delta
    for k in range(layer_table.shape[0] - 1, 0, -1):
        dense_error_below(params, row_of(layer_table, k), delta, delta)
        start, stop = layer_table[k, BELOW], layer_table[k, BELOW] + layer_table[k, N_IN]
        scale_by_derivative(layer_table[k - 1, ACTIVATION], z, a, delta, start, stop)
