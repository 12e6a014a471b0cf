"""What a network with two inputs answers over the plane: its outputs, or each unit of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from matplotlib.lines import Line2D

from .._checks.arrays import Array, as_numbers
from .._checks.scalars import as_integer
from ..core.heads import HEADS
from ._data import as_class_names, as_labels, as_rows, as_test_set, n_classes_in
from ._plane import answers_on, check_two_inputs, draw_points, plane_around, points_on, shape_of
from ._style import (
    Display,
    add_colorbar,
    add_legend,
    add_legend_beside,
    color_of,
    ink_of,
    marker_of,
    new_axes,
    tinted,
    tinted_scale,
)
from ._tiles import Tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from ..network import Network

GRID = 200  # points along each axis of a decision surface
UNIT_GRID = 100  # and of the surface of a hidden unit
MAX_UNITS = 64  # of a wider layer, the first ones are drawn
OF_ROWS = ("softmax", *HEADS)  # activations of all z of a row: no z parts the plane alone
MAX_POINTS = 150  # in the tile of a unit; of more samples, every second, third ... is drawn


@dataclass(eq=False)
class DecisionSurfaceDisplay(Display):  # numpydoc ignore=PR02
    """The outputs of a network with two inputs over the plane, and samples on top.

    One output, or the second of two, is drawn in 25 filled levels, centred on 0.5, from dark (class
    0) to light (class 1), with the 0.5 contour. For three or more outputs, the region in which each
    is the largest is drawn. Training points are filled, test points are hollow.

    `from_network` computes the surface and draws it.

    Parameters
    ----------
    x1, x2 : ndarray, shape (n,)
        The coordinates of the columns and of the rows of the grid.
    answers : ndarray, shape (n, n, n_out)
        The outputs, of x2 (row) and x1 (column).
    points, labels : ndarray, shape (n_samples, 2) and (n_samples,)
        The training points and their classes.
    test : tuple of ndarray, or None
        The test points and their classes.
    class_names : tuple of str, or None
        The names of the classes.
    title : str
        The title, by default "Decision surface".

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        The figure that holds them.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.datasets import load_moons
    >>> from fastnn.plotting import DecisionSurfaceDisplay
    >>> X_train, X_test, y_train, y_test = load_moons()
    >>> net = Network(2, [Dense(5, "tanh"), Dense(2, "sigmoid")], seed=0)
    >>> display = DecisionSurfaceDisplay.from_network(net, X_train, y_train, X_test, y_test)
    >>> display.ax_.get_title()
    'Decision surface, 2-5-2'
    """

    x1: Array
    x2: Array
    answers: Array
    points: Array
    labels: Array
    test: tuple[Array, Array] | None = None
    class_names: tuple[str, ...] | None = None
    title: str = "Decision surface"

    @classmethod
    def from_network(
        cls,
        net: Network,
        X: ArrayLike,
        y: ArrayLike,
        X_test: ArrayLike | None = None,
        y_test: ArrayLike | None = None,
        *,
        class_names: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Compute the outputs over the plane, and draw them.

        Parameters
        ----------
        net : Network
            The network, with ``n_in == 2``.
        X : array_like, shape (n_samples, 2)
            The coordinates of the training samples. The plot extends a tenth of the range of all
            samples beyond them.
        y : array_like, shape (n_samples,), (n_samples, 1) or (n_samples, n_classes)
            The class labels 0, 1, 2 ...; of several columns, the largest gives the class.
        X_test, y_test : array_like, optional
            The test samples and their labels, as `X` and `y`, by default none.
        class_names : sequence of str, optional
            The names of the classes, by default "class 0", "class 1" ....
        ax : matplotlib.axes.Axes, optional
            The axes to draw on, by default those of a new figure.

        Returns
        -------
        DecisionSurfaceDisplay
            The picture.

        Raises
        ------
        TypeError
            If an array does not hold real numbers.
        ValueError
            If `net` does not have two inputs, shapes do not match, inputs or outputs are not
            finite, labels are not whole numbers from 0, or a class has no name.
        """
        check_two_inputs(net)
        points = as_rows(X, 2)
        labels = as_labels("y", y, len(points))
        test = as_test_set(X_test, y_test)
        names = as_class_names(class_names, n_classes_in(labels, test))
        x1, x2 = plane_around(points, GRID, test)
        answers = answers_on(net, x1, x2)
        title = f"Decision surface, {shape_of(net)}"
        return cls(x1, x2, answers, points, labels, test, names, title).plot(ax)

    def _drawn_on(self, ax: Axes | None) -> Axes:
        """Draw the surface and the samples."""
        ax = ax or new_axes(5)
        lines = self._draw_surface(ax)
        names, n_all = self.class_names, len(self.points)
        if self.test is None:
            draw_points(ax, self.points, self.labels, names, n_all=n_all)
        else:
            n_all += len(self.test[0])
            draw_points(ax, self.points, self.labels, names, n_all=n_all, kind="training")
            draw_points(ax, *self.test, names, n_all=n_all, kind="test", hollow=True)
        x1, x2 = self.x1, self.x2
        ax.set(title=self.title, xlim=(x1[0], x1[-1]), ylim=(x2[0], x2[-1]))
        ax.set(xlabel="$x_1$", ylabel="$x_2$")
        add_legend_beside(ax, handles=[*ax.get_legend_handles_labels()[0], *lines])
        return ax

    def _draw_surface(self, ax: Axes) -> list[Line2D]:
        """Draw the outputs, and return what the legend shows of them."""
        x1, x2, ink = self.x1, self.x2, ink_of(ax)
        n_out = self.answers.shape[-1]
        if n_out > 2:
            region = self.answers.argmax(axis=2)
            colors = np.array([tinted(color_of(k), ax) for k in range(n_out)])
            ax.imshow(
                colors[region],
                extent=(x1[0], x1[-1], x2[0], x2[-1]),
                origin="lower",
                aspect="auto",
            )
            for k in np.unique(region) if np.ptp(region) else ():
                lead = self.answers[:, :, k] - np.delete(self.answers, k, axis=2).max(axis=2)
                ax.contour(x1, x2, lead, levels=[0.0], colors=[ink], linewidths=1.5)
            return []
        surface = self.answers[:, :, -1]
        reach = max(0.5, abs(surface - 0.5).max())
        levels = np.linspace(0.5 - reach, 0.5 + reach, 26)
        ax.contourf(x1, x2, surface, levels=levels, cmap=tinted_scale(ax))
        if not surface.min() < 0.5 < surface.max():
            return []
        ax.contour(x1, x2, surface, levels=[0.5], colors=[ink], linewidths=2)
        return [Line2D([], [], color=ink, linewidth=2, label="output 0.5")]


