"""The names of columns: one rule for files, DataFrames and models.

Names are told apart by every character, case included. White space around a name in a file is not
part of it. A column that pandas writes for an index is not meant as one of the table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_INDEX = re.compile(r"|Unnamed: \d+|__index_level_\d+__")  # what pandas calls one without a name


def as_in_file(name: str) -> str:
    """Return the name that a column has in a file."""
    return name.strip()


def is_of_index(name: str) -> bool:
    """Return whether pandas has given the name to an index without one."""
    return _INDEX.fullmatch(as_in_file(name)) is not None


def repeated(names: Iterable[str]) -> str | None:
    """Return the first name that comes twice, if one does."""
    return next((name for name, count in Counter(names).items() if count > 1), None)
