"""Tiles of a product of matrices: some samples by some registers of outputs.

What a tile adds to, or what it multiplies by, stays in registers while a loop goes over the inputs,
that a mask names, or over samples. Three samples by four registers are twelve, which hide the time
that an addition takes: with three inputs and one of weights they fill all 16 registers that there
are. AVX-512 has 32, of which four samples by four registers take 16. Where a row has two registers
or one, a tile may be twice as tall: then a loop takes no longer than its multiplications.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import lower_builtin, type_callable
from numpy.typing import NDArray

from ..arrays import address_of, part_of_struct, view_of
from .arithmetic import multiply_add
from .bitset import TILE_ROWS, lowest, without_lowest
from .tile_loops import Tile
from .vectors import (
    ROUNDED,
    first_lanes,
    lanes_of,
    load,
    prefetch_at,
    splat_at,
    splat_of,
    store,
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
    """Numbers of a flat array: that of row r and column k is array[first + r row + k].

    Or, unless `starts` is None, array[starts[r] + first + k].
    """

    array: NDArray[Any]
    first: int
    row: int
    starts: NDArray[np.int64] | None


class Ahead(NamedTuple):
    """Numbers to be brought from memory: array[starts[r] + column] of each row, 0 <= column."""

    array: NDArray[Any]
    starts: NDArray[np.int64]
    column: int


def from_row(grid, row):
    """Return the `Grid` that begins with a row of another; it must not outlive the array."""
    if grid.starts is None:
        return Grid(grid.array, grid.first + row * grid.row, grid.row, None)
    return Grid(grid.array, grid.first, grid.row, grid.starts[row:])


def add_products(registers, n_rows, sums, factors, terms, n, biases, ahead):
    """Add the sum over the k < n of factors[r, k] terms[k] to sums[r], for all rows; n > 0.

    `factors` is a `Grid`, the others are `Rows`, `registers` (a literal) wide. `n_rows` is a
    literal: `TILE_ROWS` or `TALL`. Unless `biases` is negative, sums[r] is first overwritten with
    what stands there in the array of the terms. Unless `ahead` is 0, the n_rows n factors that
    begin so far after the first are brought from memory on the way, as many with each k.
    """
    like = zeros(terms.array, registers)
    for r in range(n_rows if biases >= 0 else 0):
        store(sums.array, sums.first + r * sums.step, load(terms.array, biases, like))
    for k in range(n):
        _add_product(registers, n_rows, sums, factors, terms, k)


def add_chosen_products(registers, sums, factors, terms, mask):
    """Do it for the k in `mask`, of which a bit at least is set, and for `TILE_ROWS` rows.

    To find a bit and its row takes a quarter of the loop's time (Intel, AVX2).
    """
    while mask:
        _add_product(registers, TILE_ROWS, sums, factors, terms, lowest(mask))
        mask = without_lowest(mask)


def _add_product(registers, n_rows, sums, factors, terms, k):
    """Add factors[r, k] terms[k] to sums[r], for all rows."""
    like = zeros(terms.array, registers)
    term = load(terms.array, terms.first + k * terms.step, like)
    for r in range(n_rows):
        place = sums.first + r * sums.step
        factor = splat_at(factors.array, _place(factors, r, k), like)
        store(sums.array, place, multiply_add(factor, term, load(sums.array, place, like)))


def _place(grid, r, k):
    """Return where a number of a `Grid` is in its array."""
    begin = r * grid.row if grid.starts is None else grid.starts[r]
    return begin + grid.first + k


def add_outer_products(registers, sums, factors, terms, mask):
    """Add the sum over a tile's rows of factors[r, k] terms[r] to sums[k], for the k in `mask`."""
    like = zeros(terms.array, registers)
    while mask:
        k = lowest(mask)
        place = sums.first + k * sums.step
        total = load(sums.array, place, like)
        for r in range(TILE_ROWS):
            factor = splat_at(factors.array, _place(factors, r, k), like)
            total = multiply_add(
                factor, load(terms.array, terms.first + r * terms.step, like), total
            )
        store(sums.array, place, total)
        mask = without_lowest(mask)


