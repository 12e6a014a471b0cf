"""C files of this folder, compiled for this machine when they are needed, and memory for them."""

import ctypes
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from .task import Array

NATIVE = "-march=native"
OPTIONS = ("-O3", NATIVE, "-ffast-math")
INSTRUCTION_SETS = {"AVX512F": "AVX-512", "AVX2": "AVX2", "ARM_NEON": "NEON"}  # by C's macro
ALIGNMENT = 64  # bytes: a line of the cache, which no vector then crosses
C_TYPES = {"float64": ("double", ctypes.c_double), "float32": ("float", ctypes.c_float)}


def instruction_set() -> str:
    """Name the vector instructions that compiled code uses here."""
    command = ["gcc", NATIVE, "-dM", "-E", "-x", "c", os.devnull]
    macros = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = (name for macro, name in INSTRUCTION_SETS.items() if f" __{macro}__ " in macros)
    return next(found, "SSE")


def build(source: str, library: Path, *options: str) -> None:
    """Compile a file of this folder to a shared library."""
    path = Path(__file__).with_name(source)
    command = ["gcc", *options, "-shared", "-fPIC", path, "-o", library, "-lm", "-ldl"]
    subprocess.run(command, check=True)


def load(source: str, dtype: str) -> ctypes.CDLL:
    """Compile `source` with REAL as the C type of `dtype`, and load it."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "library.so")
        build(source, library, *OPTIONS, f"-DREAL={C_TYPES[dtype][0]}")
        return ctypes.CDLL(str(library))


def aligned(array: Array) -> Array:
    """Copy an array to a multiple of ALIGNMENT: NumPy's own arrays made the fused C 20 % slower."""
    memory = np.zeros(array.nbytes + ALIGNMENT, "uint8")
    first = -memory.ctypes.data % ALIGNMENT
    copy = memory[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy
