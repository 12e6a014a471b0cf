"""Check what is drawn: networks, points, images, class labels and names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .._checks.arrays import Array, as_numbers
from .._checks.inputs import as_samples, as_table
from .._checks.scalars import as_choice, as_count
from ..heads import Heads
from ..network import Network

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def as_rows(X: Any, n_columns: int) -> Array:
    """Return `X` as a table of float64 with so many columns."""
    return as_table(as_samples(X, n_columns, np.dtype(np.float64)), n_columns)


def as_network(net: Any) -> Network:
    """Return `net` if it is a network."""
    if not isinstance(net, Network):
        raise TypeError(f"net must be a fastnn.Network, got {type(net).__name__}")
    return net


def as_tables(net: Network, y: Any) -> list[Any]:
    """Return a target that `Network.trace` takes as a table of one row, or one for each head."""
    last, given = net.layers[-1], [y]
    if isinstance(last, Heads) and isinstance(y, Mapping | list | tuple):
        given = [y[name] for name in last.names] if isinstance(y, Mapping) else [*y]
    return [part if np.ndim(part) == 2 else np.array(part)[np.newaxis] for part in given]


def row_text(values: Array) -> str:
    """Return a number, or a short text of several, of a row."""
    if values.size == 1:
        return f"{float(values.item()):.4g}"
    few = values.ravel().tolist()
    texts = [f"{value:.3g}" for value in few]
    return f"[{', '.join(texts if len(texts) <= 5 else [*texts[:2], '…', *texts[-2:]])}]"


def as_pixels(shape: Any, order: Any) -> tuple[int, int]:
    """Return the height and the width of images whose pixels are in an order."""
    as_choice("order", order, ("F", "C"))
    if not isinstance(shape, Sequence) or isinstance(shape, str) or len(shape) != 2:
        raise ValueError(f"shape must be a pair (height, width), got {shape!r}")
    height, width = (as_count("a side of shape", side) for side in shape)
    return height, width


def images_of(rows: Array, pixels: tuple[int, int], order: Literal["C", "F"]) -> Array:
    """Return each row as an image, column by column ("F") or row by row ("C")."""
    return np.stack([row.reshape(pixels, order=order) for row in rows])


def as_labels(name: str, labels: ArrayLike, n_samples: int | None = None) -> NDArray[np.int64]:
    """Return the class of each sample, from labels or from a column for each class."""
    array = as_numbers(name, labels, np.dtype(np.float64))
    if array.ndim not in (1, 2) or len(array) != (n_samples or len(array)):
        n = "n_samples" if n_samples is None else n_samples
        raise ValueError(f"{name} must have shape ({n},) or ({n}, n_classes), got {array.shape}")
    if array.ndim == 2 and array.shape[1] > 1:
        array = array.argmax(axis=1)
    classes = array.astype(np.int64).ravel()
    wrong = (classes != array.ravel()) | (classes < 0)
    if wrong.any():
        raise ValueError(
            f"{name} must hold class labels 0, 1, 2 ..., got {array.ravel()[wrong][0]}"
        )
    return classes


def n_classes_in(labels: Array, test: tuple[Array, Array] | None) -> int:
    """Return the number of classes, those of the test points included."""
    return 1 + int(max(labels.max(), 0 if test is None else test[1].max()))


def as_test_set(X: Any, y: Any) -> tuple[Array, NDArray[np.int64]] | None:
    """Return the test points and their labels, or None if there are none."""
    if X is None and y is None:
        return None
    if X is None or y is None:
        raise ValueError("X_test and y_test must both be given, or neither, got one of them")
    try:
        points = as_rows(X, 2)
    except (ValueError, TypeError) as error:  # which names X
        raise type(error)(f"X_test: {error}") from None
    return points, as_labels("y_test", y, len(points))


def as_class_names(names: Sequence[str] | None, n_classes: int) -> tuple[str, ...] | None:
    """Return a name for each class, or None."""
    if names is None:
        return None
    if isinstance(names, str) or len(names) < n_classes:
        raise ValueError(f"class_names must be {n_classes} names or more, got {names!r}")
    return tuple(map(str, names))
