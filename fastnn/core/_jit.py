"""The one place for compile options, and the cache that compiled entry points live in."""

import contextlib
import hashlib
from pathlib import Path

from numba import njit
from numba.core.caching import FunctionCache

# Never `fastmath=True`: its nnan and ninf let the compiler delete the checks for NaN and infinity.
JIT = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "nsz", "arcp"},
}


def _digest_of_sources():
    """Return a hash of all that is compiled here: the text of every file of the core."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


SOURCES = _digest_of_sources()


class KernelCache(FunctionCache):
    """Numba's cache on disk, made safe: it knows the callees, and its failures cost time only.

    Numba looks at the file of the function itself, so after an edit of a callee it would run the
    old code; here the key holds a hash of the whole core. A folder that cannot be read or written
    (a full disk, a read-only install, another user's files) is as if there were no cache.
    """

    def _index_key(self, sig, codegen):
        return (*super()._index_key(sig, codegen), SOURCES)

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever a damaged file makes the unpickler raise: compile instead
            return None

    def save_overload(self, sig, data):
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)


def entry(function):
    """Compile a kernel that Python calls: on its first call, once a dtype, kept on disk."""
    kernel = njit(**JIT)(function)
    if hasattr(kernel, "_cache"):  # a plain function when the compiler is off
        with contextlib.suppress(RuntimeError):  # Numba found no folder that it may write to
            kernel._cache = KernelCache(function)
    return kernel


def inner(function):
    """Compile a function that only kernels call; it is cached as a part of them."""
    return njit(**JIT)(function)
