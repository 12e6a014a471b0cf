"""Explicit vectors: some lanes of a flat array that the compiler keeps in registers.

Numba's arrays carry no promise that they do not overlap, so a short inner loop over them pays for
run-time overlap checks, a scalar tail and a shuffle tree each time: at a width of 25 that is most
of its cost. A kernel that loads, multiplies and stores whole vectors says what it means instead.
A vector holds a fixed number of registers; where a machine's registers are wider or narrower, LLVM
joins or splits them. Vectors are added and multiplied with + and *.

Each function here has two forms: the Python one that stands first, which checks its bounds and
runs when the compiler is off, and the instructions that Numba puts in its place.
"""

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, models, register_model, type_callable

REGISTER_BYTES = 32  # AVX2; rows of weights are padded to a multiple of it


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


# ---- the Python forms ----------------------------------------------------------------------------


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


def multiply_add(a, b, c):
    """Return a b + c, lane by lane, rounded once where the machine can."""
    return a * b + c


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
    llvm_vector = context.get_value_type(signature.return_type)
    undefined = ir.Constant(llvm_vector, ir.Undefined)
    i32 = ir.IntType(32)
    first = builder.insert_element(undefined, args[0], ir.Constant(i32, 0))
    mask = ir.Constant(ir.VectorType(i32, llvm_vector.count), [0] * llvm_vector.count)
    return builder.shuffle_vector(first, undefined, mask)


@type_callable(operator.add)
def _type_add(context):
    return _type_of_pair


@type_callable(operator.mul)
def _type_multiply(context):
    return _type_of_pair


def _type_of_pair(a, b):
    return a if isinstance(a, Vector) and a == b else None


@lower_builtin(operator.add, Vector, Vector)
def _lower_add(context, builder, signature, args):
    return builder.fadd(*args)


@lower_builtin(operator.mul, Vector, Vector)
def _lower_multiply(context, builder, signature, args):
    return builder.fmul(*args)


@type_callable(multiply_add)
def _type_multiply_add(context):
    return lambda a, b, c: a


@lower_builtin(multiply_add, Vector, Vector, Vector)
def _lower_multiply_add(context, builder, signature, args):
    llvm_vector = context.get_value_type(signature.return_type)
    # fmuladd, not fma: without the instruction it is a product and a sum, not a slow library call
    name = f"llvm.fmuladd.{_suffix(signature.return_type)}"
    function_type = ir.FunctionType(llvm_vector, [llvm_vector] * 3)
    function = cgutils.get_or_insert_function(builder.module, function_type, name)
    return builder.call(function, args)


@type_callable(total)
def _type_total(context):
    return lambda vector: vector.dtype


@lower_builtin(total, Vector)
def _lower_total(context, builder, signature, args):
    llvm_vector = context.get_value_type(signature.args[0])
    element = llvm_vector.element
    name = f"llvm.vector.reduce.fadd.{_suffix(signature.args[0])}"
    function_type = ir.FunctionType(element, [element, llvm_vector])
    function = cgutils.get_or_insert_function(builder.module, function_type, name)
    return builder.call(function, [ir.Constant(element, 0.0), args[0]], fastmath=("reassoc",))


def _suffix(vector):
    """Return how LLVM names the type in an intrinsic's name."""
    return f"v{vector.lanes}f{vector.dtype.bitwidth}"
