"""Plots of data: images and points with their labels, and the decision surface of a network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import Rectangle

from .._checks.arrays import as_flag, as_numbers
from .._checks.inputs import as_samples, as_table
from ._style import RED, color_of, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from ..network import Network

MARKERS = "o^sDvP*X<>"
GRID = 200  # points along each axis of a decision surface


def plot_samples(
    X: ArrayLike,
    y: ArrayLike | None = None,
    predicted: ArrayLike | None = None,
    *,
    shape: tuple[int, int] = (20, 20),
    order: Literal["C", "F"] = "F",
    ax: Axes | None = None,
) -> Axes:
    """Draw every row of `X` as an image with its label, and frame wrong predictions.

    Parameters
    ----------
    X : array_like, shape (n_samples, height * width)
        The images, one in each row. All share one scale of grey, from the smallest value (white)
        to the largest (black).
    y, predicted : array_like, shape (n_samples,), (n_samples, 1) or (n_samples, n_out), optional
        The true and the predicted labels, by default none; of several columns, the largest gives
        the label.
    shape : tuple of int
        The height and the width of an image in pixels, by default (20, 20).
    order : {"F", "C"}
        Whether a row of `X` holds its image column by column ("F") or row by row ("C"), by default
        "F".
    ax : matplotlib.axes.Axes, optional
        The axes to draw on, by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    TypeError
        If an array does not hold real numbers.
    ValueError
        If shapes do not match, numbers are not finite, or labels are not whole numbers from 0.

    Examples
    --------
    >>> from fastnn.datasets import load_digits
    >>> from fastnn.plotting import plot_samples
    >>> X, y = load_digits()
    >>> ax = plot_samples(X[::625], y[::625], predicted=[0, 1, 2, 3, 5, 6, 7, 9])
    >>> ax.get_title()
    'true → predicted, 1 of 8 wrong'
    """
    height, width = shape
    images = as_table(as_samples(X, height * width, np.dtype(np.float64)), height * width)
    n_samples = len(images)
    true = None if y is None else _as_labels("y", y, n_samples)
    said = None if predicted is None else _as_labels("predicted", predicted, n_samples)
    labelled = true is not None or said is not None
    n_columns = math.ceil(math.sqrt(n_samples))
    n_rows = math.ceil(n_samples / n_columns)
    right, down = 1.15 * width, (1.5 if labelled else 1.15) * height

    ax = ax or new_axes(max(4, n_columns), n_rows * down / right + 0.5)  # the title fits in 4
    for number, row in enumerate(images):
        left, top = number % n_columns * right, number // n_columns * down
        ax.imshow(
            row.reshape(shape, order=order),
            cmap="gray_r",
            vmin=images.min(),
            vmax=images.max(),
            extent=(left, left + width, top + height, top),
        )
        wrong = true is not None and said is not None and true[number] != said[number]
        color, line = (RED, 3.0) if wrong else ("0.8", 1.0)
        ax.add_patch(Rectangle((left, top), width, height, fill=False, ec=color, lw=line))
        if labelled:
            shown = [str(labels[number]) for labels in (true, said) if labels is not None]
            ax.text(
                left + width / 2,
                top - 0.08 * height,
                " → ".join(shown),
                color=RED if wrong else "black",
                fontweight="bold" if wrong else "normal",
                ha="center",
                va="bottom",
            )
    bottom = n_rows * down - 0.1 * height
    ax.set(xlim=(-1, n_columns * right), ylim=(bottom, height - down))
    ax.set_axis_off()
    if true is not None and said is not None:
        ax.set_title(f"true → predicted, {np.sum(true != said)} of {n_samples} wrong")
    return ax


def plot_points(X: ArrayLike, y: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw samples of two features as points, with a colour and a marker for each class.

    Parameters
    ----------
    X : array_like, shape (n_samples, 2)
        The coordinates of the points.
    y : array_like, shape (n_samples,), (n_samples, 1) or (n_samples, n_classes)
        The class labels 0, 1, 2 ...; of several columns, the largest gives the class.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on, by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    TypeError
        If an array does not hold real numbers.
    ValueError
        If shapes do not match, numbers are not finite, or labels are not whole numbers from 0.

    Examples
    --------
    >>> from fastnn.datasets import load_moons
    >>> from fastnn.plotting import plot_points
    >>> X_train, X_test, y_train, y_test = load_moons()
    >>> ax = plot_points(X_train, y_train)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['class 0', 'class 1']
    """
    points = as_table(as_samples(X, 2, np.dtype(np.float64)), 2)
    labels = _as_labels("y", y, len(points))
    ax = ax or new_axes(8, 5)
    for label in np.unique(labels):
        x1, x2 = points[labels == label].T
        ax.scatter(
            x1,
            x2,
            s=25,
            marker=MARKERS[label % len(MARKERS)],
            color=color_of(label),
            edgecolors="black",
            linewidths=0.5,
            label=f"class {label}",
        )
    ax.set(xlabel="$x_1$", ylabel="$x_2$", title=f"{len(points)} samples")
    ax.legend()
    return ax


