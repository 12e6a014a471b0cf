"""The one place for compile options, and the cache that compiled entry points live in."""

import contextlib
import hashlib
import os
import pickle
import sys
from pathlib import Path

import numba
from numba import config, njit
from numba.core import event
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.runtime.nrt import rtsys

from .linking import options_of_inner
from .waiting import Waiting

# Never `fastmath=True`: its nnan and ninf let the compiler delete the checks for NaN and infinity.
JIT = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "nsz", "arcp"},
}


def _digest_of_sources():
    """Return a hash of all that is compiled here: the text of every file of the core."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.relative_to(Path(__file__).parent).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


SOURCES = _digest_of_sources()

event.register("numba:compile", Waiting())


class KernelFiles(IndexDataCacheFile):
    """The compiled forms of one function: a file each, named by all that it was compiled from.

    Numba itself numbers the files and keeps an index. Two processes that save at once can so
    leave a float32 kernel under the number of the float64 one, to fail in every later process.
    """

    def __init__(self, folder, function):
        self._function = f"{function.__module__}.{function.__qualname__}"
        super().__init__(folder, self._function, SOURCES)

    def load(self, key):
        """Return a kernel; raise where there is none, or a damaged one."""
        digest, kernel = self._load_data(self._name(key))
        if digest != hashlib.sha256(kernel).digest():
            raise ValueError("a kernel on disk must be as it was saved, got a damaged file")
        return pickle.loads(kernel)

    def save(self, key, data):
        """Write a kernel, and remove those that an earlier version of fastnn has left."""
        kernel = self._dump(data)
        self._save_data(self._name(key), (hashlib.sha256(kernel).digest(), kernel))
        for path in Path(self._cache_path).glob("fastnn-*"):
            if SOURCES not in path.name:  # what an earlier version of fastnn has left
                path.unlink(missing_ok=True)

    def flush(self):
        """Remove the kernels of this function."""
        for path in Path(self._cache_path).glob(f"fastnn-*-{self._function}-*"):
            path.unlink(missing_ok=True)

    def _name(self, key):
        compiled_by = (
            sys.implementation.cache_tag,
            numba.__version__,
            config.BOUNDSCHECK,
            os.environ.get("FASTNN_REGISTER_BYTES"),  # else the processor in the key tells it
        )
        digest = hashlib.sha256(repr((compiled_by, key)).encode()).hexdigest()
        return f"fastnn-{SOURCES}-{self._function}-{digest[:16]}.nbc"


class KernelCache(FunctionCache):
    """Numba's cache on disk, made safe: it knows the callees, and its failures cost time only.

    Numba looks at the file of the function itself, so after an edit of a callee it would run the
    old code; here the names of the files hold a hash of the whole core. A folder that cannot be
    read or written (a full disk, another user's files) is as if there were no cache.

    To load a kernel, Numba first registers all that it can compile, half a second with the SciPy
    that it imports for it; what is compiled already needs the memory manager alone.
    """

    def __init__(self, function):
        super().__init__(function)
        self._cache_file = KernelFiles(self.cache_path, function)

    def load_overload(self, sig, target_context):
        """Return the compiled form from disk, or None."""
        rtsys.initialize(target_context)
        try:
            return self._load_overload(sig, target_context)
        except Exception:  # no file, or whatever a damaged one makes the unpickler raise: compile
            return None

    def save_overload(self, sig, data):
        """Keep the compiled form on disk, where that is possible."""
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)


def _cache_of(function):
    """Return where the kernels of a function are kept on disk, None where they cannot be."""
    if config.DISABLE_JIT or not Path(__file__).is_file():
        return None  # in a zip or a frozen program there are no sources to name the files by
    try:
        return KernelCache(function)
    except RuntimeError:  # Numba could write neither beside the sources nor in the user's folder
        return None


def cache_folder() -> Path | None:
    """Return the folder where compiled kernels are kept, None where they are not kept."""
    cache = _cache_of(entry)
    return None if cache is None else Path(cache.cache_path)


def entry(function):
    """Compile a kernel that Python calls: on its first call, once a dtype, kept on disk."""
    return _kept(njit(**JIT)(function), function)


def entry_in_place(function):
    """Compile such a kernel if it makes no array: it counts no references (see `inner`)."""
    return _kept(njit(**JIT, _nrt=False)(function), function)


def _kept(kernel, function):
    """Give a kernel its place on disk."""
    cache = _cache_of(function)
    if cache is not None:
        kernel._cache = cache
    return kernel


_INNER = options_of_inner()


def inner(function):
    """Compile a function that only kernels call; it is cached as a part of them.

    It counts no references, so it can neither make an array nor return one, but a borrowed one.
    A function that counts them does so for each of its arrays when it is called and when it
    returns, in atomic operations: 40 ns of a loss that takes 5.
    """
    return njit(**JIT, **_INNER, _nrt=False)(function)


def maker(function):
    """Compile such a function if it makes arrays, or errors with numbers in them.

    These numbers need what only machine code has, so it is not merely linked.
    """
    return njit(**JIT, _nrt=True)(function)
