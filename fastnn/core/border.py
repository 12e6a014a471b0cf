"""What a user's code hands to a user's kernel: checked in Python, or its types as it is compiled.

Compiled code gets the kernel itself, which looks at lengths.
"""

import functools
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaNotImplementedError, TypingError
from numba.np.numpy_support import as_dtype

from .handle import Handle
from .layout import N_IN, N_OUT

FLOATS = frozenset(map(np.dtype, "df"))  # of this machine's byte order, as all here
NUMBERS = FLOATS | frozenset(map(np.dtype, "bhilqBHILQ"))
_NO_HANDLE = "handle must be what the handle() of a network returns, got "
_GIVE_HANDLE = ": give net.handle()"
_NO_NUMBER = "{} must be a float, or a whole number, got {}: give a float"
_KERNEL_NUMBERS = float, int, np.float32, np.integer, np.bool_


class CheckedFromPython:
    """A kernel whose arguments `check`, which has its name, looks at if Python calls it."""

    def __init__(self, kernel, check):
        functools.update_wrapper(self, check)
        self._kernel, self._check = kernel, check

    def __call__(self, *arguments, **named):
        """Check the arguments and call the kernel."""
        self._check(*arguments, **named)
        return self._kernel(*arguments, **named)

    def __get__(self, instance, owner=None):
        """Return the function itself; `help` takes what has this for one, and tells arguments."""
        return self

    def __repr__(self):
        return f"<function {self.__module__}.{self.__qualname__}>"

    def __reduce__(self):
        return self.__qualname__  # where a pickle finds it

    @property
    def _numba_type_(self):
        return self._kernel._numba_type_


def checked_from_python(kernel, **expected):
    """Decorate the check of a kernel of a handle and these: what it makes is the kernel for users.

    Compiled code has its types looked at by `expected`.
    """
    if isinstance(kernel, Dispatcher):
        kernel.get_call_template = _checking_types(expected, kernel.get_call_template)
    return functools.partial(CheckedFromPython, kernel)


class Expected(NamedTuple):
    """An array that a kernel takes, as `check_array` describes it; sizes are words.

    "n_in", "n_out" and "n_params" are those of the handle's network, "n_samples" is that of `X`.
    """

    shape: tuple[str, ...]
    dtypes: frozenset[np.dtype[Any]] | None = None  # None: that of the network
    is_written: bool = False
    is_strided: bool = False


_SAMPLES = "n_samples"
_ANY = FLOATS | NUMBERS | {np.dtype(bool)}
INPUT, TARGET = (Expected((n,), _ANY, is_strided=True) for n in ("n_in", "n_out"))
INPUT_ROWS = Expected((_SAMPLES, "n_in"), NUMBERS)
TARGET_ROWS = Expected((_SAMPLES, "n_out"))
ERROR_ROWS, INPUT_ERROR_ROWS = (
    Expected((_SAMPLES, n), _ANY, is_strided=True) for n in ("n_out", "n_in")
)
WEIGHTS = Expected((_SAMPLES,), _ANY, is_strided=True)
NUMBER = None


def written(expected):
    """Return what an array for results must be, of the shape of another."""
    return expected._replace(dtypes=FLOATS, is_written=True)


def checked(**expected):
    """Decorate a kernel of a handle and these arguments: what it makes is the kernel for users."""
    names = tuple(expected)

    def decorate(kernel):
        @functools.wraps(kernel, updated=())
        def check(handle, *arguments, **named):
            check_handle(handle)
            item = handle.layer_table.item
            sizes = {"n_in": item(0, N_IN), "n_out": item(-1, N_OUT), _SAMPLES: _SAMPLES}
            if named:
                if {*names[len(arguments) :]} != {*named}:
                    return  # the kernel tells what is missing
                arguments += tuple([named[name] for name in names[len(arguments) :]])
            for name, array, value in zip(names, expected.values(), arguments, strict=False):
                if array is NUMBER:
                    check_number(name, value)
                    continue
                shape = tuple([sizes[word] for word in array.shape])
                dtypes = array.dtypes or {handle.params.dtype}
                check_array(name, value, shape, dtypes, array.is_written, array.is_strided)
                if shape[0] is _SAMPLES:
                    sizes[_SAMPLES] = len(value)

        return checked_from_python(kernel, **expected)(check)

    return decorate


def _checking_types(expected, template_of):
    """Return what finds a kernel for types, after a look at them."""
    names = ("handle", *expected)

    def checked_template_of(args, kws):
        given = dict(zip(names, args, strict=False)) | kws
        if {*given} == {*names}:  # else Numba tells what is missing
            check_types(expected, given)
        return template_of(args, kws)

    return checked_template_of