def add_sums_of_products(registers, sums, n_sums, factors, terms, n_terms, rate, ahead):
    """Add the products factors[t, k] terms[t] to sums[k], for the t < n_terms and the k < n_sums.

    They are added one after the other; or, at a rate that is not 0, their sum is made and then,
    times the rate, added. It is done for up to `TILE_ROWS` sums, or up to `TALL` of one or two
    registers. In `factors` there are as many in a row, of which those from `n_sums` on do not
    count. `ahead` is an `Ahead`, of which row t is brought with term t.
    """
    like = zeros(terms.array, registers)
    for k in range(min(_n_sums_of(registers), n_sums)):
        place = sums.first + k * sums.step
        before = load(sums.array, place, like)
        total = before if rate == 0 else like
        for t in range(n_terms):
            factor = splat_at(factors.array, _place(factors, t, k), like)
            term = load(terms.array, terms.first + t * terms.step, like)
            total = multiply_add(factor, term, total)
        store(sums.array, place, total if rate == 0 else before + like.dtype.type(rate) * total)


def _n_sums_of(registers):
    return TALL if registers <= 2 else TILE_ROWS


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


@type_callable(from_row)
def _type_from_row(context):
    return lambda grid, row: grid


@lower_builtin(from_row, types.BaseTuple, types.Integer)
def _lower_from_row(context, builder, signature, args):
    kind, (grid, row) = signature.args[0], args
    _, first, step, starts = (part_of_struct(builder, grid, i) for i in range(4))
    row = context.cast(builder, row, signature.args[1], types.intp)
    if kind[3] == types.none:
        first = builder.add(first, builder.mul(row, step))
        return builder.insert_value(grid, first, 1)
    data = builder.gep(address_of(context, builder, kind[3], starts), [row])
    starts = view_of(context, builder, kind[3], data, [ir.Constant(row.type, TALL)])
    return builder.insert_value(grid, starts, 3)


@type_callable(add_products)
def _type_add_products(context):
    def typer(registers, n_rows, sums, factors, terms, n, biases, ahead):
        return types.void if _is_literal(registers, n_rows) else None

    return typer


@type_callable(add_chosen_products)
def _type_add_chosen_products(context):
    def typer(registers, sums, factors, terms, mask):
        return types.void if _is_literal(registers) else None

    return typer


@type_callable(add_outer_products)
def _type_add_outer_products(context):
    def typer(registers, sums, factors, terms, mask):
        return types.void if _is_literal(registers) else None

    return typer


@type_callable(add_sums_of_products)
def _type_add_sums_of_products(context):
    def typer(registers, sums, n_sums, factors, terms, n_terms, rate, ahead):
        return types.void if _is_literal(registers) else None

    return typer


@type_callable(store_dot_products)
def _type_store_dot_products(context):
    return lambda products, vectors, weights, n_weights, n: types.void


_LITERAL, _PLACES = types.IntegerLiteral, types.BaseTuple


@lower_builtin(add_products, _LITERAL, _LITERAL, *[_PLACES] * 3, *[types.Integer] * 3)
def _lower_add_products(context, builder, signature, args):
    tile = Tile(context, builder, signature.args[2:5], args[2:5])
    n, biases, ahead = (
        context.cast(builder, args[i], signature.args[i], types.intp) for i in (5, 6, 7)
    )
    is_first = builder.icmp_signed(">=", biases, ir.Constant(biases.type, 0))
    biases, places = builder.gep(tile.terms.data, [biases]), []
    for r in range(signature.args[1].literal_value):
        places.append(builder.select(is_first, biases, tile.sums.address(r, 0)))
    brings = builder.icmp_signed("!=", ahead, ir.Constant(n.type, 0))
    step = ir.Constant(n.type, len(places))

    def bring(k):
        prefetch_at(builder, tile.factors.address(0, builder.add(ahead, builder.mul(k, step))))

    def repeat(kept, turn):
        return tile.for_each_number_bringing(n, kept, turn, brings, bring)

    return _add_in_registers(tile, signature.args[0], places, repeat)


@lower_builtin(add_chosen_products, _LITERAL, *[_PLACES] * 3, types.uint64)
def _lower_add_chosen_products(context, builder, signature, args):
    tile = Tile(context, builder, signature.args[1:4], args[1:4])
    places = [tile.sums.address(r, 0) for r in range(TILE_ROWS)]
    repeat = partial(tile.for_each_bit, args[4])
    return _add_in_registers(tile, signature.args[0], places, repeat)


def _add_in_registers(tile, registers, places, repeat):
    """Write down the loads of what sums begin with, the loop that adds, and the stores."""
    columns, rows = tile.columns(registers), range(len(places))
    tile.factors.load_starts(rows)
    kept = [tile.sums.load_from(place, tile.vector, c) for place in places for c in columns]

    def turn(k, kept):
        factors = [partial(tile.factors.splat, tile.lanes, r, k) for r in rows]
        return tile.add_to(
            kept, factors, [partial(tile.terms.load, tile.vector, c, k) for c in columns]
        )

    kept = repeat(kept, turn)
    for r in rows:
        for column in columns:
            tile.sums.store(kept.pop(0), column, r)
    return tile.context.get_dummy_value()


