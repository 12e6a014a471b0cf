"""The user's own data in a file: what JSON gives back unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .npz import DEEPEST, check_depth


def check_metadata(metadata: Any) -> None:
    """Raise, and name the place, unless JSON gives the metadata back unchanged."""
    if not (isinstance(metadata, dict) and _is_plain(metadata)):
        where, got = next(_oddities("metadata", metadata, DEEPEST), ("metadata", metadata))
        raise ValueError(
            "metadata must be a dict that JSON gives back as it is, with str as keys, lists and no "
            f"tuples, no NaN, at most {DEEPEST} deep; got {where[:100]} = {_shown(got)}"
        )
    for name, value in metadata.items():
        check_depth(f"metadata[{name!r}]"[:100], value)


def _is_plain(value: Any) -> bool:
    """Return True if JSON gives a value back unchanged."""
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError, RecursionError):
        return False


def _oddities(where: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield the places and values in metadata that JSON does not give back."""
    if isinstance(value, dict | list) and depth > 0:
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in parts:
            place = f"{where}[{key!r}]"
            if isinstance(value, dict) and not (isinstance(key, str) and _is_plain(key)):
                yield place, part
            yield from _oddities(place, part, depth - 1)
        return
    if depth == 0 or not _is_plain(value):
        yield where, value


def _shown(value: Any) -> str:
    """Return the beginning of a value, but only a remark on one that is deeply nested or long."""
    try:
        return repr(value)[:100]
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} too long or too deep to show"
