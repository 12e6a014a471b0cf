"""Numba's passes for functions that count no references: those that they need, and each once.

Numba's other passes look for what the core has not: closures, blocks of `with`, errors made of
values, functions that Numba itself inlines, generators, and expressions of arrays, whose values
would be new arrays; or they say where a reference ends. After each pass it computes anew where
variables live, which nothing reads here, and tells all listeners: a tenth of the time.
"""

from numba.core import errors, rewrites, ssa, transforms, typed_passes, untyped_passes
from numba.core.analysis import dead_branch_prune, rewrite_semantic_constants
from numba.core.compiler_machinery import PassManager
from numba.core.ir_utils import build_definitions

from .calling import EntryLowering, InnerLowering


def passes_of_entry():
    """Return the pipelines of an entry point."""
    return [LeanPasses(EntryLowering())]


def passes_of_inner():
    """Return those of a function that only kernels call."""
    return [LeanPasses(InnerLowering())]


class LeanPasses(PassManager):
    """A pipeline of such passes; `lower` is the one that writes the function."""

    def __init__(self, lower):
        super().__init__("nopython")
        self._steps = [
            untyped_passes.TranslateByteCode().run_pass,
            untyped_passes.FixupArgs().run_pass,
            _join_loops,
            _prune,
            _rewrite,
            _assign_once,
            typed_passes.NopythonTypeInference().run_pass,
            lower.run_pass,
            typed_passes.NoPythonBackend().run_pass,
        ]

    def run(self, state):
        """Compile a function."""
        for step in self._steps:
            try:
                step(state)
            except errors.NumbaError as error:
                name = getattr(step, "__self__", self).name()
                failed = f"Failed in nopython mode pipeline (step: {name})"
                error.args = (f"{failed}\n{error}", *error.args[1:])
                raise


def _join_loops(state):
    """Let each loop go back from one place."""
    state.func_ir.blocks = transforms.canonicalize_cfg(state.func_ir.blocks)


def _prune(state):
    """Leave out branches that are not taken where an argument is None."""
    rewrite_semantic_constants(state.func_ir, state.args)
    dead_branch_prune(state.func_ir, state.args)


def _rewrite(state):
    """Write constant indices, and errors of constants, as such."""
    blocks = state.func_ir.blocks
    for rewrite_class in rewrites.rewrite_registry.rewrites["before-inference"]:
        rewrite, waiting = rewrite_class(state), list(blocks)
        while waiting:
            label = waiting.pop()
            if rewrite.match(state.func_ir, blocks[label], state.typemap, state.calltypes):
                blocks[label] = rewrite.apply()
                waiting.append(label)


def _assign_once(state):
    """Bring the function into single static assignment."""
    state.func_ir = ssa.reconstruct_ssa(state.func_ir)
    state.func_ir._definitions = build_definitions(state.func_ir.blocks)
