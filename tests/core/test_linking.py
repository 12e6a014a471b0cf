"""What becomes of the functions that an entry point takes in."""

import numpy as np
import pytest
from numba import njit

from fastnn.core.activations import CODES, activate
from fastnn.core.jit import JIT
from fastnn.core.linking import options_of_whole

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(not options_of_whole(), reason="this Numba has other insides"),
]


def activate_twice(first, second, z, a):
    activate(first, z, a, 0, z.shape[0])
    activate(second, z, a, 0, z.shape[0])


def function_in(kernel):
    """Return the line that defines what has become of `activate`, with its arguments."""
    lines = kernel.inspect_llvm(kernel.signatures[0]).splitlines()
    (line,) = (line for line in lines if line.startswith("define") and "activations8" in line)
    return line


def test_an_entry_point_as_one_keeps_its_functions_to_itself():
    z = np.linspace(-4, 4, 16)
    usual, as_one = (njit(**JIT, **options)(activate_twice) for options in ({}, options_of_whole()))
    expected, got = np.empty_like(z), np.empty_like(z)
    usual(CODES["tanh"], CODES["sigmoid"], z, expected)
    as_one(CODES["tanh"], CODES["sigmoid"], z, got)
    np.testing.assert_array_equal(got, expected)
    assert "linkonce_odr" in function_in(usual)
    assert "private" in function_in(as_one)
    # Of an array LLVM leaves what is used.
    assert function_in(as_one).count("%") < function_in(usual).count("%")


def test_it_is_not_called_in_the_place_of_a_function_of_the_same_name():
    z, got = np.linspace(-4, 4, 16), np.empty(16)
    for options in options_of_whole(), {}:  # LLVM's JIT looks for a name in what is loaded already
        kernel = njit(**JIT, **options)(activate_twice)
        kernel(CODES["tanh"], CODES["sigmoid"], z, got)
        np.testing.assert_allclose(got, 1 / (1 + np.exp(-z)), rtol=1e-14)
