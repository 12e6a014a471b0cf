"""Where the time of a per-sample epoch goes: each phase of a step in a loop of its own.

A loop over one phase finds its data in the cache and can run ahead of itself, so the phases do not
add up to the whole: what is left stands in the table too.
"""

from collections.abc import Callable
from time import perf_counter

import numpy as np
from numba import njit

from fastnn._checks.arrays import as_weights
from fastnn._training.state import state_of
from fastnn.core import layout, losses, sample_pass
from fastnn.core.dense import dense_step_forward
from fastnn.core.inputs import Data, Samples
from fastnn.core.jit import JIT
from fastnn.core.linking import options_of_whole
from fastnn.core.metrics import add_metrics
from fastnn.core.scratch import Sample
from fastnn.core.simd.bitset import WORD
from fastnn.core.train_samples import Slice, train_samples

from .race import on_cores
from .task import Task
from .with_fastnn import network

N_TRIES = 25
OPTIONS = JIT | options_of_whole()  # those of the kernel that is taken apart
LEARNING_RATE = 0.1


@njit(**OPTIONS)
def _enter(X, this, last):
    for t in range(X.shape[0]):
        sample_pass.enter(X[t], True, this)
        this, last = last, this


@njit(**OPTIONS)
def _step_forward_0(net, X, this, last):
    for t in range(X.shape[0]):
        sample_pass.enter(X[t], True, this)
        dense_step_forward(net.params, net.layer_table[0], last, this)
        this, last = last, this


@njit(**OPTIONS)
def _step_forward_above(net, n, this, last):
    for _ in range(n):
        for k in range(1, net.layer_table.shape[0]):
            dense_step_forward(net.params, net.layer_table[k], last, this)


@njit(**OPTIONS)
def _leave(net, n, this):
    for _ in range(n):
        for k in range(net.layer_table.shape[0]):
            sample_pass.leave(net.layer_table[k], True, this)


@njit(**OPTIONS)
def _add_metrics(net, metrics, Y, this, sums):
    for t in range(Y.shape[0]):
        add_metrics(net, metrics, this, Y[t], 1.0, sums)


@njit(**OPTIONS)
def _backward(net, Y, this):
    for t in range(Y.shape[0]):
        sample_pass.find_delta(net, Y[t], -LEARNING_RATE, this)


def measure(task: Task) -> list[tuple[str, float]]:
    """Return the seconds per sample of each phase of `fit`, of what is left, and of the whole."""
    net = network(task, task.start())
    X, Y = task.samples()
    n, dtype = len(X), net.dtype
    table = state_of(net).model.table
    core = layout.Net(net.params, table, losses.CODES["half_sse"])
    units = np.zeros((4, layout.units_size(table)), dtype)
    bitsets = np.zeros((2, units.shape[1] // WORD), np.uint64)
    z, delta, a, last_a = units
    this, last = Sample(z, a, delta, bitsets[0]), Sample(z, last_a, delta, bitsets[1])
    metrics, sums = np.zeros(0, np.int64), np.zeros((1, 1))
    rates, weights = np.full((1, 1), LEARNING_RATE, dtype), as_weights(None, n, dtype)
    rows = Slice(np.arange(n)[np.newaxis], rates, 0, n)
    data, scratch = (
        Data(Samples.dense(X), Y, weights),
        (np.zeros_like(units), np.zeros_like(bitsets)),
    )
    seconds = _best(
        [
            lambda: _enter(X, this, last),
            lambda: _step_forward_0(core, X, this, last),
            lambda: _leave(core, n, this),
            lambda: _step_forward_above(core, n, this, last),
            lambda: _add_metrics(core, metrics, Y, this, sums[0]),
            lambda: _backward(core, Y, this),
            lambda: train_samples(core, data, rows, metrics, *scratch, sums),
            lambda: net.fit(X, Y, learning_rate=LEARNING_RATE, shuffle=False),
        ]
    )
    enter, enter_and_first, leave, above, figure, back, kernel, whole = (s / n for s in seconds)
    first = enter_and_first - enter
    phases = enter + first + leave + above + figure + back
    return [
        ("copy of the sample, and which of its inputs are 0", enter),
        ("layer 0: update and forward, in one pass", first),
        ("layer 1: update and forward", above),
        ("activations of both layers", leave),
        ("loss and metrics", figure),
        ("deltas of both layers", back),
        ("what the phases cost each other: waits, mispredicted ends of loops", kernel - phases),
        ("Python: checks, the order of samples, the call", whole - kernel),
        ("`fit`, the whole", whole),
    ]


def _best(loops: list[Callable[[], object]]) -> list[float]:
    """Return the least seconds of each loop; they take turns."""
    best = [np.inf] * len(loops)
    with on_cores(1):
        for _ in range(N_TRIES):
            for i, loop in enumerate(loops):
                begin = perf_counter()
                loop()
                best[i] = min(best[i], perf_counter() - begin)
    return best
