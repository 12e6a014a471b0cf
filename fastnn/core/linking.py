"""Compile a function that only kernels call: it is linked into them, not optimised by itself.

Numba optimises each function, turns it into machine code, and optimises it again as a part of each
caller. A library that only links leaves that to the entry point, which is optimised once, as a
whole: the same code, in half the time.

Two of Numba's passes are left out where no references are counted: they look for closures, which
the core has not, and for expressions of arrays, whose values would be new arrays.

Numba also lets any other code call what an entry point has taken in, so LLVM leaves a function as
it is unless it is small: of each array all seven numbers go through the stack. A step of a small
network is half a microsecond, and so was the passing of arrays. The library of an entry point that
trains per sample keeps its functions to itself: LLVM drops what they do not use, and takes a
function in where it is called once.
"""

import ctypes

from llvmlite import binding
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
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


class WholeLibrary(JITCodeLibrary):
    """The code of an entry point and all that it has taken in, which nothing else can call.

    Loops are not unrolled: those that count are vectors already, and it is a fifth of LLVM's time.
    """

    def _optimize_final_module(self):
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == binding.Linkage.linkonce_odr:
                # "internal" would leave the name, which LLVM's JIT takes for that of other kernels.
                function.linkage = binding.Linkage.private
        options = binding.create_pipeline_tuning_options(speed_level=3)
        options.loop_vectorization = True
        options.loop_unrolling = False
        builder = binding.create_pass_builder(self._codegen._tm, options)
        passes = builder.getModulePassManager()
        passes.add_refprune_pass()
        passes.run(self._final_module, builder)


class WholeCompiler(Compiler):
    """Numba's compiler, with such a library."""

    def define_pipelines(self):
        """Return Numba's passes."""
        state = self.state
        state.library = WholeLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return super().define_pipelines()


class InnerCompiler(Compiler):
    """Numba's compiler, with a library that only links, and no wrappers for Python and C."""

    def define_pipelines(self):
        """Return Numba's passes."""
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
    return {"pipeline_class": InnerCompiler} if _has_insides(LinkedLibrary.finalize) else {}


def options_of_whole():
    """Return those for entry points whose inner functions are their own, likewise."""
    is_there = _has_insides(WholeLibrary._optimize_final_module)
    is_there = is_there and hasattr(binding, "create_pass_builder")
    return {"pipeline_class": WholeCompiler} if is_there else {}


def _has_insides(method):
    """Return whether Numba's libraries have all the private names that a method of ours uses."""
    needed = {name for name in (method.__name__, *method.__code__.co_names) if name[0] == "_"}
    makers = [kind.__init__ for kind in JITCodeLibrary.__mro__[:-1]] + [JITCPUCodegen._init]
    return needed <= set(dir(JITCodeLibrary)).union(*(made.__code__.co_names for made in makers))
