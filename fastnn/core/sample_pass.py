"""One sample through a whole network: forward, the last one's step on the way, and backward.

z, a, delta and step are flat arrays of all units of one sample, laid out by the layer table;
`nonzeros` has a bit for each, set where the activation takes part: with `skip_zeros`, where it may
not be 0.
"""

from .activations import activate, scale_by_derivative
from .dense import dense_error_below, dense_forward, dense_step_forward
from .dispatch import is_often_zero
from .jit import inner
from .layout import ACTIVATION, BELOW, N_IN, N_OUT, UNITS
from .simd.bitset import mark_units
from .simd.borrow import row_of
from .simd.vectors import lanes_of, load, splat, store, zeros


@inner
def output_range(layers):
    """Return the first of the output units and the one past the last."""
    start = layers[-1, UNITS]
    return start, start + layers[-1, N_OUT]


@inner
def enter(x, skip_zeros, a, nonzeros):
    """Put the sample `x`, shape (n_in,), below layer 0."""
    for i in range(x.shape[0]):
        a[i] = x[i]
    mark_units(a, 0, x.shape[0], skip_zeros, nonzeros)


@inner
def leave(layer, z, skip_zeros, a, nonzeros):
    """Turn the layer's pre-activations into what the next one takes."""
    start, n_out = layer[UNITS], layer[N_OUT]
    activate(layer[ACTIVATION], z, a, start, start + n_out)
    mark_units(a, start, n_out, skip_zeros and is_often_zero(layer), nonzeros)


@inner
def forward(params, layers, x, skip_zeros, z, a, nonzeros):
    """Overwrite `z`, `a` and `nonzeros` for the input `x`, shape (n_in,)."""
    enter(x, skip_zeros, a, nonzeros)
    for k in range(layers.shape[0]):
        layer = row_of(layers, k)
        dense_forward(params, layer, a, nonzeros, z)
        leave(layer, z, skip_zeros, a, nonzeros)


@inner
def step_forward(
    params, layers, first_layer, last_a, last_nonzeros, step, skip_zeros, z, a, nonzeros
):
    """Do the last sample's step, and overwrite `z`, `a` and `nonzeros`, from a layer on."""
    for k in range(first_layer, layers.shape[0]):
        layer = row_of(layers, k)
        dense_step_forward(params, layer, last_a, last_nonzeros, step, a, nonzeros, z)
        leave(layer, z, skip_zeros, a, nonzeros)


@inner
def add_step(target, layers, a, nonzeros, step, nothing, nowhere):
    """Add a^T step to the weights in `target` and step to its biases, of all layers, in place.

    It is a step and a forward pass of no input: `nothing` is an empty set, and z goes `nowhere`.
    """
    for k in range(layers.shape[0]):
        layer = row_of(layers, k)
        dense_step_forward(target, layer, a, nonzeros, step, a, nothing, nowhere)


@inner
def scale_units(factor, start, stop, units):
    """Multiply units[start:stop] by `factor`, in place; the padding beyond them is zero."""
    one = zeros(units, 1)
    factors = splat(factor, one)
    for unit in range(start, stop, lanes_of(one)):
        store(units, unit, factors * load(units, unit, one))


@inner
def backward(params, layers, z, a, delta):
    """Overwrite `delta` with dLoss/dz of all layers, from that of the output units."""
    for k in range(layers.shape[0] - 1, 0, -1):
        dense_error_below(params, row_of(layers, k), delta, delta)
        start = layers[k, BELOW]
        scale_by_derivative(layers[k - 1, ACTIVATION], z, a, delta, start, start + layers[k, N_IN])