def plot_decision_surface(
    net: Network, X: ArrayLike, y: ArrayLike, *, dark: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw the outputs of a network with two inputs over the plane, and samples on top.

    One output, or the second of two, is drawn in 25 filled levels, centred on 0.5, with the
    0.5 contour. For three or more outputs, the region in which each is the largest is drawn.

    Parameters
    ----------
    net : Network
        The network, with ``n_in == 2``.
    X : array_like, shape (n_samples, 2)
        The coordinates of the samples. The plot extends a tenth of their range beyond them.
    y : array_like, shape (n_samples,), (n_samples, 1) or (n_samples, n_classes)
        The class labels 0, 1, 2 ...; of several columns, the largest gives the class.
    dark : bool
        Whether to give the whole figure of `ax` a dark background, by default False.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on, by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    TypeError
        If an array does not hold real numbers.
    ValueError
        If `net` does not have two inputs, shapes do not match, inputs or outputs are not finite, or
        labels are not whole numbers from 0.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.datasets import load_moons
    >>> from fastnn.plotting import plot_decision_surface
    >>> X_train, X_test, y_train, y_test = load_moons()
    >>> net = Network(2, [Dense(5, "tanh"), Dense(2, "sigmoid")], seed=0)
    >>> ax = plot_decision_surface(net, X_test, y_test)
    >>> ax.get_title()
    'Decision surface, 2-5-2'
    """
    dark = as_flag("dark", dark)
    if net.n_in != 2:
        raise ValueError(f"net must have 2 inputs, got {net.n_in}")
    if net.loss_function.parts:
        raise ValueError(
            f"net must have one output, got {net.layers[-1]}: draw a head of it, as "
            "Network(2, [*net.layers[:-1], net.layers[-1].heads[0]])"
        )
    points = as_table(as_samples(X, 2, np.dtype(np.float64)), 2)
    labels = _as_labels("y", y, len(points))
    margin = 0.1 * np.ptp(points, axis=0)
    margin[margin == 0] = 0.5  # a single point, or all on a line, still needs a plane around it
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    x1, x2 = np.meshgrid(*np.linspace(low, high, GRID).T)
    plane = np.column_stack([x1.ravel(), x2.ravel()])
    answers = as_numbers("the answers of net", net.predict(plane), np.dtype(np.float64))
    answers = answers.reshape(*x1.shape, net.n_out)
    ink, paper = ("white", "black") if dark else ("black", "white")
    colors = np.array([to_rgb(color_of(k)) for k in range(max(2, net.n_out))])
    tints = 0.5 * colors + 0.5 * np.array(to_rgb(paper))  # the points, in full colour, stand out
    ax = ax or new_axes(8, 5)
    if net.n_out > 2:
        ax.imshow(
            tints[answers.argmax(axis=2)],
            extent=(low[0], high[0], low[1], high[1]),
            origin="lower",
            aspect="auto",
        )
    else:
        surface = answers[:, :, -1]
        reach = max(0.5, abs(surface - 0.5).max())
        levels = np.linspace(0.5 - reach, 0.5 + reach, 26)
        shades = LinearSegmentedColormap.from_list("surface", [tints[0], paper, tints[1]])
        ax.contourf(x1, x2, surface, levels=levels, cmap=shades)
        if surface.min() < 0.5 < surface.max():
            ax.contour(x1, x2, surface, levels=[0.5], colors=ink, linewidths=2)
    plot_points(points, labels, ax=ax)
    widths = "-".join(str(n) for n in (net.n_in, *(layer.n_out for layer in net.layers)))
    ax.set(title=f"Decision surface, {widths}", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    if dark:
        _darken(ax)
    return ax


def _as_labels(name: str, labels: ArrayLike, n_samples: int) -> NDArray[np.int64]:
    """Return the class of each sample, from labels or from a column for each class."""
    array = as_numbers(name, labels, np.dtype(np.float64))
    if array.ndim not in (1, 2) or len(array) != n_samples:
        raise ValueError(
            f"{name} must have shape ({n_samples},) or ({n_samples}, n_classes), got {array.shape}"
        )
    if array.ndim == 2 and array.shape[1] > 1:
        array = array.argmax(axis=1)
    classes = array.astype(np.int64).ravel()
    wrong = (classes != array.ravel()) | (classes < 0)
    if wrong.any():
        raise ValueError(
            f"{name} must hold class labels 0, 1, 2 ..., got {array.ravel()[wrong][0]}"
        )
    return classes


def _darken(ax: Axes) -> None:
    """Turn the figure of `ax` to white on black."""
    ax.figure.set_facecolor("black")
    ax.set_facecolor("black")
    ax.tick_params(colors="white")
    for text in (ax.title, ax.xaxis.label, ax.yaxis.label):
        text.set_color("white")
    for spine in ax.spines.values():
        spine.set_color("white")
    if (legend := ax.get_legend()) is not None:
        legend.get_frame().set_facecolor("black")
        for text in legend.get_texts():
            text.set_color("white")
