"""Arithmetic on explicit vectors, lane by lane, written once for kernels and for plain Python.

A function of vectors that is marked `@vector_function` may be called from a kernel. While that is
compiled the function is run, once, on `Traced` vectors, each of whose operations writes down an
instruction; when the compiler is off it is run on NumPy arrays. So it may loop over a tuple of
constants, or choose them by `dtype`, but cannot branch on the lanes: `where` does that.
"""

import functools
import operator

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import lower_builtin, type_callable

from ..levels import HAS_AVX512
from .vectors import ROUNDED, Vector, join, split, suffix_of

# Numba gives the kernel's fast-math flags to every instruction that has none, and `reassoc` would
# undo the reduction of an argument or scale in one step: 2 units in the last place become 111.
_FLAGS = ("contract",)
_ESTIMATED = 512  # bits of the vectors that `Traced.estimate` takes


def _operator(instruction, *condition):
    """Return the method of an operator that writes down `instruction`, of llvmlite's builder."""

    def method(self, other):
        write = getattr(self.builder, instruction)
        operands = self.value, self._value_of(other)
        return self._with(write(*condition, *operands, flags=_FLAGS))

    return method


class Traced:
    """A vector in a function that is being compiled, or a condition on the lanes of one.

    `llvm_vector` is the type of the vector; a condition keeps it for the constants beside it.
    """

    def __init__(self, builder, llvm_vector, value):
        self.builder = builder
        self.llvm_vector = llvm_vector
        self.value = value

    @property
    def dtype(self):
        """The NumPy dtype of the lanes."""
        return np.dtype(np.float32 if self.llvm_vector.element == ir.FloatType() else np.float64)

    __add__ = __radd__ = _operator("fadd")
    __mul__ = __rmul__ = _operator("fmul")
    __sub__ = _operator("fsub")
    __truediv__ = _operator("fdiv")
    __lt__ = _operator("fcmp_ordered", "<")
    __gt__ = _operator("fcmp_ordered", ">")

    def __rsub__(self, other):
        return self._with(self._value_of(other)) - self

    def __rtruediv__(self, other):
        return self._with(self._value_of(other)) / self

    def __neg__(self):
        return self._with(self.builder.fneg(self.value))

    def __abs__(self):
        return self.intrinsic("fabs")

    def intrinsic(self, name, *others):
        """Call LLVM's intrinsic function of this vector and others."""
        values = [self.value, *map(self._value_of, others)]
        function_type = ir.FunctionType(self.llvm_vector, [self.llvm_vector] * len(values))
        name = f"llvm.{name}.{suffix_of(self.llvm_vector)}"
        function = cgutils.get_or_insert_function(self.builder.module, function_type, name)
        return self._with(self.builder.call(function, values))

    @property
    def has_estimates(self):
        """Whether `estimate` is there."""
        return HAS_AVX512 and self._n_bits % _ESTIMATED == 0

    def estimate(self, name):
        """Return what an instruction of AVX-512 says of each lane, to 14 bits: rsqrt14 or rcp14."""
        count = self.llvm_vector.count * _ESTIMATED // self._n_bits
        part, mask = ir.VectorType(self.llvm_vector.element, count), ir.IntType(count)
        kind = "ps" if self.dtype == np.float32 else "pd"
        name = f"llvm.x86.avx512.{name}.{kind}.512"
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(part, [part, part, mask]), name
        )
        nothing, all_lanes = ir.Constant(part, ir.Undefined), ir.Constant(mask, -1)
        estimated = [
            self.builder.call(function, [lanes, nothing, all_lanes])
            for lanes in split(self.builder, self.value, count)
        ]
        return self._with(join(self.builder, estimated))

    @property
    def _n_bits(self):
        return self.llvm_vector.count * np.finfo(self.dtype).bits

    def rounded_sum(self, other):
        """Return the sum, that no product is fused into."""
        return self._with(self.builder.fadd(self.value, other.value, flags=ROUNDED))

    def select(self, a, b):
        """Choose between `a` and `b` by this condition."""
        return self._with(self.builder.select(self.value, self._value_of(a), self._value_of(b)))

    def power_of_two(self):
        """Return 2 to the power of this integral vector."""
        bits = np.finfo(self.dtype).bits
        integers = ir.VectorType(ir.IntType(bits), self.llvm_vector.count)
        shift = ir.Constant(integers, [np.finfo(self.dtype).nmant] * integers.count)
        biased = self.builder.bitcast((self + _exponent_bias(self.dtype)).value, integers)
        return self._with(self.builder.bitcast(self.builder.shl(biased, shift), self.llvm_vector))

    def _with(self, value):
        return Traced(self.builder, self.llvm_vector, value)

    def _value_of(self, other):
        """Return LLVM's value of a vector, or of a constant as such."""
        if isinstance(other, Traced):
            return other.value
        return ir.Constant(self.llvm_vector, [other] * self.llvm_vector.count)


