"""A stream, one row at a time: a step of fastnn beside scikit-learn's and PyTorch's.

    python benchmarks/stream.py            # the table
    python benchmarks/stream.py --write    # and keep it in README.md

It needs the group `peers`. The libraries take turns, row by row of the same data.
"""

import argparse
import sys
from collections.abc import Callable
from importlib.metadata import version
from itertools import pairwise
from statistics import median
from time import perf_counter

import numpy as np
import torch
from numba import njit
from sklearn.neural_network import MLPRegressor
from table import Table, circumstances, publish
from threadpoolctl import threadpool_limits

from fastnn import Dense, Network, core
from fastnn.datasets import load_digits

RATE = 0.1
N_ROWS, N_ROUNDS = 2000, 15
STREAM = Table("a stream", ("microseconds a row", "digits 400-25-10", "a small one, 3-5-2"))


def main(argv: list[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    with threadpool_limits(1):
        columns = [measure(sizes) for sizes in ((400, 25, 10), (3, 5, 2))]
    for name in columns[0]:
        STREAM.add(name, *(f"{column[name] * 1e6:.2f}" for column in columns))
    names = ("scikit-learn", "torch")
    note = f"{circumstances()} {', '.join(f'{name} {version(name)}' for name in names)}."
    return publish((STREAM,), note, write=options.write)


def measure(sizes: tuple[int, ...]) -> dict[str, float]:
    """Return the seconds a row of each way: the median of the rounds."""
    X, labels = load_digits()
    rows = [row.copy() for row in X[:N_ROWS, : sizes[0]]]
    targets = [np.eye(sizes[-1])[label % sizes[-1]] for label in labels[:N_ROWS]]
    ways = ways_of(sizes, rows, targets)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(N_ROUNDS):
        for name, way in ways.items():
            begin = perf_counter()
            n_rows = way()
            seconds[name].append((perf_counter() - begin) / n_rows)
    return {name: median(times[1:]) for name, times in seconds.items()}


@njit
def _train_rows(handle, X, Y, rate):
    for s in range(len(X)):
        core.train_row(handle, X[s], Y[s], rate)


def ways_of(
    sizes: tuple[int, ...], rows: list[np.ndarray], targets: list[np.ndarray]
) -> dict[str, Callable[[], int]]:
    """Return what goes through the rows once, and says how many it took."""
    layers = [Dense(width, "sigmoid") for width in sizes[1:]]
    net = Network(sizes[0], layers, loss="half_sse", seed=0)
    net.partial_fit(rows[0], targets[0], learning_rate=RATE)
    handle = Network(sizes[0], layers, loss="half_sse", seed=0).handle()
    X, Y = np.array(rows), np.array(targets)
    theirs = MLPRegressor(
        hidden_layer_sizes=sizes[1:-1],
        activation="logistic",
        solver="sgd",
        learning_rate_init=RATE,
        momentum=0.0,
        alpha=0.0,
        batch_size=1,
    )
    modules: list[torch.nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        modules += [torch.nn.Linear(n_in, n_out, dtype=torch.float64), torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*modules)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def by_fastnn() -> int:
        for x, y in zip(rows, targets, strict=True):
            net.partial_fit(x, y)
        return len(rows)

    def by_kernel() -> int:
        _train_rows(handle, X, Y, RATE)
        return len(rows)

    def by_sklearn(n_rows: int = 100) -> int:
        for x, y in zip(rows[:n_rows], targets[:n_rows], strict=True):
            theirs.partial_fit(x[np.newaxis], y[np.newaxis])
        return n_rows

    def by_torch(n_rows: int = 200) -> int:
        for x, y in zip(rows[:n_rows], targets[:n_rows], strict=True):
            optimizer.zero_grad()
            error = model(torch.from_numpy(x)) - torch.from_numpy(y)
            (0.5 * (error * error).sum()).backward()
            optimizer.step()
        return n_rows

    return {
        "fastnn: `net.partial_fit(x, y)`": by_fastnn,
        "the same in a compiled loop: `core.train_row`": by_kernel,
        "PyTorch: forward, backward, step": by_torch,
        "scikit-learn: `MLPRegressor.partial_fit`": by_sklearn,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
