"""Read the tables X and y of a MATLAB file in a separate process: ``python _mat.py in out most``.

A damaged file can crash SciPy's reader, and the process with it; it may also expand to much more
than its size. So this is a script, which `readers` runs, not a module of this process. It writes
its result as an `.npz`, and prints errors.
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
    """Limit the further memory of this process, if the system can do that."""
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
