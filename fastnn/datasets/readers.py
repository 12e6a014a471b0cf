"""Read and check a user's own copy of the digits.

A reader returns the tables of a file by name, unchecked; `read_digits` checks and converts them.
The file need not be trusted: reading it runs no code, and sizes that it claims are compared with
its own size before memory is allocated.
"""

import io
import json
import math
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks.extras import optional

_TABLES = ("X", "y")
_MOST_EXPANSION = 100  # the largest ratio of content to compressed size
_SMALL = 2**20  # bytes that are always allowed
_MAT_REFUSED = 3  # the exit code of `_mat` with a message
_MAT_SECONDS = 60  # the time limit, longer for a large file


def read_digits(path: Path, n_pixels: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read the images `X`, shape (n_samples, n_pixels), and the labels `y`, 10 turned into 0."""
    tables = _read_tables(path)
    missing = [name for name in _TABLES if name not in tables]
    if missing:
        raise ValueError(f"{path} must hold X and y, got {sorted(tables)}")
    X = _as_numbers(tables["X"], f"X in {path}")
    y = _as_numbers(tables["y"], f"y in {path}")
    if X.ndim != 2 or X.shape[1] != n_pixels or not len(X):
        raise ValueError(f"X in {path} must have shape (n_samples, {n_pixels}), got {X.shape}")
    if y.shape not in ((len(X),), (len(X), 1)):
        raise ValueError(f"y in {path} must have shape ({len(X)},) or ({len(X)}, 1), got {y.shape}")
    wrong = y[~np.isin(y, range(11))]
    if wrong.size:
        raise ValueError(f"labels in {path} must be whole numbers from 0 to 10, got {wrong[0]:g}")
    return X, y.ravel().astype(np.int64) % 10


def _read_tables(path: Path) -> Mapping[str, Any]:
    """Read a file by the reader of its suffix."""
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise ValueError(f"path must end in {', '.join(_READERS)}, got {str(path)!r}")
    if not path.is_file():
        raise FileNotFoundError(f"path must name a file, got {str(path)!r}")
    with open(path, "rb"):  # an OSError is about the path; below, about what is in the file
        pass
    try:
        return _READERS[suffix](path)
    except ImportError:
        raise
    except Exception as error:  # each parser fails in its own way: BadZipFile, IndexError, ...
        raise ValueError(f"{path} must be a readable {suffix} file: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _as_numbers(table: Any, name: str) -> NDArray[np.float64]:
    """Convert a table to a C-contiguous float64 array of finite numbers."""
    try:
        table = np.asarray(table)
        if table.dtype.kind in "cmM":
            raise TypeError(f"got {table.dtype}")
        numbers = np.ascontiguousarray(table, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be a table of numbers: {error}") from error
    wrong = numbers[~np.isfinite(numbers)]
    if wrong.size:
        raise ValueError(f"{name} must hold finite numbers without gaps, got {wrong[0]}")
    return numbers


def _read_mat(path: Path) -> Mapping[str, Any]:
    """Read the variables of a MATLAB file, in another process: a damaged one can crash it."""
    optional("scipy.io", f"reading {path}", "files")
    if not sys.executable or getattr(sys, "frozen", False):
        raise ValueError("Python must be able to start itself to read it, got no executable")
    seconds = _MAT_SECONDS + path.stat().st_size / 10**6
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "tables.npz"
        script = Path(__file__).with_name("_mat.py")
        run = subprocess.run(
            # -P: the script's own folder is no place to import from
            [sys.executable, "-P", script, path.absolute(), target, str(_largest(path))],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=seconds, check=False,
        )  # fmt: skip
        if run.returncode == _MAT_REFUSED:
            raise ValueError(run.stderr.strip()[-500:])
        if run.returncode:
            raise ValueError(f"it is damaged: SciPy's reader ended with {run.returncode}")
        return {**dict.fromkeys(json.loads(run.stdout)), **_read_npz(target)}


def _read_xlsx(path: Path) -> Mapping[str, Any]:
    """Read the sheets of a workbook."""
    openpyxl = optional("openpyxl", f"reading {path}", "files")
    with zipfile.ZipFile(path) as archive:
        n_bytes = _check_entries(path, archive.infolist())
    with open(path, "rb") as file:  # of a refused sheet openpyxl 3.1.0 keeps its own open
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
        return {
            sheet.title: _cells(sheet, n_bytes) if sheet.title in _TABLES else None
            for sheet in workbook.worksheets
        }


def _cells(sheet: Any, n_bytes: int) -> list[tuple[Any, ...]]:
    """Return the rows of a sheet, all of one width; `n_bytes` of XML hold fewer cells."""
    sheet.reset_dimensions()  # what it says of them need not be true
    rows, n_cells, width = [], 0, 0
    for row in sheet.values:
        rows.append(row)
        n_cells, width = n_cells + 1 + len(row), max(width, len(row))
        if max(n_cells, len(rows) * width) > n_bytes:
            raise ValueError(f"the sheet {sheet.title} must have its cells filled, got gaps")
    return [row + (None,) * (width - len(row)) for row in rows]


def _read_csv(path: Path) -> Mapping[str, Any]:
    """Read rows of pixels with the label last; a first row whose label is no number is a header."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    if lines and not _is_number(lines[0].rpartition(",")[2]):
        del lines[0]
    if not lines:
        raise ValueError("it holds no row of numbers")
    table = np.loadtxt(lines, delimiter=",", ndmin=2)
    return {"X": table[:, :-1], "y": table[:, -1]}


def _read_npz(path: Path) -> Mapping[str, Any]:
    """Read the arrays of a NumPy archive."""
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        wanted = {name: entries[name] for name in _TABLES if name in entries}
        _check_entries(path, list(wanted.values()))
        tables = {name: _as_stored(archive.read(entry)) for name, entry in wanted.items()}
    return {**dict.fromkeys(entries), **tables}


def _as_stored(data: bytes) -> NDArray[Any]:
    """Return the array in a file of NumPy: `numpy.load` would allocate what the header claims."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"an array must be stored in version 1 or 2 of the format, got {version}")
    shape, is_fortran, dtype = _HEADERS[version](file)
    if dtype.hasobject or len(data) - file.tell() != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"an array must have values for {shape} of {dtype}, got others")
    values = np.frombuffer(data, dtype, offset=file.tell())
    return values.reshape(shape, order="F" if is_fortran else "C").copy()


def _check_entries(path: Path, entries: list[zipfile.ZipInfo]) -> int:
    """Return how many bytes entries of a zip stand for, if its size may be of so many."""
    n_bytes = sum(entry.file_size for entry in entries)
    if n_bytes > (largest := _largest(path)):
        raise ValueError(f"it must stand for at most {largest} bytes, got {n_bytes}")
    return n_bytes


def _largest(path: Path) -> int:
    """Return how many bytes a file may stand for."""
    return _MOST_EXPANSION * path.stat().st_size + _SMALL


def _is_number(text: str) -> bool:
    """Return True if a field of a text file is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


_HEADERS: dict[tuple[int, int], Callable[[io.BytesIO], tuple[tuple[int, ...], bool, Any]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_READERS: dict[str, Callable[[Path], Mapping[str, Any]]] = {
    ".mat": _read_mat,
    ".xlsx": _read_xlsx,
    ".csv": _read_csv,
    ".npz": _read_npz,
}
