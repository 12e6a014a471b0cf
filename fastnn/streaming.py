"""One row at a time: the fewest steps of Python around its kernel, for streams."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .core import losses, training
from .core.bits import WORD
from .core.layout import N_IN, N_OUT, units_size
from .model import Model
from .validation import Array

_LABELS = (int, np.int64)
_NUMBERS = (float, np.float64, np.float32, *_LABELS)


class RowStep:
    """Plain gradient descent by one sample, with everything that a kernel takes made ready."""

    def __init__(self, model: Model, learning_rate: float, counters: Array) -> None:
        dtype, n_units = model.params.dtype, units_size(model.table)
        self._x_shape, self._n_out = (int(model.table[0, N_IN]),), int(model.table[-1, N_OUT])
        self._dtype, self._y = dtype, np.zeros(self._n_out, dtype)
        self._before = model.params, model.table, losses.CODES[model.loss]
        self._after = (
            dtype.type(learning_rate), counters, np.zeros((4, n_units), dtype),
            np.zeros((2, n_units // WORD), np.uint64),
        )  # fmt: skip

    def __call__(self, x: Any, y: Any) -> bool:
        """Do the step and return True; return False, and change nothing, unless all is plain.

        That is if `x` is an array as the kernel takes it, `y` a label, a number or such an array,
        and the loss finite. Whoever calls finds out what else it is.
        """
        dtype = self._dtype
        if not self._before[0].flags.writeable:
            return False
        if type(x) is not np.ndarray or x.shape != self._x_shape or x.dtype != dtype:
            return False
        target, kind = self._y, type(y)
        if kind is np.ndarray and y.shape == target.shape and y.dtype == dtype:
            target = y if y.flags.carray else y.copy()
        elif self._n_out == 1 and kind in _NUMBERS:
            target[0] = y
        elif kind in _LABELS and 0 <= y < self._n_out:
            target[:] = 0
            target[y] = 1
        else:
            return False
        x = x if x.flags.carray else x.copy()
        return math.isfinite(training.train_row(*self._before, x, target, *self._after))
