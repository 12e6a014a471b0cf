"""Softmax, an activation of a whole row of units: its value, and back."""

from .jit import inner
from .simd.arithmetic import multiply_add, vector_function, where
from .simd.functions import exp
from .simd.vectors import lanes_of, load, splat, store, total, up_to, zeros


@vector_function
def shifted_exp(z, largest):
    """Return e^(z - largest), at most 1, whatever there is in the padding."""
    shifted = z - largest
    return exp(where(shifted > 0.0, 0.0, shifted))


@inner
def largest_of(z, start, stop):
    """Return the largest of z[start:stop]."""
    largest = z[start]
    for j in range(start + 1, stop):
        if z[j] > largest:
            largest = z[j]
    return largest


@inner
def softmax(z, a, start, stop):
    """Overwrite a[start:stop] with e^z / sum(e^z), shifted by the largest z."""
    one = zeros(z, 1)
    largest = splat(largest_of(z, start, stop), one)
    sums = zeros(z, 1)
    for j in range(start, stop, lanes_of(one)):
        powers = shifted_exp(load(z, j, one), largest)
        store(a, j, powers)
        sums = sums + up_to(stop - j, powers)
    inverse = splat(z.dtype.type(1) / total(sums), one)
    for j in range(start, stop, lanes_of(one)):
        store(a, j, load(a, j, one) * inverse)


@inner
def pull_back_softmax(a, start, stop, delta):
    """Turn delta[start:stop] from dL/da into dL/dz: a (dL/da - the mean of it, weighted by a)."""
    one, sums = zeros(a, 1), zeros(a, 1)
    for j in range(start, stop, lanes_of(one)):
        errors = up_to(stop - j, load(delta, j, one))  # beyond a part are those of another
        sums = multiply_add(load(a, j, one), errors, sums)
    mean = splat(total(sums), one)
    for j in range(start, stop, lanes_of(one)):
        pulled = load(a, j, one) * (load(delta, j, one) - mean)
        store(delta, j, up_to(stop - j, pulled))
