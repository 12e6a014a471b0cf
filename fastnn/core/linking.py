"""Compile a function that only kernels call: it is linked into them, not optimised by itself.

Numba optimises each function, turns it into machine code, and optimises it again as a part of each
caller. A library that only links leaves that to the entry point, which is optimised once, as a
whole: the same code, in half the time.

Two of Numba's passes are left out where no references are counted: they look for closures, which
the core has not, and for expressions of arrays, whose values would be new arrays.
"""

import ctypes

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

_LEFT_OUT = {"inline_closure_likes", "nopython_rewrites"}


class _NoEnvironment:
    def set_env(self, name, environment):
        """Do nothing: machine code would have one."""


class LinkedLibrary(JITCodeLibrary):
    """The code of an inner function in LLVM's intermediate form, for its callers to take in."""

    def finalize(self):
        """Take in what this function calls, and leave all optimisation to its callers."""
        self._raise_if_finalized()
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name):
        """Return what raises a TypeError: there is no machine code that Python could call."""
        self._ensure_finalized()
        return ctypes.cast(ctypes.pythonapi.PyErr_BadArgument, ctypes.c_void_p).value

    @property
    def codegen(self):
        """In the place of the code generator, which would look for an environment to set."""
        return _NoEnvironment()


class InnerCompiler(Compiler):
    """Numba's compiler, with such a library, and no wrappers for Python and C."""

    def define_pipelines(self):
        """Return Numba's passes, which put their code into a library that only links."""
        state = self.state
        state.library = LinkedLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        state.flags.no_cpython_wrapper = True
        state.flags.no_cfunc_wrapper = True
        pipelines = super().define_pipelines()
        if not state.flags.nrt:
            for pipeline in pipelines:
                steps = pipeline.passes
                steps[:] = [step for step in steps if step[0].name() not in _LEFT_OUT]
        return pipelines


def options_of_inner():
    """Return the options of `njit` for inner functions: none if this Numba has other insides."""
    needed = {name for name in LinkedLibrary.finalize.__code__.co_names if name.startswith("_")}
    kinds = JITCodeLibrary.__mro__[:-1]
    has = set(dir(JITCodeLibrary)).union(*(kind.__init__.__code__.co_names for kind in kinds))
    return {"pipeline_class": InnerCompiler} if needed <= has else {}
