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
from fastnn.core import metrics as figures
from fastnn.core.dense import dense_step_forward
from fastnn.core.inputs import Samples
from fastnn.core.jit import JIT
from fastnn.core.simd.bitset import WORD
from fastnn.core.train_samples import train_samples

from .race import on_cores
from .task import Task
from .with_fastnn import network

N_TRIES = 25
LEARNING_RATE = 0.1


@njit(**JIT)
def _enter(X, a, sets):
    for t in range(X.shape[0]):
        sample_pass.enter(X[t], True, a[t % 2], sets[t % 2])


@njit(**JIT)
def _step_forward_0(params, layers, X, a, sets, step, z):
    for t in range(X.shape[0]):
        sample_pass.enter(X[t], True, a[t % 2], sets[t % 2])
        dense_step_forward(
            params, layers[0], a[1 - t % 2], sets[1 - t % 2], step, a[t % 2], sets[t % 2], z
        )


@njit(**JIT)
def _step_forward_above(params, layers, n, a, sets, step, z):
    for _ in range(n):
        for k in range(1, layers.shape[0]):
            dense_step_forward(params, layers[k], a[0], sets[0], step, a[1], sets[1], z)


@njit(**JIT)
def _leave(layers, n, z, a, nonzeros):
    for _ in range(n):
        for k in range(layers.shape[0]):
            sample_pass.leave(layers[k], z, True, a, nonzeros)


@njit(**JIT)
def _figures(layers, loss, metrics, Y, z, a, sums):
    for t in range(Y.shape[0]):
        figures.add_figures(loss, metrics, layers, z, a, Y[t], 1.0, sums)


@njit(**JIT)
def _backward(params, layers, loss, Y, z, a, delta):
    first, last = sample_pass.output_range(layers)
    for t in range(Y.shape[0]):
        losses.output_delta(loss, layers[-1, layout.ACTIVATION], z, a, first, last, Y[t], delta)
        sample_pass.scale_units(-LEARNING_RATE, first, last, delta)
        sample_pass.backward(params, layers, z, a, delta)


def measure(task: Task) -> list[tuple[str, float]]:
    """Return the seconds per sample of each phase of `fit`, of what is left, and of the whole."""
    net = network(task)
    X, Y = task.samples()
    n, dtype = len(X), net.dtype
    params, layers, loss = net.params, state_of(net).model.table, losses.CODES["half_sse"]
    n_units = layout.units_size(layers)
    a = np.zeros((2, n_units), dtype)
    z, delta, step = np.zeros((3, n_units), dtype)
    sets = np.zeros((2, n_units // WORD), np.uint64)
    metrics, sums = np.zeros(0, np.int64), np.zeros((1, 1))
    order = np.arange(n)[np.newaxis]
    workspace = np.zeros((4, n_units), dtype)
    rates, weights = np.full(1, LEARNING_RATE, dtype), as_weights(None, n, dtype)
    how = weights, order, 0, n, rates, workspace, sets, sums
    seconds = _best(
        [
            lambda: _enter(X, a, sets),
            lambda: _step_forward_0(params, layers, X, a, sets, step, z),
            lambda: _leave(layers, n, z, a[0], sets[0]),
            lambda: _step_forward_above(params, layers, n, a, sets, step, z),
            lambda: _figures(layers, loss, metrics, Y, z, a[0], sums[0]),
            lambda: _backward(params, layers, loss, Y, z, a[0], delta),
            lambda: train_samples(params, layers, loss, metrics, Samples.dense(X), Y, *how),
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
