"""Build a wheel with compiled kernels, if FASTNN_WHEEL_KERNELS names levels of processors.

    FASTNN_WHEEL_KERNELS=x86-64-v3,x86-64-v4 python -m pip wheel --no-deps --no-build-isolation .

The levels are those of `fastnn.core.levels`: x86-64-v3, x86-64-v4, and generic, which is for arm64.
The kernels are compiled, not run, so this machine may be a lesser one. They load where Python,
Numba, llvmlite and the platform are those of the build; elsewhere fastnn compiles as ever.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import CodeType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
VARIABLE = "FASTNN_WHEEL_KERNELS"


class KernelsHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the kernels to a wheel, which becomes one of this Python and platform."""

    def dependencies(self) -> list[str]:
        """Return what compiling needs, for a build in an environment of its own."""
        needed: list[str] = self.build_config.builder.metadata.core.dependencies
        return needed if os.environ.get(VARIABLE) else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the kernels."""
        levels = os.environ.get(VARIABLE)
        if not levels or version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        for path in compile_kernels(levels.split(","), Path(self._folder.name)):
            build_data["force_include"][str(path)] = f"fastnn/core/kernels/{path.name}"
        build_data["pure_python"], build_data["infer_tag"] = False, True

    def finalize(self, version: str, build_data: dict[str, Any], artifact: str) -> None:
        """Remove what is in the wheel now."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def compile_kernels(levels: list[str], folder: Path) -> list[Path]:
    """Compile all kernels for each level below the folder; return their files."""
    sys.path.insert(0, str(ROOT))
    known = import_module("fastnn.core.levels").LEVELS
    if unknown := [level for level in levels if level not in known]:
        raise ValueError(f"{VARIABLE} must name levels of {[*known]}, got {unknown}")
    _run(folder, "record", folder / "all", NUMBA_DISABLE_JIT="1")
    signatures = pickle.loads((folder / "all").read_bytes())
    half = len(signatures) // 2  # of a dtype: the two have nothing in common
    for k, part in enumerate((signatures[:half], signatures[half:])):
        (folder / f"part{k}").write_bytes(pickle.dumps(part))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(
                _run,
                folder,
                "compile",
                folder / f"part{k}",
                NUMBA_CACHE_DIR=str(folder / level),
                NUMBA_CPU_NAME=level,
                NUMBA_CPU_FEATURES="",
                NUMBA_DISABLE_INTEL_SVML="1",  # which the machines that load may lack
            )
            for level in levels
            for k in (0, 1)
        ]
    for job in jobs:
        job.result()
    files = [*folder.rglob("*.nbc")]
    if len(files) != len(signatures) * len(levels):
        raise RuntimeError(
            f"{len(signatures)} kernels must be compiled for each of {levels}, "
            f"got {len(files)} files in all"
        )
    return files


def _run(folder: Path, task: str, path: Path, **environment: str) -> None:
    """Do a task of this file in a process that knows of no cache and no register width."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    environment.pop("FASTNN_REGISTER_BYTES", None)
    subprocess.run([sys.executable, __file__, task, path], check=True, cwd=folder, env=environment)


def _record(path: Path) -> None:
    """Write with what types the warm-up calls kernels, which run as plain Python here."""
    from numba import typeof

    from fastnn import warmup
    from fastnn.core.jit import ENTRIES

    entries: dict[CodeType, Any] = {}
    found: dict[tuple[str, str, tuple[Any, ...]], None] = {}

    def profile(frame: Any, event: str, _: object) -> None:
        code = frame.f_code
        if len(entries) < len(ENTRIES):  # some are imported late
            entries.update((function.__code__, function) for function in ENTRIES)  # not compiled
        if event == "call" and code in entries:
            names = code.co_varnames[: code.co_argcount]
            types = tuple(typeof(frame.f_locals[name]) for name in names)
            found[entries[code].__module__, entries[code].__name__, types] = None

    sys.setprofile(profile)
    warmup()
    sys.setprofile(None)
    path.write_bytes(pickle.dumps([*found]))


def _compile(path: Path) -> None:
    """Compile kernels by their signatures, and keep them in the cache, without a call."""
    for module, name, types in pickle.loads(path.read_bytes()):
        getattr(import_module(module), name).compile(types)


if __name__ == "__main__":
    {"record": _record, "compile": _compile}[sys.argv[1]](Path(sys.argv[2]))
