"""The commands of the page about tables run as written, in their order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "fastnn" / "docs" / "tables.md"


@pytest.mark.compiled
@pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell")
def test_commands_run_as_written(tmp_path):
    for package in ("sklearn", "narwhals", "pyarrow", "pandas"):
        pytest.importorskip(package)
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert blocks
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-e", "-c", "".join(blocks)],
        cwd=tmp_path,
        env=os.environ | {"PATH": folders},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    ours, linear = (
        float(re.search(rf"^  {model} +([\d.]+)", done.stdout, re.MULTILINE)[1])
        for model in ("this model", "a linear model")
    )
    assert ours < linear, "log loss"
    assert (tmp_path / "predicted.csv").read_text().startswith("target,target=0,target=1,")
    assert (tmp_path / "digits.c").exists()
