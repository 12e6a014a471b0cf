import io
import sys

import numpy as np
import pytest

from fastnn import warmup

from .support.processes import run_python

WARM_UP = """
from fastnn import warmup
from tests.support.kernels import entries, n_compiled
from tests.support.networks import make_data, small_network
from tests.test_contracts import use_everything

warmup("float32")
assert entries()
for kernel in entries():
    assert len(kernel.signatures) == 1, kernel
    assert "float32" in str(kernel.signatures), kernel
warmup()
before = [kernel.signatures for kernel in entries()], n_compiled()
assert all(len(signatures) == 2 for signatures in before[0])
for dtype in ("float64", "float32"):
    use_everything(small_network(dtype=dtype), *make_data(5, 3, 2))
assert before == ([kernel.signatures for kernel in entries()], n_compiled())
"""


FROM_DISK = """
import sys
import numpy as np
from numba import njit
from tests.support.kernels import n_compiled, n_loaded
from tests.support.networks import make_data, small_network

net, (X, Y) = small_network(), make_data(5, 3, 2)
net.fit(X, Y)
net.predict(X)
assert (n_compiled(), n_loaded()) == (0, 2)
assert "numba.np.arraymath" not in sys.modules  # it imports SciPy's linear algebra
assert njit(lambda values: values.sum())(np.ones(3)) == 3
"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.compiled
def test_every_entry_point_is_warmed_and_nothing_is_compiled_after():
    assert run_python(WARM_UP) == ""


@pytest.mark.compiled
def test_to_load_kernels_nothing_is_made_ready_to_compile():
    """What Numba registers before it compiles takes half a second; it does so when it must."""
    warmup("float64")
    assert run_python(FROM_DISK) == ""


@pytest.mark.parametrize("dtypes", ["float32", np.float32, np.dtype("f4"), ["float32"], ()])
def test_one_dtype_or_several(dtypes):
    assert warmup(dtypes) is None


@pytest.mark.parametrize(
    ("dtypes", "got"), [("int8", "'int8'"), (None, "None"), (["float32", "half"], "'half'")]
)
def test_other_dtypes_are_refused_before_anything_is_compiled(monkeypatch, dtypes, got):
    monkeypatch.setattr(sys.modules["fastnn.warmup"], "_CALLS", {"": None})
    with pytest.raises(ValueError, match=f"dtype must be 'float32' or 'float64', got {got}"):
        warmup(dtypes)


def test_the_random_stream_stays():
    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    warmup("float64")
    assert np.random.random() == expected


def test_a_bar_on_a_terminal_says_what_is_being_compiled(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    warmup("float32", progress=True)
    got = sys.stderr.getvalue()
    assert got.index("float32 fit in batches") < got.index("float32 trace")


@pytest.mark.parametrize(("stderr", "progress"), [(Terminal(), False), (io.StringIO(), True)])
def test_else_it_is_silent(monkeypatch, capsys, stderr, progress):
    monkeypatch.setattr(sys, "stderr", stderr)
    warmup("float32", progress=progress)
    assert stderr.getvalue() == capsys.readouterr().out == ""
