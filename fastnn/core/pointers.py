"""Losses and activations that kernels call through the address of their machine code.

They are compiled apart from the kernels, which need not know them: in the tables their code is the
address of a record, times four, and 1 more for a loss that gives its derivative by z. So a kernel
that is compiled, or came in a wheel, runs a user's function. A record holds the address of the
machine code, the number of the loss's parameters, and these: to change them compiles nothing. The
C interface, for T the network's dtype:

    T loss(n, n_errors, const T *y, const T *z, const T *a, T *error, const double *parameters)
    void activation(n, n_deltas, const T *z, T *a, T *delta, const double *parameters)

n is the number of outputs; `parameters` points at their number. A loss returns its value; if
n_errors is not 0 but n, it overwrites `error` with its derivative by a, or by z. An activation
overwrites `a`, or, if n_deltas is n, turns `delta` from dL/da into dL/dz and leaves `a`. What
raises an error makes the loss, `a` and what it should have filled NaN.

A code may also be the address of a table: of parts of the outputs, heads, each with a code of its
own. Then nothing is compiled for the combination: kernels go from part to part.
"""

import itertools
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import cfunc, config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic, lower_builtin, register_jitable, type_callable
from numba.np.numpy_support import carray
from numpy.typing import DTypeLike

from .jit import JIT, inner
from .linking import options_of_inner

FIRST_ADDRESS = 1 << 16  # a code from here on is an address: no code of a table is as large

_FROM_Z, _TABLE = 1, 2  # bits of a code beside the address
_START, _STOP, _CODE, _WEIGHT = range(4)  # of a part, after their number
_OF_A_PART = 4

NUMBER, READ, WRITTEN = range(3)  # what an argument is: a number, an array to read or to write

_KEPT: dict[int, Any] = {}  # by code: what machine code belongs to, or functions of Python's
_NUMBERS = itertools.count(FIRST_ADDRESS)  # in the place of addresses, where nothing is compiled


@inner
def is_address(code):
    """Return True if a code of a table is an address."""
    return code >= FIRST_ADDRESS


@inner
def is_from_z(code):
    """Return True if a loss at an address gives its derivative by z."""
    return code & _FROM_Z == _FROM_Z


@register_jitable
def is_table(code: int) -> bool:
    """Return True if a code is the address of a table of parts."""
    return bool(code >= FIRST_ADDRESS and code & _TABLE == _TABLE)


@inner
def n_parts_of(code):
    """Return the number of parts in a table."""
    return number_at(code, 0)


@inner
def part_at(code, part, start):
    """Return the first unit of a part, the one past its last, and its code; `start` is of all."""
    place = 1 + part * _OF_A_PART
    first, last = number_at(code, place + _START), number_at(code, place + _STOP)
    return start + first, start + last, number_at(code, place + _CODE)


@inner
def weight_at(code, part):
    """Return how much a part counts."""
    return float_at(code, 1 + part * _OF_A_PART + _WEIGHT)


# ---- from a function to an address ---------------------------------------------------------------


def code_of_loss(
    rows: Callable[..., Any], dtype: DTypeLike, *, from_z: bool, parameters: Sequence[float] = ()
) -> int:
    """Compile a loss for a dtype, once, and return the code of it with these parameters.

    It is kept as long as the process runs.

    Parameters
    ----------
    rows : callable
        A function of y, z, a and error, each of shape (n_out,), and of the parameters, that Numba
        compiles: it returns the loss, and overwrites `error` with its derivative by a, or by z. It
        may write to nothing else.
    dtype : dtype
        That of the network.
    from_z : bool
        Whether the derivative is by z.
    parameters : sequence of float
        The parameters, by default none.
    """
    if not _is_compiled():
        interpreted = partial(rows, parameters=np.array(parameters, np.float64))
        return int(_kept_in_python(interpreted, from_z))
    return int(_kept(_compiled_loss(rows, np.dtype(dtype)), from_z, parameters))


