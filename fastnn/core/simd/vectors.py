"""Explicit vectors: some lanes of a flat array that the compiler keeps in registers.

Numba's arrays carry no promise that they do not overlap, so a short inner loop over them pays for
run-time overlap checks, a scalar tail and a shuffle tree each time: at a width of 25 that is most
of its cost. A kernel that loads, multiplies and stores whole vectors says what it means instead.
A vector holds a fixed number of registers; where a machine's registers are wider or narrower, LLVM
joins or splits them.

An index counts the elements of an array from its first on, whatever its shape.

When the compiler is off a vector is a NumPy array: the Python forms stand first, and check their
bounds. In a kernel it is a `Vector`. What is computed lane by lane is in `arithmetic`.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import lower_builtin, models, register_model, type_callable

from ..arrays import address_of
from ..levels import REGISTER_BYTES

# Numba gives the kernel's fast-math flags to an instruction that has none. This one says nothing of
# order and fusing: a sum is rounded as it is written, the same in every kernel.
ROUNDED = ("nsz",)


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
    return _elements(array, i, like.size).copy()


def load_part(array, i, count, like):
    """Return the vector, as wide as `like`, of array[i : i + count] and zeros; no more is read."""
    count = min(count, like.size)
    vector = np.zeros_like(like)
    vector[:count] = load(array, i, like[:count])
    return vector


def store(array, i, vector):
    """Overwrite array[i : i + lanes] with `vector`."""
    _elements(array, i, vector.size)[:] = vector


def prefetch(array, i):
    """Have the cache line of array[i] brought from memory while the kernel goes on."""


def splat(scalar, like):
    """Return the vector as wide as `like` whose lanes all hold `scalar`."""
    return np.full_like(like, scalar)


def splat_at(array, i, like):
    """Return the vector as wide as `like` whose lanes all hold array[i]."""
    return np.full_like(like, _elements(array, i, 1))


def up_to(count, vector):
    """Return the vector with 0 in all but its first `count` lanes."""
    return np.where(np.arange(vector.size) < count, vector, np.zeros_like(vector))


def total(vector):
    """Return the sum over the lanes: the second half is added to the first, down to one lane."""
    while vector.size > 1:
        vector = vector[: vector.size // 2] + vector[vector.size // 2 :]
    return vector[0]


def totals(a, b, c, d):
    """Return the vector of four lanes that holds the sums over the lanes of these."""
    return np.array([a.sum(), b.sum(), c.sum(), d.sum()])


def _elements(array, i, lanes):
    if not 0 <= i <= array.size - lanes:
        raise IndexError(f"a vector must lie within [0, {array.size}), got [{i}, {i + lanes})")
    return array.reshape(-1)[i : i + lanes]


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


def _of_one_dtype(array, vector):
    """Return `vector`; what is loaded is not converted."""
    if array.dtype != vector.dtype:
        raise TypingError(f"arrays must have the network's dtype, {vector.dtype}, got {array}")
    return vector


@type_callable(load)
def _type_load(context):
    return lambda array, i, like: _of_one_dtype(array, like)


@lower_builtin(load, types.Array, types.Integer, Vector)
def _lower_load(context, builder, signature, args):
    vector = signature.return_type
    loaded = builder.load(_address(context, builder, signature, args, vector))
    loaded.align = vector.dtype.bitwidth // 8  # a user's array may start anywhere
    return loaded


@type_callable(load_part)
def _type_load_part(context):
    return lambda array, i, count, like: _of_one_dtype(array, like)


@lower_builtin(load_part, types.Array, types.Integer, types.Integer, Vector)
def _lower_load_part(context, builder, signature, args):
    vector = signature.return_type
    llvm_vector = context.get_value_type(vector)
    address = _address(context, builder, signature, args, vector)
    count = context.cast(builder, args[2], signature.args[2], types.intp)
    mask = _compare_lanes(builder, "<", count, vector.lanes)
    i32 = ir.IntType(32)
    arguments = [address.type, i32, mask.type, llvm_vector]
    name = f"llvm.masked.load.{suffix_of(llvm_vector)}.p0"
    function_type = ir.FunctionType(llvm_vector, arguments)
    function = cgutils.get_or_insert_function(builder.module, function_type, name)
    align = ir.Constant(i32, vector.dtype.bitwidth // 8)
    return builder.call(function, [address, align, mask, ir.Constant(llvm_vector, None)])


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
    data = address_of(context, builder, signature.args[0], args[0])
    i = context.cast(builder, args[1], signature.args[1], types.intp)
    return builder.bitcast(builder.gep(data, [i]), context.get_value_type(vector).as_pointer())


@type_callable(prefetch)
def _type_prefetch(context):
    return lambda array, i: types.void


@lower_builtin(prefetch, types.Array, types.Integer)
def _lower_prefetch(context, builder, signature, args):
    data = address_of(context, builder, signature.args[0], args[0])
    i = context.cast(builder, args[1], signature.args[1], types.intp)
    prefetch_at(builder, builder.gep(data, [i]))
    return context.get_dummy_value()


def prefetch_at(builder, address):
    """Write down that the cache line of an address is brought from memory."""
    address, i32 = builder.bitcast(address, cgutils.voidptr_t), ir.IntType(32)
    function_type = ir.FunctionType(ir.VoidType(), [address.type, i32, i32, i32])
    function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
    to_read, keep, of_data = (ir.Constant(i32, number) for number in (0, 3, 1))
    builder.call(function, [address, to_read, keep, of_data])


@type_callable(splat)
def _type_splat(context):
    return lambda scalar, like: like


@lower_builtin(splat, types.Float, Vector)
@lower_builtin(splat, types.Integer, Vector)
@lower_builtin(splat, types.Boolean, Vector)
def _lower_splat(context, builder, signature, args):
    vector = signature.return_type
    scalar = context.cast(builder, args[0], signature.args[0], vector.dtype)
    return splat_of(builder, scalar, vector.lanes)


@type_callable(splat_at)
def _type_splat_at(context):
    return lambda array, i, like: _of_one_dtype(array, like)


@lower_builtin(splat_at, types.Array, types.Integer, Vector)
def _lower_splat_at(context, builder, signature, args):
    one = Vector(signature.args[0].dtype, 1)  # straight from its address: array[i] would first
    element = builder.bitcast(  # look whether i counts from the end
        _address(context, builder, signature, args, one),
        context.get_value_type(one.dtype).as_pointer(),
    )
    return splat_of(builder, builder.load(element), signature.return_type.lanes)


@type_callable(up_to)
def _type_up_to(context):
    return lambda count, vector: vector


@lower_builtin(up_to, types.Integer, Vector)
def _lower_up_to(context, builder, signature, args):
    count = context.cast(builder, args[0], signature.args[0], types.intp)
    return first_lanes(builder, count, args[1])


def first_lanes(builder, count, vector):
    """Return LLVM's vector with 0 in all but its first `count` lanes."""
    is_counted = _compare_lanes(builder, "<", count, vector.type.count)
    return builder.select(is_counted, vector, ir.Constant(vector.type, None))


