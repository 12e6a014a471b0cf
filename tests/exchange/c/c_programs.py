"""C sources, compiled as strictly as they may be, and called from here."""

import ctypes
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from tempfile import TemporaryDirectory

import numpy as np

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
STRICTER = ("-Wconversion", "-Wdouble-promotion", "-Wmissing-prototypes", "-Wshadow")
C_TYPES = {"float64": ctypes.c_double, "float32": ctypes.c_float}


def find_compilers():
    """Return the commands of those that work, by name; the package ziglang brings clang."""
    found = {name: [name] for name in ("gcc", "clang") if shutil.which(name)}
    found = {name: command for name, command in found.items() if compiles(command, "c")}
    if "clang" not in found and find_spec("ziglang"):
        found["clang"] = [sys.executable, "-m", "ziglang", "cc"]
    return found


def compiles(command, language, environment=None):
    """Return whether a compiler knows the language and has its headers: they come separately."""
    with TemporaryDirectory() as folder:  # zig writes an object "-.o" all the same
        got = subprocess.run(
            [*command, "-x", language, "-c", "-", "-o", os.devnull], cwd=folder,
            input="#include <math.h>\n", env=environment, capture_output=True, text=True,
        )  # fmt: skip
    return got.returncode == 0


class Compiler:
    """A C compiler, with a folder for what it keeps."""

    def __init__(self, command, cache):
        self.command = command
        self.environment = os.environ | dict.fromkeys(
            ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"), str(cache)
        )

    def knows_cplusplus(self):
        """Return whether it compiles C++ too."""
        return compiles(self.command, "c++", self.environment)

    def run(self, *arguments):
        """Fail on any warning."""
        command = [*self.command, *arguments]
        got = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        assert got.returncode == 0, got.stderr
        assert got.stderr == ""

    def load(self, source, dtype):
        """Return the network that a source holds."""
        library = source.with_suffix(f".{self.command[-1]}.so")
        self.run(*STRICT, *STRICTER, "-O2", "-shared", "-fPIC", source, "-o", library, "-lm")
        return Program(ctypes.CDLL(str(library)), source.stem, dtype)


class Program:
    """The functions of a network in C, with arrays for arguments."""

    def __init__(self, library, name, dtype):
        self.library, self.name, self.dtype = library, name, dtype
        self.c_type = C_TYPES[dtype]

    def predict(self, X, n_out):
        """Return the outputs, a row for each of X."""
        rows = np.ascontiguousarray(X, self.dtype)
        outputs = np.full((len(rows), n_out), np.nan, self.dtype)
        predict = getattr(self.library, f"{self.name}_predict")
        for row, output in zip(rows, outputs, strict=True):
            predict(self._pointer(row), self._pointer(output))
        return outputs

    def train(self, x, y, learning_rate):
        """Take a step, and return the loss before it."""
        train = getattr(self.library, f"{self.name}_train")
        train.restype = self.c_type
        x, y = (np.ascontiguousarray(array, self.dtype) for array in (x, y))
        return train(self._pointer(x), self._pointer(y), self.c_type(learning_rate))

    def _pointer(self, array):
        return array.ctypes.data_as(ctypes.POINTER(self.c_type))
