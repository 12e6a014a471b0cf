"""Tiles of a product of matrices: some samples by some registers of outputs, for a word of inputs.

What a tile adds to, or what it multiplies by, stays in registers while a loop goes over the inputs
that a mask names. Three samples by four registers are twelve, which hide the time that an addition
takes: with three inputs and one of weights they fill all 16 registers that there are. AVX-512 has
32, of which four samples by four registers take 16; and there a row has half as many registers, of
which four by two are enough, while three by two are not.
"""

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, type_callable
from numpy.typing import NDArray

from ..levels import REGISTER_BYTES
from .arithmetic import multiply_add
from .bitset import TILE_ROWS, lowest, without_lowest
from .vectors import Vector, load, splat_at, splat_of, store, suffix_of, zeros

WIDE = 4  # registers of a tile's row; the last one of a layer may have fewer


class Rows(NamedTuple):
    """Rows of a flat array: row r begins at array[first + r step]."""

    array: NDArray[Any]
    first: int
    step: int


class Grid(NamedTuple):
    """Numbers of a flat array: that of row r and column k is array[first + r row + k]."""

    array: NDArray[Any]
    first: int
    row: int


def add_products(registers, sums, factors, terms, mask):
    """Add the sum over the k in `mask` of factors[r, k] terms[k] to sums[r], for a tile's rows.

    `factors` is a `Grid`, the others are `Rows`, `registers` (a literal) wide. A bit at least of
    the mask is set.
    """
    like = zeros(terms.array, registers)
    while mask:
        k = lowest(mask)
        term = load(terms.array, terms.first + k * terms.step, like)
        for r in range(TILE_ROWS):
            place = sums.first + r * sums.step
            factor = splat_at(factors.array, factors.first + r * factors.row + k, like)
            store(sums.array, place, multiply_add(factor, term, load(sums.array, place, like)))
        mask = without_lowest(mask)


def add_outer_products(registers, sums, factors, terms, mask):
    """Add the sum over a tile's rows of factors[r, k] terms[r] to sums[k], for the k in `mask`."""
    like = zeros(terms.array, registers)
    while mask:
        k = lowest(mask)
        place = sums.first + k * sums.step
        total = load(sums.array, place, like)
        for r in range(TILE_ROWS):
            factor = splat_at(factors.array, factors.first + r * factors.row + k, like)
            total = multiply_add(
                factor, load(terms.array, terms.first + r * terms.step, like), total
            )
        store(sums.array, place, total)
        mask = without_lowest(mask)


# ---- what Numba compiles for them ----------------------------------------------------------------


def _type(context):
    def typer(registers, sums, factors, terms, mask):
        return types.void if isinstance(registers, types.IntegerLiteral) else None

    return typer


type_callable(add_products)(_type)
type_callable(add_outer_products)(_type)
_ARGUMENTS = types.IntegerLiteral, *[types.BaseTuple] * 3, types.uint64


@lower_builtin(add_products, *_ARGUMENTS)
def _lower_add_products(context, builder, signature, args):
    tile = _Tile(context, builder, signature, args)
    kept = [tile.sums.load(tile.vector, c, r) for r in range(TILE_ROWS) for c in tile.columns]

    def turn(k, kept):
        factors = [tile.factors.splat(tile.lanes, r, k) for r in range(TILE_ROWS)]
        more = list(kept)
        for c, column in enumerate(tile.columns):
            term = tile.terms.load(tile.vector, column, k)
            for r, factor in enumerate(factors):
                i = r * len(tile.columns) + c
                more[i] = tile.multiply_add(factor, term, kept[i])
        return more

    kept = tile.for_each_bit(args[4], kept, turn)
    for r in range(TILE_ROWS):
        for column in tile.columns:
            tile.sums.store(kept.pop(0), column, r)
    return context.get_dummy_value()


