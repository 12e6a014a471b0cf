"""Division by a root, which Adam and its kin do for each parameter.

A square root and a division of eight float64 take an Intel or AMD processor with AVX-512 some 35
cycles, in which it could do 140 multiplications of such vectors. It also estimates the reciprocals
of both, to 14 bits in a cycle or two, from which a few terms of a series lead to the last bits.
"""

import numpy as np

from .arithmetic import Traced, multiply_add, sqrt, vector_function, where

# (1 - e)^(-1/2) = 1 + e (1/2 + 3/8 e + 5/16 e^2 + ...), where e is below 2^-13
_SERIES = {np.dtype(np.float64): (0.5, 0.375, 0.3125), np.dtype(np.float32): (0.5,)}


@vector_function
def divide_by_root(a, b, c):
    """Return a / (sqrt(b) + c), for c > 0; a `b` that is less than normal counts as the least.

    Where the processor has estimates it is within 4 units in the last place, and a `b` that is
    infinite counts as the greatest number.
    """
    b = where(b < np.finfo(b.dtype).tiny, np.finfo(b.dtype).tiny, b)
    if isinstance(b, Traced) and b.has_estimates:
        return _by_estimates(a, b, c)
    return a / (sqrt(b) + c)


def _by_estimates(a, b, c):
    most = np.finfo(b.dtype).max
    b, c = where(b > most, most, b), where(c > most, most, c)
    reciprocal = b.estimate("rsqrt14")
    root = b * reciprocal
    error = multiply_add(-root, reciprocal, 1.0)
    *lower, series = _SERIES[b.dtype]
    for coefficient in (*reversed(lower), 1.0):
        series = multiply_add(error, series, coefficient)
    divisor = multiply_add(root, series, c)
    reciprocal = divisor.estimate("rcp14")
    error = multiply_add(-divisor, reciprocal, 1.0)
    reciprocal = multiply_add(reciprocal, error, reciprocal)
    if b.dtype == np.float64:  # 1 / (1 - e) = (1 + e) (1 + e^2) (1 + e^4) ...
        reciprocal = multiply_add(reciprocal, error * error, reciprocal)
    return a * reciprocal
