"""The losses of several heads: their weighted sum is minimised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .._checks.arrays import Array
from .._checks.frozen import frozen
from .._checks.heads import Part, split
from ..core import metrics as kernel_metrics
from ..core.metrics import LOSS_OF_PART, code_of_part
from ..core.records import code_of_parts
from .base import Loss

_OF_CLASSES = ("sigmoid", "softmax")
_CODES: dict[tuple[HeadLosses, np.dtype[Any]], int] = {}


@frozen
class HeadLosses(Loss):  # numpydoc ignore=PR02
    """The loss of a network that ends with `Heads`: a list of losses makes it.

    Parameters
    ----------
    losses : tuple of Loss
        The loss of each head; by default, which no network takes, there are none.
    weights : tuple of float
        How much each counts, by default likewise.
    parts : tuple
        The heads: their names, activations and outputs, by default likewise.

    Examples
    --------
    >>> from fastnn import Dense, Heads, Network
    >>> heads = Heads(Dense(1, "sigmoid"), Dense(1))
    >>> Network(2, [heads], loss=["binary_cross_entropy", ("mse", 0.5)]).loss_function
    ['binary_cross_entropy', ('mse', 0.5)]
    """

    losses: tuple[Loss, ...] = ()
    weights: tuple[float, ...] = ()
    parts: tuple[Part, ...] = ()

    def __repr__(self) -> str:
        return f"[{', '.join(map(_shown, self.losses, self.weights))}]"

    @property
    def name(self) -> str:  # type: ignore[override]
        """The names of the losses, as a sum."""
        return " + ".join(
            f"{'' if weight == 1 else f'{weight:g} '}{own.name}"
            for own, weight in zip(self.losses, self.weights, strict=True)
        )

    @property
    def is_checked(self) -> bool:
        """A flag, False: targets in a list are made a row in Python."""
        return False

    def code(self, activation: str, n_out: int, dtype: np.dtype[Any]) -> int:
        """Return the code of a table of the losses' own codes."""
        if (self, dtype) not in _CODES:
            _CODES[self, dtype] = code_of_parts(
                [
                    (part.start, part.stop, own.code(str(part.activation), part.n_out, dtype), w)
                    for part, own, w in zip(self.parts, self.losses, self.weights, strict=True)
                ]
            )
        return _CODES[self, dtype]

    def fault(self, targets: Array, outputs: Array) -> str:
        """Return what the first of the losses to do so does wrong."""
        parts = self.parts
        columns = zip(self.losses, split(targets, parts), split(outputs, parts), strict=True)
        return next(filter(None, (own.fault(y, a) for own, y, a in columns)), "")

    def metric_names(self, asked: Sequence[str]) -> list[str]:  # numpydoc ignore=PR01,RT01
        """Return the names of what is recorded beside the loss: of each head, then of the metrics.

        A metric is asked for by its name, for all heads that have it, or by that of a head too.
        """
        names = [f"{part.name}_loss" for part in self.parts]
        for metric in asked:
            if metric in self.known_metrics():
                found = [metric]
            else:
                found = [f"{part.name}_{metric}" for part in self._heads_with(metric)]
            if not found:
                raise ValueError(
                    f"a metric must be one that a head has, got {metric}: accuracy needs sigmoid "
                    "or softmax, and none compares several outputs with one target"
                )
            names += [name for name in found if name not in names]
        return names

    def known_metrics(self) -> list[str]:  # numpydoc ignore=RT01
        """Return the metrics that kernels compute of single heads: "head_metric"."""
        names = ("loss", *kernel_metrics.CODES)
        return [f"{part.name}_{name}" for part in self.parts for name in names]

    def metric_code(self, name: str) -> int:  # numpydoc ignore=PR01,RT01
        """Return what stands in a kernel for a metric that `metric_names` has named."""
        for part in self.parts:
            if name == f"{part.name}_loss":
                return LOSS_OF_PART
            for metric, code in kernel_metrics.CODES.items():
                if name == f"{part.name}_{metric}":
                    return code_of_part(code, part.start, part.n_out)
        raise LookupError(name)

    def heads_of_numbers(self) -> list[int]:  # numpydoc ignore=RT01
        """Return the numbers of the heads whose outputs are numbers to compare with targets."""
        found = set(self._heads_with("mse")) - set(self._heads_with("accuracy"))
        return [k for k, part in enumerate(self.parts) if part in found]

    def _heads_with(self, metric: str) -> Iterator[Part]:
        """Yield the heads of which a metric makes sense."""
        for part, own in zip(self.parts, self.losses, strict=True):
            has_classes = part.activation in _OF_CLASSES
            if own.n_per_target == 1 and (metric != "accuracy" or has_classes):
                yield part


def _shown(loss: Loss, weight: float) -> str:
    return repr(loss) if weight == 1 else f"({loss!r}, {weight:g})"
