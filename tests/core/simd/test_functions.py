import mpmath
import numpy as np
import pytest
from llvmlite import ir
from mpmath import mp
from numba import njit

from fastnn.core.jit import JIT
from fastnn.core.simd import functions
from fastnn.core.simd.arithmetic import Traced
from fastnn.core.simd.vectors import lanes_of, load, store, zeros

DTYPES = [np.float64, np.float32]
EXACT = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "swish": lambda z: z / (1 + mpmath.exp(-z)),
    "mish": lambda z: z * tanh_of_softplus(z),
    "mish_derivative": lambda z: derivative_of_mish(z),
    "gelu": lambda z: z * normal_cdf(z),
    "gelu_derivative": lambda z: normal_cdf(z) + z * normal_density(z),
}
LIMITS = {  # at minus and plus infinity (expm1: at 0)
    "exp": (0, np.inf),
    "expm1": (-1, 0),
    "tanh": (-1, 1),
    "sigmoid": (0, 1),
    "softplus": (0, np.inf),
    "swish": (0, np.inf),
    "mish": (0, np.inf),
    "mish_derivative": (0, 1),
    "gelu": (0, np.inf),
    "gelu_derivative": (0, 1),
}
GREATEST = {"expm1": 40}  # where a function stops
# Where the absolute error counts.
TAILS = {"gelu": -0.75, "gelu_derivative": -0.25, "mish_derivative": -0.5}


def normal_cdf(z):
    return mpmath.erfc(-z / mpmath.sqrt(2)) / 2 if abs(z) < 1000 else mp.mpf(z > 0)


def normal_density(z):
    return mpmath.npdf(z) if abs(z) < 1000 else mp.mpf(0)


def tanh_of_softplus(z):
    power = mpmath.exp(z)
    return power * (power + 2) / (power * (power + 2) + 2) if z < 1000 else mp.mpf(1)


def derivative_of_mish(z):
    t = tanh_of_softplus(z)
    return t + z * (1 - t * t) / (1 + mpmath.exp(-z)) if abs(z) < 1000 else mp.mpf(z > 0)


def compiled(function):
    """Return the function as a kernel has it, of arrays that are whole registers long."""

    @njit(**JIT)
    def sweep(z, values):
        one = zeros(z, 1)
        for j in range(0, z.size, lanes_of(one)):
            store(values, j, function(load(z, j, one)))

    def function_of_arrays(z):
        values = np.empty_like(z)
        sweep(z, values)
        return values

    return function_of_arrays


def points(dtype, greatest=np.inf):
    """Return finite numbers of every size, more of them where something changes."""
    info = np.finfo(dtype)
    rng = np.random.default_rng(0)
    least_power, most_power = np.log(float(info.smallest_subnormal)), np.log(float(info.max))
    logs = rng.uniform(least_power, most_power, 400)
    halves = np.arange(2.5 * least_power, 2.5 * most_power) / 2  # in steps of ln(2) / 2
    edges = [
        *rng.choice(halves * np.log(2), 300),
        *(least_power, most_power, np.log(float(info.tiny)), most_power / 2, -most_power),
        *(-40, -21, -20, -10, -9, -1, -0.5, 0.5, 1, 9, 10, 20, 21, 40),
    ]
    numbers = np.concatenate([
        [0.0, info.tiny, info.smallest_subnormal, info.max, info.max / 2, info.eps, 1e4, 700.0],
        np.exp(logs),
        rng.uniform(0, 1.1 * most_power, 300),
        rng.uniform(0, 40, 300),
        rng.uniform(0, 1, 300),
        np.abs(edges),
    ]).astype(dtype)  # fmt: skip
    numbers = np.concatenate([numbers, np.nextafter(np.abs(edges).astype(dtype), dtype(0))])
    numbers = np.concatenate([-numbers, numbers])
    numbers = numbers[np.isfinite(numbers) & (numbers <= greatest)]
    return np.resize(numbers, -(-numbers.size // 16) * 16)


def exact_values(name, z):
    with mp.workprec(150):
        return [EXACT[name](mp.mpf(float(number))) for number in z]


def units_in_the_last_place(got, exact):
    """Return the error of each, in units of the exact value rounded: where that is normal."""
    rounded = np.array([float(value) for value in exact]).astype(got.dtype)
    assert (np.isinf(got) == np.isinf(rounded)).all()
    is_normal = np.isfinite(rounded) & (np.abs(rounded) >= np.finfo(got.dtype).tiny)
    assert (np.abs(got[~is_normal & np.isfinite(rounded)]) <= np.finfo(got.dtype).tiny).all()
    with mp.workprec(150):
        errors = [abs(float(float(g) - e)) for g, e in zip(got, exact, strict=True)]
    _, exponents = np.frexp(np.where(is_normal, rounded, 1))
    return np.where(is_normal, errors, 0) / np.ldexp(np.finfo(got.dtype).eps, exponents - 1)


@pytest.mark.compiled  # beside what is not: with the compiler off, the same twice
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EXACT)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_error_in_units_in_the_last_place(name, dtype, record_property):
    function = getattr(functions, name)
    z = points(dtype, GREATEST.get(name, np.inf))
    exact = exact_values(name, z)
    for form in (function, compiled(function)):
        got = form(z)
        assert got.dtype == dtype
        ulps = units_in_the_last_place(got, exact)
        if name in TAILS:
            negative_tail = z < TAILS[name]
            ulps[negative_tail] = 0
            errors = [float(abs(float(g) - e)) for g, e in zip(got, exact, strict=True)]
            assert np.max(errors, where=negative_tail, initial=0) <= np.finfo(dtype).eps
        worst = np.argmax(ulps)
        record_property(f"worst of {name}", f"{ulps[worst]:.2f} at {z[worst]!r}")
        assert ulps[worst] <= 4, f"{ulps[worst]:.2f} at {z[worst]!r}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EXACT)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_nan_and_infinities(name, dtype):
    function = getattr(functions, name)
    at_minus_infinity, at_infinity = LIMITS[name]
    infinity = dtype(0 if name in GREATEST else np.inf)
    z = np.array([np.nan, -np.inf, infinity, 0] * 4, dtype)
    at_zero = dtype(EXACT[name](0))
    for form in (function, compiled(function)):
        expected = [np.nan, at_minus_infinity, at_infinity, at_zero] * 4
        np.testing.assert_array_equal(form(z), expected)


@pytest.mark.parametrize("name", EXACT)
def test_straight_instructions_with_one_division(name):
    vector = ir.VectorType(ir.DoubleType(), 4)
    function = ir.Function(ir.Module(), ir.FunctionType(vector, [vector]), name)
    builder = ir.IRBuilder(function.append_basic_block())
    builder.ret(getattr(functions, name)(Traced(builder, vector, function.args[0])).value)
    assert str(function).count("fdiv") == 1
    assert len(function.blocks) == 1