@lower_builtin(add_outer_products, *_ARGUMENTS)
def _lower_add_outer_products(context, builder, signature, args):
    tile = _Tile(context, builder, signature, args)
    terms = [[tile.terms.load(tile.vector, c, r) for c in tile.columns] for r in range(TILE_ROWS)]

    def turn(k, kept):
        factors = [tile.factors.splat(tile.lanes, r, k) for r in range(TILE_ROWS)]
        for c, column in enumerate(tile.columns):
            total = tile.sums.load(tile.vector, column, k)
            for factor, row in zip(factors, terms, strict=True):
                total = tile.multiply_add(factor, row[c], total)
            tile.sums.store(total, column, k)
        return kept

    tile.for_each_bit(args[4], [], turn)
    return context.get_dummy_value()


class _Tile:
    """A tile that is being compiled: where its numbers are, and what is done with them."""

    def __init__(self, context, builder, signature, args):
        dtype = signature.args[1][0].dtype
        self.builder = builder
        self.lanes = 8 * REGISTER_BYTES // dtype.bitwidth
        self.columns = range(0, signature.args[0].literal_value * self.lanes, self.lanes)
        self.vector = context.get_value_type(Vector(dtype, self.lanes))
        self.sums, self.factors, self.terms = (
            _Places(context, builder, kind, value)
            for kind, value in zip(signature.args[1:4], args[1:4], strict=True)
        )

    def multiply_add(self, a, b, c):
        """Return a b + c."""
        function_type = ir.FunctionType(self.vector, [self.vector] * 3)
        name = f"llvm.fmuladd.{suffix_of(self.vector)}"
        function = cgutils.get_or_insert_function(self.builder.module, function_type, name)
        return self.builder.call(function, [a, b, c])

    def for_each_bit(self, mask, kept, turn):
        """Write down a loop over the bits of a mask that is not 0; return what it has kept.

        `turn` is called once, with the number of a bit and what the turn before has kept.
        """
        builder, one = self.builder, ir.Constant(mask.type, 1)
        before = builder.block
        body, after = builder.append_basic_block("turn"), builder.append_basic_block("after")
        builder.branch(body)
        builder.position_at_end(body)
        phis = [builder.phi(value.type) for value in (mask, *kept)]
        k = builder.cttz(phis[0], ir.Constant(ir.IntType(1), 1))
        rest = builder.and_(phis[0], builder.sub(phis[0], one))
        results = rest, *turn(k, phis[1:])
        for phi, first, value in zip(phis, (mask, *kept), results, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(value, body)
        builder.cbranch(builder.icmp_unsigned("!=", rest, ir.Constant(mask.type, 0)), body, after)
        builder.position_at_end(after)
        return list(results[1:])


class _Places:
    """A `Rows` or a `Grid` that is being compiled."""

    def __init__(self, context, builder, kind, value):
        array, first, step = (builder.extract_value(value, i) for i in range(3))
        self.builder = builder
        self.data = context.make_array(kind[0])(context, builder, array).data
        self.align = kind[0].dtype.bitwidth // 8  # a user's array may start anywhere
        self.first = context.cast(builder, first, kind[1], types.intp)
        self.step = context.cast(builder, step, kind[2], types.intp)

    def address(self, row, column):
        """Return a pointer to the number in that column of a row."""
        row, column = (
            ir.Constant(self.step.type, i) if isinstance(i, int) else i for i in (row, column)
        )
        place = self.builder.add(self.first, self.builder.mul(row, self.step))
        return self.builder.gep(self.data, [self.builder.add(place, column)])

    def vector_at(self, vector, column, row):
        """Return a pointer to the vector that begins in that column of a row."""
        return self.builder.bitcast(self.address(row, column), vector.as_pointer())

    def load(self, vector, column, row):
        """Return the vector that begins in that column of a row."""
        loaded = self.builder.load(self.vector_at(vector, column, row))
        loaded.align = self.align
        return loaded

    def store(self, value, column, row):
        """Overwrite the vector that begins in that column of a row."""
        self.builder.store(value, self.vector_at(value.type, column, row)).align = self.align

    def splat(self, lanes, row, column):
        """Return the vector whose lanes all hold one number."""
        return splat_of(self.builder, self.builder.load(self.address(row, column)), lanes)
