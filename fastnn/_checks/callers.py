"""Warn whoever has called fastnn."""

from __future__ import annotations

import contextlib
import inspect
import os
import warnings
from pathlib import Path

_PASSED_OVER = f"{Path(__file__).parent.parent}{os.sep}", contextlib.__file__


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line, outside of fastnn, that has called it, from however deep."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_code.co_filename.startswith(_PASSED_OVER):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
