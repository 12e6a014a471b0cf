"""Kernels for registers of another width than this machine's, which any machine can run."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from numba import config

from fastnn.core.levels import REGISTER_BYTES

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


@pytest.mark.parametrize("width", ["16", "64"])
def test_every_width_computes_the_same(width):
    """In the interpreter, for that is quick; `REGISTER_BYTES` is read when fastnn is imported."""
    code = """
        import numpy as np
        from fastnn import Dense, Network
        net = Network(3, [Dense(9, "tanh"), Dense(2, "sigmoid")], seed=0)
        X = np.linspace(-1, 1, 30).reshape(10, 3)
        net.fit(X, X[:, :2] ** 2, epochs=2)
        net.fit(X, X[:, :2] ** 2, epochs=2, batch_size=4, optimizer="adam")
        print(net.predict(X).ravel().tolist())
        """
    printed = [
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env=os.environ | {"FASTNN_REGISTER_BYTES": bytes_, "NUMBA_DISABLE_JIT": "1"},
            check=True, capture_output=True, text=True,
        ).stdout
        for bytes_ in ("32", width)
    ]  # fmt: skip
    got, expected = (np.array(json.loads(line)) for line in printed)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
