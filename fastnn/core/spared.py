"""What Numba does while it compiles a kernel that no kernel needs.

It imports all of SciPy's linear algebra to learn whether there is SciPy: 0.2 s. It asks LLVM for
the size of a number each time that one is taken from an array, in a module of LLVM's that it writes
as text, parses and drops. The types of a call are resolved each time anew, 2087 times in a kernel,
contexts are refreshed when there is nothing new, and each function that writes a call is asked for
its arguments. Each gets the same answer for less, while a kernel is compiled: before and after it,
other code of the process has Numba's own.
"""

import contextlib
import functools
import sys
from importlib.util import find_spec

from llvmlite import ir
from numba import types
from numba.core import base
from numba.core.registry import cpu_target


@contextlib.contextmanager
def sparing():
    """Spare all of that in this process, in the one thread that compiles."""
    target = cpu_target.target_context
    typing = target.typing_context
    with contextlib.ExitStack() as stack:
        for owner, name, spared in (
            (target, "get_abi_sizeof", _asked_once),
            (target, "refresh", functools.partial(_done_when_new, target)),
            (typing, "refresh", functools.partial(_done_when_new, typing)),
            (types.Function, "get_call_type", _resolved_once),
            (base, "_has_loc", functools.cache),
        ):
            if hasattr(owner, name):
                stack.enter_context(_replaced(owner, name, spared(getattr(owner, name))))
        if "numba.np.arraymath" not in sys.modules:
            _import_without_scipy()
        yield


@contextlib.contextmanager
def _replaced(owner, name, new):
    """Give an object another attribute for a while, and then its own again, or its class's."""
    is_own, old = name in vars(owner), getattr(owner, name)
    setattr(owner, name, new)
    try:
        yield
    finally:
        if is_own:
            setattr(owner, name, old)
        else:
            delattr(owner, name)


def _asked_once(size_of):
    """Return a function that asks once for the size of each kind of number."""
    size_of_number = functools.cache(size_of)

    def size_of_any(kind):
        is_number = isinstance(kind, ir.IntType | ir.FloatType | ir.DoubleType)
        return (size_of_number if is_number else size_of)(kind)

    return size_of_any


def _done_when_new(context, refresh):
    """Return a function that refreshes a context if there is something new to be registered."""
    known = set()

    def refresh_if_new():
        registries = [vars(registry).values() for registry in context._registries]
        state = tuple(len(part) for parts in registries for part in parts if isinstance(part, list))
        if state not in known:
            known.add(state)
            refresh()

    return refresh_if_new


def _resolved_once(get_call_type):
    """Return a method that finds the signature of a call once for each kind of arguments."""
    known = {}

    def get_call_type_once(self, context, args, kws):
        key = self, context, tuple(args), tuple(kws.items())
        if key not in known:
            signature = get_call_type(self, context, args, kws)
            if self.get_impl_key(signature) is not self.typing_key:
                return signature
            known[key] = signature
        return known[key]

    return get_call_type_once


def _import_without_scipy():
    """Import what calls `ensure_blas` as it is imported; what needs SciPy still calls Numba's.

    Where Numba has no function of that name, it is imported as ever.
    """
    from numba.np import linalg

    if not hasattr(linalg, "ensure_blas"):
        return
    with _replaced(linalg, "ensure_blas", _ensure_scipy):
        from numba.np import arraymath  # noqa: F401


def _ensure_scipy():
    """Raise an ImportError where there is no SciPy."""
    if find_spec("scipy") is None:
        raise ImportError("SciPy must be installed for linear algebra")
