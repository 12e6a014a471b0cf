"""Fresh processes: what is compiled, what is loaded, and what a cache can go through."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastnn

pytestmark = pytest.mark.compiled

ROOT = Path(__file__).parent.parent
PREDICT = """
import json
from fastnn import Dense, Network
from fastnn.core.jit import cache_folder
from tests.support.kernels import n_compiled, n_loaded
net = Network(1, [Dense(1, "leaky_relu", weights=[[1.0]])])
output = net.predict([-1.0]).item()
print(json.dumps([output, n_compiled() > 0, n_loaded() > 0, str(cache_folder())]))
"""
COMPILED, LOADED = [True, False], [False, True]


class Install:
    """A copy of fastnn whose folder takes no kernels, and the home of its user."""

    def __init__(self, folder):
        self.package = folder / "site" / "fastnn"
        self.home = folder / "home"
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(fastnn.__file__).parent, self.package, ignore=ignore)
        (self.package / "core" / "__pycache__").touch()  # a file: not even root can write below it

    def start(self, code):
        """Start a process of the user that runs `code` with this fastnn."""
        environment = os.environ | {
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "NUMBA_CACHE_DIR": "",
            "PYTHONPATH": os.pathsep.join([str(self.package.parent), str(ROOT)]),
        }
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=self.package.parent,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code):
        return printed(self.start(code))


def printed(process):
    """Return what the process has printed, as JSON."""
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert errors == ""
    return json.loads(output)


@pytest.fixture
def install(tmp_path):
    return Install(tmp_path)


def test_importing_compiles_nothing_and_loads_nothing(install):
    got = install.run(
        "import sys, fastnn\n"
        "early = [name for name in ('tqdm', 'sklearn') if name in sys.modules]\n"
        "from tests.support.kernels import dispatchers, entries, n_compiled, n_loaded\n"
        "signatures = sum(len(kernel.signatures) for kernel in dispatchers())\n"
        "print([signatures, len(early), n_compiled(), n_loaded(), len(entries()),"
        " len(dispatchers())])"
    )
    *nothing, n_entries, n_dispatchers = got
    assert nothing == [0, 0, 0, 0]
    assert 0 < n_entries < n_dispatchers


def test_a_prediction_compiles_nothing_that_draws_numbers(install):
    compiled = install.run(
        "import json\n"
        "import numpy as np\n"
        "from fastnn import Dense, Network\n"
        "from fastnn.core import activations, counter_rng\n"
        "Network(1, [Dense(1)]).predict(np.zeros((64, 1)))\n"
        "parts = activations.activate, counter_rng.add_noise, counter_rng.drop_units\n"
        "print(json.dumps(['dispatcher' in vars(part) for part in parts]))"
    )
    assert compiled == [True, False, False]


def test_what_is_imported_later_is_named(install):
    got = install.run(
        "import json, sys, fastnn\n"
        "rooms = ['fastnn.population', 'fastnn.schedules', 'fastnn.callbacks.averaging',"
        " 'fastnn.core.api', 'fastnn.core.population']\n"
        "early = [name for name in rooms if name in sys.modules]\n"
        "named = {'Population', 'population', 'schedules', 'Network'} <= set(dir(fastnn))\n"
        "from fastnn import *\n"
        "from fastnn.callbacks import *\n"
        "from fastnn.core import *\n"
        "named &= callable(predict_population) and Run is fastnn.callbacks.Run\n"
        "named &= AveragedWeights is fastnn.callbacks.AveragedWeights\n"
        "is_one = Population is fastnn.Population is fastnn.population.Population\n"
        "print(json.dumps([early, named, is_one, fastnn.schedules.Constant.__name__,"
        " hasattr(fastnn, 'nothing')]))"
    )
    assert got == [[], True, True, "Constant", False]


def test_two_processes_at_once_share_the_cache_of_the_user(install):
    """A read-only install: its kernels are kept below the home."""
    both = [install.start(PREDICT) for _ in range(2)]
    got = [printed(process) for process in both]
    folder = got[0][-1]
    assert Path(folder).is_relative_to(install.home)
    assert [-0.01, *COMPILED, folder] in got
    assert [output for output, *_ in got] == [-0.01, -0.01]
    assert install.run(PREDICT) == [-0.01, *LOADED, folder]


def test_an_upgrade_runs_its_own_code_and_a_reinstall_loads(install):
    output, *how, folder = install.run(PREDICT)
    assert [output, *how] == [-0.01, *COMPILED]
    before = list(Path(folder).iterdir())

    for path in install.package.rglob("*.py"):
        os.utime(path, (1e9, 1e9))
    assert install.run(PREDICT) == [-0.01, *LOADED, folder]

    callee = install.package / "core" / "activations.py"
    text = callee.read_text()
    assert text.count("LEAKY_SLOPE = 0.01\n") == 1
    callee.write_text(text.replace("LEAKY_SLOPE = 0.01\n", "LEAKY_SLOPE = 0.25\n"))
    assert install.run(PREDICT) == [-0.25, *COMPILED, folder]
    after = list(Path(folder).iterdir())
    assert len(before) == len(after)
    assert set(before).isdisjoint(after)


def test_a_user_without_a_folder_to_write_to_compiles(install):
    install.home.touch()  # a file
    assert install.run(PREDICT) == [-0.01, *COMPILED, "None"]


def test_in_a_zip_nothing_is_kept(install):
    """There, no sources can be read that would tell an upgrade."""
    archive = shutil.make_archive(install.package, "zip", install.package.parent, "fastnn")
    shutil.rmtree(install.package)
    got = install.run(
        f"import sys; sys.path.insert(0, {archive!r})\n"
        "import json, fastnn\n"
        "from fastnn.core.jit import cache_folder\n"
        "from fastnn.core.evaluate import predict_rows\n"
        "print(json.dumps([fastnn.__file__, cache_folder(), predict_rows.stats.cache_path]))"
    )
    assert got == [str(Path(archive) / "fastnn" / "__init__.py"), None, None]
