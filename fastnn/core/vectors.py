"""Explicit vectors: some lanes of a flat array that the compiler keeps in registers.

Numba's arrays carry no promise that they do not overlap, so a short inner loop over them pays for
run-time overlap checks, a scalar tail and a shuffle tree each time: at a width of 25 that is most
of its cost. A kernel that loads, multiplies and stores whole vectors says what it means instead.
A vector holds a fixed number of registers; where a machine's registers are wider or narrower, LLVM
joins or splits them.

When the compiler is off a vector is a NumPy array: the Python forms stand first, and check their
bounds. In a kernel it is a `Vector`. Arithmetic is written once for both, in Python's operators and
the functions below: a function of vectors that is marked `@vector_function` may be called from a
kernel, and while that is compiled it is run, once, on `Traced` vectors, each of whose operations
writes down an instruction. So such a function may loop over a tuple of constants, or choose them by
`dtype`, but cannot branch on the lanes: `where` does that.
"""

import functools
import inspect
import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, models, register_model, type_callable

REGISTER_BYTES = 32  # AVX2; rows of weights are padded to a multiple of it

# Numba gives the kernel's fast-math flags to every instruction that has none, and `reassoc` would
# undo the reduction of an argument or scale in one step: 2 units in the last place become 111.
_FLAGS = ("contract",)


class Vector(types.Type):
    """The Numba type of a vector: a dtype and a number of lanes."""

    def __init__(self, dtype, lanes):
        self.dtype = dtype
        self.lanes = lanes
        super().__init__(name=f"Vector({dtype}, {lanes})")


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """How LLVM holds a `Vector`."""

    def __init__(self, manager, vector):
        element = ir.FloatType() if vector.dtype == types.float32 else ir.DoubleType()
        super().__init__(manager, vector, ir.VectorType(element, vector.lanes))


# ---- between arrays and vectors: the Python forms ------------------------------------------------


