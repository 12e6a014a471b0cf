"""Plain C, `loops.c`: straightforward loops, or the update of layer 1 fused into the next pass."""

from ctypes import POINTER, c_long, c_void_p

import numpy as np

from .compiler import C_TYPES, aligned, load
from .task import Layers, Task


class Training:
    """One call an epoch over arrays made beforehand."""

    def __init__(self, task: Task, variant: str) -> None:
        self._task = task
        self._start = np.concatenate(
            [part.ravel() for W, b in task.start() for part in (stored(W), b)]
        )
        self._params = aligned(self._start)
        units, deltas = np.zeros((2, sum(task.widths)), task.dtype)
        others = [aligned(array) for array in (units, deltas, *task.samples())]
        self._arrays = [self._params, *others]  # alive as long as their addresses

        epoch = load("loops.c", task.dtype)[f"epoch_{variant}"]
        real = C_TYPES[task.dtype][1]
        epoch.argtypes = [c_long, POINTER(c_long), *[c_void_p] * 5, c_long, real]
        epoch.restype = None
        widths = (c_long * len(task.widths))(*task.widths)
        addresses = [array.ctypes.data for array in self._arrays]
        rate = real(task.learning_rate)
        self._epoch = lambda: epoch(len(task.widths) - 1, widths, *addresses, task.n_rows, rate)

    def restore(self) -> None:
        """Go back to the start."""
        self._params[:] = self._start

    def run(self) -> None:
        """Go once through the samples."""
        self._epoch()

    def weights(self) -> Layers:
        """Return the layers."""
        layers, first = [], 0
        for W, b in self._task.start():
            middle, last = first + W.size, first + W.size + b.size
            flat = self._params[first:middle]
            n_in, n_out = W.shape
            W = flat.reshape(n_out, n_in).T if n_in >= n_out else flat.reshape(n_in, n_out)
            layers.append((W, self._params[middle:last]))
            first = last
        return layers


def stored(W: np.ndarray) -> np.ndarray:
    """Return (n_in, n_out) weights with rows along the longer side."""
    return W.T if W.shape[0] >= W.shape[1] else W
