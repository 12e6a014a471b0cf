"""Write what `npz.pack` has packed to a path or an open file, and read it from there."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO, TypeVar

from .._atomic import replace_file
from .._checks.paths import as_path_or_file, open_regular, rest_of, write_all
from ..errors import FormatError
from .npz import MALFORMED, Archive

Result = TypeVar("Result")


def write_file(file: str | os.PathLike[str] | BinaryIO, packed: Callable[[], bytes]) -> None:
    """Write a content, which is made when the file is known to be one."""
    path = as_path_or_file(file, "write")
    content = packed()
    if path is None:
        write_all(file, content)
    else:
        replace_file(path, content)


def read_file(file: str | os.PathLike[str] | BinaryIO, read: Callable[[Archive], Result]) -> Result:
    """Return what `read` makes of a file; raise FormatError, with its name, if it is malformed."""
    path = as_path_or_file(file, "read")
    label = getattr(file, "name", None) if path is None else str(path)
    if not isinstance(label, str):  # of a temporary file it is a number
        label = "the file"
    try:
        opened = rest_of(file) if path is None else open_regular(path)
    except ValueError as error:
        raise FormatError(f"{label}: {error}") from error
    with opened:
        try:
            return read(Archive(opened))
        except MALFORMED as error:
            is_onnx = label.lower().endswith(".onnx")
            hint = "; fastnn.exchange.from_onnx reads ONNX" if is_onnx else ""
            raise FormatError(f"{label}: {error}{hint}") from error
