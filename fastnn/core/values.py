"""The variables of a function as LLVM's values, where Numba keeps most of them in memory.

A variable that is used in another block than its own took an instruction to make room for it and
two for each use. What it is made of was not seen any more, so each use of an array took it apart
again, of which two thirds of a kernel's instructions were. Of a Numba function in single static
assignment each variable has one value; what comes from several blocks is a phi of LLVM's.
"""

from collections import Counter

from llvmlite import ir
from numba.core import ir as numba_ir
from numba.core.lowering import Lower

from .arrays import part_of_struct


class NotInOrder(BaseException):
    """A variable may be used before it is there: no `Exception`, which Numba would take as such."""


class FoldingBuilder(ir.IRBuilder):  # type: ignore[misc]
    """A builder that takes a part of a structure as it was put in, where that is seen."""

    def extract_value(self, agg, idx, name=""):
        """Return a part of a structure."""
        places = [idx] if isinstance(idx, int) else idx
        if len(places) == 1:
            return part_of_struct(super(), agg, places[0])
        return super().extract_value(agg, places, name)

    def sitofp(self, value, typ, name=""):
        """Return an integer as a float: of a small one that is known, the float itself."""
        if isinstance(value, ir.Constant) and abs(value.constant) < 1 << 24:
            return ir.Constant(typ, float(value.constant))
        return super().sitofp(value, typ, name)


class ValueLower(Lower):
    """Numba's way to write a function that counts no references, with its variables as values."""

    def init(self):
        """Begin without variables."""
        self._values, self._phis, self._last_blocks = {}, [], {}

    def setup_function(self, fndesc):
        """Declare the function."""
        super().setup_function(fndesc)
        self.builder.__class__ = FoldingBuilder

    def lower_block(self, block):
        """Write a block."""
        for statement in block.body:
            self.loc = statement.loc
            if statement is block.body[-1]:
                self._last_blocks[id(block)] = self.builder.block
            self.lower_inst(statement)

    def lower_assign(self, ty, inst):
        """Write what is assigned, and return it."""
        value = inst.value
        if isinstance(value, numba_ir.Expr) and value.op == "phi":
            phi = self.builder.phi(self.context.get_value_type(ty))
            self._phis.append((phi, ty, value))
            return phi
        return super().lower_assign(ty, inst)

    def loadvar(self, name):
        """Return the value of a variable."""
        if name not in self._values:
            raise NotInOrder(name)
        return self._values[name]

    def storevar(self, value, name, argidx=None):
        """Remember the value of a variable."""
        if name in self._values:
            raise NotInOrder(name)
        self._values[name] = value

    def post_lower(self):
        """Give each phi its values, and leave out what nothing uses."""
        super().post_lower()
        for phi, kind, expression in self._phis:
            edges = zip(expression.incoming_blocks, expression.incoming_values, strict=True)
            for label, variable in edges:
                block = self._last_blocks[id(self.blocks[label])]
                self.builder.position_before(block.terminator)
                value = self._value_in(kind, variable)
                for _ in range(block.terminator.operands.count(phi.parent)):
                    phi.add_incoming(value, block)
        drop_unused(self.function)

    def _value_in(self, kind, variable):
        """Return the value that a phi takes from a variable, where the builder stands."""
        if variable is numba_ir.UNDEFINED:
            return self.context.get_constant_null(kind)
        own, value = self.typeof(variable.name), self.loadvar(variable.name)
        return self.context.cast(self.builder, value, own, kind)


_WITHOUT_EFFECT = {
    "bitcast",
    "extractelement",
    "extractvalue",
    "getelementptr",
    "icmp",
    "insertelement",
    "insertvalue",
    "load",
    "phi",
    "select",
    "shufflevector",
    "trunc",
    "zext",
}


def drop_unused(function):
    """Take out of a function what has no use and no effect."""
    uses = Counter()
    for block in function.blocks:
        for instruction in block.instructions:
            uses.update(map(id, _operands_of(instruction)))
    for block in reversed(function.blocks):
        kept = []
        for instruction in reversed(block.instructions):
            if instruction.opname in _WITHOUT_EFFECT and not uses[id(instruction)]:
                uses.subtract(map(id, _operands_of(instruction)))
            else:
                kept.append(instruction)
        block.instructions[:] = kept[::-1]


def _operands_of(instruction):
    if isinstance(instruction, ir.PhiInstr):
        return [value for value, _ in instruction.incomings]
    return instruction.operands
