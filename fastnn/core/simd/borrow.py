"""Rows of arrays, lent to a kernel without counting references.

A view that Numba makes holds a reference to its array, so each `a[t]` in a loop of a kernel that
makes arrays costs two atomic operations: a fifth of the time of a per-sample step. A row that is
lent costs none, nor the look whether `t` counts from the end, and keeps nothing alive: an array
that a kernel has made itself is gone after the last use of its own name. So rows are lent of
arguments, or of arrays that the kernel names again later. A tuple can be lent likewise.
"""

from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, type_callable


def row_of(array, i):
    """Return the view array[i] of a C-contiguous array, 0 <= i; it must not outlive the array."""
    return array[i]


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
    from numba.np.arrayobj import populate_array  # 40 ms, and no kernel may have to be compiled

    array = context.make_array(signature.args[0])(context, builder, args[0])
    i = context.cast(builder, args[1], signature.args[1], types.intp)
    shape = cgutils.unpack_tuple(builder, array.shape)[1:]
    strides = cgutils.unpack_tuple(builder, array.strides)
    row = context.make_array(signature.return_type)(context, builder)
    populate_array(
        row,
        data=cgutils.pointer_add(builder, array.data, builder.mul(i, strides[0])),
        shape=shape,
        strides=strides[1:],
        itemsize=array.itemsize,
        meminfo=None,  # what would be counted
    )
    return row._getvalue()


@type_callable(borrowed)
def _type_borrowed(context):
    return lambda arrays: arrays


@lower_builtin(borrowed, types.BaseTuple)
def _lower_borrowed(context, builder, signature, args):
    arrays = args[0]
    for place, kind in enumerate(signature.args[0]):
        if isinstance(kind, types.Array):
            array = context.make_array(kind)(context, builder, builder.extract_value(arrays, place))
            array.meminfo = cgutils.get_null_value(array.meminfo.type)
            array.parent = cgutils.get_null_value(array.parent.type)
            arrays = builder.insert_value(arrays, array._getvalue(), place)
    return arrays
