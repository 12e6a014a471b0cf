"""Compile a function that only kernels call: it is linked into them, not optimised by itself.

Numba optimises each function, turns it into machine code, and optimises it again as a part of each
caller. A library that only links leaves that to the entry point, which is optimised once, as a
whole: the same code, in half the time. Nor does it take in what it calls: the entry point takes in
each function once, where Numba copies one into all that are above it.

Numba also lets any other code call what an entry point has taken in, so LLVM leaves a function as
it is unless it is small: all its arguments go through the stack, many of them. A step of a small
network is half a microsecond, and so was the passing of arrays. The library of an entry point that
trains per sample keeps its functions to itself: LLVM drops what they do not use, and takes a
function in where it is called once.
"""

import ctypes

from llvmlite import binding
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler import Compiler

try:
    from .passes import passes_of_entry, passes_of_inner
except ImportError:  # this Numba has other insides
    passes_of_entry = passes_of_inner = None  # type: ignore[assignment]


class _NoEnvironment:
    def set_env(self, name, environment):
        """Do nothing: machine code would have one."""


class LinkedLibrary(JITCodeLibrary):
    """The code of an inner function in LLVM's intermediate form, for its callers to take in."""

    def add_llvm_module(self, module):
        """Keep the function as it is."""
        self._final_module.link_in(module)

    def finalize(self):
        """Leave what this function calls, and all optimisation, to the entry point."""
        self._raise_if_finalized()
        for function in self._final_module.functions:
            if not function.is_declaration:
                function.linkage = binding.Linkage.linkonce_odr
        self._finalized = True

    def _get_module_for_linking(self):
        """Return a module of this function and all that it calls."""
        self._ensure_finalized()
        if self._shared_module is None:
            self._shared_module = self._final_module.clone()
            take_in_callees(self, self._shared_module)
        return self._shared_module

    def get_pointer_to_function(self, name):
        """Return what raises a TypeError: there is no machine code that Python could call."""
        self._ensure_finalized()
        return ctypes.cast(ctypes.pythonapi.PyErr_BadArgument, ctypes.c_void_p).value

    @property
    def codegen(self):
        """In the place of the code generator, which would look for an environment to set."""
        return _NoEnvironment()


def take_in_callees(library, module):
    """Link all that a library calls, and what that calls, into a module, each function once."""
    taken, waiting = set(), list(library._linking_libraries)
    while waiting:
        callee = waiting.pop()
        if callee in taken:
            continue
        taken.add(callee)
        if isinstance(callee, LinkedLibrary):
            waiting += callee._linking_libraries
            part = callee._final_module
        else:
            library._reload_init.update(callee._reload_init)
            part = callee._get_module_for_linking()
        module.link_in(part, preserve=True)


class EntryLibrary(JITCodeLibrary):
    """The code of an entry point and all that it has taken in.

    It is optimised once, where Numba does so twice, for references. Loops are not unrolled: those
    that count are vectors already, and it is a fifth of LLVM's time.
    """

    def add_llvm_module(self, module):
        """Keep the function as it is: it is optimised with all that it calls."""
        self._final_module.link_in(module)

    def finalize(self):
        """Take in all that it calls, and make machine code of it."""
        take_in_callees(self, self._final_module)
        self._linking_libraries.clear()
        super().finalize()

    def _optimize_final_module(self):
        options = binding.create_pipeline_tuning_options(speed_level=3)
        options.loop_vectorization = True
        options.loop_unrolling = False
        builder = binding.create_pass_builder(self._codegen._tm, options)
        passes = builder.getModulePassManager()
        passes.add_refprune_pass()
        passes.run(self._final_module, builder)


class WholeLibrary(EntryLibrary):
    """The code of an entry point that nothing else can call what it has taken in."""

    def _optimize_final_module(self):
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == binding.Linkage.linkonce_odr:
                # "internal" would leave the name, which LLVM's JIT takes for that of other kernels.
                function.linkage = binding.Linkage.private
        super()._optimize_final_module()


class EntryCompiler(Compiler):
    """Numba's compiler, with such a library."""

    library_class = EntryLibrary

    def define_pipelines(self):
        """Return Numba's passes."""
        state = self.state
        library = self.library_class(state.targetctx.codegen(), state.func_id.func_qualname)
        library.enable_object_caching()
        state.library = library
        return super().define_pipelines() if state.flags.nrt else passes_of_entry()


class WholeCompiler(EntryCompiler):
    """Numba's compiler, with a library that is the entry point's own."""

    library_class = WholeLibrary

    def define_pipelines(self):
        """Return Numba's passes; no code but Python calls it."""
        self.state.flags.no_cfunc_wrapper = True
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
        return super().define_pipelines() if state.flags.nrt else passes_of_inner()


def options_of_inner():
    """Return the options of `njit` for inner functions: none if this Numba has other insides."""
    methods = LinkedLibrary.finalize, LinkedLibrary._get_module_for_linking, take_in_callees
    return {"pipeline_class": InnerCompiler} if _has_insides(*methods) else {}


def options_of_entry(compiler=EntryCompiler):
    """Return those for entry points, likewise."""
    methods = EntryLibrary.finalize, EntryLibrary._optimize_final_module, take_in_callees
    is_there = _has_insides(*methods) and hasattr(binding, "create_pass_builder")
    return {"pipeline_class": compiler} if is_there else {}


def options_of_whole():
    """Return those for entry points whose inner functions are their own."""
    return options_of_entry(WholeCompiler)


def _has_insides(*methods):
    """Return whether Numba's libraries have all the private names that methods of ours use."""
    needed = {
        name
        for method in methods
        for name in (method.__name__, *method.__code__.co_names)
        if name[0] == "_"
    }
    makers = [kind.__init__ for kind in JITCodeLibrary.__mro__[:-1]] + [JITCPUCodegen._init]
    known = set(dir(JITCodeLibrary)).union(*(made.__code__.co_names for made in makers))
    return passes_of_inner is not None and needed <= known
