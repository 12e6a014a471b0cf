"""How the functions that are linked into a kernel are called.

Numba's functions return a status, and write what they return, or the error that they raise, to
memory; each call looks at the status. And of an array all seven numbers are arguments. A function
of the core raises nothing and counts no references, so it returns its value, and of an array it
takes the address and the shape. The rest was a third of a kernel's instructions.

What may raise an error after all, as its code turns out to do, is called as Numba does.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.callconv import CPUCallConv
from numba.core.compiler_machinery import register_pass
from numba.core.cpu import CPUContext
from numba.core.datamodel import models
from numba.core.datamodel.packer import ArgPacker
from numba.core.typed_passes import NativeLowering

from .lowering import LeanContext, part_of_struct, view_of


class _MayRaise(BaseException):
    """A function may raise an error: no `Exception`, which Numba would take for a failure."""


class _ArrayModel(models.ArrayModel):
    """A C-contiguous array among the arguments: its address and its shape."""

    @property
    def _is_plain(self):
        kinds = types.Number, types.Boolean
        kind = self._fe_type
        return kind.ndim > 0 and kind.layout == "C" and isinstance(kind.dtype, kinds)

    def get_argument_type(self):
        """Return the types of the arguments."""
        if not self._is_plain:
            return super().get_argument_type()
        kinds = self.get_value_type().elements
        data, shape = (kinds[self.get_field_position(name)] for name in ("data", "shape"))
        return data, (shape.element,) * self._fe_type.ndim

    def as_argument(self, builder, value):
        """Return the arguments that stand for an array."""
        if not self._is_plain:
            return super().as_argument(builder, value)
        data, shape = (
            part_of_struct(builder, value, self.get_field_position(name))
            for name in ("data", "shape")
        )
        return data, tuple(part_of_struct(builder, shape, i) for i in range(self._fe_type.ndim))

    def from_argument(self, builder, value):
        """Return the array."""
        if not self._is_plain:
            return super().from_argument(builder, value)
        return view_of(builder, self, *value)


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


def _packer_of(context, kinds):
    manager = context.data_model_manager.copy()
    manager.register(types.Array, _ArrayModel)
    return ArgPacker(manager, kinds)


def _declared(context, module, fndesc):
    result = context.data_model_manager[fndesc.restype].get_return_type()
    kind = ir.FunctionType(result, _packer_of(context, fndesc.argtypes).argument_types)
    function = cgutils.get_or_insert_function(module, kind, fndesc.mangled_name)
    if fndesc.inline:
        function.attributes.add("alwaysinline")
    return function


@register_pass(mutates_CFG=True, analysis_only=False)
class LeanLowering(NativeLowering):
    """Numba's pass that writes a function, for one that is called so if it raises no error."""

    _name = "fastnn_lowering"

    def run_pass(self, state):
        """Write the function."""
        context = state.targetctx
        context.__class__ = _Context
        try:
            return super().run_pass(state)
        except _MayRaise:
            context.__class__ = LeanContext
            return super().run_pass(state)
