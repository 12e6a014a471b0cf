"""Fresh processes: what importing costs, and how long it takes to the end of a first epoch."""

import compileall
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

from .contenders import ONE_THREAD
from .race import on_cores

FIRST_EPOCH = """
from fastnn import Dense, Network
from fastnn.datasets import load_digits
X, y = load_digits()
net = Network(400, [Dense(25, "sigmoid"), Dense(10, "sigmoid")], loss="half_sse", seed=0)
net.fit(X, y, learning_rate=0.1)
"""
IMPORTED = ("fastnn", "llvmlite", "numba", "numpy", "scipy", "tqdm")
IMPORT = """
import numba
from time import process_time
begin = process_time()
import fastnn
print(process_time() - begin)
"""
N_COLD = 3  # starts without a cache: each compiles everything


def write_bytecode() -> None:
    """Compile fastnn and what it imports to bytecode, as pip does to all that it installs.

    Where there is none and Python is told to write none (PYTHONDONTWRITEBYTECODE), every process
    would compile the modules anew: fastnn's in 0.08 s, Numba's and SciPy's in 0.6 s.
    """
    for package in IMPORTED:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            compileall.compile_dir(Path(spec.origin).parent, quiet=2)


def seconds(code: str, cache: str) -> float:
    """Time a Python process, its start and its end included."""
    environment = os.environ | ONE_THREAD | {"NUMBA_CACHE_DIR": cache}
    with on_cores(1):
        begin = perf_counter()
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        return perf_counter() - begin


def seconds_of_import() -> float:
    """Return the CPU seconds of importing fastnn in a process that has imported Numba."""
    with on_cores(1):
        command = [sys.executable, "-c", IMPORT]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(n_rounds: int) -> dict[str, float]:
    """Return medians: of the import after Numba's, and of first epochs with a cache or none."""
    write_bytecode()
    cold = []
    for _ in range(N_COLD):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(seconds(FIRST_EPOCH, cache))
    imports, cached = [], []
    with tempfile.TemporaryDirectory() as cache:
        seconds(FIRST_EPOCH, cache)
        for _ in range(n_rounds):
            imports.append(seconds_of_import())
            cached.append(seconds(FIRST_EPOCH, cache))
    return {"import": median(imports), "cached": median(cached), "cold": median(cold)}
