"""`plot_network`: a diagram of units, and of edges as wide as their weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from ._style import BLUE, ORANGE, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..network import Network

    Array: TypeAlias = NDArray[Any]
    Places: TypeAlias = dict[int, tuple[float, float]]  # x, y of the drawn units of a layer

MAX_UNITS = 10  # a longer layer is abbreviated
MAX_VALUES = 12  # more edges than this between two layers are drawn without their values
RADIUS, DISTANCE = 0.3, 3.2  # of a unit, and between layers; units of a layer are 1 apart
VALUE_TEXT: dict[str, Any] = {
    "fontsize": 8,
    "horizontalalignment": "center",
    "verticalalignment": "center",
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.5},
    "zorder": 2,
}


def plot_network(
    net: Network,
    *,
    names: Sequence[str] | None = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a network as units and edges; the width of an edge shows the size of its weight.

    If few edges join two layers, the values of weights and biases are written beside them. Of a
    layer with more than ten units, only the first and the last ones are drawn.

    Parameters
    ----------
    net : Network
        The network.
    names : sequence of str, length n_params, optional
        The names of the parameters, unit by unit from the first layer on: the weights of the unit
        in the order of its inputs, then its bias, if it has one. By default there are none.
    input_names : sequence of str, length n_in, optional
        The names to write beside the inputs, by default none.
    output_names : sequence of str, length n_out, optional
        The names to write beside the outputs, by default none.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on, by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If the number of names differs from that of the parameters, inputs or outputs.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.plotting import plot_network
    >>> net = Network(2, [Dense(1, "sigmoid", weights=[[0.5], [-1.0]])])
    >>> ax = plot_network(net, names=["w1", "w2", "b1"], input_names=["weight", "height"])
    >>> [text.get_text() for text in ax.texts if "=" in text.get_text()]
    ['w1 = 0.5', 'w2 = -1', 'b1 = 0']
    """
    _check_names("names", names, net.n_params)
    _check_names("input_names", input_names, net.n_in)
    _check_names("output_names", output_names, net.n_out)
    widths = [net.n_in, *(layer.n_out for layer in net.layers)]
    letters = ["x", *"h" * (len(net.layers) - 1), "o"]
    captions = ["inputs" if net.n_in > 1 else "input", *(layer.activation for layer in net.layers)]
    columns = [_places(width, DISTANCE * k) for k, width in enumerate(widths)]
    tallest = 1 + 2 * max(y for places in columns for _, y in places.values())
    ax = ax or new_axes(DISTANCE * len(columns), tallest + 1)
    for k, places in enumerate(columns):
        _draw_units(ax, places, letters[k])
        caption = f"{widths[k]} {captions[k]}"
        ax.text(DISTANCE * k, -tallest / 2 - 0.2, caption, ha="center", va="top")
    _write_beside(ax, columns[0], input_names, -1)
    _write_beside(ax, columns[-1], output_names, 1)

    largest = max(float(np.abs(W).max()) for W in net.weights) or 1.0
    labels = np.array(names or [""] * net.n_params)
    for k, (W, b) in enumerate(zip(net.weights, net.biases, strict=True)):
        left, right = columns[k : k + 2]
        _draw_edges(ax, W / largest, left, right)
        count = W.size if b is None else W.size + b.size
        own, labels = labels[:count].reshape(W.shape[1], -1), labels[count:]  # a unit a row
        if len(left) * len(right) <= MAX_VALUES:
            _write_values(ax, W, b, own, left, right)

    signs = {"positive weight": ORANGE, "negative weight": BLUE}
    handles = [Line2D([], [], color=color, lw=3, label=sign) for sign, color in signs.items()]
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, frameon=False
    )
    ax.set(
        xlim=(-0.5, DISTANCE * len(net.layers) + 0.5),
        ylim=(-tallest / 2 - 0.4, tallest / 2),
        aspect="equal",
    )
    ax.set_axis_off()
    return ax


def _check_names(what: str, names: Sequence[str] | None, count: int) -> None:
    """Raise unless there is a name for each item, or no names at all."""
    if names is not None and len(names) != count:
        raise ValueError(f"{what} must have length {count}, got {len(names)}")


def _places(n_units: int, x: float) -> Places:
    """Return the places of the drawn units, from top to bottom around y = 0."""
    slots: list[int | None] = list(range(n_units))
    if n_units > MAX_UNITS:
        slots[MAX_UNITS // 2 : n_units - MAX_UNITS // 2 + 1] = [None]
    top = (len(slots) - 1) / 2
    return {unit: (x, top - slot) for slot, unit in enumerate(slots) if unit is not None}


def _draw_units(ax: Axes, places: Places, letter: str) -> None:
    """Draw the units of a layer as numbered circles, with an ellipsis for omitted units."""
    previous = 0
    for unit, (x, y) in places.items():
        ax.add_patch(Circle((x, y), RADIUS, facecolor="white", edgecolor="black", zorder=3))
        ax.text(x, y, f"{letter}{unit + 1}", ha="center", va="center", zorder=4)
        if unit > previous + 1:
            ax.text(x, y + 1, "⋮", ha="center", va="center", fontsize=20)
        previous = unit


def _write_beside(ax: Axes, places: Places, names: Sequence[str] | None, side: int) -> None:
    """Write names to the left (`side` -1) or to the right (1) of their units."""
    if names is None:
        return
    for unit, (x, y) in places.items():
        align = "left" if side > 0 else "right"
        ax.text(x + side * (RADIUS + 0.1), y, names[unit], ha=align, va="center")


def _draw_edges(ax: Axes, W: Array, left: Places, right: Places) -> None:
    """Draw an edge for each weight; one of size 1 is the widest."""
    weights = W[np.ix_(list(left), list(right))].ravel()
    edges = LineCollection(
        [(start, end) for start in left.values() for end in right.values()],
        colors=[BLUE if weight < 0 else ORANGE for weight in weights],
        linewidths=0.3 + 3.7 * np.abs(weights),
        zorder=1,
    )
    ax.add_collection(edges)


def _write_values(
    ax: Axes, W: Array, b: Array | None, labels: Array, left: Places, right: Places
) -> None:
    """Write the weights on their edges, and the biases below their units.

    The weights stand in the one column where all edges are equally far apart, so no two texts meet.
    """
    fewer = min(len(left), len(right))
    t = 1 / (fewer + 1) if len(right) < len(left) else fewer / (fewer + 1)
    for unit, (x_end, y_end) in right.items():
        for source, (x, y) in left.items():
            ax.text(
                x + t * (x_end - x),
                y + t * (y_end - y),
                _text(labels[unit, source], W[source, unit]),
                **VALUE_TEXT,
            )
        if b is not None:
            bias = _text(labels[unit, -1] or "b", b[unit])
            ax.text(x_end, y_end - RADIUS - 0.15, bias, **VALUE_TEXT)


def _text(name: str, value: float) -> str:
    """Return ``name = value``, or the value alone."""
    return f"{name} = {value:.3g}" if name else f"{value:.3g}"
