"""A wheel with kernels, in a fresh environment: `tox -e kernels`, a minute of two cores."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from fastnn.core.levels import levels_here

pytest.importorskip("scipy")
pytest.importorskip("sklearn")

pytestmark = [pytest.mark.compiled, pytest.mark.wheel]

ROOT = Path(__file__).parent.parent
LEVEL = next(iter(levels_here()), None)  # kernels of a lesser one are not loaded here
HEAD = """
import json, sys
import llvmlite.binding as llvm
import numba
from numba.core.compiler import CompilerBase

def refuse(*arguments):
    raise AssertionError("a function is compiled")

"""
ALL = f"""
{HEAD}
CompilerBase.compile_extra = refuse

import fastnn, fastnn.cli
from fastnn.sklearn import MLPClassifier, MLPRegressor
from tests.support.networks import make_data, small_network
from tests.test_contracts import use_everything

assert fastnn.__file__.startswith(sys.prefix), fastnn.__file__
X, Y = make_data(5, 3, 2)
for dtype in ("float64", "float32"):
    use_everything(small_network(dtype=dtype), X, Y)
for solver in ("adam", "sgd", "lbfgs"):
    MLPClassifier(solver=solver, max_iter=3).fit(X, [0, 1, 1, 0, 1]).predict(X)
    MLPRegressor(solver=solver, max_iter=3).fit(X, Y).predict(X)
net = small_network(seed=0)
net.fit(X, Y)
print(json.dumps(net.predict(X).tolist()))
fastnn.cli.main(["example", "digits", "--epochs", "1", "--quiet"])
"""
LACKING = f"""
{HEAD}
has = llvm.get_host_cpu_features()
has["fma"] = False
llvm.get_host_cpu_features = lambda: has

from fastnn import Dense, Network
from tests.support.kernels import n_compiled, n_loaded

net = Network(1, [Dense(1, "leaky_relu", weights=[[1.0]])])
print(json.dumps([net.predict([-1.0]).item(), n_compiled() > 0, n_loaded()]))
"""


def run(*command, cwd, **environment):
    """Return what a command prints; what it says on stderr is told where it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Return a function that runs Python with the wheel alone, and the folder of its caches."""
    if LEVEL is None:
        pytest.skip("this processor has no level")
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT]
    run(*pip, *build, cwd=folder, FASTNN_WHEEL_KERNELS=LEVEL)
    (wheel,) = folder.glob("*.whl")
    assert not wheel.name.endswith("-none-any.whl")
    home = folder / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=folder)
    (python,) = [*home.glob("bin/python"), *home.glob("Scripts/python.exe")]
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(home)}))
    (site / "rest.pth").write_text(
        "\n".join(path for path in sys.path if path.endswith("packages"))
    )
    run(*pip, "--python", python, "install", "--no-deps", "--ignore-installed", wheel, cwd=folder)
    cache = folder / "cache"

    def start(code):
        path = os.pathsep.join([str(site), str(ROOT)])
        return run(python, "-c", code, cwd=folder, PYTHONPATH=path, NUMBA_CACHE_DIR=str(cache))

    return start, cache


def test_nothing_is_compiled(environment):
    start, cache = environment
    first, *rest = start(ALL).splitlines()
    assert np.isfinite(json.loads(first)).all()
    assert any("accuracy" in line for line in rest)
    assert not [*cache.rglob("*.nbc")]


def test_on_a_processor_below_the_level_kernels_are_compiled(environment):
    if LEVEL == "generic":
        pytest.skip("every processor has this level")
    start, _ = environment
    assert json.loads(start(LACKING)) == [-0.01, True, 0]
