"""The programs to copy: short, and what they print alone is what the examples print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fastnn
from fastnn.cli.main import main
from fastnn.examples import COMPILED, EXAMPLES, TUTORIALS, load

from .output import expected

ROOT = str(Path(fastnn.__file__).parents[1])


def source_of(name, capsys):
    assert main(["example", name, "--source"]) == 0
    return capsys.readouterr().out


def ran_alone(folder, name, text, *argv):
    """Return what `python NAME.py` prints in a folder where nothing else is."""
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, f"{name}.py", *argv],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_is_at_most_40_lines_of_80_columns(name, capsys):
    lines = source_of(name, capsys).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80


@pytest.mark.compiled
@pytest.mark.parametrize("name", TUTORIALS)
def test_a_copy_prints_alone_what_the_example_does(name, capsys, tmp_path):
    got = ran_alone(tmp_path, name, source_of(name, capsys))
    whole = expected(name)
    if name == "gender":  # of which the example first works the pieces by hand
        _, first, rest = whole.partition("Epoch 0 loss")
        whole = first + rest
    if name == "moons":  # of which the example at last tells where the plateau ends
        whole = whole.partition("Of every tenth epoch")[0]
    if name == "first_column":  # of which the example at last tells what the pitfall is
        whole = whole.partition("  [0, 0, 0] is stuck")[0]
    assert got == whole


@pytest.mark.parametrize("name", COMPILED)
def test_a_copy_of_the_others_takes_flags_alone(name, capsys, tmp_path):
    got = ran_alone(tmp_path, name, source_of(name, capsys), "--help")
    assert got.startswith(f"usage: {name}.py ")
    assert "--seed" in got


@pytest.mark.parametrize("name", COMPILED)
def test_the_source_of_the_others_is_their_file_with_its_imports_in_full(name, capsys):
    got = source_of(name, capsys)
    file = Path(load(name).__file__).read_text("utf-8")
    pattern = r"^ *from (\S+) import"
    changed = set(got.splitlines()) - set(file.splitlines())
    assert changed
    assert all(re.match(r" *from fastnn\S* import ", line) for line in changed)
    assert not [m for m in re.findall(pattern, got, re.MULTILINE) if m.startswith(".")]
    assert len(got.splitlines()) == len(file.splitlines())


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_source_runs_nothing(name, capsys, monkeypatch):
    def fail(options):
        raise AssertionError(name)

    monkeypatch.setattr(load(name), "run", fail)
    assert source_of(name, capsys).startswith('"""')