@cache
def _compiled_loss(rows, dtype):
    kind, compiled = _kind_of(dtype), linked(rows)

    def loss(n, n_errors, y, z, a, error, record):
        errors = carray(error, n_errors) if n_errors > 0 else np.empty(n, kind)
        given = _read_only(carray(y, n)), _read_only(carray(z, n)), _read_only(carray(a, n))
        parameters = _read_only(carray(record, 1 + int(record[0]))[1:])
        value, is_right = _guarded(compiled, (*given, errors, parameters))
        if is_right:
            return kind(value)
        errors[:] = np.nan
        return kind(np.nan)

    pointers = [types.CPointer(kind)] * _OF_A_LOSS
    return cfunc(kind(types.intp, types.intp, *pointers, _RECORD), **JIT)(loss)


def code_of_activation(
    forward: Callable[..., Any], backward: Callable[..., Any], dtype: DTypeLike
) -> int:
    """Compile an activation for a dtype, and return its code, likewise.

    Parameters
    ----------
    forward : callable
        A function of z and a, each of shape (n_out,), that Numba compiles: it overwrites `a`.
    backward : callable
        A function of z, a and delta, which turns `delta` from dL/da into dL/dz.
    dtype : dtype
        That of the network.
    """
    if not _is_compiled():
        return int(_kept_in_python((forward, backward), False))
    kind, on, back = _kind_of(dtype), linked(forward), linked(backward)

    def activation(n, n_deltas, z, a, delta, record):
        units, outputs = carray(z, n), carray(a, n)
        if n_deltas > 0:
            deltas = carray(delta, n_deltas)
            _, is_right = _guarded(back, (units, outputs, deltas))
            if not is_right:
                deltas[:] = np.nan
        else:
            _, is_right = _guarded(on, (units, outputs))
        if not is_right:
            outputs[:] = np.nan

    pointers = [types.CPointer(kind)] * _OF_AN_ACTIVATION
    signature = types.void(types.intp, types.intp, *pointers, _RECORD)
    return int(_kept(cfunc(signature, **JIT)(activation), False, ()))


def code_of_parts(parts: Sequence[tuple[int, int, int, float]]) -> int:
    """Return the code of a table of parts; it is kept as long as the process runs.

    Parameters
    ----------
    parts : sequence of (int, int, int, float)
        Of each part its outputs, [start, stop) of all, its code, and how much it counts.
    """
    table = np.empty(1 + len(parts) * _OF_A_PART, np.int64)
    table[0], rows = len(parts), table[1:].reshape(-1, _OF_A_PART)
    rows[:, :_WEIGHT] = [part[:_WEIGHT] for part in parts]
    rows.view(np.float64)[:, _WEIGHT] = [part[_WEIGHT] for part in parts]
    code = int(table.ctypes.data) << 2 | _TABLE
    _KEPT[code] = table
    return code


def linked(function: Callable[..., Any], *, is_checked: bool = False) -> Any:
    """Return a function for Numba, which makes no code of it but as a part of another.

    Parameters
    ----------
    function : callable
        The function.
    is_checked : bool
        Whether an index out of bounds raises an IndexError, by default False.
    """
    options: dict[str, Any] = JIT | options_of_inner()
    return njit(**options, boundscheck=is_checked)(function)


def compile_linked(function: Any, dtype: DTypeLike, arguments: Sequence[int]) -> None:
    """Compile such a function for numbers and arrays, so that its own errors are seen as its own.

    Parameters
    ----------
    function : callable
        What `linked` has returned.
    dtype : dtype
        That of the arguments.
    arguments : sequence of int
        What each is: `NUMBER`, `READ` or `WRITTEN`.
    """
    if _is_compiled():
        kind = _kind_of(dtype)
        known = (kind, types.Array(kind, 1, "C", readonly=True), types.Array(kind, 1, "C"))
        function.compile(tuple(known[argument] for argument in arguments))


@intrinsic
def _read_only(context, array):
    """Return the same array; it does not compile to write to it."""

    def lower(context, builder, signature, args):
        return args[0]

    return array.copy(readonly=True, layout="C")(array), lower


