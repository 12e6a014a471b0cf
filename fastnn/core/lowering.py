"""What kernels do most, written in fewer of LLVM's instructions than Numba writes.

A loop over a `range` took 110 instructions and an element of an array 30, which the rest of a
compilation reads and simplifies away: a third of all that a kernel was. Here they take 20 and 5,
and mean the same. They are for the core's own functions that count no references; other code, and
what is not a C-contiguous array or a plain integer, is left to Numba.
"""

import functools
import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.cpu import CPUContext


class LeanContext(CPUContext):
    """The context of a compilation that takes the definitions of this file before Numba's."""

    def get_function(self, fn, sig, **options):
        """Return what writes a call of a function, or an operation, for these types."""
        key = fn.typing_key if isinstance(fn, types.Function) else fn
        applies, write = _DEFINITIONS.get(key, (None, None))
        numbas = functools.partial(super().get_function, fn, sig, **options)
        if self.enable_boundscheck or applies is None or not applies(*sig.args):
            return numbas()

        def write_call(builder, args, loc=None):
            value = write(self, builder, sig, args)
            return numbas()(builder, args) if value is None else value

        return write_call

    def pair_first(self, builder, val, ty):
        """Return the first of a pair."""
        return part_of_struct(builder, val, 0)

    def pair_second(self, builder, val, ty):
        """Return the second of a pair."""
        return part_of_struct(builder, val, 1)


# ---- parts of structures -------------------------------------------------------------------------


def part_of_struct(builder, value, place):
    """Return a part of one of LLVM's structures or arrays: as it was put in, where that is seen."""
    while isinstance(value, ir.instructions.InsertValue):
        if tuple(value.indices) == (place,):
            return value.operands[1]
        value = value.operands[0]
    return builder.extract_value(value, place)


def struct_of(builder, kind, parts):
    """Return a structure of these parts."""
    struct = ir.Constant(kind, ir.Undefined)
    for place, part in enumerate(parts):
        struct = builder.insert_value(struct, part, place)
    return struct


def field_of(context, builder, kind, array, name):
    """Return a field of an array: `data`, `shape` ..."""
    place = context.data_model_manager[kind].get_field_position(name)
    return part_of_struct(builder, array, place)


