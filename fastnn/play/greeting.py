"""What a page is told first: the settings that there are, and the tables of the tutorials."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from .settings import CHOICES, MOST_LAYERS, MOST_UNITS, PRESETS, TUTORIALS


def greeting() -> dict[str, Any]:
    """Return the first message to a page."""
    return {
        "type": "hello",
        "presets": {name: settings.as_json() for name, settings in PRESETS.items()},
        "choices": CHOICES,
        "tutorials": tables(TUTORIALS),
        "most_layers": MOST_LAYERS - 1,
        "most_units": MOST_UNITS,
    }


def tables(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return which line of a tutorial is which of ours: what stands at the head of each example.

    Examples
    --------
    >>> tables(["xor"])["xor"]["rows"][0]
    ['random.seed(1)', 'seed=np.random.RandomState(1)']
    """
    # Looked up, as the command line does: fastnn imports none of the examples.
    load = import_module("fastnn.examples").load
    return {name: _table(load(name).__doc__) for name in names}


def _table(text: str) -> dict[str, Any]:
    title, rest = text.split("\n", 1)
    _, head, body, note = re.split(r"^(?:=+ +=+)\n", rest, flags=re.MULTILINE)
    split = head.index("fastnn")
    rows: list[list[str]] = []
    for line in body.splitlines():
        left, right = (_plain(part) for part in (line[:split], line[split:]))
        if left:
            rows.append([left, right])
        else:  # the cell goes on
            rows[-1][1] += f" {right}"
    return {"title": _plain(title), "rows": rows, "note": _plain(" ".join(note.split()))}


def _plain(text: str) -> str:
    return text.replace("``", "").strip()
