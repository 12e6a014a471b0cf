"""What a missing package is called, and that the extras are those of the project."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fastnn._checks.extras import EXTRAS, missing_package

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_the_extras_are_those_of_the_project():
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    assert {extra: [*packages] for extra, packages in EXTRAS.items()} == extras


def test_the_error_names_the_extra_and_what_can_be_installed_anywhere():
    error = missing_package("f", "SciPy", "files")
    assert isinstance(error, ImportError)
    expected = 'f needs SciPy, of the extra files: pip install "scipy>=1.13" "openpyxl>=3.1"'
    assert str(error) == expected


@pytest.mark.parametrize("extra", EXTRAS)
def test_pip_understands_what_it_says(extra):
    pytest.importorskip("pip")
    words = str(missing_package("f", "p", extra)).partition("pip install ")[2]
    code = f"""
from shlex import split
from pip._vendor.packaging.requirements import Requirement
print(*[Requirement(word).name for word in split({words!r})])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert len(done.stdout.split()) == len(EXTRAS[extra]), done.stderr
