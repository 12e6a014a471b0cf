"""Tiles of a product of matrices: some samples by some registers of outputs, for a word of inputs.

What a tile adds to, or what it multiplies by, stays in registers while a loop goes over the inputs
that a mask names, or over samples. Three samples by four registers are twelve, which hide the time
that an addition takes: with three inputs and one of weights they fill all 16 registers that there
are. AVX-512 has 32, of which four samples by four registers take 16. Where a row has two registers
or one, a tile may be twice as tall: then a loop takes no longer than its multiplications.
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
from .vectors import (
    ROUNDED,
    Vector,
    first_lanes,
    lanes_of,
    load,
    splat_at,
    splat_of,
    store,
    suffix_of,
    totals,
    totals_of,
    zeros,
)

WIDE = 4  # registers of a tile's row; the last one of a layer may have fewer
TALL = 2 * TILE_ROWS  # rows of a tile of one or two registers
AT_ONCE = 4  # rows of weights that `store_dot_products` takes


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


def add_products(registers, n_rows, sums, factors, terms, mask):
    """Add the sum over the k in `mask` of factors[r, k] terms[k] to sums[r], for all rows.

    `factors` is a `Grid`, the others are `Rows`, `registers` (a literal) wide. A bit at least of
    the mask is set. `n_rows` is a literal: `TILE_ROWS` or `TALL`.
    """
    like = zeros(terms.array, registers)
    while mask:
        k = lowest(mask)
        term = load(terms.array, terms.first + k * terms.step, like)
        for r in range(n_rows):
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


def add_sums_of_products(registers, n_rows, sums, n_sums, factors, terms, n_terms, rate):
    """Add the products factors[t, k] terms[t] to sums[k], for the t < n_terms and the k < n_sums.

    They are added one after the other; or, at a rate that is not 0, their sum is made and then,
    times the rate, added. It is done for up to `n_rows` sums, a literal as in `add_products`. In
    `factors` there are as many in a row, of which those from `n_sums` on do not count.
    """
    like = zeros(terms.array, registers)
    for k in range(min(n_rows, n_sums)):
        place = sums.first + k * sums.step
        before = load(sums.array, place, like)
        total = before if rate == 0 else like
        for t in range(n_terms):
            factor = splat_at(factors.array, factors.first + t * factors.row + k, like)
            term = load(terms.array, terms.first + t * terms.step, like)
            total = multiply_add(factor, term, total)
        store(sums.array, place, total if rate == 0 else before + like.dtype.type(rate) * total)


def store_dot_products(products, vectors, weights, n_weights, n):
    """Overwrite products[r, i] with the sum over the j < n of vectors[r, j] weights[i, j].

    All are `Rows`; r goes over the rows of a tile and i over `AT_ONCE` rows of weights, of which
    there may be but `n_weights`: the products with others are 0. Registers are taken whole.
    """
    like = zeros(weights.array, 1)
    for r in range(TILE_ROWS):
        sums = [like, like, like, like]
        for j in range(0, n, lanes_of(like)):
            vector = load(vectors.array, vectors.first + r * vectors.step + j, like)
            for i in range(min(n_weights, AT_ONCE)):
                place = weights.first + i * weights.step + j
                sums[i] = multiply_add(vector, load(weights.array, place, like), sums[i])
        store(products.array, products.first + r * products.step, totals(*sums))


# ---- what Numba compiles for them ----------------------------------------------------------------


def _is_literal(*numbers):
    return all(isinstance(number, types.IntegerLiteral) for number in numbers)


@type_callable(add_products)
def _type_add_products(context):
    def typer(registers, n_rows, sums, factors, terms, mask):
        return types.void if _is_literal(registers, n_rows) else None

    return typer


@type_callable(add_outer_products)
def _type_add_outer_products(context):
    def typer(registers, sums, factors, terms, mask):
        return types.void if _is_literal(registers) else None

    return typer


@type_callable(add_sums_of_products)
def _type_add_sums_of_products(context):
    def typer(registers, n_rows, sums, n_sums, factors, terms, n_terms, rate):
        return types.void if _is_literal(registers, n_rows) else None

    return typer


@type_callable(store_dot_products)
def _type_store_dot_products(context):
    return lambda products, vectors, weights, n_weights, n: types.void


_LITERAL, _PLACES = types.IntegerLiteral, types.BaseTuple


@lower_builtin(add_products, _LITERAL, _LITERAL, *[_PLACES] * 3, types.uint64)
def _lower_add_products(context, builder, signature, args):
    tile = _Tile(context, builder, signature.args[2:5], args[2:5])
    columns, rows = tile.columns(signature.args[0]), range(signature.args[1].literal_value)
    kept = [tile.sums.load(tile.vector, c, r) for r in rows for c in columns]

    def turn(k, kept):
        factors = [tile.factors.splat(tile.lanes, r, k) for r in rows]
        return tile.add_to(kept, factors, [tile.terms.load(tile.vector, c, k) for c in columns])

    kept = tile.for_each_bit(args[5], kept, turn)
    for r in rows:
        for column in columns:
            tile.sums.store(kept.pop(0), column, r)
    return context.get_dummy_value()


@lower_builtin(
    add_sums_of_products,
    _LITERAL, _LITERAL, _PLACES, types.Integer, _PLACES, _PLACES, types.Integer, types.Float,
)  # fmt: skip
def _lower_add_sums_of_products(context, builder, signature, args):
    kinds = signature.args
    tile = _Tile(context, builder, (kinds[2], *kinds[4:6]), (args[2], *args[4:6]))
    columns, rows = tile.columns(kinds[0]), range(kinds[1].literal_value)
    n_sums, n_terms = (context.cast(builder, args[i], kinds[i], types.intp) for i in (3, 6))

    def turn(t, kept):
        factors = [tile.factors.splat(tile.lanes, t, k) for k in rows]
        return tile.add_to(kept, factors, [tile.terms.load(tile.vector, c, t) for c in columns])

    is_last = builder.sub(n_sums, ir.Constant(n_sums.type, 1))
    at_once = builder.fcmp_unordered("!=", args[7], ir.Constant(args[7].type, 0.0))
    scalar = context.cast(builder, args[7], kinds[7], kinds[2][0].dtype)
    rate, nothing = splat_of(builder, scalar, tile.lanes), ir.Constant(tile.vector, None)
    kept = []
    for k in rows:  # the last row again, where there are no more
        own = ir.Constant(n_sums.type, k)
        own = builder.select(builder.icmp_signed("<", own, is_last), own, is_last)
        before = [tile.sums.load(tile.vector, column, own) for column in columns]
        kept += [builder.select(at_once, nothing, sums) for sums in before]
    kept = tile.for_each_number(n_terms, 1, kept, turn)
    for k in rows:
        with builder.if_then(builder.icmp_signed("<", ir.Constant(n_sums.type, k), n_sums)):
            for column in columns:
                total, before = kept.pop(0), tile.sums.load(tile.vector, column, k)
                step = builder.fmul(rate, total, flags=ROUNDED)
                after = builder.fadd(before, step, flags=ROUNDED)
                tile.sums.store(builder.select(at_once, after, total), column, k)
    return context.get_dummy_value()


@lower_builtin(store_dot_products, *[_PLACES] * 3, types.Integer, types.Integer)
def _lower_store_dot_products(context, builder, signature, args):
    tile = _Tile(context, builder, signature.args[:3], args[:3])
    n_weights, n = (context.cast(builder, args[i], signature.args[i], types.intp) for i in (3, 4))
    rows = range(TILE_ROWS)
    least = builder.sub(n_weights, ir.Constant(n.type, 1))
    own = [ir.Constant(n.type, i) for i in range(AT_ONCE)]  # the last row again, where it is none
    own = [builder.select(builder.icmp_signed("<", i, least), i, least) for i in own]

    def turn(j, kept):
        vectors = [tile.factors.load(tile.vector, j, r) for r in rows]
        return tile.add_to(kept, vectors, [tile.terms.load(tile.vector, j, i) for i in own])

    kept = [ir.Constant(tile.vector, None)] * (TILE_ROWS * AT_ONCE)
    kept = tile.for_each_number(n, tile.lanes, kept, turn)
    for r in rows:
        products = totals_of(builder, kept[AT_ONCE * r : AT_ONCE * (r + 1)])
        tile.sums.store(first_lanes(builder, n_weights, products), 0, r)
    return context.get_dummy_value()


@lower_builtin(add_outer_products, _LITERAL, *[_PLACES] * 3, types.uint64)
def _lower_add_outer_products(context, builder, signature, args):
    tile = _Tile(context, builder, signature.args[1:4], args[1:4])
    columns = tile.columns(signature.args[0])
    terms = [[tile.terms.load(tile.vector, c, r) for c in columns] for r in range(TILE_ROWS)]

    def turn(k, kept):
        factors = [tile.factors.splat(tile.lanes, r, k) for r in range(TILE_ROWS)]
        for c, column in enumerate(columns):
            total = tile.sums.load(tile.vector, column, k)
            for factor, row in zip(factors, terms, strict=True):
                total = tile.multiply_add(factor, row[c], total)
            tile.sums.store(total, column, k)
        return kept

    tile.for_each_bit(args[4], [], turn)
    return context.get_dummy_value()


class _Tile:
    """A tile that is being compiled: where its numbers are, and what is done with them.

    What is kept in a loop is a sum for each factor and term, factor by factor.
    """

    def __init__(self, context, builder, kinds, values):
        dtype = kinds[0][0].dtype
        self.builder = builder
        self.lanes = 8 * REGISTER_BYTES // dtype.bitwidth
        self.vector = context.get_value_type(Vector(dtype, self.lanes))
        self.sums, self.factors, self.terms = (
            _Places(context, builder, kind, value)
            for kind, value in zip(kinds, values, strict=True)
        )

    def columns(self, registers):
        """Return where the registers of a row begin, given their number as a literal type."""
        return range(0, registers.literal_value * self.lanes, self.lanes)

    def add_to(self, kept, factors, terms):
        """Return what is kept plus the products of factors and terms, term by term."""
        more = list(kept)
        for c, term in enumerate(terms):
            for r, factor in enumerate(factors):
                i = r * len(terms) + c
                more[i] = self.multiply_add(factor, term, kept[i])
        return more

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
