"""What is spared of Numba's own work: the answers stay the same."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.compiled

# A process by itself, for what has been imported stays.
LINES = """
import json
import sys

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import lower_builtin, overload, type_callable
from numba.core.registry import cpu_target

import fastnn

fastnn.core.jit.spare()
size_of = cpu_target.target_context.get_abi_sizeof
cpu_target.target_context.refresh()
before = "scipy.linalg" in sys.modules
product = njit(lambda a, b: a @ b)(np.eye(2), np.ones((2, 2)))  # by SciPy's BLAS

def added(a, b):
    pass

@overload(added)
def add(a, b):
    return lambda a, b: a + b

def seven():
    pass

@type_callable(seven)
def type_seven(context):
    return lambda: types.float64

@lower_builtin(seven)
def lower_seven(context, builder, signature, args):
    return context.get_constant(signature.return_type, 7.0)

new = njit(lambda a, b: added(a, b) + seven())
print(json.dumps([
    [new(1, 2), new(1.5, 2)],
    before,
    product.tolist(),
    [size_of(ir.IntType(64)), size_of(ir.FloatType()), size_of(ir.ArrayType(ir.FloatType(), 3))],
]))
"""


def test_numba_finds_scipy_when_it_needs_it():
    pytest.importorskip("scipy")
    done = subprocess.run([sys.executable, "-c", LINES], capture_output=True, text=True, check=True)
    new, is_imported, product, sizes = json.loads(done.stdout)
    assert new == [10, 10.5]  # what is registered after all is found
    assert not is_imported
    assert product == [[1, 1], [1, 1]]
    assert sizes == [8, 4, 12]
