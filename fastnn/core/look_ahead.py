"""Look-ahead: layer 0 of some samples in one pass, though each is to see the steps before it.

The inputs of layer 0 are known before any step is. With W as it was before the first sample of a
block, sample t of the block has

    z_t = x_t W + biases + sum over s < t of (x_t . x_s + 1) step_s

for the steps change W by x_s^T step_s each, and the biases by step_s; if those are frozen, the 1
is 0. So W is read and written once a block, and what the steps change is made good by inner
products of the inputs. It is exactly per-sample gradient descent, but for rounding.

A linear rule (`optimizers.Linear`) keeps a buffer b beside W, and both see each other. Their modes
do not:

    V = W + V_of_b b,    U = b + U_of_W W;    a step makes them    V_of_V V + V_of_grad x^T delta
                                                            and    U_of_U U + U_of_grad x^T delta

Divided by V_of_V^t and U_of_U^t, the modes are plain sums of steps, as W is above. So within a
round of samples V and U, so divided, are in the place of W and b. They are the left eigenvectors of
what a step does to (W, b); where nothing decays, V is where W would coast to, and U is b itself.
"""

import math
from typing import NamedTuple

import numpy as np

from .jit import inner
from .layout import BIASES, N_IN, N_OUT, STRIDE, TRAIN_BIAS, UNITS, WEIGHTS
from .simd.arithmetic import multiply_add
from .simd.borrow import row_of
from .simd.vectors import lanes_of, load, splat, store, total, zeros

BLOCKS_A_ROUND = 16  # at a momentum of 0.9 the last of 144 steps is divided by 3e-7


class Modes(NamedTuple):
    """The numbers of the modes, and W = W_of_V V + W_of_U U, b = b_of_V V + b_of_U U."""

    V_of_V: float
    U_of_U: float
    V_of_grad: float
    U_of_grad: float
    V_of_b: float
    U_of_W: float
    W_of_V: float
    W_of_U: float
    b_of_V: float
    b_of_U: float


@inner
def modes_of(linear):
    """Return the modes: left eigenvectors of the matrix by which (W, b) is multiplied."""
    half = 0.5 * (1.0 + linear.W_of_W - linear.b_of_b)
    product = linear.W_of_b * linear.b_of_W
    apart = half + math.sqrt(half * half + product)
    V_of_b, U_of_W = linear.W_of_b / apart, -linear.b_of_W / apart
    determinant = 1.0 - V_of_b * U_of_W
    return Modes(
        V_of_V=1.0 + linear.W_of_W + product / apart,
        U_of_U=linear.b_of_b - product / apart,
        V_of_grad=linear.W_of_grad + V_of_b * linear.b_of_grad,
        U_of_grad=linear.b_of_grad + U_of_W * linear.W_of_grad,
        V_of_b=V_of_b,
        U_of_W=U_of_W,
        W_of_V=1.0 / determinant,
        W_of_U=-V_of_b / determinant,
        b_of_V=-U_of_W / determinant,
        b_of_U=1.0 / determinant,
    )


@inner
def mix(layer, V, U, of_V, of_U):
    """Overwrite the layer's weights in `V` and `U` with sums of both, in place; `U` may be empty.

    `of_V` and `of_U` are the factors of V and of U in the new V, and in the new U.
    """
    two = zeros(V, 2)
    V_of_V, U_of_V = splat(of_V[0], two), splat(of_V[1], two)
    V_of_U, U_of_U = splat(of_U[0], two), splat(of_U[1], two)
    for p in range(layer[WEIGHTS], layer[BIASES], lanes_of(two)):
        v = load(V, p, two)
        if U.shape[0] > 0:
            u = load(U, p, two)
            store(U, p, U_of_V * v + U_of_U * u)
            v = V_of_V * v + V_of_U * u
        else:
            v = V_of_V * v
        store(V, p, v)


