"""Errors of arguments that have several parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def checking(argument: str) -> Iterator[None]:
    """Say in the errors of the checks within that they are of parts of this argument."""
    try:
        yield
    except (ValueError, TypeError) as error:
        if error.args == (str(error),):
            error.args = (f"in {argument}, {error}",)
        raise
