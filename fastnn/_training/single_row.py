"""Train on single rows of a stream, with as little Python code around the kernel as possible."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._checks.arrays import Array
from ..core import losses, train_samples
from ..core.layout import N_IN, N_OUT, units_size
from .model import Model

_LABELS = (int, np.int64)
_NUMBERS = (float, np.float64, np.float32, *_LABELS)


class SingleSampleStep:
    """Plain gradient descent on one sample, with all arguments of the kernel prepared."""

    def __init__(self, model: Model, learning_rate: float, counters: Array) -> None:
        dtype, n_units = model.params.dtype, units_size(model.table)
        self._x_shape, self._n_out = (int(model.table[0, N_IN]),), int(model.table[-1, N_OUT])
        self._dtype, self._y = dtype, np.zeros(self._n_out, dtype)
        self._before = model.params, model.table, losses.CODES[model.loss]
        self._after = (
            dtype.type(learning_rate), counters, np.zeros((5, n_units), dtype),
        )  # fmt: skip

    def __call__(self, x: Any, y: Any) -> bool:
        """Make the step and return True; return False if it needs the full checks.

        It handles `x` as the array that the kernel takes, `y` as a label, a number or such an
        array, and a finite loss. In all other cases it changes nothing, and the caller checks the
        arguments.
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
        return math.isfinite(train_samples.train_row(*self._before, x, target, *self._after))
