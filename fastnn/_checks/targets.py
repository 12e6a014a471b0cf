"""Check targets against the loss and convert them to what kernels take."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_array, as_numbers, as_read_only, check_finite, is_finite

# The rounding error of sums and quotients in float32, with a small margin.
_ROUNDING = 1e-6
_FEW = 64  # so few numbers that a Python loop is faster than a call of NumPy


class Rule(Protocol):
    """What a loss says of its targets; `losses.Loss` has it."""

    @property
    def name(self) -> str:
        """The name of the loss."""

    @property
    def targets(self) -> str:
        """Which targets it is defined for."""

    @property
    def n_per_target(self) -> int:
        """The number of outputs that predict one target."""


def as_targets(
    y: ArrayLike,
    n_samples: int,
    n_out: int,
    dtype: np.dtype[Any],
    loss: Rule | None = None,
    *,
    row: bool = False,
) -> Array:
    """Return `y` as a table of shape (n_samples, n_out); class labels become one-hot rows.

    If there is a loss, it must be defined for the targets, and each of them is repeated for the
    outputs that predict it. With `row`, `y` belongs to one row (n_in,) and may lack the axis of
    samples.
    """
    if loss is not None and loss.n_per_target > 1:
        n_targets = n_out // loss.n_per_target
        targets = as_targets(y, n_samples, n_targets, dtype, row=row)
        return as_read_only(np.repeat(targets, loss.n_per_target, axis=1))
    if (
        type(y) is np.ndarray
        and y.dtype == dtype
        and y.shape == (n_samples, n_out)
        and y.flags.c_contiguous
        and y.size
    ):  # what kernels take as it is
        targets = y.view()
        targets.flags.writeable = False
        if not is_finite(targets):
            check_finite("y", targets)
        if loss is not None and loss.targets != "numbers":
            check_targets(targets, loss)
        return targets
    array = as_array("y", y)
    if row and array.shape in ((), (n_out,)):
        array = array[np.newaxis]
    if n_out > 1 and array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 1 and array.shape[0] == n_samples:
        if n_out > 1:
            return one_hot(array, n_out, dtype)  # for every loss
        array = array[:, np.newaxis]
    if array.shape != (n_samples, n_out):
        labels = "" if n_out == 1 else f", or ({n_samples},) of class labels"
        raise ValueError(f"y must have shape ({n_samples}, {n_out}){labels}, got {np.shape(y)}")
    targets = as_numbers("y", array, dtype)
    if loss is not None and loss.targets != "numbers":
        check_targets(targets, loss)
    return targets


def one_hot(labels: Array, n_out: int, dtype: np.dtype[Any]) -> Array:
    """Return the class labels 0 ... n_out-1 as one-hot rows."""
    labels = as_numbers("y", labels, np.dtype(np.float64))
    if (labels != np.rint(labels)).any():
        raise ValueError(
            f"y must hold whole class labels 0 ... {n_out - 1}, "
            f"got {labels[labels != np.rint(labels)][0]}; numbers for {n_out} outputs must have "
            f"shape ({len(labels)}, {n_out})"
        )
    low, high = labels.min(), labels.max()
    if low < 0 or high >= n_out:
        raise ValueError(
            f"y must hold class labels 0 ... {n_out - 1}, got {low:g} ... {high:g}"
            f"{_remedy_for_labels(labels, n_out)}"
        )
    table = np.zeros((len(labels), n_out), dtype=dtype)
    table[np.arange(len(labels)), labels.astype(np.int64)] = 1
    return as_read_only(table)


def check_targets(targets: Array, loss: Rule) -> None:
    """Raise if the loss is not defined for the targets."""
    if loss.targets == "counts" and (targets < 0).any():
        raise ValueError(f"y must be at least 0 for the loss {loss.name}, got {targets.min()}")
    if loss.targets == "positive" and (targets <= 0).any():
        raise ValueError(f"y must be above 0 for the loss {loss.name}, got {targets.min()}")
    if loss.targets == "shares":
        low, high = _span(targets)
        if low < -_ROUNDING or high > 1 + _ROUNDING:
            raise ValueError(
                f"y must be from 0 to 1 for the loss {loss.name}, got {low:g} ... {high:g}"
                f"{_remedy_for_shares(targets)}"
            )
    elif loss.targets == "distributions":
        # A product: for the few columns of a target a tenth of the time that `sum` takes.
        low, sums = _span(targets)[0], targets @ np.ones(targets.shape[1], targets.dtype)
        off = np.abs(sums - 1)
        if low < -_ROUNDING or off.max() > _ROUNDING * (10 + targets.shape[1]):
            got = f"{low:g}" if low < -_ROUNDING else f"a sum of {sums[off.argmax()]:g}"
            raise ValueError(
                "y must have rows that are at least 0 and sum to 1 for the loss "
                f"{loss.name}, got {got} in row {_worst_row(targets, off)}"
                f"{_remedy_for_distributions(targets)}"
            )


def check_metrics(metrics: Collection[str], targets: Array, loss: Rule) -> None:
    """Raise if accuracy is asked for, and the targets of one output are no classes.

    Those of binary cross-entropy may be shares: they are rounded, as the outputs are. Where several
    outputs predict one target, no metric compares them.
    """
    if metrics and loss.n_per_target > 1:
        raise ValueError(
            f"metrics must be none for the loss {loss.name}, of which {loss.n_per_target} outputs "
            f"predict one target, got {', '.join(metrics)}"
        )
    if "accuracy" not in metrics or targets.shape[1] != 1 or loss.targets == "shares":
        return
    is_class = (targets == 0) | (targets == 1)
    if not is_class.all():
        row = int(is_class.argmin())
        values = set(np.unique(targets).tolist())
        remedy = (
            "for labels -1 and 1 use (y + 1) / 2"
            if values <= {-1.0, 1.0}
            else "for numbers use the metrics mse, mae or r2"
        )
        raise ValueError(
            "y must be 0 or 1 for the metric accuracy of a single output with the loss "
            f"{loss.name}, got {targets[row, 0]:g} in row {row}; {remedy}"
        )


def _span(targets: Array) -> tuple[float, float]:
    """Return the smallest and the largest target."""
    if targets.size <= _FEW:
        numbers = targets.ravel().tolist()
        return min(numbers), max(numbers)
    return float(targets.min()), float(targets.max())


def _worst_row(targets: Array, off: Array) -> int:
    negative = targets.min(axis=1)
    return int(negative.argmin() if negative.min() < -_ROUNDING else off.argmax())


def _remedy_for_labels(labels: Array, n_out: int) -> str:
    """Return a remedy for class labels that are out of range."""
    low, high = labels.min(), labels.max()
    if (low, high) == (1, n_out):
        return (
            f"; for classes numbered 1 ... {n_out} use y - 1; "
            f"for digits where {n_out} stands for 0 use y % {n_out}"
        )
    if low == 1 and high < n_out:
        return "; for classes numbered from 1 use y - 1"
    values = np.unique(labels)
    if n_out == 2 and len(values) == 2:
        return f"; for two classes use y == {values[1]:g}"
    if len(values) <= n_out:
        return "; for other numbers of classes use np.unique(y, return_inverse=True)[1]"
    return f"; for {len(values)} classes the last layer must have as many outputs"


def _remedy_for_shares(targets: Array) -> str:
    """Return a remedy for targets outside [0, 1]."""
    values, n_out = np.unique(targets), targets.shape[1]
    low, high = values[0], values[-1]
    is_whole = bool((values == np.rint(values)).all())
    if set(values.tolist()) <= {-1.0, 1.0}:
        return "; for labels -1 and 1 use (y + 1) / 2"
    if set(values.tolist()) <= {1.0, 2.0}:
        return "; for labels 1 and 2 use y - 1"
    if low >= 0 and is_whole and 100 < high <= 255:
        return "; for numbers 0 ... 255 use y / 255"
    if len(values) <= 2:
        return f"; for two classes use y == {high:g}"
    if is_whole and low >= 0 and n_out == 1:
        n_classes = int(high) + 1 if low < 1 else int(high - low) + 1
        shift = "" if low < 1 else f" and y - {low:g}"
        return (
            f"; for {n_classes} classes use Dense({n_classes}, 'softmax') with the loss "
            f"cross_entropy{shift}"
        )
    return (
        "; scale it, (y - y.min()) / (y.max() - y.min()), or take a loss for numbers, such as mse "
        "after an identity layer"
    )


def _remedy_for_distributions(targets: Array) -> str:
    """Return a remedy for rows that are not distributions."""
    if targets.shape[1] == 1:
        return "; for a single output use sigmoid with the loss binary_cross_entropy"
    values = set(np.unique(targets).tolist())
    if values == {-1.0, 1.0} and ((targets > 0).sum(axis=1) == 1).all():
        return "; for rows of -1 and a single 1 use (y + 1) / 2"
    if len(values) == 2 and 0.0 in values and (np.count_nonzero(targets, axis=1) == 1).all():
        (other,) = values - {0.0}
        return f"; for rows of 0 and a single {other:g} use y / {other:g}"
    if values <= {0.0, 1.0}:
        return "; where a row may be of no class or several, use sigmoid and binary_cross_entropy"
    if (targets >= 0).all() and (targets.sum(axis=1) > 0).all():
        return "; for counts or weights of classes use y / y.sum(axis=1, keepdims=True)"
    return "; for class labels give one number 0 ... n_out-1 a row; for numbers use another loss"
