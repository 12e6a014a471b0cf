"""What the tiles of `tile` are compiled to: loads, loops and stores that LLVM is told to do.

A sum for each of a tile's factors and terms goes from turn to turn of a loop in a register.
"""

import itertools

from llvmlite import ir
from numba import types
from numba.core import cgutils

from ..arrays import address_of, part_of_struct
from ..levels import REGISTER_BYTES
from .vectors import Vector, splat_of, suffix_of


class Tile:
    """A tile that is being compiled: where its numbers are, and what is done with them.

    What is kept in a loop is a sum for each factor and term, factor by factor.
    """

    def __init__(self, context, builder, kinds, values):
        dtype = kinds[0][0].dtype
        self.context, self.builder = context, builder
        self.lanes = 8 * REGISTER_BYTES // dtype.bitwidth
        self.vector = context.get_value_type(Vector(dtype, self.lanes))
        self.sums, self.factors, self.terms = (
            Places(context, builder, kind, value) for kind, value in zip(kinds, values, strict=True)
        )

    def columns(self, registers):
        """Return where the registers of a row begin, given their number as a literal type."""
        return range(0, registers.literal_value * self.lanes, self.lanes)

    def add_to(self, kept, factors, terms):
        """Return what is kept plus the products of factors and terms.

        Both are functions that load one. The fewer are loaded at first, each of the others when it
        is used: of twelve sums 16 registers leave room for four more.
        """
        sums = dict(zip(itertools.product(factors, terms), kept, strict=True))
        few, many = sorted((factors, terms), key=len)
        loaded = {load: load() for load in few}
        for load in many:
            loaded[load] = load()
            for other in few:
                pair = (load, other) if many is factors else (other, load)
                sums[pair] = self.multiply_add(*(loaded[one] for one in pair), sums[pair])
        return list(sums.values())

    def multiply_add(self, a, b, c):
        """Return a b + c."""
        function_type = ir.FunctionType(self.vector, [self.vector] * 3)
        name = f"llvm.fmuladd.{suffix_of(self.vector)}"
        function = cgutils.get_or_insert_function(self.builder.module, function_type, name)
        return self.builder.call(function, [a, b, c])

    def unless(self, condition, kept, make):
        """Write down a branch: `kept` where the condition holds, else what `make` returns."""
        builder, before = self.builder, self.builder.block
        with builder.if_then(builder.not_(condition)):
            made, block = make(), builder.block
        phis = [builder.phi(value.type) for value in kept]
        for phi, old, new in zip(phis, kept, made, strict=True):
            phi.add_incoming(old, before)
            phi.add_incoming(new, block)
        return phis

    def for_each_bit(self, mask, kept, turn):
        """Write down a loop over the bits of a mask that is not 0; return what it has kept.

        `turn` is called once, with the number of a bit and what the turn before has kept.
        """
        builder, one = self.builder, ir.Constant(mask.type, 1)

        def advance(mask):
            rest = builder.and_(mask, builder.sub(mask, one))
            number = builder.cttz(mask, ir.Constant(ir.IntType(1), 1))
            return number, rest, builder.icmp_unsigned("!=", rest, ir.Constant(mask.type, 0))

        return self._repeat(mask, advance, kept, turn)

    def for_each_number(self, n, step, kept, turn):
        """Do it for 0, step, 2 step and so on, below n > 0."""
        builder = self.builder

        def advance(number):
            following = builder.add(number, ir.Constant(n.type, step))
            return number, following, builder.icmp_signed("<", following, n)

        return self._repeat(ir.Constant(n.type, 0), advance, kept, turn)

    def for_each_number_bringing(self, n, kept, turn, brings, bring):
        """Do it for each number below n > 0, and where `brings` holds call `bring` in each turn."""

        def bring_and_turn(number, kept):
            bring(number)
            return turn(number, kept)

        def loop(turn):
            return lambda: self.for_each_number(n, 1, kept, turn)

        kept = self.unless(self.builder.not_(brings), kept, loop(bring_and_turn))
        return self.unless(brings, kept, loop(turn))

    def _repeat(self, start, advance, kept, turn):
        """Write down a loop; `advance` returns a turn's number, what follows, and whether to go on.

        What follows is what it is called with in the next turn; in the first, with `start`.
        """
        builder, before = self.builder, self.builder.block
        body, after = builder.append_basic_block("turn"), builder.append_basic_block("after")
        builder.branch(body)
        builder.position_at_end(body)
        phis = [builder.phi(value.type) for value in (start, *kept)]
        number, following, goes_on = advance(phis[0])
        results = following, *turn(number, phis[1:])
        for phi, first, value in zip(phis, (start, *kept), results, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(value, body)
        builder.cbranch(goes_on, body, after)
        builder.position_at_end(after)
        return list(results[1:])


class Places:
    """A `Rows` or a `Grid` that is being compiled."""

    def __init__(self, context, builder, kind, value):
        array, first, step = (part_of_struct(builder, value, i) for i in range(3))
        self.builder = builder
        self.data = address_of(context, builder, kind[0], array)
        self.align = kind[0].dtype.bitwidth // 8  # a user's array may start anywhere
        self.first = context.cast(builder, first, kind[1], types.intp)
        self.step = context.cast(builder, step, kind[2], types.intp)
        self.starts, self._loaded = None, {}
        if isinstance(kind[-1], types.Array):
            starts = part_of_struct(builder, value, len(kind) - 1)
            self.starts = address_of(context, builder, kind[-1], starts)

    def load_starts(self, rows):
        """Load where rows with these numbers begin, before a loop whose turns would each do it."""
        if self.starts is not None:
            self._loaded = {row: self._begin(ir.Constant(self.step.type, row)) for row in rows}

    def _begin(self, row):
        if self.starts is None:
            return self.builder.mul(row, self.step)
        return self.builder.load(self.builder.gep(self.starts, [row]))

    def address(self, row, column):
        """Return a pointer to the number in that column of a row."""
        begin = self._loaded.get(row) if isinstance(row, int) else None
        row, column = (
            ir.Constant(self.step.type, i) if isinstance(i, int) else i for i in (row, column)
        )
        place = self.builder.add(self.first, begin or self._begin(row))
        return self.builder.gep(self.data, [self.builder.add(place, column)])

    def load(self, vector, column, row):
        """Return the vector that begins in that column of a row."""
        return self.load_from(self.address(row, column), vector)

    def load_from(self, place, vector, i=0):
        """Return the vector that begins `i` numbers after a place."""
        place = self.builder.gep(place, [ir.Constant(self.step.type, i)])
        loaded = self.builder.load(self.builder.bitcast(place, vector.as_pointer()))
        loaded.align = self.align
        return loaded

    def store(self, value, column, row):
        """Overwrite the vector that begins in that column of a row."""
        place = self.builder.bitcast(self.address(row, column), value.type.as_pointer())
        self.builder.store(value, place).align = self.align

    def splat(self, lanes, row, column):
        """Return the vector whose lanes all hold one number."""
        return splat_of(self.builder, self.builder.load(self.address(row, column)), lanes)