def _compare_lanes(builder, condition, number, lanes):
    """Return for which lanes their number compares so with `number`."""
    numbers = splat_of(builder, number, lanes)
    lane_numbers = ir.Constant(numbers.type, list(range(lanes)))
    return builder.icmp_signed(condition, lane_numbers, numbers)


def splat_of(builder, scalar, lanes):
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
    vector, i32 = args[0], ir.IntType(32)
    while vector.type.count > 1:
        half = vector.type.count // 2
        halves = (_pick(builder, vector, vector, range(at, at + half)) for at in (0, half))
        vector = builder.fadd(*halves, flags=ROUNDED)
    return builder.extract_element(vector, ir.Constant(i32, 0))


@type_callable(totals)
def _type_totals(context):
    return lambda a, b, c, d: Vector(a.dtype, 4)


@lower_builtin(totals, Vector, Vector, Vector, Vector)
def _lower_totals(context, builder, signature, args):
    return totals_of(builder, args)


def totals_of(builder, vectors):
    """Return LLVM's vector of the sums over the lanes of four.

    The halves of two registers are added in one, which holds both then, until four lanes are left
    of each: so shuffles, which take one port of the processor, are as few as additions.
    """

    def add(a, b, lanes, more_lanes):
        return builder.fadd(_pick(builder, a, b, lanes), _pick(builder, a, b, more_lanes))

    lanes = 8 * REGISTER_BYTES // _bits_of(vectors[0].type)
    parts = []
    for part in vectors:
        if part.type.count == 2:  # registers of 16 bytes
            part = _pick(builder, part, ir.Constant(part.type, None), range(4))
        while part.type.count > max(4, lanes):
            half = part.type.count // 2
            part = add(part, part, range(half), range(half, 2 * half))
        parts.append(part)
    of_each = parts[0].type.count  # lanes of a part that belong to one of the sums
    while of_each > 4:
        half, own = of_each // 2, range(2 * parts[0].type.count)
        low = [lane for lane in own if lane % of_each < half]
        high = [lane + half for lane in low]
        parts = [add(a, b, low, high) for a, b in zip(parts[::2], parts[1::2], strict=True)]
        of_each = half
    if len(parts) == 4:
        a, b, c, d = parts
        a_and_b = add(a, b, (0, 4, 2, 6), (1, 5, 3, 7))
        c_and_d = add(c, d, (0, 4, 2, 6), (1, 5, 3, 7))
        return add(a_and_b, c_and_d, (0, 1, 4, 5), (2, 3, 6, 7))
    pairs = add(parts[0], parts[-1], range(0, 16, 2), range(1, 16, 2))
    return add(pairs, pairs, range(0, 8, 2), range(1, 8, 2))


def _pick(builder, a, b, lanes):
    """Return the vector of these lanes of `a` and then `b`, numbered through both."""
    return builder.shuffle_vector(
        a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
    )


def split(builder, vector, lanes):
    """Return the parts, so many lanes each, of one of LLVM's vectors."""
    count = vector.type.count
    return [_pick(builder, vector, vector, range(i, i + lanes)) for i in range(0, count, lanes)]


def join(builder, parts):
    """Return the vector of these parts, of which there are a power of two."""
    while len(parts) > 1:
        lanes = range(2 * parts[0].type.count)
        parts = [_pick(builder, *two, lanes) for two in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def suffix_of(llvm_vector):
    """Return how LLVM names the type in an intrinsic's name."""
    return f"v{llvm_vector.count}f{_bits_of(llvm_vector)}"


def _bits_of(llvm_vector):
    return 32 if llvm_vector.element == ir.FloatType() else 64
