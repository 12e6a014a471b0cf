"""What Python hands to a user's kernel, checked in Python; compiled code gets the kernel itself."""

import functools

import numpy as np

FLOATS = frozenset(map(np.dtype, "df"))  # of this machine's byte order, as all here
NUMBERS = FLOATS | frozenset(map(np.dtype, "bhilqBHILQ"))


class CheckedFromPython:
    """A kernel whose arguments `check`, which has its name, looks at if Python calls it."""

    def __init__(self, kernel, check):
        functools.update_wrapper(self, check)
        self._kernel, self._check = kernel, check

    def __call__(self, *arguments, **named):
        """Check the arguments and call the kernel."""
        self._check(*arguments, **named)
        return self._kernel(*arguments, **named)

    def __reduce__(self):
        return self.__qualname__  # where a pickle finds it

    @property
    def _numba_type_(self):
        return self._kernel._numba_type_


def checked_from_python(kernel):
    """Decorate the check of a kernel: what it makes is the kernel for users."""
    return functools.partial(CheckedFromPython, kernel)


def check_array(name, array, shape, dtypes, *, is_written=False):
    """Raise an error that names the remedy unless a kernel can take an array as it is.

    A word in `shape`, which may be its first, stands for any number.
    """
    if _is_fit(array, shape, dtypes):
        return
    needed = f"({', '.join(map(str, shape))})"
    known = sorted(dtype.name for dtype in dtypes if dtype.kind == "f")
    remedy = f"give np.ascontiguousarray({name}, {known[-1]!r})"
    if is_written:
        remedy = f"give np.empty({needed})"
    if isinstance(array, np.ma.MaskedArray) or not isinstance(array, np.ndarray):
        kind = type(array).__name__
        if kind == "MaskedArray" and not is_written:
            remedy = f"fill it, {name}.filled(...)"
        raise TypeError(f"{name} must be a plain NumPy array, got {kind}: {remedy}")
    if array.dtype not in dtypes:
        whole = " or whole numbers" if dtypes is NUMBERS else ""
        raise TypeError(
            f"{name} must have dtype {' or '.join(known)}{whole}, got {array.dtype}: {remedy}"
        )
    free = array.shape[:1] if isinstance(shape[0], str) else ()
    if array.shape != free + shape[len(free) :]:
        raise ValueError(f"{name} must have shape {needed}, got {array.shape}")
    if not array.flags.c_contiguous or not array.flags.aligned:
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
