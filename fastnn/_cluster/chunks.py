"""The data of a cluster: its chunks, which stay on the workers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.delayed import Delayed
from distributed import Future


def as_chunks(n_in: int, X: Any, y: Any) -> list[Any]:
    """Return the chunks, as delayed objects or futures."""
    if y is None:
        chunks = list(X) if isinstance(X, Iterable) and not isinstance(X, da.Array) else []
        if not chunks:
            raise TypeError(f"without y, X must be chunks, at least one, got {X!r}")
        for c, chunk in enumerate(chunks):
            if not isinstance(chunk, Delayed | Future):
                raise TypeError(
                    f"chunk {c} must be a dask delayed or future, got {type(chunk).__name__}"
                )
        return chunks
    for name, array in (("X", X), ("y", y)):
        if not isinstance(array, da.Array):
            raise TypeError(f"{name} must be a dask array, got {type(array).__name__}")
    if X.ndim != 2 or X.shape[1] != n_in:
        raise ValueError(f"X must have shape (n_samples, {n_in}), got {X.shape}")
    if y.ndim not in (1, 2):
        raise ValueError(f"y must have 1 or 2 axes, got {y.ndim}")
    X, y = (array.rechunk(dict.fromkeys(range(1, array.ndim), -1)) for array in (X, y))
    if not (np.isnan(X.shape[0]) or np.isnan(y.shape[0])):
        if len(X) != len(y):
            raise ValueError(f"y must have as many rows as X, {len(X)}, got {len(y)}")
        y = y.rechunk({0: X.chunks[0]})
    if X.numblocks[0] != y.numblocks[0]:
        raise ValueError(f"y must have as many blocks as X, {X.numblocks[0]}, got {y.numblocks[0]}")
    blocks = X.to_delayed().ravel(), y.to_delayed().ravel()
    return [dask.delayed(pair) for pair in zip(*blocks, strict=True)]