def vector_function(function, arity=None):
    """Make a function of vectors, which returns one as wide, one that kernels may call.

    Of what is built in, say how many it takes: to ask takes 5 ms of the import.
    """
    arity = arity or function.__code__.co_argcount

    @type_callable(function)
    def _type_function(context):
        @functools.wraps(function)  # for its signature
        def typer(*vectors):
            alike = len(set(vectors)) == 1 and isinstance(vectors[0], Vector)
            return vectors[0] if alike else None

        return typer

    @lower_builtin(function, *[Vector] * arity)
    def _lower_function(context, builder, signature, args):
        llvm_vector = context.get_value_type(signature.return_type)
        return function(*[Traced(builder, llvm_vector, value) for value in args]).value

    return function


for _of_two in operator.add, operator.sub, operator.mul, operator.truediv:
    vector_function(_of_two, 2)
for _of_one in operator.neg, abs:
    vector_function(_of_one, 1)


@vector_function
def multiply_add(a, b, c):
    """Return a b + c, rounded once where the machine can."""
    if isinstance(a, Traced):
        # fmuladd, not fma: without the instruction it is two others, not a slow library call
        return a.intrinsic("fmuladd", b, c)
    return a * b + c


@vector_function
def rounded_sum(a, b):
    """Return a + b, each rounded before they are added: `total` adds its lanes so."""
    return a.rounded_sum(b) if isinstance(a, Traced) else a + b


def where(condition, a, b):
    """Return `a` where the condition holds and `b` elsewhere; not both may be constants."""
    return condition.select(a, b) if isinstance(condition, Traced) else np.where(condition, a, b)


@vector_function
def smallest(a, b):
    """Return the lesser of `a` and `b`."""
    return where(a < b, a, b)


@vector_function
def largest(a, b):
    """Return the greater of `a` and `b`."""
    return where(a > b, a, b)


@vector_function
def sign(a):
    """Return 1, -1, or `a` where it is 0 or NaN."""
    return where(a > 0.0, 1.0, where(a < 0.0, -1.0, a))


@vector_function
def sqrt(a):
    """Return the square root."""
    return a.intrinsic("sqrt") if isinstance(a, Traced) else np.sqrt(a)


def nearest(a):
    """Return the nearest integers, of two equally near the even one."""
    return a.intrinsic("rint") if isinstance(a, Traced) else np.rint(a)


def power_of_two(n):
    """Return 2^n for integral n, from one below the least exponent (0) to one above all (inf)."""
    if isinstance(n, Traced):
        return n.power_of_two()
    biased = (n + _exponent_bias(n.dtype)).view(f"i{n.itemsize}")
    return (biased << np.finfo(n.dtype).nmant).view(n.dtype)


def _exponent_bias(dtype):
    """Return what, added to an integral float n, leaves 2^n's exponent in its lowest bits."""
    return 1.5 * 2.0 ** np.finfo(dtype).nmant + np.finfo(dtype).maxexp - 1


def times_power_of_two(a, n):
    """Return a 2^n for integral n, in two steps: 2^n itself may overflow or be subnormal."""
    half = nearest(0.5 * n)
    return a * power_of_two(half) * power_of_two(n - half)
