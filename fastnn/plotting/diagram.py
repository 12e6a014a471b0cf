"""`NetworkDisplay`: units, edges as wide as their weights, and a sample that flows through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from .._checks.arrays import Array
from ._data import as_network, as_tables, row_text
from ._plane import shape_of
from ._style import BLUE, ORANGE, RED, WIDTH, Display, add_legend, ink_of, new_axes, paper_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from ..network import LayerTrace, Network

    Places: TypeAlias = dict[int, tuple[float, float]]  # x, y of the drawn units of a layer

MAX_UNITS, MAX_FLOW = 10, 6  # a longer layer is abbreviated; where a sample flows, sooner
MAX_VALUES = 12  # more edges than this between two layers are drawn without their values
MAX_WORDS = 6  # more edges than this have a bare gradient, without "dL/dw ="
SIDE = 0.9  # inches beside the outer layers, for the names of inputs and outputs
RADIUS, LINE = 0.26, 0.15  # inches: of a unit, and from line to line of what is written below it
SMALL = 8  # points, of values
BACKWARD: dict[str, Any] = {"color": RED, "fontstyle": "italic"}


@dataclass(eq=False)
class NetworkDisplay(Display):  # numpydoc ignore=PR02
    """A network as units and edges; the width of an edge shows the size of its weight.

    If few edges join two layers, the values of weights and biases are written beside them. Of a
    layer with more than ten units, only the first and the last ones are drawn.

    `from_network` draws the network alone. `from_trace` also draws one sample that flows through
    it: forward z and a = f(z) below each unit; backward, in red italics, delta = dL/dz below each
    unit and dL/dw below each weight. The gradient of a bias is its unit's delta.

    Parameters
    ----------
    net : Network
        The network. `plot` draws the weights that it has then.
    names, input_names, output_names : sequence of str, or None
        The names of the parameters, inputs and outputs.
    x, y : ndarray, shape (n_in,) and (n_targets,), or None
        The sample that flows through, and its target as given, those of heads side by side.
    trace : tuple of LayerTrace, or None
        What `Network.trace` returned for the sample.
    loss : float or None
        The loss of the sample.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        The figure that holds them.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.plotting import NetworkDisplay
    >>> net = Network(2, [Dense(1, "sigmoid", weights=[[0.5], [-1.0]])], loss="half_sse")
    >>> options = {"names": ["w1", "w2", "b1"], "input_names": ["weight", "height"]}
    >>> ax = NetworkDisplay.from_network(net, **options).ax_
    >>> [text.get_text() for text in ax.texts if "=" in text.get_text()]
    ['w1 = 0.5', 'w2 = -1', 'b1 = 0']
    >>> ax = NetworkDisplay.from_trace(net, [2.0, 1.0], 1.0, **options).ax_
    >>> [text.get_text() for text in ax.texts if "dL/dw" in text.get_text()]
    ['dL/dw1 = -0.25', 'dL/dw2 = -0.125']
    """

    net: Network
    names: Sequence[str] | None = None
    input_names: Sequence[str] | None = None
    output_names: Sequence[str] | None = None
    x: Array | None = None
    y: Any = None
    trace: Sequence[LayerTrace] | None = None
    loss: float | None = None

    def __post_init__(self) -> None:
        as_network(self.net)
        counts = {"names": self.net.n_params, "input_names": self.net.n_in}
        for what, count in {**counts, "output_names": self.net.n_out}.items():
            names = getattr(self, what)
            if names is not None and (isinstance(names, str) or len(names) != count):
                raise ValueError(f"{what} must have length {count}, got {len(names)}")

    @classmethod
    def from_network(
        cls,
        net: Network,
        *,
        names: Sequence[str] | None = None,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw a network.

        Parameters
        ----------
        net : Network
            The network.
        names : sequence of str, length n_params, optional
            The names of the parameters, unit by unit from the first layer on: the weights of the
            unit in the order of its inputs, then its bias, if it has one. By default there are
            none.
        input_names : sequence of str, length n_in, optional
            The names to write beside the inputs, by default none.
        output_names : sequence of str, length n_out, optional
            The names to write beside the outputs, by default none.
        ax : matplotlib.axes.Axes, optional
            The axes to draw on, by default those of a new figure.

        Returns
        -------
        NetworkDisplay
            The picture.

        Raises
        ------
        ValueError
            If the number of names differs from that of the parameters, inputs or outputs.
        """
        return cls(net, names, input_names, output_names).plot(ax)

    @classmethod
    def from_trace(
        cls,
        net: Network,
        x: ArrayLike,
        y: ArrayLike,
        *,
        names: Sequence[str] | None = None,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw a network and one sample that flows through it, forward and backward.

        Parameters
        ----------
        net : Network
            The network.
        x : array_like, shape (n_in,)
            The inputs of the sample.
        y : array_like
            Its target, as `Network.trace` takes it.
        names, input_names, output_names : sequence of str, optional
            The names of the parameters, inputs and outputs, as in `from_network`, by default none.
        ax : matplotlib.axes.Axes, optional
            The axes to draw on, by default those of a new figure.

        Returns
        -------
        NetworkDisplay
            The picture.

        Raises
        ------
        ValueError, TypeError
            If `x` is not one row, the sample is not as `Network.trace` takes it, or the number of
            names differs from that of the parameters, inputs or outputs.
        """
        as_network(net)
        if np.ndim(x) != 1:
            raise ValueError(f"x must be one row, of shape ({net.n_in},), got {np.shape(x)}")
        trace = net.trace(x, y)
        row = np.array(x, dtype=np.float64)
        tables = as_tables(net, y)
        loss = net.loss(row[np.newaxis], tables if len(tables) > 1 else tables[0])
        target = np.concatenate([np.ravel(table) for table in tables])
        return cls(net, names, input_names, output_names, row, target, trace, loss).plot(ax)

    def _drawn_on(self, ax: Axes | None) -> Axes:
        """Draw the network, and the sample if there is one."""
        net, flows = self.net, self.trace is not None
        widths = [net.n_in, *(layer.n_out for layer in net.layers)]
        most = MAX_FLOW if flows else MAX_UNITS
        apart = _distance(widths, flows=flows, most=most)
        across = (WIDTH - 2 * SIDE) / net.n_layers
        columns = [_places(n, across * k, apart, most) for k, n in enumerate(widths)]
        half = max(max(y for _, y in places.values()) for places in columns)
        bottom = -half - RADIUS - (4.5 if flows else 1.5) * LINE
        ax = ax or new_axes(half + RADIUS - bottom + 1.1)
        ax.set(xlim=(-SIDE, WIDTH - SIDE), ylim=(bottom - 0.3, half + RADIUS + 0.05))
        ax.set_aspect("equal")
        ax.set_axis_off()
        self._draw_edges(ax, columns)
        self._draw_layers(ax, columns, widths, bottom)
        _write_beside(ax, columns[0], self.input_names, -1)
        _write_beside(ax, columns[-1], self.output_names, 1)
        self._explain(ax)
        return ax

    def _draw_layers(
        self, ax: Axes, columns: list[Places], widths: list[int], bottom: float
    ) -> None:
        """Draw the units of each layer, what flows through them, and its caption."""
        layers = self.net.layers
        letters = ["x", *"h" * (len(layers) - 1), "o"]
        kinds = [
            "inputs" if widths[0] > 1 else "input",
            *(str(layer.activation) for layer in layers),
        ]
        biases = [None, *self.net.biases]
        for k, places in enumerate(columns):
            _draw_units(ax, places, letters[k])
            middle = next(iter(places.values()))[0]
            ax.text(
                middle, bottom, f"{widths[k]} {kinds[k]}", ha="center", va="top", color=ink_of(ax)
            )
            n_edges = len(columns[k - 1]) * len(places) if k else 0
            for unit, (x, y) in places.items():
                lines: list[tuple[str, dict[str, Any]]] = []
                b = biases[k]
                if b is not None and n_edges <= MAX_VALUES:
                    lines.append((_text(self._name_of(k - 1, unit, None) or "b", b[unit]), {}))
                if self.trace is not None and k == 0 and self.x is not None:
                    lines.append((f"{self.x[unit]:.3g}", {}))
                elif self.trace is not None:
                    step = self.trace[k - 1]
                    lines += [(_text("z", step.z[unit]), {}), (_text("a", step.a[unit]), {})]
                    lines.append((_text("δ", step.delta[unit]), BACKWARD))
                for number, (text, style) in enumerate(lines, 1):
                    _write(ax, x, y - RADIUS + (0.4 - number) * LINE, text, **style)

    def _draw_edges(self, ax: Axes, columns: list[Places]) -> None:
        """Draw an edge for each weight, and write the weights where they are few."""
        net = self.net
        largest = max(float(np.abs(W).max()) for W in net.weights) or 1.0
        for k, W in enumerate(net.weights):
            left, right = columns[k : k + 2]
            weights = W[np.ix_(list(left), list(right))].ravel()
            ax.add_collection(
                LineCollection(
                    [(start, end) for start in left.values() for end in right.values()],
                    colors=[BLUE if weight < 0 else ORANGE for weight in weights],
                    linestyles=["--" if weight < 0 else "-" for weight in weights],
                    linewidths=0.3 + 3.7 * np.abs(weights) / largest,
                    zorder=1,
                )
            )
            if len(weights) <= MAX_VALUES:
                self._write_weights(ax, k, left, right)

    def _write_weights(self, ax: Axes, k: int, left: Places, right: Places) -> None:
        """Write the weights of layer `k` on their edges, and their gradients below them.

        They stand in the one column where all edges are equally far apart, so no two texts meet.
        """
        W = self.net.weights[k]
        fewer = min(len(left), len(right))
        t = 1 / (fewer + 1) if len(right) < len(left) else fewer / (fewer + 1)
        shift = 0.0 if self.trace is None else LINE / 2
        for unit, (x_end, y_end) in right.items():
            for source, (x, y) in left.items():
                place = x + t * (x_end - x), y + t * (y_end - y)
                name = self._name_of(k, unit, source)
                _write(ax, place[0], place[1] + shift, _text(name, W[source, unit]))
                if self.trace is not None:
                    words = len(left) * len(right) <= MAX_WORDS
                    gradient = self.trace[k].grad_W[source, unit]
                    text = _text(f"dL/d{name or 'w'}" if words else "", gradient)
                    below = place[1] - shift
                    _write(ax, place[0], below, text, **BACKWARD)

    def _name_of(self, k: int, unit: int, source: int | None) -> str:
        """Return the name of a weight of layer `k`, or without a source that of a bias."""
        if self.names is None:
            return ""
        first = 0
        for W, b in zip(self.net.weights[:k], self.net.biases[:k], strict=True):
            first += W.size + (0 if b is None else b.size)
        n_in = self.net.weights[k].shape[0]
        n_own = n_in + (self.net.biases[k] is not None)
        number: int = first + unit * n_own + (n_in if source is None else source)
        return self.names[number]

    def _explain(self, ax: Axes) -> None:
        """Write the title and the legend."""
        lines = [("positive weight", ORANGE, "-"), ("negative weight", BLUE, "--")]
        handles = [Line2D([], [], color=c, ls=style, lw=3, label=name) for name, c, style in lines]
        title = f"Network {shape_of(self.net)}"
        if self.trace is not None and self.x is not None:
            x, y = row_text(self.x), row_text(np.asarray(self.y, dtype=np.float64))
            title += f", one sample: x = {x}, y = {y}, loss L = {self.loss:.3g}"
            has_bias = any(b is not None for b in self.net.biases)
            forward = f"forward: z = x W{' + b' * has_bias}, a = f(z)"
            backward = f"backward, in italics: δ = dL/dz{' = dL/db' * has_bias}, and dL/dw"
            handles += [Line2D([], [], ls="", label=text) for text in (forward, backward)]
        ax.set_title(title, fontsize=11)
        add_legend(
            ax,
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            ncols=2,
            frameon=False,
            fontsize=9,
            handlelength=3.5,
        )


def _write(ax: Axes, x: float, y: float, text: str, **options: Any) -> None:
    """Write a value, legible also above an edge."""
    box = {"facecolor": paper_of(ax), "edgecolor": "none", "pad": 2.2}
    style: dict[str, Any] = {"color": ink_of(ax), "fontsize": SMALL, "bbox": box, "zorder": 2}
    ax.text(x, y, text, ha="center", va="center", **(style | options))


def _distance(widths: list[int], *, flows: bool, most: int) -> float:
    """Return the inches from unit to unit: as little as the texts below them allow."""
    if flows:
        return 2 * RADIUS + 5.2 * LINE
    return 1.0 if min(max(widths), most) <= 6 else 0.72


def _places(n_units: int, x: float, apart: float, most: int) -> Places:
    """Return the places of the drawn units, from top to bottom around y = 0."""
    slots: list[int | None] = list(range(n_units))
    if n_units > most:
        slots[most // 2 : n_units - most // 2 + 1] = [None]
    top = apart * (len(slots) - 1) / 2
    return {unit: (x, top - apart * k) for k, unit in enumerate(slots) if unit is not None}


def _draw_units(ax: Axes, places: Places, letter: str) -> None:
    """Draw the units of a layer as numbered circles, with an ellipsis for omitted units."""
    previous = next(iter(places))
    ink = ink_of(ax)
    for unit, (x, y) in places.items():
        ax.add_patch(Circle((x, y), RADIUS, facecolor=paper_of(ax), edgecolor=ink, zorder=3))
        name = f"{letter}{unit + 1}"
        size = 10 if len(name) < 4 else 8
        ax.text(x, y, name, ha="center", va="center", fontsize=size, color=ink, zorder=4)
        if unit > previous + 1:
            above = (y + places[previous][1]) / 2
            ax.text(x, above, "⋮", ha="center", va="center", fontsize=20, color=ink)
        previous = unit


def _write_beside(ax: Axes, places: Places, names: Sequence[str] | None, side: int) -> None:
    """Write names to the left (`side` -1) or to the right (1) of their units."""
    if names is None:
        return
    for unit, (x, y) in places.items():
        align = "left" if side > 0 else "right"
        place = x + side * (RADIUS + 0.06)
        ax.text(place, y, names[unit], ha=align, va="center", fontsize=9, color=ink_of(ax))


def _text(name: str, value: float) -> str:
    """Return ``name = value``, or the value alone."""
    return f"{name} = {value:.3g}" if name else f"{value:.3g}"
