"""What a user installs holds all that the package needs, the data too."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
USE = """
import fastnn, fastnn.cli
from fastnn import datasets
assert fastnn.__file__.startswith({folder!r}), fastnn.__file__
X, y = datasets.load_digits()
print(X.shape, len(datasets.load_moons()), len(datasets.load_xor()), len(datasets.load_gender()))
fastnn.cli.main(["example"])
fastnn.Network(2, [fastnn.Dense(1)]).fit([[1.0, 2.0]], [3.0])
"""


@pytest.mark.compiled
def test_the_wheel_is_whole(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*build, "--wheel-dir", tmp_path, ROOT], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(installed)
    assert "fastnn/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "fastnn/docs"))]
    run = subprocess.run(
        [sys.executable, "-c", USE.format(folder=str(installed))],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed), "NUMBA_DISABLE_JIT": "1"},  # in no time
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("(5000, 400) 4 2 2\n")
