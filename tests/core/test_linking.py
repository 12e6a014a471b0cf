"""What becomes of the functions that an entry point takes in."""

import json
import subprocess
import sys

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

# A process by itself: what is compiled already may be small enough to be taken in.
LINES = """
import json
import numpy as np
from numba import njit
from fastnn.core.jit import JIT
from fastnn.core.linking import options_of_whole
from tests.core.test_linking import CODES, activate_twice

lines, z = [], np.linspace(-4, 4, 16)
for options in {}, options_of_whole():
    kernel = njit(**JIT, **options)(activate_twice)
    kernel(CODES["tanh"], CODES["sigmoid"], z, np.empty_like(z))
    code = kernel.inspect_llvm(kernel.signatures[0]).splitlines()
    lines += [line for line in code if line.startswith("define") and "activations8" in line]
print(json.dumps(lines))
"""


def activate_twice(first, second, z, a):
    activate(first, z, a, 0, z.shape[0], 1, 1)
    activate(second, z, a, 0, z.shape[0], 1, 1)


def test_an_entry_point_as_one_keeps_its_functions_to_itself():
    done = subprocess.run([sys.executable, "-c", LINES], capture_output=True, text=True, check=True)
    usual, as_one = json.loads(done.stdout)  # the lines that define what became of `activate`
    assert "linkonce_odr" in usual
    assert "private" in as_one
    assert as_one.count("%") < usual.count("%")  # of an array LLVM leaves what is used


def test_it_is_not_called_in_the_place_of_a_function_of_the_same_name():
    z, got = np.linspace(-4, 4, 16), np.empty(16)
    for options in options_of_whole(), {}:  # LLVM's JIT looks for a name in what is loaded already
        kernel = njit(**JIT, **options)(activate_twice)
        kernel(CODES["tanh"], CODES["sigmoid"], z, got)
        np.testing.assert_allclose(got, 1 / (1 + np.exp(-z)), rtol=1e-14)


def test_an_inner_function_is_kept_without_what_it_calls():
    kernel = njit(**JIT, **options_of_whole())(activate_twice)
    z, got = np.linspace(-4, 4, 16), np.empty(16)
    kernel(CODES["tanh"], CODES["sigmoid"], z, got)
    for compiled in activate.dispatcher.overloads.values():
        functions = compiled.library._final_module.functions
        assert sum(not function.is_declaration for function in functions) == 1