def check_types(expected, given):
    """Raise a TypingError unless a kernel can be compiled for arguments of these types."""
    handle = given["handle"]
    if not (isinstance(handle, types.NamedTuple) and handle.instance_class is Handle):
        raise TypingError(_NO_HANDLE + _told(handle) + _GIVE_HANDLE)
    own = as_dtype(handle.types[handle.fields.index("params")].dtype)
    for name, array in expected.items():
        kind = given[name]
        if array is not NUMBER:
            _check_type_of_array(name, kind, array, array.dtypes or {own})
        elif not isinstance(kind, types.Integer | types.Float | types.Boolean):
            raise TypingError(_NO_NUMBER.format(name, _told(kind)))


def _check_type_of_array(name, kind, expected, dtypes):
    n_axes, shape = len(expected.shape), _shown(expected.shape)
    if not (isinstance(kind, types.Array) and kind.ndim == n_axes):
        axes = "one axis" if n_axes == 1 else f"{n_axes} axes"
        raise TypingError(
            f"{name} must be an array of {axes}, got {_told(kind)}: give one of shape {shape}"
        )
    try:
        dtype = as_dtype(kind.dtype)
    except (NumbaNotImplementedError, NotImplementedError):
        dtype = None
    if dtype not in dtypes:
        remedy = (
            f"np.empty({shape})" if expected.is_written else f"{name}.astype(np.{_widest(dtypes)})"
        )
        raise TypingError(
            f"{name} must have dtype {_names_of(dtypes)}, got {kind.dtype}: give {remedy}"
        )
    if kind.layout != "C" and not expected.is_strided:
        remedy = f"np.empty({shape})" if expected.is_written else f"np.ascontiguousarray({name})"
        raise TypingError(f"{name} must be C-contiguous, got {_told(kind)}: give {remedy}")
    if expected.is_written and not kind.mutable:
        raise TypingError(f"{name} must be writable, got {_told(kind)}: give np.empty({shape})")


def _told(kind):
    return "None" if kind == types.none else str(kind)


def _shown(shape):
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def _widest(dtypes):
    return max(dtype.name for dtype in dtypes if dtype.kind == "f")


def _names_of(dtypes):
    known = sorted(dtype.name for dtype in dtypes if dtype.kind == "f")
    return " or ".join(known) + (" or whole numbers" if dtypes >= NUMBERS else "")


def check_handle(handle):
    """Raise a TypeError unless it is a handle."""
    if not isinstance(handle, Handle):
        raise TypeError(_NO_HANDLE + type(handle).__name__ + _GIVE_HANDLE)


def check_number(name, value):
    """Raise an error unless it is a finite number that a kernel takes."""
    if not isinstance(value, _KERNEL_NUMBERS):
        raise TypeError(_NO_NUMBER.format(name, type(value).__name__))
    if not -(2.0**63) <= value < 2.0**63:  # NaN too
        got = value if value != value else "a larger one"
        raise ValueError(f"{name} must be a finite number from -2**63 to 2**63, got {got}")


def check_array(name, array, shape, dtypes, is_written=False, is_strided=False):
    """Raise an error that names the remedy unless a kernel can take an array as it is.

    A word in `shape`, which may be its first, stands for any number.
    """
    if _is_fit(array, shape, dtypes):
        return
    needed = _shown(shape)
    remedy = f"give np.ascontiguousarray({name}, {_widest(dtypes)!r})"
    if is_written:
        remedy = f"give np.empty({needed})"
    if isinstance(array, np.ma.MaskedArray) or not isinstance(array, np.ndarray):
        kind = type(array).__name__
        if kind == "MaskedArray" and not is_written:
            remedy = f"fill it, {name}.filled(...)"
        raise TypeError(f"{name} must be a plain NumPy array, got {kind}: {remedy}")
    if array.dtype not in dtypes:
        names = _names_of(dtypes)
        raise TypeError(f"{name} must have dtype {names}, got {array.dtype}: {remedy}")
    free = array.shape[:1] if isinstance(shape[0], str) else ()
    if array.shape != free + shape[len(free) :]:
        raise ValueError(f"{name} must have shape {needed}, got {array.shape}")
    if not (array.flags.c_contiguous or is_strided) or not array.flags.aligned:
        raise ValueError(f"{name} must be C-contiguous, got strides {array.strides}: {remedy}")
    if is_written and not array.flags.writeable:
        raise ValueError(f"{name} must be writable, got a read-only array: {remedy}")


def _is_fit(array, shape, dtypes):
    """Return True if an array is as described, which takes half a microsecond to see.

    False may mean that it is not plain.
    """
    if type(array) is not np.ndarray or array.dtype not in dtypes or not array.flags.carray:
        return False
    got = array.shape
    return got == shape or (isinstance(shape[0], str) and got[1:] == shape[1:])
