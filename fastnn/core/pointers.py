"""What kernels do with the code of a loss or an activation that is an address, as in `records`."""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import lower_builtin, type_callable

from .arrays import address_of
from .jit import inner
from .records import (
    CODE,
    FIRST_ADDRESS,
    FROM_Z,
    KEPT,
    OF_A_LOSS,
    OF_A_PART,
    OF_AN_ACTIVATION,
    START,
    STOP,
    TABLE,
    WEIGHT,
)


@inner
def is_address(code):
    """Return True if a code of a table is an address."""
    return code >= FIRST_ADDRESS


@inner
def is_from_z(code):
    """Return True if a loss at an address gives its derivative by z."""
    return code & FROM_Z == FROM_Z


@inner
def is_table(code: int) -> bool:
    """Return True if a code is the address of a table of parts."""
    return bool(code >= FIRST_ADDRESS and code & TABLE == TABLE)


@inner
def n_parts_of(code):
    """Return the number of parts in a table."""
    return number_at(code, 0)


@inner
def part_at(code, part, start):
    """Return the first unit of a part, the one past its last, and its code; `start` is of all."""
    place = 1 + part * OF_A_PART
    first, last = number_at(code, place + START), number_at(code, place + STOP)
    return start + first, start + last, number_at(code, place + CODE)


@inner
def weight_at(code, part):
    """Return how much a part counts."""
    return float_at(code, 1 + part * OF_A_PART + WEIGHT)


# ---- what kernels call: the Python forms ---------------------------------------------------------


def number_at(code, place):
    """Return a number of a table of parts."""
    return KEPT[code][place]


def float_at(code, place):
    """Return a number that is no integer."""
    return KEPT[code].view(np.float64)[place]


def loss_at(code, start, stop, y, z, a):
    """Return the loss of the outputs [start, stop) by the function at an address."""
    return error_at(code, start, stop, y, z, a, np.empty_like(a))


def error_at(code, start, stop, y, z, a, error):
    """Overwrite error[start:stop] with its derivative; return the loss."""
    errors, given = error[start:stop], [y[: stop - start], z[start:stop], a[start:stop]]
    for array in given:
        array.flags.writeable = False
    try:
        return a.dtype.type(KEPT[code](*given, errors))
    except Exception:
        errors[:] = np.nan
        return a.dtype.type(np.nan)


def activate_at(code, start, stop, z, a):
    """Overwrite a[start:stop] with f(z[start:stop])."""
    forward, _ = KEPT[code]
    try:
        forward(z[start:stop], a[start:stop])
    except Exception:
        a[start:stop] = np.nan


def pull_back_at(code, start, stop, z, a, delta):
    """Turn delta[start:stop] from dL/da into dL/dz."""
    _, backward = KEPT[code]
    try:
        backward(z[start:stop], a[start:stop], delta[start:stop])
    except Exception:
        a[start:stop] = delta[start:stop] = np.nan


# ---- what Numba compiles for them ----------------------------------------------------------------


@type_callable(number_at)
def _type_number(context):
    return lambda code, place: types.int64


@type_callable(float_at)
def _type_float(context):
    return lambda code, place: types.float64


@lower_builtin(number_at, *[types.Integer] * 2)
@lower_builtin(float_at, *[types.Integer] * 2)
def _lower_number(context, builder, signature, args):
    code, place = (
        context.cast(builder, arg, kind, types.intp)
        for arg, kind in zip(args, signature.args, strict=True)
    )
    kind = context.get_value_type(signature.return_type)
    table = builder.inttoptr(_address_in(builder, code), kind.as_pointer())
    return builder.load(builder.gep(table, [place]))


@type_callable(loss_at)
@type_callable(error_at)
def _type_value(context):
    def typer(code, start, stop, y, z, a, error=None):
        return a.dtype

    return typer


@type_callable(activate_at)
@type_callable(pull_back_at)
def _type_nothing(context):
    def typer(code, start, stop, z, a, delta=None):
        return types.none

    return typer


@lower_builtin(loss_at, *[types.Integer] * 3, *[types.Array] * 3)
def _lower_loss_at(context, builder, signature, args):
    code, start, stop, (y, *units) = _lower_parts(context, builder, signature, args)
    pointers = [y, *(builder.gep(unit, [start]) for unit in units)]
    return _lower_call(
        context, builder, signature, code, builder.sub(stop, start), pointers, OF_A_LOSS
    )


@lower_builtin(error_at, *[types.Integer] * 3, *[types.Array] * 4)
def _lower_error_at(context, builder, signature, args):
    return _lower_loss_at(context, builder, signature, args)


@lower_builtin(activate_at, *[types.Integer] * 3, *[types.Array] * 2)
def _lower_activate_at(context, builder, signature, args):
    code, start, stop, units = _lower_parts(context, builder, signature, args)
    pointers, n = [builder.gep(unit, [start]) for unit in units], builder.sub(stop, start)
    return _lower_call(context, builder, signature, code, n, pointers, OF_AN_ACTIVATION)


@lower_builtin(pull_back_at, *[types.Integer] * 3, *[types.Array] * 3)
def _lower_pull_back_at(context, builder, signature, args):
    return _lower_activate_at(context, builder, signature, args)


def _lower_parts(context, builder, signature, args):
    """Return code, start and stop as integers of one width, and pointers to the arrays."""
    kinds = signature.args
    numbers = [
        context.cast(builder, arg, kind, types.intp)
        for arg, kind in zip(args[:3], kinds[:3], strict=True)
    ]
    arrays = [
        address_of(context, builder, kind, arg)
        for arg, kind in zip(args[3:], kinds[3:], strict=True)
    ]
    return *numbers, arrays


def _lower_call(context, builder, signature, code, n, pointers, n_pointers):
    """Call the function; without the last of its arrays, which it would fill, that one is null."""
    is_filled = len(pointers) == n_pointers
    n_filled = n if is_filled else ir.Constant(n.type, 0)
    if not is_filled:
        pointers = [*pointers, ir.Constant(pointers[0].type, None)]
    is_value = signature.return_type != types.none
    result = context.get_value_type(signature.return_type) if is_value else ir.VoidType()
    record = builder.inttoptr(_address_in(builder, code), n.type.as_pointer())
    number = context.get_value_type(types.float64).as_pointer()
    parameters = builder.bitcast(builder.gep(record, [ir.Constant(n.type, 1)]), number)
    arguments = [n, n_filled, *pointers, parameters]
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    function = builder.inttoptr(builder.load(record), kind.as_pointer())
    value = builder.call(function, arguments)
    return value if is_value else context.get_dummy_value()


def _address_in(builder, code):
    return builder.lshr(code, ir.Constant(code.type, 2))
