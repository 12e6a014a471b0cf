"""Read the tables X and y of a MATLAB file in a process of its own: ``python _mat.py in out most``.

A damaged file can crash SciPy's reader, and the process with it; it may also stand for much more
than it holds. So this is a script, which `readers` runs, not a module of this process. What it has
read it writes as an `.npz`; what is wrong it prints.
"""

import contextlib
import json
import math
import sys
from typing import Any

_KINDS = (
    "double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "logical",
)  # fmt: skip


def main(source: str, target: str, most: str) -> None:
    """Read the file `source`, tables of at most so many bytes, and write `target`."""
    import numpy as np
    import scipy.io

    largest = int(most)
    _limit_memory(4 * largest + 2**26)
    found = {name: (shape, kind) for name, shape, kind in scipy.io.whosmat(source)}
    wanted = [name for name in ("X", "y") if name in found]
    for name in wanted:
        shape, kind = found[name]
        if kind not in _KINDS:
            raise ValueError(f"{name} must be a table of numbers, got one of {kind}")
        if 8 * math.prod(shape) > largest:
            raise ValueError(f"{name} must be in the file as a whole, got the shape {shape}")
    tables = scipy.io.loadmat(source, variable_names=wanted)
    arrays: dict[str, Any] = {name: np.asarray(tables[name]) for name in wanted}
    np.savez(target, **arrays)
    sys.stdout.write(json.dumps([*found]))


def _limit_memory(n_bytes: int) -> None:
    """Let this process take so much memory more, where the system can tell and limit it."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + n_bytes, now + n_bytes))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:
        sys.stderr.write(str(error) or type(error).__name__)
        sys.exit(3)
