"""Kernels for registers of another width than this machine's, which any machine can run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba import config

from fastnn.core.simd.vectors import REGISTER_BYTES

TESTS = Path(__file__).parents[1]
GOLDEN = [TESTS / "test_golden.py", "-k", "float64 and (sigmoid_all or batch_sum)"]
LAYERS = [TESTS / "core" / name for name in ("test_dense_block.py", "test_derivatives.py", "simd")]


@pytest.mark.parametrize("width", sorted({16, 32, 64} - {REGISTER_BYTES}))
def test_another_width_agrees_with_the_same_numbers(width, tmp_path):
    """The golden trajectories where there is a compiler, else the layers, bounds checked."""
    arguments = LAYERS if config.DISABLE_JIT else GOLDEN
    environment = {
        **os.environ,
        "FASTNN_REGISTER_BYTES": str(width),
        "NUMBA_CACHE_DIR": str(tmp_path),
    }
    environment.pop("COV_CORE_SOURCE", None)  # the lines are counted at this machine's width
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:]
    assert "passed" in run.stdout
