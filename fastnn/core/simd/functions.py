"""Math functions of vectors: branch-free, each with one division.

All of them stand on one rational form of e^x. With n the integer nearest to x / ln 2,

    e^x = 2^n (c + r) / (c - r),    r = x - n ln 2,    c = r coth(r / 2) = 2 + w.

w is even in r, so a short polynomial in r^2, and the quotient merges with that of the function: of
2^n (c + r) = A and c - r = B, sigmoid is A / (A + B). w and r are small beside the 2, which is
exact and is added last. The functions serve kernels and run with the compiler off, in the precision
of their argument (see `vectors`).

Coefficients are those of the least relative error on the interval said beside them, found at 50
digits with Remez' algorithm, and with Lawson's for the one quotient. Results are within 4 units in
the last place where they are normal numbers; those of gelu, in its negative tail, within one unit
of 1. A NaN stays a NaN. `tests/core/simd/test_functions.py` has the proof.
"""

import math
from typing import NamedTuple

import numpy as np

from .arithmetic import (
    multiply_add,
    nearest,
    power_of_two,
    times_power_of_two,
    vector_function,
    where,
)

_INV_LN2 = 1.0 / math.log(2.0)
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)
_FAR = 40.0  # in both dtypes e^-40 is nothing beside 1, and e^(-40^2 / 2) is 0
_FAR_OF_MISH = 21.0  # from here on mish is z to rounding; up to here float32 holds 32 e^4z


class _Constants(NamedTuple):
    """What depends on the precision; polynomials start with the constant term."""

    ln2_high: float  # ends in so many zeros that n ln2_high is exact
    ln2_low: float
    subnormal: float  # an x where e^x is subnormal and n the least that `power_of_two` takes
    vanishing: float  # an x where x e^x is 0
    infinite: float  # an x where e^x is infinite
    coth: tuple[float, ...]  # (r coth(r / 2) - 2) / r^2, of r^2 where |r| <= ln(2) / 2
    atanh: tuple[float, ...]  # (atanh(t) / t - 1) / t^2, of t^2 where t <= 1 / 3
    near_cdf: tuple[float, ...]  # (P(X < z) - 1/2) / z, X standard normal, of z^2 where |z| <= 3/4
    # e^(x^2 / 2) P(X > x), of x where 3/4 <= x <= 9 (6 in float32), its error weighted e^(-x^2 / 8)
    tail_above: tuple[float, ...]
    tail_below: tuple[float, ...]


_CONSTANTS = {
    np.dtype(np.float64): _Constants(
        ln2_high=0.6931471803691238,
        ln2_low=1.9082149292705877e-10,
        subnormal=-709.0,
        vanishing=-760.0,
        infinite=710.0,
        coth=(
            0.16666666666666598822,
            -0.002777777777695464099,
            0.00006613756302493801692,
            -1.6533881615672372232e-6,
            4.1373983446330439863e-8,
        ),
        atanh=(
            0.33333333333333316699,
            0.20000000000023224338,
            0.1428571428027817677,
            0.11111111624852125967,
            0.090908836230847467796,
            0.076930498309616234471,
            0.066533052897564958951,
            0.060321193029591569176,
            0.042563024306488551599,
            0.083577756237021700562,
        ),
        near_cdf=(
            0.39894228040143266523,
            -0.066490380066902712479,
            0.0099735570099313360013,
            -0.0011873282138404297932,
            0.00011543467419373032768,
            -9.4445928702069140263e-6,
            6.657899514320530445e-7,
            -4.092556541081533016e-8,
            1.9951637604396597738e-9,
        ),
        tail_above=(
            0.49999999996901182625,
            0.61913928134335821719,
            0.38047590157571576627,
            0.1444596288207677389,
            0.036151403474757154944,
            0.0059452313156712446764,
            0.00059778611997329175438,
            0.000028781913114720552655,
        ),
        tail_below=(
            1.0,
            2.036163122805331793,
            1.8855749256692547727,
            1.041270326324704997,
            0.37686992763515568334,
            0.09211623652661280577,
            0.014974644802915466455,
            0.0014984271838652767977,
            0.0000721455627157349839,
        ),
    ),
    np.dtype(np.float32): _Constants(
        ln2_high=0.693138122558594,
        ln2_low=9.0580015e-06,
        subnormal=-88.0,
        vanishing=-110.0,
        infinite=89.0,
        coth=(0.16666617761963020207, -0.0027659916576841448392),
        atanh=(
            0.33333277618443837357,
            0.20007578808562847053,
            0.14045179537041256706,
            0.13813803282212651561,
        ),
        near_cdf=(
            0.39894227762036579305,
            -0.066490237759096808647,
            0.0099719458279418651927,
            -0.0011802825238288894205,
            0.00010212556513017935096,
        ),
        tail_above=(
            0.49998783054100694366,
            0.35031375357438901906,
            0.11362094580131093261,
            0.015938743868939900902,
        ),
        tail_below=(
            1.0,
            1.4983500215855701282,
            0.92324242784529083586,
            0.28439843234705044785,
            0.03996704191147406525,
        ),
    ),
}


@vector_function
def exp(x):
    """Return e^x."""
    k = _CONSTANTS[x.dtype]
    n, w, r = _reduce(_at_least(k.vanishing, _at_most(k.infinite, x)))
    return times_power_of_two(1.0 + 2.0 * r / (2.0 + (w - r)), n)


