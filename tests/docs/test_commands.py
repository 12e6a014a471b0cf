"""The commands of the pages run as written, in their order, and print the lines below them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages import DOCS, ROOT, commands_of

NEEDS = {"tables.md": ["sklearn", "narwhals", "pyarrow", "pandas"], "tutorials.md": []}
MADE = {
    "tables.md": ["digits.model", "predicted.csv", "digits.c", "digits.h"],
    "tutorials.md": ["xor.py"],
}
INSTALLED = re.compile(r"^(?:pip|jupyter) ", re.M)  # what is not for a test


def run_commands(commands, folder):
    """Run commands as a shell does in which fastnn is installed, and return what they print."""
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=folder,
        env=os.environ | {"PATH": folders},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.compiled
@pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("name", NEEDS)
def test_commands_run_as_written(name, tmp_path):
    for package in NEEDS[name]:
        pytest.importorskip(package)
    blocks = [block for block in commands_of(DOCS / name) if not INSTALLED.search(block.code)]
    assert any(block.output for block in blocks)
    for block in blocks:
        assert (block.output or "") in run_commands(block.code, tmp_path), block.code
    assert set(MADE[name]) <= {path.name for path in tmp_path.iterdir()}


def test_the_readme_has_commands_of_the_page_about_tables():
    ours, theirs = (
        {
            line
            for block in commands_of(page)
            for line in block.code.splitlines()
            if line.startswith("fastnn ")
        }
        for page in (ROOT / "README.md", DOCS / "tables.md")
    )
    assert ours
    assert ours <= theirs


def test_commands_in_chinese_are_the_english_ones():
    english, chinese = (commands_of(DOCS / name) for name in ("tutorials.md", "zh/tutorials.md"))
    in_english = [block.code.replace("docs/notebooks", "docs/zh/notebooks") for block in english]
    assert [block.code for block in chinese] == in_english
    assert [block.output for block in chinese] == [block.output for block in english]
