"""The pure-function core: kernels over arrays that the caller owns.

Notation, the same in every file:

    k layer    i input unit    j output unit    s sample
    z = x W + b    a = f(z)    error = dLoss/da    delta = dLoss/dz

    params, grad   (n_params,)               every weight and bias, or its derivative; padding is 0
    layers         (n_layers, N_COLUMNS)     the layer table: widths, offsets, activation (layout)
    z, a, delta    (n_units,)                all units of one sample, layer after layer
    X, Y           (n_samples, n_in or n_out)   inputs and targets, never written to

`train_samples`, `train_batches`, `evaluate` and `derivatives` hold the entry points that Python
calls, `api` and `predict_population` those for a user's compiled code, which are named here; all
else is a part of them. But for those named here, kernels check nothing and raise nothing: their
callers have.
"""

from .api import add_gradient as add_gradient
from .api import add_gradient_rows as add_gradient_rows
from .api import add_vjp as add_vjp
from .api import add_vjp_rows as add_vjp_rows
from .api import gradient_of_inputs as gradient_of_inputs
from .api import predict as predict
from .api import predict_rows as predict_rows
from .api import train_row as train_row
from .api import update as update
from .handle import Handle as Handle
from .handle import handle_at as handle_at
from .predict_population import predict_population as predict_population
