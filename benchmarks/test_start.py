"""Cold start: a fresh process which imports, and loads or compiles the kernels of its first call.

What compiling takes is the first call less the second, where the cache is empty.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
from comparison.start_up import write_bytecode
from table import versions

SCRIPT = Path(__file__).with_name("start.py")
PARTS = ("import numpy", "import fastnn", "call", "again")


@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    """Where the kernels of each call and dtype are kept; with fastnn's bytecode, as installed."""
    write_bytecode()
    return tmp_path_factory.mktemp("caches")


def start(call, dtype, environment):
    """Run the script in a process of its own and return the seconds of its parts."""
    process = subprocess.run(
        [sys.executable, "-P", SCRIPT, call, dtype],
        env=os.environ | environment,
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(process.stdout)


@pytest.mark.parametrize("kernels", ["compiled", "cached"])
@pytest.mark.parametrize("call", ["predict 1", "fit, batch 1"])
def test_start(benchmark, starts, dtype, call, kernels, caches):
    """Once with an empty cache; three times after a run with that cache. They do not alternate."""
    results = []
    rounds, warmup_rounds = (1, 0) if kernels == "compiled" else (3, 1)
    # Untimed, the kernels need not be compiled anew.
    cache = {"NUMBA_CACHE_DIR": str(caches / f"{call} {dtype}")} if benchmark.enabled else {}
    benchmark.pedantic(
        lambda: results.append(start(call, dtype, cache)),
        rounds=rounds,
        warmup_rounds=warmup_rounds,
    )
    if not benchmark.enabled:
        return
    parts = {name: median(seconds[name] for seconds in results[warmup_rounds:]) for name in PARTS}
    benchmark.extra_info.update(
        call=call, dtype=dtype, kernels=kernels, threads=1, seconds=parts, versions=versions()
    )
    seconds = (benchmark.stats.stats.median, *parts.values())
    starts.add(call, dtype, kernels, *(f"{value:.2g}" for value in seconds))