def view_of(builder, model, data, shape):
    """Return a C-contiguous array, of which nothing counts the references."""
    kind = model.get_value_type()
    size, itemsize = shape[0], _number(getattr(model.fe_type.dtype, "bitwidth", 8) // 8)
    strides = [itemsize]
    for length in shape[1:]:
        size = builder.mul(size, length)
    for length in shape[:0:-1]:
        strides.insert(0, builder.mul(strides[0], length))
    axes = ir.ArrayType(itemsize.type, len(shape))
    fields = {
        "nitems": size,
        "itemsize": itemsize,
        "data": data,
        "shape": struct_of(builder, axes, shape),
        "strides": struct_of(builder, axes, strides),
    }
    array = ir.Constant(kind, None)
    for name, value in fields.items():
        array = builder.insert_value(array, value, model.get_field_position(name))
    return array


# ---- elements of arrays --------------------------------------------------------------------------


def _is_element(array, index, value=None):
    if not isinstance(array, types.Array) or array.layout != "C" or not array.aligned:
        return False
    kinds = tuple(index) if isinstance(index, types.BaseTuple) else (index,)
    return len(kinds) == array.ndim and all(isinstance(kind, types.Integer) for kind in kinds)


def _get_element(context, builder, signature, args):
    array, index = signature.args
    pointer = _pointer_to(context, builder, (array, index), args)
    return context.unpack_value(builder, array.dtype, pointer)


def _set_element(context, builder, signature, args):
    array, index, kind = signature.args
    pointer = _pointer_to(context, builder, (array, index), args)
    value = context.cast(builder, args[2], kind, array.dtype)
    context.pack_value(builder, array.dtype, value, pointer)
    return context.get_dummy_value()


def _pointer_to(context, builder, kinds, args):
    """Return where an element lies; an index below 0 counts from the end."""
    (array, kind), (value, index, *_) = kinds, args
    shape, place = field_of(context, builder, array, value, "shape"), None
    for axis in range(array.ndim):
        length = part_of_struct(builder, shape, axis)
        if isinstance(kind, types.BaseTuple):
            i = _place(context, builder, kind[axis], part_of_struct(builder, index, axis), length)
        else:
            i = _place(context, builder, kind, index, length)
        place = i if place is None else builder.add(builder.mul(place, length), i)
    return builder.gep(field_of(context, builder, array, value, "data"), [place])


def _place(context, builder, kind, i, length):
    is_constant = isinstance(i, ir.Constant)
    is_counted = not kind.signed or (is_constant and i.constant >= 0)
    i = context.cast(builder, i, kind, types.intp)
    if is_counted:
        return i
    from_end = builder.add(i, length)
    return from_end if is_constant else _choice(builder, "<", i, _number(0), from_end, i)


# ---- ranges --------------------------------------------------------------------------------------


def _range(context, builder, signature, args):
    one_to_three = {1: (_number(0), *args, _number(1)), 2: (*args, _number(1)), 3: args}
    kind = context.get_value_type(signature.return_type)
    return struct_of(builder, kind, one_to_three[len(args)])


def _iterator(context, builder, signature, args):
    """Return where the next number is, the stop and the step; Numba has a pointer more."""
    start, stop, step = (part_of_struct(builder, args[0], place) for place in range(3))
    pointer = cgutils.alloca_once_value(builder, start)
    kind = context.get_value_type(signature.return_type)
    return struct_of(builder, kind, (pointer, stop, step, pointer))


def _next(context, builder, signature, args):
    """Return a pair: a number, and whether it is in the range."""
    pointer, stop, step = (part_of_struct(builder, args[0], place) for place in range(3))
    number = builder.load(pointer)
    builder.store(builder.add(number, step, flags=["nsw"]), pointer)
    is_below, is_above = (builder.icmp_signed(sign, number, stop) for sign in "<>")
    is_valid = _choice(builder, ">", step, _number(0), is_below, is_above)
    return struct_of(builder, context.get_value_type(signature.return_type), (number, is_valid))


# ---- arithmetic of integers ----------------------------------------------------------------------


def _are_integers(*kinds):
    return {*kinds} == {types.int64}


def _are_two_integers(*kinds):
    return len(kinds) == 1 and isinstance(kinds[0], types.BaseTuple) and _are_integers(*kinds[0])


def _itself(context, builder, signature, args):
    return args[0]


def _least(context, builder, signature, args):
    return _first_by("<", builder, signature, args)


def _largest(context, builder, signature, args):
    return _first_by(">", builder, signature, args)


def _first_by(sign, builder, signature, args):
    first, *others = (part_of_struct(builder, args[0], i) for i in range(len(signature.args[0])))
    for other in others:
        first = _choice(builder, sign, other, first, other, first)
    return first


def _are_numbers(kinds, kind):
    are_integers = isinstance(kinds, types.UniTuple) and kinds.dtype == types.int64
    return are_integers and kind in (types.int64, types.float64)


def _contains(context, builder, signature, args):
    kinds, kind = signature.args
    is_there = ir.Constant(ir.IntType(1), 0)
    for place in range(len(kinds)):
        one = context.cast(builder, part_of_struct(builder, args[0], place), kinds.dtype, kind)
        compare = builder.icmp_signed if kind == types.int64 else builder.fcmp_ordered
        is_there = builder.or_(is_there, compare("==", one, args[1]))
    return is_there


def _quotient(context, builder, signature, args):
    """Return the quotient, rounded down, by a power of two that is known; else leave it."""
    a, b = args
    return builder.ashr(a, _number(b.constant.bit_length() - 1)) if _is_power(b) else None


def _remainder(context, builder, signature, args):
    """Return the remainder, which is not below 0, likewise."""
    a, b = args
    return builder.and_(a, _number(b.constant - 1)) if _is_power(b) else None


def _is_power(number):
    is_known = isinstance(number, ir.Constant) and number.constant > 0
    return is_known and number.constant.bit_count() == 1


def _choice(builder, sign, a, b, value, other):
    return builder.select(builder.icmp_signed(sign, a, b), value, other)


def _number(number):
    return ir.Constant(ir.IntType(64), number)


# Of an operation: whether it is defined here for these types, and what writes it.
_DEFINITIONS = {
    operator.getitem: (_is_element, _get_element),
    operator.setitem: (_is_element, _set_element),
    range: (_are_integers, _range),
    "getiter": (lambda kind: kind == types.range_state64_type, _iterator),
    "iternext": (lambda kind: kind == types.range_iter64_type, _next),
    int: (_are_integers, _itself),
    min: (_are_two_integers, _least),
    max: (_are_two_integers, _largest),
    operator.contains: (_are_numbers, _contains),
    operator.floordiv: (_are_integers, _quotient),
    operator.mod: (_are_integers, _remainder),
}
