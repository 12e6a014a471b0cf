"""The plane of two inputs: points by class, a grid around them, and a network's outputs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._checks.arrays import Array, as_numbers
from ._data import as_network
from ._style import color_of, marker_of, paper_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..network import Network


def check_two_inputs(net: Network) -> None:
    """Raise unless a plane holds all inputs, and there is one output to draw over it."""
    if as_network(net).n_in != 2:
        raise ValueError(f"net must have 2 inputs, got {net.n_in}")
    if net.loss_function.parts:
        raise ValueError(
            f"net must have one output, got {net.layers[-1]}: draw a head of it, as "
            "Network(2, [*net.layers[:-1], net.layers[-1].heads[0]])"
        )


def shape_of(net: Network) -> str:
    """Return the widths of a network, as in 2-5-1."""
    return "-".join(str(n) for n in (net.n_in, *(layer.n_out for layer in net.layers)))


def plane_around(
    points: Array, n: int, test: tuple[Array, Array] | None = None
) -> tuple[Array, Array]:
    """Return the columns x1 and the rows x2 of a grid that extends a tenth beyond all points."""
    if test is not None:
        points = np.concatenate([points, test[0]])
    margin = 0.1 * np.ptp(points, axis=0)
    margin[margin == 0] = 0.5  # a single point, or all on a line, still needs a plane around it
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    x1, x2 = np.linspace(low, high, n).T
    return x1, x2


def answers_on(net: Network, x1: Array, x2: Array) -> Array:
    """Return the outputs on a grid; raise unless they are finite."""
    answers = net.predict(points_on(x1, x2))
    answers = as_numbers("the answers of net", answers, np.dtype(np.float64))
    return answers.reshape(len(x2), len(x1), net.n_out)


def points_on(x1: Array, x2: Array) -> Array:
    """Return the points of a grid, row by row."""
    columns, rows = np.meshgrid(x1, x2)
    return np.column_stack([columns.ravel(), rows.ravel()])


def draw_points(
    ax: Axes,
    points: Array,
    labels: Array,
    class_names: tuple[str, ...] | None,
    *,
    n_all: int,
    kind: str = "",
    hollow: bool = False,
) -> None:
    """Draw points by class, of `n_all`; hollow ones are larger, and filled with the paper."""
    size = float(np.clip(6000 / n_all, 18, 60)) * (1.4 if hollow else 1.0)
    for label in np.unique(labels):
        name = f"class {label}" if class_names is None else class_names[label]
        x1, x2 = points[labels == label].T
        ax.scatter(
            x1,
            x2,
            s=size,
            marker=marker_of(label),
            facecolors=[paper_of(ax)] if hollow else color_of(label),
            edgecolors=color_of(label) if hollow else "black",
            linewidths=1.3 if hollow else 0.4,
            label=f"{name}, {kind}" if kind else name,
            zorder=3 if hollow else 2.5,
        )
