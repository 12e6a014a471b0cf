"""A function whose variables are values of LLVM's does what Python does."""

import numpy as np
import pytest
from llvmlite import ir
from numba import njit

from fastnn.core.jit import entry_in_place, inner
from fastnn.core.linking import options_of_inner
from fastnn.core.values import FoldingBuilder, drop_unused


@inner
def exchanged(x, y, n):
    a, b, c = x, y, 0
    for i in range(n):
        a, b = b, a  # one phi takes what the other had
        if i % 4 == 2:
            continue
        c = i
    return a[0], b[0], c


@inner
def chosen(x, kind, is_double):
    if kind == 0:
        value = 1  # an integer here, a float there
    elif kind == 1:
        value = x[0]
    else:
        value = -x[0] if is_double else 0.5
    while value < 20 and not (kind == 2 and is_double):
        value = value + value if is_double else value + 7
    return value


@inner
def last_of(n):
    for i in range(n):
        last = i  # not set where n is 0
    return last


@inner
def of_none(x, y):
    return x[0] if y is None else x[0] + y[0]


def called(function, *args):
    return njit(lambda *args: function(*args))(*args)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_variables_change_places(n):
    x, y = np.array([1.0]), np.array([2.0])
    expected = (2.0, 1.0) if n % 2 else (1.0, 2.0)
    assert called(exchanged, x, y, n)[:2] == expected
    assert called(exchanged, x, y, n)[2] == {0: 0, 1: 0, 2: 1, 5: 4}[n]


@pytest.mark.parametrize("is_double", [False, True])
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_variable_is_what_its_branch_has_made_it(kind, is_double):
    x = np.array([3.0])
    python = getattr(chosen, "py_func", chosen)
    assert called(chosen, x, kind, is_double) == python(x, kind, is_double)


def test_a_variable_that_may_not_be_set_is():
    assert called(last_of, 3) == 2


def test_a_branch_on_none_is_not_compiled():
    x = np.array([3.0])
    assert njit(lambda x: of_none(x, None))(x) == 3
    assert njit(lambda x: of_none(x, x))(x) == 6


def test_an_entry_point_is_written_so_too():
    kernel = entry_in_place(lambda x, y, n: exchanged(x, y, n))
    assert kernel(np.array([1.0]), np.array([2.0]), 3) == (2, 1, 1)


@pytest.mark.compiled
@pytest.mark.skipif(not options_of_inner(), reason="this Numba has other insides")
def test_no_variable_is_in_memory():
    called(exchanged, np.array([1.0]), np.array([2.0]), 3)
    for compiled in exchanged.dispatcher.overloads.values():
        module = str(compiled.library._final_module)
        assert module.count("alloca") == 1  # where the next number of a range is
        assert "phi" in module


def test_what_nothing_uses_is_left_out():
    number = ir.IntType(64)
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(number, [number]), "f")
    builder = FoldingBuilder(function.append_basic_block())
    (x,) = function.args
    pair = ir.Constant(ir.LiteralStructType([number, number]), ir.Undefined)
    pair = builder.insert_value(builder.insert_value(pair, x, 0), x, 1)
    assert builder.extract_value(pair, 0) is x
    assert builder.extract_value(pair, [1]) is x
    assert builder.sitofp(number(3), ir.DoubleType()).constant == 3.0
    builder.store(x, builder.alloca(number))  # has an effect
    builder.ret(x)
    assert [one.opname for one in builder.block.instructions][:2] == ["insertvalue"] * 2
    drop_unused(function)
    assert [one.opname for one in builder.block.instructions] == ["alloca", "store", "ret"]
