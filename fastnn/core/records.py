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
from numba import cfunc, config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.numpy_support import carray
from numpy.typing import DTypeLike

from .jit import JIT
from .linking import options_of_inner

FIRST_ADDRESS = 1 << 16  # a code from here on is an address: no code of a table is as large

FROM_Z, TABLE = 1, 2  # bits of a code beside the address
START, STOP, CODE, WEIGHT = range(4)  # of a part, after their number
OF_A_PART = 4

NUMBER, READ, WRITTEN = range(3)  # what an argument is: a number, an array to read or to write

KEPT: dict[int, Any] = {}  # by code: what machine code belongs to, or functions of Python's
_NUMBERS = itertools.count(FIRST_ADDRESS)  # in the place of addresses, where nothing is compiled

OF_A_LOSS, OF_AN_ACTIVATION = 4, 3  # pointers
_RECORD = types.CPointer(types.float64)  # the last: to the number of parameters, and these


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

    return _machine_code(loss, kind, kind, OF_A_LOSS)


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
    return int(_kept(_compiled_activation(forward, backward, dtype), False, ()))


def _compiled_activation(forward, backward, dtype):
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

    return _machine_code(activation, types.void, kind, OF_AN_ACTIVATION)


def code_of_parts(parts: Sequence[tuple[int, int, int, float]]) -> int:
    """Return the code of a table of parts; it is kept as long as the process runs.

    Parameters
    ----------
    parts : sequence of (int, int, int, float)
        Of each part its outputs, [start, stop) of all, its code, and how much it counts.
    """
    table = np.empty(1 + len(parts) * OF_A_PART, np.int64)
    table[0], rows = len(parts), table[1:].reshape(-1, OF_A_PART)
    rows[:, :WEIGHT] = [part[:WEIGHT] for part in parts]
    rows.view(np.float64)[:, WEIGHT] = [part[WEIGHT] for part in parts]
    code = int(table.ctypes.data) << 2 | TABLE
    KEPT[code] = table
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


def _machine_code(function, result, kind, n_pointers):
    """Compile a function of C's interface."""
    pointers = [types.CPointer(kind)] * n_pointers
    return cfunc(result(types.intp, types.intp, *pointers, _RECORD), **JIT)(function)


def _kept(compiled, from_z, parameters):
    """Return the code that stands for machine code with its parameters."""
    record = np.empty(2 + len(parameters), np.int64)
    record[0] = compiled.address
    record[1:].view(np.float64)[:] = len(parameters), *parameters
    code = int(record.ctypes.data) << 2 | (FROM_Z if from_z else 0)
    KEPT[code] = compiled, record
    return code


def _kept_in_python(interpreted, from_z):
    code = next(_NUMBERS) << 2 | (FROM_Z if from_z else 0)
    KEPT[code] = interpreted
    return code
