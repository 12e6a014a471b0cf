"""A person's own copy of the digits, read from a file and checked.

A reader gives the tables of a file by name, as they are; `read_digits` checks and converts them.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_digits(path: Path, n_pixels: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read the images `X`, shape (n_samples, n_pixels), and the labels `y`, 10 turned into 0."""
    tables = _read_tables(path)
    missing = [name for name in ("X", "y") if name not in tables]
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
    try:
        return _READERS[suffix](path)
    except (ImportError, OSError):
        raise
    except Exception as error:  # each parser fails in its own way: BadZipFile, IndexError, ...
        raise ValueError(f"{path} must be a readable {suffix} file: {error}") from error


def _as_numbers(table: Any, name: str) -> NDArray[np.float64]:
    """Convert a table to a C-contiguous float64 array of finite numbers."""
    try:
        numbers = np.ascontiguousarray(table, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a table of numbers: {error}") from error
    wrong = numbers[~np.isfinite(numbers)]
    if wrong.size:
        raise ValueError(f"{name} must hold finite numbers without gaps, got {wrong[0]}")
    return numbers


def _read_mat(path: Path) -> Mapping[str, Any]:
    """Read the variables of a MATLAB file."""
    loaded: Mapping[str, Any] = _optional("scipy.io", path).loadmat(path)
    return {name: table for name, table in loaded.items() if not name.startswith("__")}


def _read_xlsx(path: Path) -> Mapping[str, Any]:
    """Read the sheets of a workbook."""
    workbook = _optional("openpyxl", path).load_workbook(path, read_only=True, data_only=True)
    try:
        return {sheet.title: list(sheet.values) for sheet in workbook.worksheets}
    finally:
        workbook.close()


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
    with np.load(path) as file:
        return dict(file)


def _is_number(text: str) -> bool:
    """Tell whether a field of a text file is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _optional(module: str, path: Path) -> Any:
    """Import the optional package that reads `path`."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        message = f'{package} must be installed to read {path}: pip install "fastnn-numba[files]"'
        raise ImportError(message) from error


_READERS: dict[str, Callable[[Path], Mapping[str, Any]]] = {
    ".mat": _read_mat,
    ".xlsx": _read_xlsx,
    ".csv": _read_csv,
    ".npz": _read_npz,
}
