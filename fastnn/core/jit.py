"""The one place for compile options, and the cache that compiled entry points live in."""

import contextlib
import functools
import glob
import hashlib
import os
import pickle
import sys
from pathlib import Path
from types import FunctionType
from typing import Any

import llvmlite
import numba
from numba import config, njit, types
from numba.core import event
from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache
from numba.core.compiler import CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.runtime.nrt import rtsys

from .levels import levels_here
from .linking import options_of_entry, options_of_inner, options_of_whole
from .waiting import Waiting

# Never `fastmath=True`: its nnan and ninf let the compiler delete the checks for NaN and infinity.
JIT = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "nsz", "arcp"},
}


def _digest_of_sources():
    """Return a hash of all that is compiled here: the text of every file of the core."""
    digest, root = hashlib.sha256(), os.path.dirname(__file__)
    for name in sorted(glob.glob("**/*.py", root_dir=root, recursive=True)):
        digest.update(name.encode())
        with open(os.path.join(root, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()[:16]


SOURCES = _digest_of_sources()

SHIPPED = Path(__file__).with_name("kernels")  # a folder that only a wheel has
ENTRIES: list[Any] = []  # the kernels that Python calls

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
        sig, (triple, *processor), hashes = key
        # That of macOS ends in the version of the kernel of this very machine.
        made_for = sig, triple.rstrip(".0123456789"), *processor, hashes
        compiled_by = (
            sys.implementation.cache_tag,
            numba.__version__,
            llvmlite.__version__,
            config.BOUNDSCHECK,
            os.environ.get("FASTNN_REGISTER_BYTES"),  # else the processor in the key tells it
        )
        digest = hashlib.sha256(repr((compiled_by, made_for)).encode()).hexdigest()
        return f"fastnn-{SOURCES}-{self._function}-{digest[:16]}.nbc"


class Kept(FunctionCache):
    """The cache of a function in the first folder that Numba can write to."""

    def __init__(self, function):
        super().__init__(function)
        self._cache_file = KernelFiles(self.cache_path, function)


class KernelCache(NullCache):
    """Numba's cache on disk, made safe: it knows the callees, and its failures cost time only.

    Numba looks at the file of the function itself, so after an edit of a callee it would run the
    old code; here the names of the files hold a hash of the whole core. A folder that cannot be
    read or written (a full disk, another user's files) is as if there were no cache.

    A kernel that is not there may have come in the wheel, for a level of processors.

    To load a kernel, Numba first registers all that it can compile, half a second with the SciPy
    that it imports for it; what is compiled already needs the memory manager alone.
    """

    _index_key = FunctionCache._index_key

    def __init__(self, function):
        self._py_func, self._levels = function, levels_here()

    @functools.cached_property
    def _kept(self):
        """The cache that can be written to, or None."""
        try:
            return Kept(self._py_func)
        except RuntimeError:  # neither beside the sources nor in the user's folder
            return None

    @property
    def cache_path(self):
        """The folder that kernels are kept in, or None."""
        return None if self._kept is None else self._kept.cache_path

    def load_overload(self, sig, target_context):
        """Return the compiled form from disk, or None."""
        rtsys.initialize(target_context)
        sig, (triple, *_), hashes = key = self._index_key(sig, target_context.codegen())
        places = [] if self._kept is None else [(self.cache_path, key)]
        places += [(SHIPPED, (sig, (triple, level, ""), hashes)) for level in self._levels]
        for folder, name in places:
            # Without a file, or with a damaged one, which makes the unpickler raise anything:
            with contextlib.suppress(Exception):
                kernel = KernelFiles(folder, self._py_func).load(name)
                return CompileResult._rebuild(target_context, *kernel)
        return None  # compile

    def save_overload(self, sig, data):
        """Keep the compiled form on disk, where that is possible."""
        if self._kept is not None:
            with contextlib.suppress(OSError):
                self._kept.save_overload(sig, data)

    def flush(self):
        """Load no form any more that is there now."""
        self._levels = ()
        if self._kept is not None:
            self._kept.flush()


def cache_folder() -> Path | None:
    """Return the folder where compiled kernels are kept, None where they are not kept."""
    path = KernelCache(entry).cache_path if _is_cached() else None
    return None if path is None else Path(path)


def numbers_of_forms() -> tuple[int, int]:
    """Return how many forms of kernels this process has compiled, and how many loaded."""
    stats = [kernel.stats for kernel in ENTRIES if isinstance(kernel, Dispatcher)]
    compiled = sum(sum(of_one.cache_misses.values()) for of_one in stats)
    return compiled, sum(sum(of_one.cache_hits.values()) for of_one in stats)


def _is_cached():
    """Return whether kernels are looked for on disk.

    In a zip or a frozen program there are no sources to name their files by.
    """
    return not config.DISABLE_JIT and Path(__file__).is_file()


def entry(function):
    """Compile a kernel that Python calls: on its first call, once a dtype, kept on disk."""
    return _kept(njit(**JIT, **_ENTRY)(function), function)


def entry_in_place(function):
    """Compile such a kernel if it makes no array: it counts no references (see `inner`)."""
    return _kept(njit(**JIT, **_ENTRY, _nrt=False)(function), function)


def entry_as_one(function):
    """Compile a kernel whose steps are so short that the calls of its functions count.

    It is optimised as one (`linking`), which takes LLVM a fifth longer.
    """
    return _kept(njit(**JIT, **_WHOLE)(function), function)


def entry_as_one_in_place(function):
    """Compile such a kernel if it makes no array."""
    return _kept(njit(**JIT, **_WHOLE, _nrt=False)(function), function)


def renamed(function, name):
    """Return a function of the same code under another name, to be compiled for other types."""
    code = function.__code__.replace(co_name=name, co_qualname=name)
    return FunctionType(code, function.__globals__)


def _kept(kernel, function):
    """Give a kernel its place on disk."""
    ENTRIES.append(kernel)
    if _is_cached():
        kernel._cache = KernelCache(function)
    return kernel


_INNER, _ENTRY, _WHOLE = options_of_inner(), options_of_entry(), options_of_whole()


def _without_literals(dispatcher):
    """Give a dispatcher no forms of its own for arguments that are literals."""
    template_of = dispatcher.get_call_template

    def template_of_types(args, kws):
        plain = {name: types.unliteral(kind) for name, kind in kws.items()}
        return template_of(tuple(map(types.unliteral, args)), plain)

    dispatcher.get_call_template = template_of_types
    return dispatcher


class Inner:
    """A function that Numba is shown when the first kernel is compiled that needs it.

    A process that loads its kernels shows it none, which saves a quarter of the import of fastnn.
    """

    def __init__(self, function, **options):
        functools.update_wrapper(self, function)
        self.py_func, self._options = function, options

    def __call__(self, *args):
        """Call it in Python, as little things are."""
        return self.py_func(*args)

    @functools.cached_property
    def dispatcher(self):
        """Numba's dispatcher, without forms of its own for arguments that are literals."""
        return _without_literals(njit(**JIT, **_INNER, **self._options, _nrt=False)(self.py_func))

    @property
    def _numba_type_(self):
        return self.dispatcher._numba_type_


def inner(function):
    """Compile a function that only kernels call; it is cached as a part of them.

    It counts no references, so it can neither make an array nor return one, but a borrowed one.
    A function that counts them does so for each of its arrays when it is called and when it
    returns, in atomic operations: 40 ns of a loss that takes 5.
    """
    return function if config.DISABLE_JIT else Inner(function)


def inlined(function):
    """Compile such a function into each place that calls it, where LLVM would call it.

    Of several calls it spares the passing of arrays, seven numbers each, on the stack.
    """
    return function if config.DISABLE_JIT else Inner(function, forceinline=True)


def maker(function):
    """Compile such a function if it makes arrays, or errors with numbers in them.

    These numbers need what only machine code has, so it is not merely linked.
    """
    return function if config.DISABLE_JIT else _without_literals(njit(**JIT, _nrt=True)(function))