@dataclass(eq=False)
class HiddenUnitsDisplay(Display):  # numpydoc ignore=PR02
    """What each unit of a layer makes of the plane, for a network with two inputs.

    `from_network` computes the activations and draws them, one tile for each unit, all on one
    scale, with the line on which z is 0 and at most 150 of the samples on top. Units of
    softmax, ascending and mean_and_spread have no such line: z = 0 of one parts nothing.

    Parameters
    ----------
    x1, x2 : ndarray, shape (n,)
        The coordinates of the columns and of the rows of the grid.
    z, a : ndarray, shape (n, n, n_units)
        The pre-activations and the activations of the units that are drawn, of x2 (row) and x1
        (column).
    points, labels : ndarray, shape (n_samples, 2) and (n_samples,)
        The samples and their classes.
    title : str
        The title, by default "Units".
    lines : bool
        Whether the lines on which z is 0 are drawn, by default True.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        The figure that holds them.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.datasets import load_moons
    >>> from fastnn.plotting import HiddenUnitsDisplay
    >>> X_train, X_test, y_train, y_test = load_moons()
    >>> net = Network(2, [Dense(5, "tanh"), Dense(2, "sigmoid")], seed=0)
    >>> ax = HiddenUnitsDisplay.from_network(net, X_test, y_test).ax_
    >>> ax.get_title(), len(ax.images)
    ('Layer 0, 5 tanh', 5)
    """

    x1: Array
    x2: Array
    z: Array
    a: Array
    points: Array
    labels: Array
    title: str = "Units"
    lines: bool = True

    @classmethod
    def from_network(
        cls,
        net: Network,
        X: ArrayLike,
        y: ArrayLike,
        *,
        layer: int = 0,
        ax: Axes | None = None,
    ) -> Self:
        """Compute the activations over the plane, and draw them; of more than 64, the first.

        Parameters
        ----------
        net : Network
            The network, with ``n_in == 2``.
        X : array_like, shape (n_samples, 2)
            The coordinates of the samples. Each tile extends a tenth of their range beyond them.
        y : array_like, shape (n_samples,), (n_samples, 1) or (n_samples, n_classes)
            The class labels 0, 1, 2 ...; of several columns, the largest gives the class.
        layer : int
            The layer, by default 0, the first hidden one.
        ax : matplotlib.axes.Axes, optional
            The axes to draw on, by default those of a new figure.

        Returns
        -------
        HiddenUnitsDisplay
            The picture.

        Raises
        ------
        TypeError
            If an array does not hold real numbers, or `layer` is not an int.
        ValueError
            If `net` does not have two inputs or that layer, shapes do not match, inputs or
            activations are not finite, or labels are not whole numbers from 0.
        """
        check_two_inputs(net)
        layer = as_integer("layer", layer)
        if not 0 <= layer < net.n_layers:
            raise ValueError(f"layer must be from 0 to {net.n_layers - 1}, got {layer}")
        points = as_rows(X, 2)
        labels = as_labels("y", y, len(points))
        x1, x2 = plane_around(points, UNIT_GRID)
        plane = points_on(x1, x2)
        tables = (plane, *net.hidden(plane))
        W, b = net.weights[layer], net.biases[layer]
        with np.errstate(all="ignore"):  # not finite is an error below
            z = tables[layer] @ W + (0 if b is None else b)
        z, a = (
            as_numbers(f"{what} of layer {layer}", table[:, :MAX_UNITS], np.dtype(np.float64))
            for what, table in (("z", z), ("a", tables[layer + 1]))
        )
        shape = (len(x2), len(x1), -1)
        n_units = W.shape[1]
        some = "" if n_units <= MAX_UNITS else f"the first {MAX_UNITS} of "
        activation = net.layers[layer].activation
        title, lines = f"Layer {layer}, {some}{n_units} {activation}", activation not in OF_ROWS
        z, a = z.reshape(shape), a.reshape(shape)
        return cls(x1, x2, z, a, points, labels, title, lines).plot(ax)

    def _drawn_on(self, ax: Axes | None) -> Axes:
        """Draw the units."""
        x1, x2 = self.x1, self.x2
        low, span = np.array([x1[0], x2[0]]), np.array([np.ptp(x1), np.ptp(x2)])
        every = -(-len(self.points) // MAX_POINTS)
        points, labels = self.points[::every], self.labels[::every]
        tiles = Tiles(self.a.shape[-1], 1.0, 0.75, titled=True)
        ax = ax or tiles.new_axes(2.4, beside=1.3)
        for unit in range(tiles.n_tiles):
            left, right, bottom, top = tiles.extent(unit)
            drawn = ax.imshow(
                self.a[::-1, :, unit],
                cmap=tinted_scale(ax),
                vmin=self.a.min(),
                vmax=self.a.max(),
                extent=(left, right, bottom, top),
                aspect="auto",
            )
            z = self.z[:, :, unit]
            at = (points - low) / span * (right - left, top - bottom) + (left, bottom)
            for label in np.unique(labels):
                columns, rows = at[labels == label].T
                ax.scatter(
                    columns,
                    rows,
                    s=200 / tiles.n_columns**2,
                    marker=marker_of(label),
                    color=color_of(label),
                    edgecolors="black",
                    linewidths=1 / tiles.n_columns,
                    label=f"class {label}" if unit == 0 else None,
                )
            if self.lines and z.min() < 0 < z.max():
                grid = np.linspace(left, right, len(x1)), np.linspace(bottom, top, len(x2))
                ax.contour(*grid, z, levels=[0], colors=[ink_of(ax)], linewidths=1.2)
            tiles.write(ax, unit, f"unit {unit + 1}", fontsize=9)
        tiles.finish(ax)
        ax.set_title(self.title)
        add_legend(
            ax,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            ncols=5,
            frameon=False,
            markerscale=tiles.n_columns / 2,
        )
        add_colorbar(ax, drawn, "activation a" + " (line: z = 0)" * self.lines)
        return ax
