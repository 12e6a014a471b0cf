"""Rows of arrays, lent to a kernel without counting references.

A view that Numba makes holds a reference to its array, so each `a[t]` in a loop of a kernel that
makes arrays costs two atomic operations: a fifth of the time of a per-sample step. A row that is
lent costs none, nor the look whether `t` counts from the end, and keeps nothing alive: an array
that a kernel has made itself is gone after the last use of its own name. So rows are lent of
arguments, or of arrays that the kernel names again later. A tuple can be lent likewise.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import lower_builtin, type_callable

from ..arrays import address_of, shape_of, view_of
from ..layout import CACHE_LINE


def row_of(array, i):
    """Return the view array[i] of a C-contiguous array, 0 <= i; it must not outlive the array."""
    return array[i]


def flat(array):
    """Return the view of all elements of a C-contiguous array, one after the other, likewise."""
    return array.reshape(-1)


def part_of(array, start, n):
    """Return the view array[start : start + n] of one axis, likewise."""
    return array[start : start + n]


def rows_like(table, first, n, like):
    """Return the view table[first : first + n] of a C-contiguous table, likewise.

    Its type is that of `like`, which may be written to, while a table may not.
    """
    return table[first : first + n]


def on_stack(size, like):
    """Return an array for a function to work in, of the dtype of `like`; `size` is a literal.

    It is gone with the function, and is to be small: some systems look at each page of a stack.
    """
    return np.empty(size, like.dtype)


def table_in(memory, line, n_rows, n_columns, dtype):
    """Return a table in the memory of an array of 64-bit numbers, from a cache line on, likewise.

    Lines are counted from the first that begins in the memory.
    """
    dtype = np.dtype(dtype)
    first = -memory.ctypes.data % CACHE_LINE + line * CACHE_LINE
    part = memory.view(np.uint8)[first : first + n_rows * n_columns * dtype.itemsize]
    return part.view(dtype).reshape(n_rows, n_columns)


def borrowed(arrays):
    """Return a tuple of arrays, and other things, of which nothing counts the references."""
    return arrays


@type_callable(row_of)
def _type_row_of(context):
    def typer(array, i):
        if isinstance(array, types.Array) and array.layout == "C" and array.ndim > 1:
            return array.copy(ndim=array.ndim - 1)
        return None

    return typer


@lower_builtin(row_of, types.Array, types.Integer)
def _lower_row_of(context, builder, signature, args):
    shape = shape_of(context, builder, signature.args[0], args[0])
    i = context.cast(builder, args[1], signature.args[1], types.intp)
    data = _row(context, builder, signature, args, shape, i)
    return view_of(context, builder, signature.return_type, data, shape[1:])


@type_callable(flat)
def _type_flat(context):
    return lambda array: array.copy(ndim=1) if array.layout == "C" else None


@lower_builtin(flat, types.Array)
def _lower_flat(context, builder, signature, args):
    kind, size = signature.args[0], ir.Constant(ir.IntType(64), 1)
    for length in shape_of(context, builder, kind, args[0]):
        size = builder.mul(size, length)
    data = address_of(context, builder, kind, args[0])
    return view_of(context, builder, signature.return_type, data, [size])


@type_callable(part_of)
def _type_part_of(context):
    def typer(array, start, n):
        return array if array.layout == "C" and array.ndim == 1 else None

    return typer


@lower_builtin(part_of, types.Array, types.Integer, types.Integer)
def _lower_part_of(context, builder, signature, args):
    start, n = (
        context.cast(builder, arg, kind, types.intp)
        for arg, kind in zip(args[1:], signature.args[1:], strict=True)
    )
    data = builder.gep(address_of(context, builder, signature.args[0], args[0]), [start])
    return view_of(context, builder, signature.return_type, data, [n])


@type_callable(rows_like)
def _type_rows_like(context):
    def typer(table, first, n, like):
        kinds = {(array.layout, array.ndim, array.dtype) for array in (table, like)}
        return like if kinds == {("C", 2, like.dtype)} else None

    return typer


@lower_builtin(rows_like, types.Array, types.Integer, types.Integer, types.Array)
def _lower_rows_like(context, builder, signature, args):
    first, n = (
        context.cast(builder, arg, kind, types.intp)
        for arg, kind in zip(args[1:3], signature.args[1:3], strict=True)
    )
    shape = shape_of(context, builder, signature.args[0], args[0])
    data = _row(context, builder, signature, args, shape, first)
    return view_of(context, builder, signature.return_type, data, [n, shape[1]])


@type_callable(on_stack)
def _type_on_stack(context):
    def typer(size, like):
        return like.copy(ndim=1) if isinstance(size, types.IntegerLiteral) else None

    return typer


@lower_builtin(on_stack, types.IntegerLiteral, types.Array)
def _lower_on_stack(context, builder, signature, args):
    kind, size = signature.return_type, signature.args[0].literal_value
    with builder.goto_entry_block():
        data = builder.alloca(context.get_value_type(kind.dtype), size)
    data.align = CACHE_LINE
    return view_of(context, builder, kind, data, [ir.Constant(ir.IntType(64), size)])


@type_callable(table_in)
def _type_table_in(context):
    return lambda memory, line, n_rows, n_columns, dtype: types.Array(dtype.dtype, 2, "C")


@lower_builtin(table_in, types.Array, types.Integer, types.Integer, types.Integer, types.DType)
@lower_builtin(
    table_in, types.Array, types.Integer, types.Integer, types.Integer, types.NumberClass
)
def _lower_table_in(context, builder, signature, args):
    line, n_rows, n_columns = (
        context.cast(builder, arg, kind, types.intp)
        for arg, kind in zip(args[1:4], signature.args[1:4], strict=True)
    )
    data = address_of(context, builder, signature.args[0], args[0])
    address = builder.ptrtoint(data, line.type)
    in_line = ir.Constant(line.type, CACHE_LINE - 1)
    address = builder.and_(builder.add(address, in_line), builder.not_(in_line))
    address = builder.add(address, builder.mul(line, ir.Constant(line.type, CACHE_LINE)))
    kind = signature.return_type
    data = builder.inttoptr(address, context.get_data_type(kind.dtype).as_pointer())
    return view_of(context, builder, kind, data, [n_rows, n_columns])


def _row(context, builder, signature, args, shape, i):
    """Return where row `i` of the first argument begins."""
    for length in shape[1:]:
        i = builder.mul(i, length)
    return builder.gep(address_of(context, builder, signature.args[0], args[0]), [i])


@type_callable(borrowed)
def _type_borrowed(context):
    return lambda arrays: arrays


@lower_builtin(borrowed, types.BaseTuple)
def _lower_borrowed(context, builder, signature, args):
    arrays = args[0]
    for place, kind in enumerate(signature.args[0]):
        if isinstance(kind, types.Array) and kind.layout == "C":
            array = builder.extract_value(arrays, place)
            shape = shape_of(context, builder, kind, array)
            data = address_of(context, builder, kind, array)
            view = view_of(context, builder, kind, data, shape)
            arrays = builder.insert_value(arrays, view, place)
    return arrays
