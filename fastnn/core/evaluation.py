"""Entry points that leave the network as it is: predictions, figures, gradients, a step opened.

They work on the rows [start, stop) of `X`, so that Python has control again before long. Scratch
belongs to the call: several threads may use one network at once.
"""

import numpy as np

from ._jit import entry
from .activations import scale_by_derivative
from .bits import WORD, may_skip_zeros
from .dense import dense_error_below
from .figures import add_figures
from .layout import ACTIVATION, BELOW, N_IN, units_size
from .losses import output_delta, output_error
from .propagate import add_gradient, backward, forward, output_range


@entry
def predict_rows(params, layers, X, start, stop, outputs):
    """Overwrite outputs[start:stop] with the network's outputs for these rows of `X`."""
    first, last = output_range(layers)
    skip_zeros = may_skip_zeros(params, stop - start)
    z = np.empty(units_size(layers), params.dtype)
    a = np.zeros(units_size(layers), params.dtype)
    nonzeros = np.empty(units_size(layers) // WORD, np.uint64)
    for s in range(start, stop):
        forward(params, layers, X[s], skip_zeros, z, a, nonzeros)
        outputs[s] = a[first:last]


@entry
def evaluate_rows(params, layers, loss, metrics, X, Y, start, stop, figures):
    """Add the loss and the metrics of these rows to `figures`, shape (1 + n_metrics,), in place."""
    skip_zeros = may_skip_zeros(params, stop - start)
    z = np.empty(units_size(layers), params.dtype)
    a = np.zeros(units_size(layers), params.dtype)
    nonzeros = np.empty(units_size(layers) // WORD, np.uint64)
    for s in range(start, stop):
        forward(params, layers, X[s], skip_zeros, z, a, nonzeros)
        add_figures(loss, metrics, layers, z, a, Y[s], figures)


@entry
def add_gradient_of_rows(params, layers, loss, X, Y, start, stop, grad):
    """Add dLoss/dparams of these rows, over the number of all rows, to `grad`, in place."""
    first, last = output_range(layers)
    skip_zeros = may_skip_zeros(params, stop - start)
    z = np.empty(units_size(layers), params.dtype)
    a = np.zeros(units_size(layers), params.dtype)
    nonzeros = np.empty(units_size(layers) // WORD, np.uint64)
    delta = np.zeros(units_size(layers), params.dtype)
    scale = params.dtype.type(1) / params.dtype.type(X.shape[0])
    for s in range(start, stop):
        forward(params, layers, X[s], skip_zeros, z, a, nonzeros)
        output_delta(loss, layers[-1, ACTIVATION], z, a, first, last, Y[s], delta)
        backward(params, layers, z, a, delta)
        add_gradient(grad, layers, a, nonzeros, delta, scale)


@entry
def trace_rows(params, layers, loss, X, Y, z, a, error, delta, grad):
    """Open one step: all that `forward` and `backward` compute on their way.

    `z`, `a`, `error` (dLoss/da) and `delta` (dLoss/dz), each of shape (n_samples, n_units), are
    overwritten, but for their padding, which must be zero. The mean gradient is added to `grad`.
    The cross-entropies have no dLoss/da at the outputs that is finite: there `error` is `delta`.
    """
    first, last = output_range(layers)
    skip_zeros = may_skip_zeros(params, X.shape[0])
    nonzeros = np.empty(units_size(layers) // WORD, np.uint64)
    scale = params.dtype.type(1) / params.dtype.type(X.shape[0])
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
        add_gradient(grad, layers, a[s], nonzeros, delta[s], scale)
