"""How inner functions are called: with fewer arguments, and errors where there are some."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from fastnn import Dense, Network, core
from fastnn.core.jit import inner, maker
from fastnn.core.linking import options_of_inner
from fastnn.core.simd.borrow import row_of


class Two(NamedTuple):
    x: Any
    table: Any


@inner
def both(x, table):
    return Two(row_of(table, 1), table)


@inner
def total(two, is_all):
    x = 0.0
    for i in range(two.x.shape[0]):
        x += two.x[i] * two.table.strides[0]
        for j in range(two.table.shape[0] if is_all else 0):
            x += two.table[j, i]
    return x


@inner
def total_of(x, table):
    return total(both(x, table), True) + total(both(x, table), False)


@maker
def require_positive(x):
    """Raise a ValueError unless a number is positive."""
    if x <= 0:
        raise ValueError("a number must be positive, got", x)


@inner
def checked_total(x, table):
    require_positive(x[0])
    return total_of(x, table)


def called(function, *args):
    return njit(lambda *args: function(*args))(*args)


def test_arrays_and_tuples_go_in_and_out():
    table = np.arange(6.0).reshape(2, 3)
    assert called(total_of, table[0], table) == 2 * 24 * (3 + 4 + 5) + 15


def test_an_error_comes_through_functions_that_raise_none_themselves():
    table = np.arange(6.0).reshape(2, 3)
    with pytest.raises(ValueError, match="must be positive"):
        called(checked_total, table[0], table)
    assert called(checked_total, table[1], table) == called(total_of, table[1], table)


@pytest.mark.compiled
@pytest.mark.skipif(not options_of_inner(), reason="this Numba has other insides")
def test_an_array_is_its_address_and_its_shape():
    table = np.arange(6.0).reshape(2, 3)
    called(checked_total, table[1], table)
    lines = {}
    for function in total_of, checked_total:
        (compiled,) = function.dispatcher.overloads.values()
        module = str(compiled.library._final_module).splitlines()
        (lines[function],) = (line for line in module if line.startswith("define"))
    assert "define linkonce_odr double @" in lines[total_of]
    assert lines[total_of].count("%") == 2 + 3
    assert "define linkonce_odr i32 @" in lines[checked_total]  # a status


@pytest.mark.compiled
def test_an_array_without_axes_is_refused_by_the_compiler():
    handle = Network(3, [Dense(2)]).handle()
    with pytest.raises(TypingError, match=r"array\(float64, 0d, C\)"):
        called(core.update, handle, np.array(0.01))