@vector_function
def expm1(x):
    """Return e^x - 1, for x <= 40."""
    n, w, r = _reduce(_at_least(-_FAR, x))
    power = power_of_two(n)
    return multiply_add(power, 2.0 * r / (2.0 + (w - r)), power - 1.0)


@vector_function
def tanh(z):
    """Return (e^2z - 1) / (e^2z + 1)."""
    n, w, r = _reduce(_at_least(-_FAR, _at_most(_FAR, 2.0 * z)))
    power = power_of_two(n)
    minus, plus = power - 1.0, power + 1.0
    difference = 2.0 * minus + multiply_add(minus, w, plus * r)  # A - B, which might cancel
    return difference / (2.0 * plus + multiply_add(plus, w, minus * r))


@vector_function
def sigmoid(z):
    """Return e^z / (e^z + 1)."""
    above, below = _exp_quotient(_at_most(_FAR, z))
    return above / (above + below)


@vector_function
def softplus(z):
    """Return log(1 + e^z) = max(z, 0) + 2 atanh(t), where t = e / (e + 2), e = e^-|z|."""
    above, below = _exp_quotient(-abs(z))
    t = above / (above + 2.0 * below)
    square = t * t
    rest = square * _polynomial(square, _CONSTANTS[z.dtype].atanh)
    return _at_least(0.0, z) + multiply_add(2.0 * t, rest, 2.0 * t)


@vector_function
def swish(z):
    """Return z e^z / (e^z + 1), where the product may be normal though e^z is not."""
    bounded = _at_least(_CONSTANTS[z.dtype].vanishing, _at_most(_FAR, z))
    n, w, r = _reduce(bounded)
    above, below = 2.0 + (w + r), 2.0 + (w - r)
    product = times_power_of_two(bounded * above, n)
    return where(z > _FAR, z, product / (times_power_of_two(above, n) + below))


@vector_function
def mish(z):
    """Return z tanh(softplus(z)): of e = e^z that is z (e^2 + 2e) / (e^2 + 2e + 2)."""
    bounded = _at_least(_CONSTANTS[z.dtype].vanishing, _at_most(_FAR_OF_MISH, z))
    n, w, r = _reduce(bounded)
    above, below = 2.0 + (w + r), 2.0 + (w - r)
    product = times_power_of_two(bounded * above, n)  # as in swish
    power = times_power_of_two(above, n)
    total = multiply_add(below, 2.0, power)
    mish_of_z = product * total / multiply_add(power, total, 2.0 * below * below)
    return where(z > _FAR_OF_MISH, z, mish_of_z)


@vector_function
def mish_derivative(z):
    """Return t + z (1 - t^2) s, where t = tanh(softplus(z)) and s = sigmoid(z).

    Of e^z = A / B, t = P / Q with P = A (A + 2B) and Q = P + 2B^2, and (1 - t^2) s is
    4 A B^2 (A + B) / Q^2.
    """
    bounded = _at_least(_CONSTANTS[z.dtype].subnormal, _at_most(_FAR_OF_MISH, z))
    above, below = _exp_quotient(bounded)
    p = above * multiply_add(below, 2.0, above)
    square = 2.0 * below * below
    q = p + square
    slope = 2.0 * above * square * (above + below)
    return multiply_add(bounded, slope, p * q) / (q * q)


@vector_function
def gelu(z):
    """Return z P(X < z) of a standard normal X."""
    cdf, _ = _normal(z)
    return _at_least(-_FAR, z) * cdf


@vector_function
def gelu_derivative(z):
    """Return P(X < z) + z p(z), p being the density of X."""
    cdf, density = _normal(z)
    return multiply_add(_at_least(-_FAR, _at_most(_FAR, z)), density, cdf)


def _normal(z):
    """Return the standard normal distribution function, without cancellation, and its density."""
    k = _CONSTANTS[z.dtype]
    bounded = _at_least(-_FAR, _at_most(_FAR, z))
    square = bounded * bounded
    x = abs(bounded)
    above, below = _exp_quotient(-0.5 * square)
    tail_below = _polynomial(x, k.tail_below)
    ratio = above / (below * tail_below)
    tail = ratio * _polynomial(x, k.tail_above)
    far = where(z < 0.0, tail, 1.0 - tail)
    near = multiply_add(bounded, _polynomial(square, k.near_cdf), 0.5)
    return where(x > 0.75, far, near), ratio * tail_below * _INV_SQRT_2PI


def _exp_quotient(x):
    """Return A and B of e^x = A / B, for x <= 40; A is 0 where e^x is subnormal."""
    n, w, r = _reduce(_at_least(_CONSTANTS[x.dtype].subnormal, x))
    return (2.0 + (w + r)) * power_of_two(n), 2.0 + (w - r)


def _reduce(x):
    """Return n, w and r."""
    k = _CONSTANTS[x.dtype]
    n = nearest(_INV_LN2 * x)
    r = multiply_add(n, -k.ln2_low, multiply_add(n, -k.ln2_high, x))
    square = r * r
    return n, square * _polynomial(square, k.coth), r


def _polynomial(x, coefficients):
    """Return the sum of coefficients[i] x^i, by Horner's rule."""
    *lower, first, last = coefficients
    value = multiply_add(x, last, first)
    for coefficient in reversed(lower):
        value = multiply_add(x, value, coefficient)
    return value


def _at_least(bound, x):
    """Return the larger; NaN where x is NaN."""
    return where(x < bound, bound, x)


def _at_most(bound, x):
    """Return the smaller; NaN where x is NaN."""
    return where(x > bound, bound, x)
