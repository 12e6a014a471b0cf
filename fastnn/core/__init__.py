"""The pure-function core: kernels over arrays that the caller owns.

Notation, the same in every file:

    k layer    i input unit    j output unit    s sample
    z = x W + b    a = f(z)    error = dLoss/da    delta = dLoss/dz

    params, grad   (n_params,)               every weight and bias, or its derivative; padding is 0
    layers         (n_layers, N_COLUMNS)     the layer table: widths, offsets, activation (layout)
    z, a, delta    (n_units,)                all units of one sample, layer after layer
    X, Y           (n_samples, n_in or n_out)   inputs and targets, never written to

`train_samples`, `train_batches`, `evaluate` and `derivatives` hold the entry points that Python
calls, `api` and `population` those for a user's compiled code, which are named here; all
else is a part of them. But for those named here, kernels check nothing and raise nothing: their
callers have.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .._later import imported_later as _imported_later

if _TYPE_CHECKING:
    from .api import (
        add_gradient,
        add_gradient_rows,
        add_vjp,
        add_vjp_rows,
        gradient_of_inputs,
        predict,
        predict_rows,
        train_row,
        update,
    )
    from .handle import Handle, handle_at
    from .population import predict_population

__all__ = [
    "Handle", "add_gradient", "add_gradient_rows", "add_vjp", "add_vjp_rows", "gradient_of_inputs",
    "handle_at", "predict", "predict_population", "predict_rows", "train_row", "update",
]  # fmt: skip

_HANDLE = {"Handle": "handle", "handle_at": "handle", "predict_population": "population"}
__getattr__, __dir__ = _imported_later(__name__, dict.fromkeys(__all__, "api") | _HANDLE)
