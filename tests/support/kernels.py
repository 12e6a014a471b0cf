"""What has been compiled or loaded in this process; the kernels are found, not listed."""

import pkgutil
from importlib import import_module

from numba import njit
from numba.core.dispatcher import Dispatcher

import fastnn.core
from fastnn.core import api, handle
from fastnn.core.jit import JIT, Inner, KernelCache


def from_python(function):
    """Return a part of kernels, which Python cannot call, compiled by itself."""
    return njit(**JIT)(function.py_func) if isinstance(function, Dispatcher | Inner) else function


def dispatchers():
    """Return all that Numba compiles in the core by itself, the entry points and what they call."""
    found = pkgutil.walk_packages(fastnn.core.__path__, "fastnn.core.")
    modules = [import_module(module.name) for module in found]
    found = [value for module in modules for value in vars(module).values()]
    return {id(value): value for value in found if isinstance(value, Dispatcher)}.values()


def entries():
    """Return the entry points that fastnn itself calls."""
    of_others = {id(value) for module in (api, handle) for value in vars(module).values()}
    return [
        kernel
        for kernel in dispatchers()
        if isinstance(kernel._cache, KernelCache) and id(kernel) not in of_others
    ]


def n_compiled():
    return sum(sum(kernel.stats.cache_misses.values()) for kernel in dispatchers())


def n_loaded():
    return sum(sum(kernel.stats.cache_hits.values()) for kernel in dispatchers())
