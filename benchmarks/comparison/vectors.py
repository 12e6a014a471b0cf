"""Many parameter vectors over the same rows: `core.predict_population` beside JAX's `vmap`.

All contenders are in one process, in turn, round by round: `python -m comparison.vectors ROUNDS
N_THREADS` writes a line of JSON. The parent limits its threads, by its environment and by the cores
it may use. JAX takes the layers as it likes them, or each network as one flat vector, as an
evolution has it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from .contenders import Contender
from .race import BENCHMARKS, ROUND, on_cores

TASKS = {  # widths, rows and vectors
    "4-8-2, 20 rows": ((4, 8, 2), 20, 2000),
    "4-8-2, 1 row": ((4, 8, 2), 1, 2000),
    "4-8-2, 1000 rows": ((4, 8, 2), 1000, 100),
    "2-25-50-25-2, 100 rows": ((2, 25, 50, 25, 2), 100, 100),
}
FASTNN, LAYERS, FLAT, EACH = "fastnn", "JAX vmap", "JAX vmap, flat", "Network.predict of each"
MOST = {"float64": 1e-12, "float32": 1e-4}  # by which outputs may differ


@dataclass(frozen=True)
class Vectors:
    """Seconds of a vector, round by round, by contender; and the largest difference in outputs."""

    task: str
    dtype: str
    n_threads: int
    rounds: Mapping[str, list[float]]
    difference: float

    def us(self, name: str) -> float:
        """Return the microseconds of a vector."""
        return 1e6 * median(self.rounds[name])

    def ratio(self, name: str) -> float:
        """Return how many times as long as fastnn: the median over the rounds, pair by pair."""
        pairs = zip(self.rounds[name], self.rounds[FASTNN], strict=True)
        return median(other / own for other, own in pairs)


def measure(n_rounds: int, n_threads: int) -> list[Vectors]:
    """Time all tasks in a process of their own, on so many cores."""
    environment = os.environ | Contender("", "", n_threads=n_threads).environment()
    command = [sys.executable, "-m", "comparison.vectors", str(n_rounds), str(n_threads)]
    with on_cores(n_threads):
        run = subprocess.run(
            command, cwd=BENCHMARKS, env=environment, check=True, capture_output=True, text=True
        )
    return [Vectors(**answer) for answer in json.loads(run.stdout)]


def contenders(
    widths: tuple[int, ...], n_rows: int, n_vectors: int, dtype: str, n_threads: int
) -> dict[str, Callable[[], Any]]:
    """Return what each does, ready to be timed, with the same parameters for all."""
    import jax
    import jax.numpy as jnp

    from fastnn import Dense, Network, Population, core

    jax.config.update("jax_enable_x64", True)
    random = np.random.default_rng(0)
    shapes = [*pairwise(widths)]
    weights = [random.normal(size=(n_vectors, *shape)).astype(dtype) for shape in shapes]
    biases = [random.normal(size=(n_vectors, n)).astype(dtype) for n in widths[1:]]
    X = random.normal(size=(n_rows, widths[0])).astype(dtype)
    layers = [Dense(n, "tanh") for n in widths[1:-1]] + [Dense(widths[-1])]
    networks = [Network(widths[0], layers, dtype=dtype, seed=k) for k in range(n_vectors)]
    for k, net in enumerate(networks):
        net.weights, net.biases = [W[k] for W in weights], [b[k] for b in biases]
    vectors = Population(networks).params
    outputs = np.empty((n_vectors, n_rows, widths[-1]), dtype)
    handles = [networks[0].handle() for _ in range(n_threads)]
    step = -(-n_vectors // n_threads)
    parts = [slice(k, k + step) for k in range(0, n_vectors, step)]
    pool = ThreadPoolExecutor(n_threads)

    def run_fastnn() -> Any:
        if n_threads == 1:
            core.predict_population(handles[0], vectors, X, outputs)
        else:
            jobs = [
                pool.submit(core.predict_population, handle, vectors[part], X, outputs[part])
                for handle, part in zip(handles, parts, strict=True)
            ]
            for job in jobs:
                job.result()
        return outputs

    def forward(layers: Any, X: Any) -> Any:
        for W, b in layers[:-1]:
            X = jnp.tanh(X @ W + b)
        W, b = layers[-1]
        return X @ W + b

    def forward_flat(vector: Any, X: Any) -> Any:
        own, place = [], 0
        for n_in, n_out in shapes:
            W = vector[place : place + n_in * n_out].reshape(n_in, n_out)
            place += n_in * n_out
            own.append((W, vector[place : place + n_out]))
            place += n_out
        return forward(own, X)

    flat = np.hstack(
        [part.reshape(n_vectors, -1) for pair in zip(weights, biases, strict=True) for part in pair]
    )
    on_device = jax.device_put((list(zip(weights, biases, strict=True)), flat, X))
    by_layers = jax.jit(jax.vmap(forward, in_axes=(0, None)))
    by_vectors = jax.jit(jax.vmap(forward_flat, in_axes=(0, None)))
    return {
        FASTNN: run_fastnn,
        LAYERS: lambda: jax.block_until_ready(by_layers(on_device[0], on_device[2])),
        FLAT: lambda: jax.block_until_ready(by_vectors(on_device[1], on_device[2])),
        EACH: lambda: [net.predict(X) for net in networks],
    }


def main(n_rounds: int, n_threads: int) -> None:
    """Measure, and write what was found."""
    found = []
    for task, (widths, n_rows, n_vectors) in TASKS.items():
        for dtype in MOST:
            runs = contenders(widths, n_rows, n_vectors, dtype, n_threads)
            outputs = [np.array(run()) for run in runs.values()]
            difference = max(float(np.abs(other - outputs[0]).max()) for other in outputs[1:])
            times: dict[str, list[float]] = {name: [] for name in runs}
            for k in range(n_rounds):
                names = [*runs][k % len(runs) :] + [*runs][: k % len(runs)]
                for name in names:
                    times[name].append(_seconds(runs[name]) / n_vectors)
            found.append({"task": task, "dtype": dtype, "n_threads": n_threads, "rounds": times,
                          "difference": difference})  # fmt: skip
    print(json.dumps(found))


def _seconds(run: Callable[[], Any]) -> float:
    """Return the seconds of the quickest of as many runs as a round holds.

    Some take milliseconds: on a shared machine the others lose the core in their midst.
    """
    times: list[float] = []
    while sum(times) < ROUND:
        begin = perf_counter()
        run()
        times.append(perf_counter() - begin)
    return min(times)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
