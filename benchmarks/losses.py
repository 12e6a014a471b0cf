"""Losses and activations of the user's own beside those of fastnn, and two heads beside one.

    python benchmarks/losses.py            # the tables
    python benchmarks/losses.py --write    # and keep them in README.md

It needs the group `bench`. The contenders take turns, a round each, from the same weights, and the
ratio is the median of that of each round. All is processor time. What compiling takes is timed of
each kind in a process of its own: the first, and later ones.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from table import Table, circumstances, publish
from tasks import Task, digits

import fastnn
from fastnn import Dense, Heads, Network
from fastnn.losses import Quantile

Start = Callable[[], tuple[Network, Any, Any]]

N_ROUNDS, N_COMPILED = 41, 6
DTYPES = ("float64", "float32")
SPEED = Table(
    "functions of the user's own",
    ("digits 400-25-10", "dtype", "built in us", "own us", "own / built in"),
)
HEADS = Table(
    "two heads beside one",
    ("4-16-1, sigmoid, of 20 000 rows", "dtype", "one us", "two us", "two / one"),
)
COMPILING = Table(
    "compiling them", ("seconds of the processor", "the first of a process", "one after it")
)


@fastnn.loss
def own_half_sse(y: float, a: float) -> tuple[float, float]:
    """Return e^2 / 2, and e."""
    return 0.5 * (a - y) ** 2, a - y


@fastnn.loss
def own_half_sse_of_rows(y: Any, a: Any, error: Any) -> float:
    """Return the sum of e^2 / 2, and e."""
    value = 0.0
    for j in range(y.shape[0]):
        error[j] = a[j] - y[j]
        value += 0.5 * error[j] * error[j]
    return value


@fastnn.activation
def own_sigmoid(z: float) -> tuple[float, float]:
    """Return 1 / (1 + e^-z), and its derivative."""
    a = 1 / (1 + np.exp(-z))
    return a, a * (1 - a)


CASES: dict[str, tuple[Any, Any]] = {  # a loss, and the activation of both layers
    "half_sse": (own_half_sse, "sigmoid"),
    "half_sse, of rows": (own_half_sse_of_rows, "sigmoid"),
    "sigmoid": ("half_sse", own_sigmoid),
}


def main(argv: list[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--compile", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.compile:
        print(json.dumps(compile_times(KINDS[options.compile])))
        return 0
    for name, (loss, activation) in CASES.items():
        for batch_size in (1, 32):
            for dtype in DTYPES:
                figures = race(digits(dtype), loss, activation, batch_size)
                SPEED.add(f"{name}, batch {batch_size}", dtype, *(f"{x:.2f}" for x in figures))
    for batch_size in (1, 32):
        for dtype in DTYPES:
            figures = median_of_turns(*networks_with_heads(dtype), batch_size)
            HEADS.add(
                f"and a softmax of 3, batch {batch_size}", dtype, *(f"{x:.2f}" for x in figures)
            )
    for name in KINDS:
        process = subprocess.run(
            [sys.executable, __file__, "--compile", name],
            capture_output=True,
            check=True,
            text=True,
        )
        first, *others = json.loads(process.stdout)
        COMPILING.add(name, f"{first:.2f}", f"{median(others):.2f}")
    return publish((SPEED, HEADS, COMPILING), circumstances(), write=options.write)


def race(task: Task, loss: Any, activation: Any, batch_size: int) -> tuple[float, float, float]:
    """Return the microseconds a sample of what is built in and of the own, and their ratio."""
    return median_of_turns(
        lambda: (network(task), task.X, task.Y),
        lambda: (network(task, loss, activation), task.X, task.Y),
        batch_size,
        learning_rate=task.learning_rate,
    )


def median_of_turns(
    first: Start, second: Start, batch_size: int, learning_rate: float = 0.01
) -> tuple[float, float, float]:
    """Return the microseconds a sample of two networks that train in turn, and their ratio."""
    options = {"batch_size": batch_size, "learning_rate": learning_rate, "shuffle": False}
    rounds = []
    for _ in range(N_ROUNDS):
        times = []
        for net, X, y in (first(), second()):
            begin = process_time()
            net.fit(X, y, **options)
            times.append(1e6 * (process_time() - begin) / len(X))
        rounds.append((*times, times[1] / times[0]))
    one, other, ratio = map(median, zip(*rounds[1:], strict=True))
    return one, other, ratio


def networks_with_heads(dtype: str) -> tuple[Start, Start]:
    """Return what makes a network of one output, and one with a second head."""
    random = np.random.default_rng(0)
    X = random.normal(size=(20_000, 4)).astype(dtype)
    binary = random.integers(0, 2, (len(X), 1)).astype(dtype)
    both = np.hstack([binary, np.eye(3)[random.integers(0, 3, len(X))]]).astype(dtype)

    def one() -> tuple[Network, Any, Any]:
        layers = [Dense(16, "tanh"), Dense(1, "sigmoid")]
        return Network(4, layers, loss="binary_cross_entropy", dtype=dtype, seed=0), X, binary

    def two() -> tuple[Network, Any, Any]:
        layers = [Dense(16, "tanh"), Heads(Dense(1, "sigmoid"), Dense(3, "softmax"))]
        losses = ["binary_cross_entropy", "cross_entropy"]
        return Network(4, layers, loss=losses, dtype=dtype, seed=0), X, both

    return one, two


def network(task: Task, loss: Any = "half_sse", activation: Any = "sigmoid") -> Network:
    """Make the network at its start."""
    layers = [Dense(width, activation) for width in task.widths]
    return Network(task.X.shape[1], layers, loss=loss, dtype=task.dtype, seed=0)


def compile_times(make: Callable[[float], tuple[Any, Any]]) -> list[float]:
    """Return how long networks take to be made, each with a function that is new."""
    seconds = []
    for number in range(N_COMPILED):
        loss, activation = make(1.0 + number)
        begin = process_time()
        Network(3, [Dense(4), Dense(2, activation)], loss=loss)
        seconds.append(process_time() - begin)
    return seconds


def loss_of_outputs(factor: float) -> tuple[Any, Any]:
    """Return a new loss of an output, and an activation."""
    loss = fastnn.loss(lambda y, a: (factor * 0.5 * (a - y) ** 2, factor * (a - y)))
    return loss, "identity"


def loss_of_rows(factor: float) -> tuple[Any, Any]:
    """Return a new loss of rows, and an activation."""

    def loss(y: Any, a: Any, error: Any) -> float:
        value = 0.0
        for j in range(y.shape[0]):
            error[j] = factor * (a[j] - y[j])
            value += 0.5 * factor * (a[j] - y[j]) ** 2
        return value

    return fastnn.loss(loss), "identity"


def bent(factor: float) -> tuple[Any, Any]:
    """Return a loss, and a new activation."""

    def activation(z: float) -> tuple[float, float]:
        root = (1 + factor * z * z) ** 0.5
        return z / 2 + root, 0.5 + factor * z / root

    return "mse", fastnn.activation(activation)


def quantiles(factor: float) -> tuple[Any, Any]:
    """Return a loss of fastnn that is compiled when it is first used, and its activation."""
    return Quantile([0.1 / factor, 0.9]), "ascending"


KINDS = {
    "a loss of an output": loss_of_outputs,
    "a loss of rows": loss_of_rows,
    "an activation": bent,
    "`Quantile`, the first with `ascending`": quantiles,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
