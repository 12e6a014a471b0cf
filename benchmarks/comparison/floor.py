"""The floor under a time: what the arithmetic or the traffic of the weights takes on one core."""

from collections.abc import Callable
from ctypes import c_long, c_void_p
from time import perf_counter

import numpy as np

from .compiler import C_TYPES, aligned, load
from .race import on_cores
from .task import Task

N_TRIES = 30
TRY = 0.001  # seconds: short enough to fit between the turns of others


class Floor:
    """Two probes in C of what one core can do."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        library = load("probe.c", dtype)
        real = C_TYPES[dtype][1]
        self._multiply_adds = library.multiply_adds
        self._multiply_adds.argtypes = [c_long, real, real, c_void_p]
        self._read_modify_write = library.read_modify_write
        self._read_modify_write.argtypes = [c_long, c_void_p, c_long, real]
        for probe in (self._multiply_adds, self._read_modify_write):
            probe.restype = c_long
        out = np.zeros(64)
        self.multiply_adds = best_rate(
            lambda n: self._multiply_adds(n, 0.999, 0.001, out.ctypes.data)
        )

    def bandwidth(self, n_bytes: int) -> float:
        """Return the bytes a second that are read, changed and written; each is counted once."""
        memory = aligned(np.zeros(n_bytes, "uint8"))
        return best_rate(lambda n: self._read_modify_write(n, memory.ctypes.data, n_bytes, 1.0))

    def seconds(self, task: Task) -> float:
        """Return the least seconds per sample of an epoch: the larger of arithmetic and traffic.

        Weights of layer 1 take part only where the input is not zero. In training a weight is read,
        changed and written once a batch.
        """
        share = float(np.count_nonzero(task.samples()[0]) / (task.n_rows * task.widths[0]))
        arithmetic = task.multiply_adds(share) / self.multiply_adds
        if not task.trains:
            return arithmetic
        sizes = [n * m for n, m in zip(task.widths[:-1], task.widths[1:], strict=True)]
        n_bytes = (round(sizes[0] * share) + sum(sizes[1:])) * np.dtype(self.dtype).itemsize
        traffic = n_bytes / self.bandwidth(n_bytes) / task.batch_size
        return max(arithmetic, traffic)


def best_rate(work: Callable[[int], int]) -> float:
    """Return the best of some tries, for a floor is a bound; `work(n)` says how much was done."""
    best, n = 0.0, 1
    with on_cores(1):
        for _ in range(N_TRIES):
            begin = perf_counter()
            done = work(n)
            seconds = perf_counter() - begin
            best = max(best, done / seconds)
            n = max(n, int(n * TRY / seconds))
    return best