@lower_builtin(
    add_sums_of_products,
    _LITERAL, _PLACES, types.Integer, _PLACES, _PLACES, types.Integer, types.Float, _PLACES,
)  # fmt: skip
def _lower_add_sums_of_products(context, builder, signature, args):
    kinds = signature.args
    tile = Tile(context, builder, (kinds[1], *kinds[3:5]), (args[1], *args[3:5]))
    columns, rows = tile.columns(kinds[0]), range(_n_sums_of(kinds[0].literal_value))
    n_sums, n_terms = (context.cast(builder, args[i], kinds[i], types.intp) for i in (2, 5))
    values, starts, column = (part_of_struct(builder, args[7], i) for i in range(3))
    values, starts = (
        address_of(context, builder, kind, array)
        for kind, array in zip(kinds[7][:2], (values, starts), strict=True)
    )
    column = context.cast(builder, column, kinds[7][2], types.intp)
    brings = builder.icmp_signed(">=", column, ir.Constant(column.type, 0))

    def bring(t):
        start = builder.load(builder.gep(starts, [t]))
        prefetch_at(builder, builder.gep(values, [builder.add(start, column)]))

    def turn(t, kept):
        factors = [partial(tile.factors.splat, tile.lanes, t, k) for k in rows]
        return tile.add_to(
            kept, factors, [partial(tile.terms.load, tile.vector, c, t) for c in columns]
        )

    own = _rows_below(builder, n_sums, len(rows))
    at_once = builder.fcmp_unordered("!=", args[6], ir.Constant(args[6].type, 0.0))
    nothing = [ir.Constant(tile.vector, None)] * (len(rows) * len(columns))
    kept = tile.unless(
        at_once, nothing, lambda: [tile.sums.load(tile.vector, c, k) for k in own for c in columns]
    )
    kept = tile.for_each_number_bringing(n_terms, kept, turn, brings, bring)

    def add_to_sums():
        scalar = context.cast(builder, args[6], kinds[6], kinds[1][0].dtype)
        rate = splat_of(builder, scalar, tile.lanes)
        before = [tile.sums.load(tile.vector, c, k) for k in own for c in columns]
        steps = [builder.fmul(rate, total, flags=ROUNDED) for total in kept]
        return [builder.fadd(*two, flags=ROUNDED) for two in zip(before, steps, strict=True)]

    kept = tile.unless(builder.not_(at_once), kept, add_to_sums)
    for k in rows:
        with builder.if_then(builder.icmp_signed("<", ir.Constant(n_sums.type, k), n_sums)):
            for column in columns:
                tile.sums.store(kept.pop(0), column, k)
    return context.get_dummy_value()


def _rows_below(builder, n_rows, n):
    """Return the numbers of `n` rows; where there are but `n_rows`, the last one's again."""
    last = builder.sub(n_rows, ir.Constant(n_rows.type, 1))
    rows = [ir.Constant(n_rows.type, k) for k in range(n)]
    return [builder.select(builder.icmp_signed("<", k, last), k, last) for k in rows]


@lower_builtin(store_dot_products, *[_PLACES] * 3, types.Integer, types.Integer)
def _lower_store_dot_products(context, builder, signature, args):
    tile = Tile(context, builder, signature.args[:3], args[:3])
    n_weights, n = (context.cast(builder, args[i], signature.args[i], types.intp) for i in (3, 4))
    rows = range(TILE_ROWS)
    own = _rows_below(builder, n_weights, AT_ONCE)

    def turn(j, kept):
        vectors = [partial(tile.factors.load, tile.vector, j, r) for r in rows]
        return tile.add_to(
            kept, vectors, [partial(tile.terms.load, tile.vector, j, i) for i in own]
        )

    kept = [ir.Constant(tile.vector, None)] * (TILE_ROWS * AT_ONCE)
    kept = tile.for_each_number(n, tile.lanes, kept, turn)
    for r in rows:
        products = totals_of(builder, kept[AT_ONCE * r : AT_ONCE * (r + 1)])
        tile.sums.store(first_lanes(builder, n_weights, products), 0, r)
    return context.get_dummy_value()


@lower_builtin(add_outer_products, _LITERAL, *[_PLACES] * 3, types.uint64)
def _lower_add_outer_products(context, builder, signature, args):
    tile = Tile(context, builder, signature.args[1:4], args[1:4])
    columns = tile.columns(signature.args[0])
    tile.factors.load_starts(range(TILE_ROWS))
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
