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
    assert "Held-out accuracy 0.9" in done.stdout or "Held-out accuracy 1.0" in done.stdout
    assert (tmp_path / "predicted.csv").read_text().startswith("moon,moon=lower,moon=upper\n")
    assert (tmp_path / "moons.c").exists()
