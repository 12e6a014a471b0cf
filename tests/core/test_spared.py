"""What is spared of Numba's own work: the answers stay the same."""

import json
import subprocess
import sys

import numpy as np
import pytest
from numba import types
from numba.core import base
from numba.core.registry import cpu_target
from numba.np import linalg

from fastnn import Dense, Network, core
from fastnn.core.jit import entry_in_place, inner
from fastnn.core.spared import sparing

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

from fastnn.core.spared import sparing

with sparing():
    target = cpu_target.target_context
    sizes = [ir.IntType(64), ir.FloatType(), ir.ArrayType(ir.FloatType(), 3)]
    sizes = [target.get_abi_sizeof(kind) for kind in sizes]
    target.refresh()
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
    added_up = [new(1, 2), new(1.5, 2)]
print(json.dumps([added_up, before, product.tolist(), sizes]))
"""


def attributes_of_numba():
    """Return what may be replaced."""
    target = cpu_target.target_context
    owners = target, target.typing_context, types.Function, base, linalg
    return [dict(vars(owner)) for owner in owners]


def test_numba_is_its_own_again_when_a_kernel_is_compiled():
    before = attributes_of_numba()
    with sparing():
        assert cpu_target.target_context.refresh.__name__ == "refresh_if_new"
        assert types.Function.get_call_type.__name__ == "get_call_type_once"
    after = attributes_of_numba()
    assert [owner.keys() for owner in after] == [owner.keys() for owner in before]
    for name in "get_call_type", "_has_loc", "ensure_blas", "refresh", "get_abi_sizeof":
        got, expected = ([owner.get(name) for owner in owners] for owners in (after, before))
        assert got == expected


def test_what_a_kernel_compiles_leaves_nothing_behind():
    @inner
    def first_of(x):
        return x[0]

    kernel = entry_in_place(lambda x: first_of(x))
    assert kernel(np.arange(3, 5.0)) == 3
    assert types.Function.get_call_type.__name__ == "get_call_type"
    assert "refresh" not in vars(cpu_target.target_context)


def test_arrays_of_another_byte_order_are_refused_after_others():
    """Numba itself takes one that is read-only for the other, which it has seen before."""
    handle, outputs = Network(2, [Dense(1)], seed=0).handle(), np.empty(1)
    for start in 0, 1:  # one that is not aligned goes another way, too
        raw = np.zeros(2 * 8 + start, np.uint8)[start:]
        raw.flags.writeable = False
        if start == 0:
            core.predict(handle, raw.view("<f8"), outputs)
        with pytest.raises(TypeError, match=r"x must have dtype float32 or float64.*, got >f8"):
            core.predict(handle, raw.view(">f8"), outputs)


def test_numba_finds_scipy_when_it_needs_it():
    pytest.importorskip("scipy")
    done = subprocess.run([sys.executable, "-c", LINES], capture_output=True, text=True, check=True)
    new, is_imported, product, sizes = json.loads(done.stdout)
    assert new == [10, 10.5]  # what is registered after all is found
    assert not is_imported
    assert product == [[1, 1], [1, 1]]
    assert sizes == [8, 4, 12]
