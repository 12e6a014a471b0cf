"""Warn whoever has called fastnn."""

from __future__ import annotations

import inspect
import os
import warnings
from pathlib import Path

_PACKAGE = f"{Path(__file__).parent.parent}{os.sep}"


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line, outside of fastnn, that has called it, from however deep."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
