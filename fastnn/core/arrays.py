"""How an array lies in LLVM's code: its address, its shape and what follows from them.

What counts its references, where something does, is a field that is not looked at here.
"""

from llvmlite import ir
from numba import types
from numba.core.datamodel import models


def integer(value):
    """Return an integer."""
    return ir.Constant(ir.IntType(64), value)


def part_of_struct(builder, value, place):
    """Return a part of one of LLVM's structures or arrays: as it was put in, where that is seen."""
    while isinstance(value, ir.instructions.InsertValue):
        first, *deeper = value.indices
        if first == place and deeper:
            break
        if first == place:
            return value.operands[1]
        value = value.operands[0]
    return builder.extract_value(value, place)


def struct_of(builder, kind, parts):
    """Return a structure of these parts."""
    struct = ir.Constant(kind, ir.Undefined)
    for place, part in enumerate(parts):
        struct = builder.insert_value(struct, part, place)
    return struct


def address_of(context, builder, kind, array):
    """Return where an array begins."""
    return _field_of(builder, context.data_model_manager[kind], array, "data")


def shape_of(context, builder, kind, array):
    """Return the lengths of its axes."""
    shape = _field_of(builder, context.data_model_manager[kind], array, "shape")
    return [part_of_struct(builder, shape, axis) for axis in range(kind.ndim)]


def _field_of(builder, model, array, name):
    return part_of_struct(builder, array, model.get_field_position(name))


def itemsize_of(kind):
    """Return the bytes of an element: a number, or a truth value."""
    return integer(getattr(kind.dtype, "bitwidth", 8) // 8)


def view_of(context, builder, kind, data, shape):
    """Return a C-contiguous array, of which nothing counts the references."""
    return _view_of(builder, context.data_model_manager[kind], kind, data, shape)


def _view_of(builder, model, kind, data, shape):
    size, itemsize = shape[0], itemsize_of(kind)
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
    array = ir.Constant(model.get_value_type(), None)
    for name, value in fields.items():
        array = builder.insert_value(array, value, model.get_field_position(name))
    return array


class ArgumentModel(models.ArrayModel):
    """A C-contiguous array among the arguments of a function: its address and its shape."""

    @property
    def _is_plain(self):
        kinds = types.Number, types.Boolean
        kind = self._fe_type
        return kind.ndim > 0 and kind.layout == "C" and isinstance(kind.dtype, kinds)

    def get_argument_type(self):
        """Return the types of the arguments."""
        if not self._is_plain:
            return super().get_argument_type()
        kinds = self.get_value_type().elements
        data, shape = (kinds[self.get_field_position(name)] for name in ("data", "shape"))
        return data, (shape.element,) * self._fe_type.ndim

    def as_argument(self, builder, value):
        """Return the arguments that stand for an array."""
        if not self._is_plain:
            return super().as_argument(builder, value)
        data, shape = (_field_of(builder, self, value, name) for name in ("data", "shape"))
        return data, tuple(part_of_struct(builder, shape, i) for i in range(self._fe_type.ndim))

    def from_argument(self, builder, value):
        """Return the array."""
        if not self._is_plain:
            return super().from_argument(builder, value)
        return _view_of(builder, self, self._fe_type, *value)
