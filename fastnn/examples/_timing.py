"""The time of training beside naive NumPy's, in the same run."""

from __future__ import annotations

import platform
from collections.abc import Callable
from copy import deepcopy
from statistics import median
from time import perf_counter
from typing import Any

import numba
import numpy as np

from .. import Network
from .._checks.arrays import Array
from ..reference import Reduction, ReferenceNetwork

HEADING = "Time beside naive NumPy"
ROUNDS = 5  # of which the medians are taken


def compile_kernels(net: Network, X: Array, y: Array, *, batch_size: int | None) -> float:
    """Train a copy of `net` for the first time; return the seconds that it took."""
    X, y = X[:2], y[:2]  # two samples: a full batch of one would be per-sample training
    copy = deepcopy(net)
    start = perf_counter()
    copy.fit(X, y, batch_size=batch_size, validation_data=(X, y))
    return perf_counter() - start


def print_times(
    net: Network,
    X: Array,
    y: Array,
    *,
    epochs: int,
    batch_size: int | None,
    learning_rate: float,
    compiling: float,
    reduction: Reduction = "mean",
) -> None:
    """Train copies of `net` and of its naive twin in turn, and print the times of an epoch.

    All go through the samples in order from the same start, so they compute, and end, alike.
    """
    Y = np.eye(net.n_out)[y] if net.n_out > 1 else y.reshape(-1, 1)
    Y = Y.astype(net.dtype)
    how: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "reduction": reduction,
    }
    own, naive = [], []
    for _ in range(ROUNDS):
        fast, slow = deepcopy(net), ReferenceNetwork.like(net)
        own.append(_seconds(fast.fit, X, Y, shuffle=False, **how))
        naive.append(_seconds(slow.fit, X, Y, **how))
    apart = max(np.abs(W - V).max() for W, V in zip(fast.weights, slow.weights, strict=True))
    ratio = median(naive) / median(own)

    print(f"\n{HEADING}: {epochs} x {len(X)} samples in order, {net.dtype},")
    print(
        f"medians of {ROUNDS} rounds in turn, after which the weights differ by {apart:.1g} at most"
    )
    for name, seconds in (("fastnn", median(own)), ("naive NumPy", median(naive))):
        epoch, sample = seconds / epochs, seconds / epochs / len(X)
        print(f"  {name:11}  {epoch:10.3g} s an epoch  {1e6 * sample:8.3g} us a sample")
    print(f"  naive NumPy takes {ratio:.3g} times as long")
    print(f"Not counted: {compiling:.1f} s to compile fastnn's training, or to load it from disk.")
    print(
        f"One thread for fastnn, BLAS as it is for NumPy.\nPython {platform.python_version()}, "
        f"NumPy {np.__version__}, Numba {numba.__version__}"
    )


def _seconds(work: Callable[..., object], *arguments: Any, **options: Any) -> float:
    start = perf_counter()
    work(*arguments, **options)
    return perf_counter() - start
