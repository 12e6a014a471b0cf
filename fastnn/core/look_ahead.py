"""Look-ahead: layer 0 of some samples in one pass, though each is to see the steps before it.

The inputs of layer 0 are known before any step is. With W as it was before the first sample of a
block, sample t of the block has

    z_t = x_t W + b + sum over s < t of (x_t . x_s + 1) step_s

for the steps change W by x_s^T step_s each, and b by step_s. So W is read and written once a block,
and what the steps change is made good by inner products of the inputs. It is exactly per-sample
gradient descent, but for rounding.
"""

from .jit import inner
from .layout import N_IN, STRIDE, TRAIN_BIAS, UNITS
from .simd.arithmetic import multiply_add
from .simd.borrow import row_of
from .simd.vectors import lanes_of, load, splat, store, total, zeros


@inner
def multiply_inputs(layer, a, n_rows, products):
    """Overwrite products[t, s], s < t < n_rows, with dz_t / dstep_s = x_t . x_s + 1.

    The inputs are the first units of the rows of `a`; the padding beyond them is zero.
    """
    two = zeros(a, 2)
    for t in range(1, n_rows):
        for s in range(t):
            x, last_x = row_of(a, t), row_of(a, s)
            sums, more = zeros(a, 2), zeros(a, 2)
            for i in range(0, layer[N_IN], 2 * lanes_of(two)):
                sums = multiply_add(load(x, i, two), load(last_x, i, two), sums)
                j = i + lanes_of(two)
                more = multiply_add(load(x, j, two), load(last_x, j, two), more)
            products[t, s] = total(sums + more) + layer[TRAIN_BIAS]


@inner
def add_steps(layer, products, steps, t, z):
    """Add to `z`, the units of sample `t`, what the steps of the samples before it change."""
    two = zeros(z, 2)
    for unit in range(layer[UNITS], layer[UNITS] + layer[STRIDE], lanes_of(two)):
        sums = load(z, unit, two)
        for s in range(t):
            sums = multiply_add(splat(products[t, s], two), load(row_of(steps, s), unit, two), sums)
        store(z, unit, sums)