@inner
def norms_of(layer, V, U):
    """Return V . V, V . U and U . U of the layer's weights."""
    VV, VU, UU = V.dtype.type(0), V.dtype.type(0), V.dtype.type(0)
    for p in range(layer[WEIGHTS], layer[BIASES]):
        VV += V[p] * V[p]
    if U.shape[0] > 0:
        for p in range(layer[WEIGHTS], layer[BIASES]):
            VU += V[p] * U[p]
            UU += U[p] * U[p]
    return np.float64(VV), np.float64(VU), np.float64(UU)


@inner
def norm_of_W(modes, norms):
    """Return W . W."""
    VV, VU, UU = norms
    v, u = modes.W_of_V, modes.W_of_U
    return v * v * VV + 2 * v * u * VU + u * u * UU


@inner
def norms_after_step(layer, norms, modes, scales, z, delta, square):
    """Return V . V, V . U and U . U after a step; `square` is |x|^2, `z` holds x V and x U, scaled.

    They are those of V and U themselves: the `scales` are not divided out.
    """
    VV, VU, UU = norms
    start, n = layer[UNITS], layer[STRIDE]
    v, u = modes.V_of_V, modes.U_of_U
    V_step, U_step = modes.V_of_grad, modes.U_of_grad
    squares = square * inner_product(delta, delta, start, n)
    V_delta = v * scales[0] * inner_product(delta, z[0], start, n)
    U_delta = u * scales[1] * inner_product(delta, z[1], start, n)
    return (
        v * v * VV + 2 * V_step * V_delta + V_step * V_step * squares,
        v * u * VU + U_step * V_delta + V_step * U_delta + V_step * U_step * squares,
        u * u * UU + 2 * U_step * U_delta + U_step * U_step * squares,
    )


@inner
def join_modes(layer, params, factors, z, sums):
    """Overwrite the layer's units of `sums` with its biases and the products of `factors` and z."""
    two, start = zeros(params, 2), layer[UNITS]
    V_factor, U_factor = splat(factors[0], two), splat(factors[1], two)
    for unit in range(start, start + layer[N_OUT], lanes_of(two)):
        products = V_factor * load(z[0], unit, two) + U_factor * load(z[1], unit, two)
        store(sums, unit, products + load(params, layer[BIASES] + unit - start, two))


@inner
def scale_step(layer, factor, delta, step):
    """Overwrite the layer's units of `step` with factor delta."""
    two = zeros(delta, 2)
    factors = splat(factor, two)
    for unit in range(layer[UNITS], layer[UNITS] + layer[N_OUT], lanes_of(two)):
        store(step, unit, factors * load(delta, unit, two))


@inner
def multiply_inputs(layer, a, n_rows, products):
    """Overwrite products[t, s], s < t < n_rows, with dz_t / dstep_s = x_t . x_s + TRAIN_BIAS.

    The inputs are the first units of the rows of `a`; the padding beyond them is zero.
    """
    for t in range(1, n_rows):
        for s in range(t):
            product = inner_product(row_of(a, t), row_of(a, s), 0, layer[N_IN])
            products[t, s] = product + layer[TRAIN_BIAS]


@inner
def inner_product(x, y, start, n):
    """Return that of the `n` units of both from `start` on; the padding beyond them is zero."""
    two, sums, more = zeros(x, 2), zeros(x, 2), zeros(x, 2)
    for i in range(start, start + n, 2 * lanes_of(two)):
        j = i + lanes_of(two)
        sums = multiply_add(load(x, i, two), load(y, i, two), sums)
        more = multiply_add(load(x, j, two), load(y, j, two), more)
    return total(sums + more)


@inner
def add_steps(layer, products, steps, t, z):
    """Add to `z`, the units of sample `t`, what the steps of the samples before it change."""
    two = zeros(z, 2)
    for unit in range(layer[UNITS], layer[UNITS] + layer[N_OUT], lanes_of(two)):
        sums = load(z, unit, two)
        for s in range(t):
            sums = multiply_add(splat(products[t, s], two), load(row_of(steps, s), unit, two), sums)
        store(z, unit, sums)
