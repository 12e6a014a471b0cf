import io
import re
import sys

import numpy as np
import pytest

from fastnn import warmup
from fastnn.warmup import _CALLS, WORDS, warm_up

from .support.processes import run_python

MODULE = sys.modules["fastnn.warmup"]
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
    ("only", "expected"),
    [
        (
            "predict",
            {
                "predict",
                "predict a row",
                "predict a few rows",
                "predict by many networks",
                "loss",
            },
        ),
        (["partial_fit"], {"train on a row", "train on a row by an optimiser"}),
        (WORDS, set(_CALLS)),
    ],
)
def test_only_what_is_to_be_used(monkeypatch, only, expected):
    done = []
    monkeypatch.setattr(MODULE, "_run", lambda dtype, call: (done.append(call), (1, 2))[1])
    assert warm_up("float32", only) == (len(expected), 2 * len(expected))
    assert len(done) == len(expected)
    assert set(done) == expected


ESTIMATORS = """
from fastnn import warmup
from fastnn.core.jit import numbers_of_forms
from fastnn.sklearn import MLPClassifier, MLPRegressor

warmup("float64", only="sklearn")
n_compiled, _ = numbers_of_forms()
X, y = [[0.0], [1.0]] * 20, [0, 1] * 20
for kind in (MLPClassifier, MLPRegressor):
    for options in ({}, {"solver": "lbfgs"}, {"batch_size": 1}, {"early_stopping": True}):
        kind(max_iter=2, **options).fit(X, y).predict(X[:1])
MLPRegressor("absolute_error", early_stopping=True, max_iter=2).fit(X, y)
MLPRegressor().partial_fit(X, y).score(X, y)
MLPClassifier().partial_fit(X, y, classes=[0, 1]).score(X, y)
assert numbers_of_forms()[0] == n_compiled
"""


@pytest.mark.compiled
def test_sklearn_is_all_that_the_estimators_use():
    pytest.importorskip("sklearn")
    assert run_python("import warnings; warnings.simplefilter('ignore')" + ESTIMATORS) == ""


@pytest.mark.compiled
def test_several_processes_leave_their_kernels_on_disk(tmp_path):
    """Those of two short calls."""
    code = (
        "import fastnn.core.jit\n"
        "from fastnn.warmup import _CALLS, warm_up\n"
        "for call in [*_CALLS]:\n"
        "    if call not in ('predict a row', 'predict a few rows'):\n"
        "        del _CALLS[call]\n"
        "print(warm_up('float64', n_processes=2), fastnn.core.jit.numbers_of_forms())"
    )
    cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    n_compiled, n_loaded, *here = map(int, re.findall(r"\d+", run_python(code, **cache)))
    assert (n_compiled + n_loaded, here) == (2, [0, 0])
    assert len([*tmp_path.rglob("*.nbc")]) == n_compiled == 2
    assert run_python(code, **cache) == "(0, 2) (0, 0)\n"


@pytest.mark.compiled
def test_a_process_that_dies_is_told():
    code = (
        "from fastnn import warmup as _\n"
        "import sys\n"
        "module = sys.modules['fastnn.warmup']\n"
        "module._WORK = 'import os; os._exit(3)'\n"
        "try:\n"
        "    module.warm_up('float64', n_processes=2)\n"
        "except OSError as error:\n"
        "    print(error)\n"
    )
    assert run_python(code).startswith("the processes that compile must exit with 0, got [3, 3]: ")


@pytest.mark.parametrize(
    ("dtypes", "got"), [("int8", "'int8'"), (None, "None"), (["float32", "half"], "'half'")]
)
def test_other_dtypes_are_refused_before_anything_is_compiled(monkeypatch, dtypes, got):
    monkeypatch.setattr(MODULE, "_run", None)
    with pytest.raises(ValueError, match=f"dtype must be 'float32' or 'float64', got {got}"):
        warmup(dtypes)


def test_other_words_are_refused_before_anything_is_compiled(monkeypatch):
    monkeypatch.setattr(MODULE, "_run", None)
    with pytest.raises(ValueError, match=r"only must be one of .*; got 'predictions'"):
        warmup("float32", only=["fit", "predictions"])


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
    assert f"{len(_CALLS) - 1}/{len(_CALLS)}" in got


@pytest.mark.parametrize(("stderr", "progress"), [(Terminal(), False), (io.StringIO(), True)])
def test_else_it_is_silent(monkeypatch, capsys, stderr, progress):
    monkeypatch.setattr(sys, "stderr", stderr)
    warmup("float32", progress=progress)
    assert stderr.getvalue() == capsys.readouterr().out == ""
