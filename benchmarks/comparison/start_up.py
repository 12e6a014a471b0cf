"""Fresh processes: what importing costs, and how long it takes to the end of a first epoch."""

import compileall
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import fastnn

from .contenders import ONE_THREAD
from .race import on_cores

FIRST_EPOCH = """
from fastnn import Dense, Network
from fastnn.datasets import load_digits
X, y = load_digits()
net = Network(400, [Dense(25, "sigmoid"), Dense(10, "sigmoid")], loss="half_sse", seed=0)
net.fit(X, y, learning_rate=0.1)
"""
N_COLD = 3  # starts without a cache: each compiles everything


def write_bytecode() -> None:
    """Compile fastnn's modules to bytecode, as pip does to all that it installs.

    Where it is imported from its sources and Python is told to write no bytecode, every process
    would compile them anew: 0.08 s.
    """
    compileall.compile_dir(Path(fastnn.__file__).parent, quiet=1)


def seconds(code: str, cache: str) -> float:
    """Time a Python process, its start and its end included."""
    environment = os.environ | ONE_THREAD | {"NUMBA_CACHE_DIR": cache}
    with on_cores(1):
        begin = perf_counter()
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        return perf_counter() - begin


def measure(n_rounds: int) -> dict[str, float]:
    """Return medians: of the import beyond Numba's, and of first epochs with a cache or none."""
    write_bytecode()
    cold = []
    for _ in range(N_COLD):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(seconds(FIRST_EPOCH, cache))
    imports, cached = [], []
    with tempfile.TemporaryDirectory() as cache:
        seconds(FIRST_EPOCH, cache)
        for _ in range(n_rounds):
            numba = seconds("import numba", cache)
            imports.append(seconds("import fastnn", cache) - numba)
            cached.append(seconds(FIRST_EPOCH, cache))
    return {"import": median(imports), "cached": median(cached), "cold": median(cold)}
