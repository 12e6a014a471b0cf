"""One sample through a whole network: forward, and backward with its gradient.

z, a and delta are flat arrays of all units of one sample, laid out by the layer table.
"""

from ._jit import inner
from .activations import activate, scale_by_derivative
from .dense import dense_add_gradient, dense_error_below, dense_forward
from .layout import ACTIVATION, BELOW, N_IN, N_OUT, UNITS


@inner
def output_range(layers):
    """Return the first of the output units and the one past the last."""
    start = layers[-1, UNITS]
    return start, start + layers[-1, N_OUT]


@inner
def forward(params, layers, x, z, a):
    """Overwrite `z` and `a` for the input `x`, shape (n_in,)."""
    for i in range(x.shape[0]):
        a[i] = x[i]
    for k in range(layers.shape[0]):
        dense_forward(params, layers[k], a, z)
        start = layers[k, UNITS]
        activate(layers[k, ACTIVATION], z, a, start, start + layers[k, N_OUT])


@inner
def backward(params, layers, z, a, delta, target, scale):
    """Add scale dLoss/dparams to `target`, in place.

    The output units of `delta` hold dLoss/dz; those of the layers below are overwritten. `target`
    may be `params` itself: a layer's weights are read before they are changed.
    """
    for k in range(layers.shape[0] - 1, -1, -1):
        if k > 0:
            dense_error_below(params, layers[k], delta, delta)
        dense_add_gradient(target, layers[k], a, delta, scale)
        if k > 0:
            start = layers[k, BELOW]
            stop = start + layers[k, N_IN]
            scale_by_derivative(layers[k - 1, ACTIVATION], z, a, delta, start, stop)
