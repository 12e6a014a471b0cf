"""What the networks of a table learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._checks.arrays import Array
from .encoder import Encoded


@dataclass(frozen=True)
class Task:
    """What is to be learnt: encoded rows, targets and weights."""

    rows: Encoded
    targets: Array  # labels 0 ... n_classes - 1, or standardised numbers
    weights: Array
    n_classes: int  # 0 for numbers

    @property
    def columns_of_targets(self) -> Array:
        """What the statistics of a category are means of: the targets, or an indicator a class."""
        if self.n_classes == 0:
            return self.targets[:, None]
        classes = np.arange(1 if self.n_classes == 2 else 0, self.n_classes)  # one of two tells all
        indicators: Array = (self.targets[:, None] == classes).astype(np.float64)
        return indicators

    def losses(self, outputs: Array, targets: Array) -> Array:
        """Return the loss of each row: the log loss, or half the squared error."""
        if self.n_classes:
            chosen = outputs[np.arange(len(targets)), targets.astype(np.int64)]
            smallest = np.finfo(outputs.dtype).tiny
            losses: Array = -np.log(np.maximum(chosen, smallest, dtype=np.float64))
        else:
            losses = 0.5 * (outputs[:, 0].astype(np.float64) - targets) ** 2
        return losses
