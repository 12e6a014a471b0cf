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

from .arrays import (
    address_of,
    integer,
    itemsize_of,
    part_of_struct,
    shape_of,
    struct_of,
    view_of,
)

_BEYOND = 2**63 - 1  # where a slice stops of which it is not said


class LeanContext(CPUContext):
    """The context of a compilation that takes the definitions of this file before Numba's."""

    def get_function(self, fn, sig, **options):
        """Return what writes a call of a function, or an operation, for these types."""
        key = fn.typing_key if isinstance(fn, types.Function) else fn
        writers = [write for applies, write in _DEFINITIONS.get(key, ()) if applies(*sig.args)]
        numbas = functools.partial(super().get_function, fn, sig, **options)
        if self.enable_boundscheck or not writers:
            return numbas()
        (write,) = writers

        def write_call(builder, args, loc=None):
            value = write(self, builder, sig, args)
            return numbas()(builder, args) if value is None else value

        return write_call

    def get_constant_generic(self, builder, ty, val):
        """Return a constant; a function is called by its type, so nothing need stand for it."""
        if isinstance(ty, types.Dispatcher):
            return self.get_dummy_value()
        return super().get_constant_generic(builder, ty, val)

    def pair_first(self, builder, val, ty):
        """Return the first of a pair."""
        return part_of_struct(builder, val, 0)

    def pair_second(self, builder, val, ty):
        """Return the second of a pair."""
        return part_of_struct(builder, val, 1)


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
    place = None
    for axis, length in enumerate(shape_of(context, builder, array, value)):
        if isinstance(kind, types.BaseTuple):
            i = _place(context, builder, kind[axis], part_of_struct(builder, index, axis), length)
        else:
            i = _place(context, builder, kind, index, length)
        place = i if place is None else builder.add(builder.mul(place, length), i)
    return builder.gep(address_of(context, builder, array, value), [place])


def _place(context, builder, kind, i, length):
    place = context.cast(builder, i, kind, types.intp)
    return _from_start(builder, place, length) if kind.signed else place


def _from_start(builder, i, length):
    """Return a place, which is counted from the end if it is below 0, counted from the start."""
    if isinstance(i, ir.Constant):
        return i if i.constant >= 0 else builder.add(i, length)
    return _choice(builder, "<", i, integer(0), builder.add(i, length), i)


# ---- parts of arrays -----------------------------------------------------------------------------


def _is_part(array, index, value=None):
    """Return whether an index, which ends in a slice or has fewer axes, is of a part in one."""
    if not isinstance(array, types.Array) or array.layout != "C" or not array.aligned:
        return False
    *kinds, last = tuple(index) if isinstance(index, types.BaseTuple) else (index,)
    is_slice = isinstance(last, types.SliceType) and not last.has_step
    is_row = isinstance(last, types.Integer) and len(kinds) + 1 < array.ndim
    return (is_slice or is_row) and all(isinstance(kind, types.Integer) for kind in kinds)


def _get_part(context, builder, signature, args):
    kind = signature.return_type
    data, shape = _part(context, builder, signature.args, args)
    return view_of(context, builder, kind, data, shape)


def _clear_part(context, builder, signature, args):
    """Overwrite a part with zeros; what is overwritten with other values is left to Numba."""
    array = signature.args[0]
    if not (isinstance(args[2], ir.Constant) and args[2].constant == 0):
        return None
    data, (size, *others) = _part(context, builder, signature.args, args)
    for length in (*others, itemsize_of(array)):
        size = builder.mul(size, length)
    cgutils.memset(builder, data, size, 0)
    return context.get_dummy_value()


def _part(context, builder, kinds, args):
    """Return where a part of an array begins, and its shape."""
    (array, index, *_), (value, place, *_) = kinds, args
    shape = shape_of(context, builder, array, value)
    if isinstance(index, types.BaseTuple):
        index = tuple(index)
        places = [part_of_struct(builder, place, axis) for axis in range(len(index))]
    else:
        index, places = (index,), [place]
    first, rest = integer(0), shape[len(index) :]
    for kind, i, length in zip(index, places, shape, strict=False):
        if isinstance(kind, types.Integer):
            start = _place(context, builder, kind, i, length)
        else:
            start, stop = (_bound(builder, part_of_struct(builder, i, k), length) for k in (0, 1))
            rest.insert(0, _largest_of(builder, builder.sub(stop, start), integer(0)))
        first = builder.add(builder.mul(first, length), start)
    for length in shape[len(index) :]:
        first = builder.mul(first, length)
    return builder.gep(address_of(context, builder, array, value), [first]), rest


def _bound(builder, i, length):
    """Return a bound of a slice as a place from 0 to the length."""
    if isinstance(i, ir.Constant) and i.constant in (0, _BEYOND):
        return integer(0) if i.constant == 0 else length
    i = _largest_of(builder, _from_start(builder, i, length), integer(0))
    return _choice(builder, "<", i, length, i, length)


def _is_plain_slice(*kinds):
    return len(kinds) == 2 and {*kinds} <= {types.int64, types.none}


def _slice(context, builder, signature, args):
    pairs = zip(args, signature.args, (0, _BEYOND), strict=True)
    bounds = [integer(usual) if kind is types.none else i for i, kind, usual in pairs]
    kind = context.get_value_type(signature.return_type)
    return struct_of(builder, kind, [*bounds, integer(1)])


# ---- ranges --------------------------------------------------------------------------------------


def _range(context, builder, signature, args):
    one_to_three = {1: (integer(0), *args, integer(1)), 2: (*args, integer(1)), 3: args}
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
    is_valid = _choice(builder, ">", step, integer(0), is_below, is_above)
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


def _largest_of(builder, a, b):
    return _choice(builder, ">", a, b, a, b)


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
    return builder.ashr(a, integer(b.constant.bit_length() - 1)) if _is_power(b) else None


def _remainder(context, builder, signature, args):
    """Return the remainder, which is not below 0, likewise."""
    a, b = args
    return builder.and_(a, integer(b.constant - 1)) if _is_power(b) else None


def _is_power(number):
    is_known = isinstance(number, ir.Constant) and number.constant > 0
    return is_known and number.constant.bit_count() == 1


def _choice(builder, sign, a, b, value, other):
    return builder.select(builder.icmp_signed(sign, a, b), value, other)


# Of an operation: for which types it is defined here, and what writes it.
_DEFINITIONS = {
    operator.getitem: [(_is_element, _get_element), (_is_part, _get_part)],
    operator.setitem: [(_is_element, _set_element), (_is_part, _clear_part)],
    slice: [(_is_plain_slice, _slice)],
    range: [(_are_integers, _range)],
    "getiter": [(lambda kind: kind == types.range_state64_type, _iterator)],
    "iternext": [(lambda kind: kind == types.range_iter64_type, _next)],
    int: [(_are_integers, _itself)],
    min: [(_are_two_integers, _least)],
    max: [(_are_two_integers, _largest)],
    operator.contains: [(_are_numbers, _contains)],
    operator.floordiv: [(_are_integers, _quotient)],
    operator.mod: [(_are_integers, _remainder)],
}
