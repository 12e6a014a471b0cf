"""The option `--hold avx2`: the program, and all that it starts, runs as on a lesser processor."""

import argparse
import ctypes
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .compiler import build

SOURCE = "held.c"
# Its constructor comes before those of the program's own libraries, which may ask already.
OPTIONS = ("-O2", "-Wl,-z,initfirst")
# glibc chooses its copies of memory as a program is loaded, before `held.c` has a say.
TUNABLES = "glibc.cpu.hwcaps=-AVX512F,-AVX512BW,-AVX512CD,-AVX512DQ,-AVX512VL"
CPUINFO = Path("/proc/cpuinfo")
OPTION: dict[str, Any] = {
    "choices": ["avx2"],
    "help": "hold this machine to it, peers and C code too",
}


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line, `--hold` too; where it is given, run the program again and end."""
    parser.add_argument("--hold", **OPTION)
    options = parser.parse_args(arguments)
    if options.hold and not held_to():
        if reason := hindrance():
            sys.exit(f"--hold {options.hold}: {reason}")
        sys.exit(run_again())
    return options


def run_again() -> int:
    """Run this program again, held to AVX2; return how it ended."""
    return run([sys.executable, *sys.orig_argv[1:]]).returncode


def held_to() -> str:
    """Return what this process is held to, or "": it asks the library, not the environment."""
    if sys.platform != "linux":
        return ""
    try:
        return (ctypes.c_char * 5).in_dll(ctypes.CDLL(None), "held_to").value.decode()
    except ValueError:  # it is not loaded
        return ""


def hindrance() -> str:
    """Say why this machine cannot be held, or ""."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return f"needs Linux on x86-64, got {sys.platform} on {platform.machine()}"
    flags = CPUINFO.read_text().partition("\nflags")[2].partition("\n")[0].split()
    if "avx512f" not in flags:
        return "this processor has no AVX-512 to be held from: run without the option"
    if "cpuid_fault" not in flags:
        return f"CPUID cannot be made to fault here: no flag cpuid_fault in {CPUINFO}"
    return "" if shutil.which("gcc") else "needs gcc"


def run(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[Any]:
    """Run a command held to AVX2, as `subprocess.run` does."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "held.so")
        build(SOURCE, library, *OPTIONS)
        held = {"LD_PRELOAD": str(library), "GLIBC_TUNABLES": TUNABLES}
        added = {name: f"{os.environ.get(name, '')}:{held[name]}".strip(":") for name in held}
        return subprocess.run(command, env=os.environ | added, **options)
