"""What Numba does before and while it compiles that no kernel needs.

It imports all of SciPy's linear algebra to learn whether there is SciPy: 0.2 s. And it asks LLVM
for the size of a number each time that one is taken from an array, in a module of LLVM's that it
writes as text, parses and drops: 300 of them in a kernel. Both get the same answer for less. The
types of a call are resolved each time anew, 2087 times in a kernel, and contexts are refreshed when
there is nothing new: here once. All of that holds for other code that the process compiles, too.
"""

import functools
import sys
from importlib.util import find_spec

from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target


@functools.cache
def spare():
    """See to that in this process, before its first kernel is compiled."""
    target = cpu_target.target_context
    target.get_abi_sizeof = _asked_once(target.get_abi_sizeof)
    for context in (target, target.typing_context):
        context.refresh = _done_when_new(context)
    types.Function.get_call_type = _resolved_once(types.Function.get_call_type)
    if "numba.np.arraymath" not in sys.modules:
        _import_without_scipy()


def _asked_once(size_of):
    """Return a function that asks once for the size of each kind of number."""
    size_of_number = functools.cache(size_of)

    def size_of_any(kind):
        is_number = isinstance(kind, ir.IntType | ir.FloatType | ir.DoubleType)
        return (size_of_number if is_number else size_of)(kind)

    return size_of_any


def _done_when_new(context):
    """Return a function that refreshes a context if there is something new to be registered."""
    refresh, known = context.refresh, set()

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

    ensure_blas = getattr(linalg, "ensure_blas", None)
    if ensure_blas is None:
        return
    linalg.ensure_blas = _ensure_scipy
    try:
        from numba.np import arraymath  # noqa: F401
    finally:
        linalg.ensure_blas = ensure_blas


def _ensure_scipy():
    """Raise an ImportError where there is no SciPy."""
    if find_spec("scipy") is None:
        raise ImportError("SciPy must be installed for linear algebra")
