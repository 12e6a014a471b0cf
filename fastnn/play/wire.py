"""How messages to a page are written.

Most are JSON. A binary message is the length of its head in 4 bytes (little endian), the head as
JSON, and bytes. The head's "parts" name the arrays of uint8 or float32 in those bytes, in their
order, each with its shape. Arrays start at multiples of 4.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_text(message: dict[str, Any]) -> str:
    """Return a message as JSON, in which a number that is not finite is null."""
    return json.dumps(_finite(message), allow_nan=False)


def packed(head: dict[str, Any], parts: dict[str, NDArray[Any]] | None = None) -> bytes:
    """Return a binary message."""
    described, chunks = [], []
    for name, array in (parts or {}).items():
        kind = "uint8" if array.dtype == np.uint8 else "float32"
        data = np.ascontiguousarray(array, kind).tobytes()
        described.append({"name": name, "kind": kind, "shape": list(array.shape)})
        chunks.append(data + bytes(-len(data) % 4))
    text = as_text(head | {"parts": described}).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + b"".join(chunks)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