def zeros(array, registers):
    """Return a vector of zeros, `registers` (a literal) wide, in the dtype of `array`."""
    return np.zeros(registers * REGISTER_BYTES // array.itemsize, dtype=array.dtype)


def lanes_of(vector):
    """Return the number of lanes."""
    return vector.size


def load(array, i, like):
    """Return the vector array[i : i + lanes], as wide as `like`."""
    _check_bounds(array, i, like.size)
    return array[i : i + like.size].copy()


def store(array, i, vector):
    """Overwrite array[i : i + lanes] with `vector`."""
    _check_bounds(array, i, vector.size)
    array[i : i + vector.size] = vector


def splat(scalar, like):
    """Return the vector as wide as `like` whose lanes all hold `scalar`."""
    return np.full_like(like, scalar)


def splat_at(array, i, like):
    """Return the vector as wide as `like` whose lanes all hold array[i]."""
    _check_bounds(array, i, 1)
    return np.full_like(like, array[i])


def up_to(count, vector):
    """Return the vector with 0 in all but its first `count` lanes."""
    return np.where(np.arange(vector.size) < count, vector, np.zeros_like(vector))


def total(vector):
    """Return the sum over the lanes."""
    return vector.sum()


def _check_bounds(array, i, lanes):
    if not 0 <= i <= array.size - lanes:
        raise IndexError(f"a vector must lie within [0, {array.size}), got [{i}, {i + lanes})")


# ---- what Numba compiles for them ----------------------------------------------------------------


@type_callable(zeros)
def _type_zeros(context):
    def typer(array, registers):
        if isinstance(registers, types.IntegerLiteral):
            bits = 8 * REGISTER_BYTES * registers.literal_value
            return Vector(array.dtype, bits // array.dtype.bitwidth)
        return None

    return typer


@lower_builtin(zeros, types.Array, types.IntegerLiteral)
def _lower_zeros(context, builder, signature, args):
    return ir.Constant(context.get_value_type(signature.return_type), None)


@type_callable(lanes_of)
def _type_lanes_of(context):
    return lambda vector: types.intp


@lower_builtin(lanes_of, Vector)
def _lower_lanes_of(context, builder, signature, args):
    return context.get_constant(types.intp, signature.args[0].lanes)


@type_callable(load)
def _type_load(context):
    return lambda array, i, like: like


@lower_builtin(load, types.Array, types.Integer, Vector)
def _lower_load(context, builder, signature, args):
    vector = signature.return_type
    loaded = builder.load(_address(context, builder, signature, args, vector))
    loaded.align = vector.dtype.bitwidth // 8  # a user's array may start anywhere
    return loaded


@type_callable(store)
def _type_store(context):
    return lambda array, i, vector: types.void


@lower_builtin(store, types.Array, types.Integer, Vector)
def _lower_store(context, builder, signature, args):
    vector = signature.args[2]
    stored = builder.store(args[2], _address(context, builder, signature, args, vector))
    stored.align = vector.dtype.bitwidth // 8
    return context.get_dummy_value()


def _address(context, builder, signature, args, vector):
    """Return a pointer to the vector at array[i], the first two arguments of load and store."""
    data = context.make_array(signature.args[0])(context, builder, args[0]).data
    i = context.cast(builder, args[1], signature.args[1], types.intp)
    return builder.bitcast(builder.gep(data, [i]), context.get_value_type(vector).as_pointer())


@type_callable(splat)
def _type_splat(context):
    return lambda scalar, like: like


@lower_builtin(splat, types.Float, Vector)
def _lower_splat(context, builder, signature, args):
    return _splat(builder, args[0], signature.return_type.lanes)


@type_callable(splat_at)
def _type_splat_at(context):
    return lambda array, i, like: like


@lower_builtin(splat_at, types.Array, types.Integer, Vector)
def _lower_splat_at(context, builder, signature, args):
    one = Vector(signature.args[0].dtype, 1)  # straight from its address: array[i] would first
    element = builder.bitcast(  # look whether i counts from the end
        _address(context, builder, signature, args, one),
        context.get_value_type(one.dtype).as_pointer(),
    )
    return _splat(builder, builder.load(element), signature.return_type.lanes)


@type_callable(up_to)
def _type_up_to(context):
    return lambda count, vector: vector


@lower_builtin(up_to, types.Integer, Vector)
def _lower_up_to(context, builder, signature, args):
    vector = signature.return_type
    count = context.cast(builder, args[0], signature.args[0], types.intp)
    counts = _splat(builder, count, vector.lanes)
    lane_numbers = ir.Constant(counts.type, list(range(vector.lanes)))
    is_counted = builder.icmp_signed("<", lane_numbers, counts)
    return builder.select(is_counted, args[1], ir.Constant(args[1].type, None))


def _splat(builder, scalar, lanes):
    """Return LLVM's vector whose lanes all hold `scalar`."""
    i32 = ir.IntType(32)
    undefined = ir.Constant(ir.VectorType(scalar.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(i32, 0))
    mask = ir.Constant(ir.VectorType(i32, lanes), [0] * lanes)
    return builder.shuffle_vector(first, undefined, mask)


@type_callable(total)
def _type_total(context):
    return lambda vector: vector.dtype


@lower_builtin(total, Vector)
def _lower_total(context, builder, signature, args):
    llvm_vector = context.get_value_type(signature.args[0])
    element = llvm_vector.element
    name = f"llvm.vector.reduce.fadd.{_suffix(llvm_vector)}"
    function_type = ir.FunctionType(element, [element, llvm_vector])
    function = cgutils.get_or_insert_function(builder.module, function_type, name)
    return builder.call(function, [ir.Constant(element, 0.0), args[0]], fastmath=("reassoc",))


def _suffix(llvm_vector):
    """Return how LLVM names the type in an intrinsic's name."""
    bits = 32 if llvm_vector.element == ir.FloatType() else 64
    return f"v{llvm_vector.count}f{bits}"


# ---- arithmetic, lane by lane --------------------------------------------------------------------


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
        name = f"llvm.{name}.{_suffix(self.llvm_vector)}"
        function = cgutils.get_or_insert_function(self.builder.module, function_type, name)
        return self._with(self.builder.call(function, values))

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


def vector_function(function):
    """Make a function of vectors, which returns one as wide, one that kernels may call."""
    arity = len(inspect.signature(function).parameters)

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


for _built_in in (
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.neg,
    abs,
):
    vector_function(_built_in)


@vector_function
def multiply_add(a, b, c):
    """Return a b + c, rounded once where the machine can."""
    if isinstance(a, Traced):
        # fmuladd, not fma: without the instruction it is two others, not a slow library call
        return a.intrinsic("fmuladd", b, c)
    return a * b + c


def where(condition, a, b):
    """Return `a` where the condition holds and `b` elsewhere; not both may be constants."""
    return condition.select(a, b) if isinstance(condition, Traced) else np.where(condition, a, b)


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
