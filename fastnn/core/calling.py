"""How the functions that are linked into a kernel are called.

Numba's functions return a status, and write what they return, or the error that they raise, to
memory; each call looks at the status. And of an array all seven numbers are arguments. A function
of the core raises nothing and counts no references, so it returns its value, and of an array it
takes the address and the shape. The rest was a third of a kernel's instructions.

What may raise an error after all, as its code turns out to do, is called as Numba does.
"""

import functools

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.callconv import CPUCallConv
from numba.core.compiler_machinery import register_pass
from numba.core.cpu import CPUContext
from numba.core.datamodel import models
from numba.core.datamodel.manager import DataModelManager
from numba.core.datamodel.packer import ArgPacker
from numba.core.typed_passes import NativeLowering, PreLowerStripPhis

from .arrays import ArgumentModel
from .lowering import LeanContext
from .values import NotInOrder, ValueLower


class _MayRaise(BaseException):
    """A function may raise an error: no `Exception`, which Numba would take for a failure."""


class _Convention(CPUCallConv):
    """How one function is called, where it is defined; those that it calls are Numba's."""

    def decode_arguments(self, builder, kinds, function):
        """Return the arguments."""
        return _packer_of(self.context, kinds).from_arguments(builder, function.args)

    def return_value(self, builder, value):
        """Return a value."""
        builder.ret(value)

    def return_status_propagate(self, *_args, **_options):
        """Give up: the function may raise an error, as the methods below would say."""
        raise _MayRaise

    set_static_user_exc = set_dynamic_user_exc = check_try_status = return_status_propagate
    _return_errcode_raw = return_status_propagate


class _Context(LeanContext):
    """The context of the compilation of such a function."""

    call_conv = property(_Convention)

    def subtarget(self, **options):
        """Return a context for the lowering of the function, or for what is compiled on the way."""
        context = super().subtarget(**options)
        if "fndesc" not in options:
            context.__class__ = CPUContext
            context.error_model.call_conv = context.call_conv
        return context

    def declare_function(self, module, fndesc):
        """Declare a function: that which is compiled, or another."""
        is_own = fndesc is self.fndesc
        return (_declared if is_own else LeanContext.declare_function)(self, module, fndesc)

    def insert_user_function(self, func, fndesc, libs=()):
        """Make a function known to those that call it."""

        def call(context, builder, signature, args):
            function = _declared(context, builder.module, fndesc)
            arguments = _packer_of(context, fndesc.argtypes).as_arguments(builder, args)
            value = builder.call(function, arguments)
            return context.get_returned_value(builder, fndesc.restype, value)

        call.signature, call.libs = fndesc.argtypes, tuple(libs)
        self._defns[func].append(call, call.signature)


class _TruthModel(models.BooleanModel):
    """A truth value among the arguments: a bit, where Numba makes a byte and branches on it."""

    def get_argument_type(self):
        """Return the type of the argument."""
        return self.get_value_type()

    def as_argument(self, builder, value):
        """Return the argument."""
        return value

    def from_argument(self, builder, value):
        """Return the value."""
        return value


@functools.cache
def _manager_of(manager):
    own = DataModelManager({types.Array: ArgumentModel, types.Boolean: _TruthModel})
    return own.chain(manager)


@functools.cache
def _packer(manager, kinds):
    return ArgPacker(_manager_of(manager), kinds)


def _packer_of(context, kinds):
    return _packer(context.data_model_manager, tuple(kinds))


def _declared(context, module, fndesc):
    result = context.data_model_manager[fndesc.restype].get_return_type()
    kind = ir.FunctionType(result, _packer_of(context, fndesc.argtypes).argument_types)
    function = cgutils.get_or_insert_function(module, kind, fndesc.mangled_name)
    if fndesc.inline:
        function.attributes.add("alwaysinline")
    return function


@register_pass(mutates_CFG=True, analysis_only=False)
class EntryLowering(NativeLowering):
    """Numba's pass that writes a function, for an entry point: it is called as Numba does."""

    _name = "fastnn_entry_lowering"
    lowering_class = ValueLower
    contexts: tuple[type[LeanContext], ...] = (LeanContext,)

    def run_pass(self, state):
        """Write the function."""
        context = state.targetctx
        for kind in self.contexts:
            context.__class__ = kind
            try:
                return super().run_pass(state)
            except _MayRaise:
                continue
            except NotInOrder:
                break
        context.__class__ = LeanContext
        PreLowerStripPhis().run_pass(state)
        return NativeLowering().run_pass(state)


@register_pass(mutates_CFG=True, analysis_only=False)
class InnerLowering(EntryLowering):
    """The same for a function that is called as above, if it raises no error."""

    _name = "fastnn_inner_lowering"
    contexts = (_Context, LeanContext)
