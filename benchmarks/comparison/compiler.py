"""C files of this folder, compiled for this machine when they are needed, and memory for them."""

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from .task import Array

COMMAND = ("gcc", "-O3", "-march=native", "-ffast-math")
ALIGNMENT = 64  # bytes: a line of the cache, which no vector then crosses
C_TYPES = {"float64": ("double", ctypes.c_double), "float32": ("float", ctypes.c_float)}


def load(source: str, dtype: str) -> ctypes.CDLL:
    """Compile `source` with REAL as the C type of `dtype`, and load it."""
    path = Path(__file__).with_name(source)
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "library.so")
        define = f"-DREAL={C_TYPES[dtype][0]}"
        subprocess.run(
            [*COMMAND, define, "-shared", "-fPIC", path, "-o", library, "-lm"], check=True
        )
        return ctypes.CDLL(str(library))


def aligned(array: Array) -> Array:
    """Copy an array to a multiple of ALIGNMENT: NumPy's own arrays made the fused C 20 % slower."""
    memory = np.zeros(array.nbytes + ALIGNMENT, "uint8")
    first = -memory.ctypes.data % ALIGNMENT
    copy = memory[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy
