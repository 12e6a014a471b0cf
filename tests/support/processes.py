"""New Python processes, for what a process does once or must not be done in this one."""

import os
import subprocess
import sys


def run_python(code, path=None, **environment):
    """Return what a new process prints that runs the code, or the file."""
    arguments = ["-c", code] if path is None else [str(path)]
    environment = os.environ | environment | {"PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
