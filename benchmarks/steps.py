"""What each step from naive NumPy to fastnn brings, on the digits through 400-25-10, per sample.

    python benchmarks/steps.py            # the tables
    python benchmarks/steps.py --write    # and keep them in README.md

It needs the group `bench`. The contenders take turns, a round each, from the same weights, and
reach the same ones, or the run fails. Ratios are medians of those of each round. Processor time,
one thread.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from operator import truediv
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from comparison import hold
from numba import njit
from table import Table, circumstances, publish
from tasks import Task, digits, numpy_epoch

from fastnn import core
from fastnn._training.model import Model
from fastnn.core.activations import CODES, activate
from fastnn.core.levels import REGISTER_BYTES

N_ROUNDS = 31
DTYPES = ("float64", "float32")
EPOCH = Table(
    "steps to a fast epoch",
    ("an epoch, a sample an update", "dtype", "us a sample", "NumPy / it", "the line above / it"),
)
PARTS = Table(
    "steps of other kinds", ("what", "dtype", "the first us", "the second us", "first / second")
)


def main(argv: list[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    options = hold.parse(parser, argv)
    for dtype in DTYPES:
        add_epochs(digits(dtype))
    for dtype in DTYPES:
        add_parts(digits(dtype))
    note = f"{circumstances()} Registers of {8 * REGISTER_BYTES} bits."
    return publish((EPOCH, PARTS), note, write=options.write)


def race(contenders: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Return the seconds of each contender in each round, after one that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(N_ROUNDS + 1):
        for name, work in contenders.items():
            begin = process_time()
            work()
            seconds[name].append(process_time() - begin)
    return {name: times[1:] for name, times in seconds.items()}


# ---- an epoch ------------------------------------------------------------------------------------


@njit
def _output_layer(h, y, V, c, rate, below):
    """Go through the output layer and back, change it, and overwrite `below`."""
    a = c.copy()
    for i in range(h.size):
        for j in range(c.size):
            a[j] += h[i] * V[i, j]
    for j in range(c.size):
        a[j] = 1 / (1 + np.exp(-a[j]))
        a[j] = (a[j] - y[j]) * a[j] * (1 - a[j])
    for i in range(h.size):
        total = below.dtype.type(0)
        for j in range(c.size):
            total += V[i, j] * a[j]
            V[i, j] -= rate * h[i] * a[j]
        below[i] = total * h[i] * (1 - h[i])
    for j in range(c.size):
        c[j] -= rate * a[j]


@njit
def _loops_epoch(X, Y, W, V, b, c, rate, skip):
    """Train by plain loops; `skip` leaves out the inputs that are 0."""
    below = np.empty_like(b)
    for s in range(len(X)):
        h = b.copy()
        for i in range(X.shape[1]):
            if skip and X[s, i] == 0:
                continue
            for j in range(b.size):
                h[j] += X[s, i] * W[i, j]
        for j in range(b.size):
            h[j] = 1 / (1 + np.exp(-h[j]))
        _output_layer(h, Y[s], V, c, rate, below)
        for i in range(X.shape[1]):
            if skip and X[s, i] == 0:
                continue
            for j in range(b.size):
                W[i, j] -= rate * X[s, i] * below[j]
        for j in range(b.size):
            b[j] -= rate * below[j]


def add_epochs(task: Task) -> None:
    """Add the ladder of an epoch."""
    rate = np.dtype(task.dtype).type(task.learning_rate)
    start = task.network()
    options = {"learning_rate": task.learning_rate, "shuffle": False}
    reached: dict[str, Any] = {}

    def by_hand(epoch: Callable[..., None], *more: Any) -> Any:
        (W, V), (b, c) = (
            [np.array(array) for array in arrays] for arrays in (start.weights, start.biases)
        )
        epoch(task.X, task.Y, W, V, b, c, rate, *more)
        return V

    def by_fit(n_ahead: int | None = None) -> Any:
        net = task.network()
        known = vars(Model)["n_ahead"]
        if n_ahead is not None:
            Model.n_ahead = n_ahead
        try:
            net.fit(task.X, task.Y, **options)
        finally:
            Model.n_ahead = known
        return net.weights[1]

    def by_rows() -> Any:
        net = task.network()
        net.partial_fit(task.X[0], task.Y[0], learning_rate=task.learning_rate)
        for x, y in zip(task.X[1:], task.Y[1:], strict=True):
            net.partial_fit(x, y)  # at the same rate
        return net.weights[1]

    works = {
        "NumPy, a loop in Python": lambda: by_hand(numpy_epoch),
        "plain loops, all compiled by Numba": lambda: by_hand(_loops_epoch, False),
        "... inputs that are 0 skipped": lambda: by_hand(_loops_epoch, True),
        "`net.fit` without look-ahead": lambda: by_fit(1),
        "`net.fit`": by_fit,
        "`net.partial_fit`, a row a call": by_rows,
    }

    def kept(name: str) -> Callable[[], None]:
        def work() -> None:
            reached[name] = works[name]()

        return work

    times = race({name: kept(name) for name in works})
    tolerance = {"rtol": 1e-6, "atol": 1e-8} if task.dtype == "float64" else {"atol": 1e-2}
    above = slowest = next(iter(times.values()))
    for name, seconds in times.items():
        if not np.allclose(reached[name], reached["`net.fit`"], **tolerance):
            raise SystemExit(f"{name} in {task.dtype} reached other weights")
        ratios = (f"{median(map(truediv, other, seconds)):.2f}" for other in (slowest, above))
        EPOCH.add(name, task.dtype, f"{1e6 * median(seconds) / len(task.X):.2f}", *ratios)
        above = seconds


# ---- other steps ---------------------------------------------------------------------------------


@njit
def _sigmoids_by_exp(z, a, n):
    for _ in range(n):
        for j in range(z.size):
            a[j] = 1 / (1 + np.exp(-z[j]))


@njit
def _sigmoids_by_fastnn(code, z, a, n):
    for _ in range(n):
        activate(code, z, a, 0, z.size)


@njit
def _predict_one_by_one(handle, X, outputs):
    for s in range(len(X)):
        core.predict(handle, X[s], outputs[s])


def add_parts(task: Task) -> None:
    """Add what can be turned off by itself."""
    dtype, X, net = task.dtype, task.X, task.network()
    z = np.linspace(-4, 4, 64).astype(dtype)
    a, code, n = np.empty_like(z), CODES["sigmoid"], 20_000
    outputs, handle = np.empty_like(task.Y), net.handle()
    pairs: dict[str, tuple[int, Callable[[], object], Callable[[], object]]] = {
        "64 sigmoids: by `np.exp`, by vectors": (
            n,
            lambda: _sigmoids_by_exp(z, a, n),
            lambda: _sigmoids_by_fastnn(code, z, a, n),
        ),
        "a predicted row: one by one, in tiles": (
            len(X),
            lambda: _predict_one_by_one(handle, X, outputs),
            lambda: net.predict(X),
        ),
    }
    for name, (count, without, with_it) in pairs.items():
        times = race({"without": without, "with": with_it})
        ratio = median(map(truediv, times["without"], times["with"]))
        us = [f"{1e6 * median(times[which]) / count:.3g}" for which in ("without", "with")]
        PARTS.add(name, dtype, *us, f"{ratio:.2f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
