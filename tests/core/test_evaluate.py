"""Rows that are multiplied where they lie, and rows that are copied first."""

import sys

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._training.state import state_of
from fastnn.core import evaluate
from fastnn.core.inputs import Samples
from fastnn.core.simd.bitset import TILE_ROWS

from ..support.processes import run_python

N_IN, N_ROWS = 70, 3 * TILE_ROWS  # rows of more than a word


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture(params=[5, 1], ids=["wide", "narrow"])
def net(request, dtype):
    return Network(N_IN, [Dense(request.param, "tanh"), Dense(2)], dtype=dtype, seed=0)


def table(dtype, zeros):
    """Return rows of which some numbers may be 0, at the end of their memory."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, N_IN)) * (rng.random((N_ROWS, N_IN)) >= zeros)
    return X.astype(dtype)


def predicted(net, X, start, stop):
    """Return whether the rows are finite, and the outputs of all, 7 where none are."""
    outputs = np.full((N_ROWS, 2), 7, X.dtype)
    layer_table = state_of(net).model.table
    finite = evaluate.predict_rows(net.params, layer_table, Samples.dense(X), start, stop, outputs)
    return finite, outputs


@pytest.mark.parametrize("zeros", [0, 0.5])
def test_rows_have_the_same_bits_wherever_they_lie(net, dtype, zeros):
    X = table(dtype, zeros)
    finite, outputs = predicted(net, X, 0, N_ROWS)
    assert finite
    for start in range(N_ROWS):  # no whole tile
        finite, alone = predicted(net, X, start, start + 1)
        assert finite
        np.testing.assert_array_equal(alone[start], outputs[start])
    _, part = predicted(net, X, TILE_ROWS, 2 * TILE_ROWS)
    expected = np.full_like(outputs, 7)
    expected[TILE_ROWS : 2 * TILE_ROWS] = outputs[TILE_ROWS : 2 * TILE_ROWS]
    np.testing.assert_array_equal(part, expected)


def test_rows_are_left_as_they_are(net, dtype):
    X = table(dtype, 0)
    kept = X.copy()
    predicted(net, X, 0, N_ROWS)
    np.testing.assert_array_equal(X, kept)


def test_a_row_that_is_not_finite_is_found(net, dtype):
    X = table(dtype, 0)
    X[-1, -1] = np.nan
    finite, _ = predicted(net, X, 0, N_ROWS)
    assert not finite


IN_THREADS = """
import threading
import numpy as np
from fastnn import Dense, Network

nets = [Network(3, [Dense(5, "tanh"), Dense(2)], seed=seed) for seed in range(4)]
X = np.random.default_rng(0).normal(size=(5, 3))
expected = [net.predict(X) for net in nets]
wrong = []

def predict(k):
    for _ in range(5000):
        if not np.array_equal(nets[k].predict(X), expected[k]):
            wrong.append(k)

threads = [threading.Thread(target=predict, args=(k,)) for k in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(wrong)
"""


@pytest.mark.compiled
@pytest.mark.skipif(sys.platform != "linux", reason="sets an option of glibc")
def test_few_rows_are_predicted_in_memory_that_no_other_thread_takes():
    assert run_python(IN_THREADS, MALLOC_ARENA_MAX="1").strip() == "[]"
