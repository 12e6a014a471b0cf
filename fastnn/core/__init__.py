"""The pure-function core: kernels over arrays that the caller owns.

Notation, the same in every file:

    k layer    i input unit    j output unit    s sample
    z = x W + b    a = f(z)    error = dLoss/da    delta = dLoss/dz

    params, grad   (n_params,)               every weight and bias, or its derivative; padding is 0
    layers         (n_layers, N_COLUMNS)     the layer table: widths, offsets, activation (layout)
    z, a, delta    (n_units,)                all units of one sample, layer after layer
    X, Y           (n_samples, n_in or n_out)   inputs and targets, never written to

`training` and `evaluation` hold the entry points that Python calls; all else is a part of them.
Kernels check nothing and raise nothing: their callers have.
"""