@intrinsic
def _guarded(context, function, arguments):
    """Call a function; return its value, of whatever, and whether it has raised no error.

    A `try` takes Numba 0.3 s to compile.
    """
    signature = context.resolve_function_type(function, arguments.types, {})

    def lower(context, builder, outer, args):
        dispatcher = function.dispatcher
        compiled = dispatcher.get_compile_result(signature)
        context.active_code_library.add_linking_library(compiled.library)
        arrays = cgutils.unpack_tuple(builder, args[1])
        status, value = context.call_internal_no_propagate(
            builder, compiled.fndesc, signature, arrays
        )
        return context.make_tuple(builder, outer.return_type, [value, status.is_ok])

    pair = types.Tuple((signature.return_type, types.boolean))
    return pair(function, arguments), lower


def _is_compiled():
    return not config.DISABLE_JIT


def _kind_of(dtype):
    return types.float32 if np.dtype(dtype) == np.float32 else types.float64


def _kept(compiled, from_z, parameters):
    """Return the code that stands for machine code with its parameters."""
    record = np.empty(2 + len(parameters), np.int64)
    record[0] = compiled.address
    record[1:].view(np.float64)[:] = len(parameters), *parameters
    code = int(record.ctypes.data) << 2 | (_FROM_Z if from_z else 0)
    _KEPT[code] = compiled, record
    return code


def _kept_in_python(interpreted, from_z):
    code = next(_NUMBERS) << 2 | (_FROM_Z if from_z else 0)
    _KEPT[code] = interpreted
    return code


# ---- what kernels call: the Python forms ---------------------------------------------------------


def number_at(code, place):
    """Return a number of a table of parts."""
    return _KEPT[code][place]


def float_at(code, place):
    """Return a number that is no integer."""
    return _KEPT[code].view(np.float64)[place]


def loss_at(code, start, stop, y, z, a):
    """Return the loss of the outputs [start, stop) by the function at an address."""
    return error_at(code, start, stop, y, z, a, np.empty_like(a))


def error_at(code, start, stop, y, z, a, error):
    """Overwrite error[start:stop] with its derivative; return the loss."""
    errors, given = error[start:stop], [y[: stop - start], z[start:stop], a[start:stop]]
    for array in given:
        array.flags.writeable = False
    try:
        return a.dtype.type(_KEPT[code](*given, errors))
    except Exception:
        errors[:] = np.nan
        return a.dtype.type(np.nan)


def activate_at(code, start, stop, z, a):
    """Overwrite a[start:stop] with f(z[start:stop])."""
    forward, _ = _KEPT[code]
    try:
        forward(z[start:stop], a[start:stop])
    except Exception:
        a[start:stop] = np.nan


def pull_back_at(code, start, stop, z, a, delta):
    """Turn delta[start:stop] from dL/da into dL/dz."""
    _, backward = _KEPT[code]
    try:
        backward(z[start:stop], a[start:stop], delta[start:stop])
    except Exception:
        a[start:stop] = delta[start:stop] = np.nan


# ---- what Numba compiles for them ----------------------------------------------------------------

_OF_A_LOSS, _OF_AN_ACTIVATION = 4, 3  # pointers
_RECORD = types.CPointer(types.float64)  # the last: to the number of parameters, and these


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
        context, builder, signature, code, builder.sub(stop, start), pointers, _OF_A_LOSS
    )


@lower_builtin(error_at, *[types.Integer] * 3, *[types.Array] * 4)
def _lower_error_at(context, builder, signature, args):
    return _lower_loss_at(context, builder, signature, args)


@lower_builtin(activate_at, *[types.Integer] * 3, *[types.Array] * 2)
def _lower_activate_at(context, builder, signature, args):
    code, start, stop, units = _lower_parts(context, builder, signature, args)
    pointers, n = [builder.gep(unit, [start]) for unit in units], builder.sub(stop, start)
    return _lower_call(context, builder, signature, code, n, pointers, _OF_AN_ACTIVATION)


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
        context.make_array(kind)(context, builder, arg).data
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
