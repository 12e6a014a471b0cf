"""Matrices: the first layer's weights as images; which class was taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, PowerNorm, to_rgb
from matplotlib.ticker import FixedLocator

from .._checks.arrays import Array
from ._data import as_class_names, as_labels, as_network, as_pixels, images_of
from ._style import BLUE, LOW_TO_HIGH, WIDTH, Display, add_colorbar, ink_of, new_axes, paper_of
from ._tiles import Tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from ..network import Network

MAX_UNITS = 100  # of a wider layer, the first ones are drawn
MAX_CLASSES = 100  # more could not be read


@dataclass(eq=False)
class WeightsDisplay(Display):  # numpydoc ignore=PR02
    """The weights of each unit of the first layer as an image of the inputs.

    `from_network` takes the weights and draws them, all on one scale, centred on 0: dark is
    negative, light is positive.

    Parameters
    ----------
    images : ndarray, shape (n_units, height, width)
        The weights of each unit that is drawn.
    n_units : int
        The number of units of the layer.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        The figure that holds them.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.plotting import WeightsDisplay
    >>> net = Network(400, [Dense(25, "sigmoid"), Dense(10, "sigmoid")], seed=0)
    >>> len(WeightsDisplay.from_network(net, shape=(20, 20)).ax_.images)
    25
    """

    images: Array
    n_units: int

    @classmethod
    def from_network(
        cls,
        net: Network,
        *,
        shape: tuple[int, int] = (20, 20),
        order: Literal["C", "F"] = "F",
        ax: Axes | None = None,
    ) -> Self:
        """Take the weights of the first layer, and draw them; of more than 100 units, the first.

        Parameters
        ----------
        net : Network
            The network.
        shape : tuple of int
            The height and the width in pixels of the images that the network takes, by default
            (20, 20).
        order : {"F", "C"}
            Whether the inputs are an image column by column ("F"), as those of `load_digits` of
            `fastnn.datasets`, or row by row ("C"), as those of scikit-learn's digits, MNIST and
            ``images.reshape(n, -1)``, by default "F". With the wrong one images lie on their side.
        ax : matplotlib.axes.Axes, optional
            The axes to draw on, by default those of a new figure.

        Returns
        -------
        WeightsDisplay
            The picture.

        Raises
        ------
        ValueError
            If `shape` does not have as many pixels as `net` has inputs, or `order` is unknown.
        """
        height, width = pixels = as_pixels(shape, order)
        if height * width != as_network(net).n_in:
            raise ValueError(
                f"shape must have {net.n_in} pixels, one for each input of net, got {shape}"
            )
        W = net.weights[0]
        images = images_of(W.T[:MAX_UNITS], pixels, order)
        return cls(images, W.shape[1]).plot(ax)

    def _drawn_on(self, ax: Axes | None) -> Axes:
        """Draw the images."""
        n_drawn, height, width = self.images.shape
        tiles = Tiles(n_drawn, width, height, titled=False)
        ax = ax or tiles.new_axes(2.0, beside=1.2)
        reach = float(np.quantile(np.abs(self.images), 0.995)) or 1.0  # a few may go beyond
        for number, image in enumerate(self.images):
            drawn = ax.imshow(
                image, cmap=LOW_TO_HIGH, vmin=-reach, vmax=reach, extent=tiles.extent(number)
            )
        tiles.finish(ax)
        some = "" if n_drawn == self.n_units else f"the first {n_drawn} of "
        s = "s" if self.n_units > 1 else ""
        ax.set_title(f"Weights of the first layer, {some}{self.n_units} unit{s}")
        add_colorbar(ax, drawn, "weight", extend="both")
        return ax


@dataclass(eq=False)
class ConfusionMatrixDisplay(Display):  # numpydoc ignore=PR02
    """How many samples of each class were taken for which class.

    The larger its share of the true class, the fuller is a cell's colour: it goes with the square
    root of the share, so that the few mistakes are seen too.

    `from_predictions` counts them and draws the counts. scikit-learn has such a display too; this
    one needs matplotlib alone, and takes what `Network.predict` returns.

    Parameters
    ----------
    counts : ndarray, shape (n_classes, n_classes)
        The samples by true class (row) and predicted class (column).
    class_names : tuple of str, or None
        The names of the classes.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        The figure that holds them.

    Examples
    --------
    >>> from fastnn.plotting import ConfusionMatrixDisplay
    >>> display = ConfusionMatrixDisplay.from_predictions([0, 0, 1, 1], [0, 1, 1, 1])
    >>> display.counts.tolist()
    [[1, 1], [0, 2]]
    >>> display.ax_.get_title()
    'Confusion matrix, 3 of 4 right'
    """

    counts: Array
    class_names: tuple[str, ...] | None = None

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        class_names: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Count the pairs of true and predicted class, and draw the counts.

        Parameters
        ----------
        y_true, y_pred : array_like, shape (n_samples,), (n_samples, 1) or (n_samples, n_classes)
            The true and the predicted class labels 0, 1, 2 ...; of several columns, such as a
            network's outputs, the largest gives the class.
        class_names : sequence of str, optional
            The names of the classes, by default their numbers.
        ax : matplotlib.axes.Axes, optional
            The axes to draw on, by default those of a new figure.

        Returns
        -------
        ConfusionMatrixDisplay
            The picture.

        Raises
        ------
        TypeError
            If an array does not hold real numbers.
        ValueError
            If shapes do not match, numbers are not finite, labels are not whole numbers from 0 to
            99, or a class has no name.
        """
        true = as_labels("y_true", y_true)
        said = as_labels("y_pred", y_pred, len(true))
        n_classes = int(max(true.max(), said.max())) + 1
        if n_classes > MAX_CLASSES:
            raise ValueError(
                f"labels must be less than {MAX_CLASSES} to be told apart, got {n_classes - 1}"
            )
        counts = np.bincount(n_classes * true + said, minlength=n_classes**2)
        names = as_class_names(class_names, n_classes)
        return cls(counts.reshape(n_classes, n_classes), names).plot(ax)

    def _drawn_on(self, ax: Axes | None) -> Axes:
        """Draw the counts."""
        n_classes = len(self.counts)
        inches = min(WIDTH, 3.5 + 0.4 * n_classes)
        ax = ax or new_axes(inches, inches)
        shares = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        scale = LinearSegmentedColormap.from_list("shares", [paper_of(ax), to_rgb(BLUE)])
        ax.imshow(shares, cmap=scale, norm=PowerNorm(0.5, 0, 1))
        for row, column in np.argwhere(self.counts):
            ax.text(
                column,
                row,
                str(self.counts[row, column]),
                ha="center",
                va="center",
                color="white" if shares[row, column] > 0.3 else ink_of(ax),
                fontweight="bold" if row == column else "normal",
            )
        names = self.class_names or tuple(map(str, range(n_classes)))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(FixedLocator(range(n_classes)))
            axis.set_ticklabels(names[:n_classes])
            axis.set_minor_locator(FixedLocator(np.arange(0.5, n_classes - 1).tolist()))
        ax.grid(which="minor", color="0.6", linewidth=0.5)
        ax.tick_params(which="minor", length=0)
        right, total = int(np.trace(self.counts)), int(self.counts.sum())
        title = f"Confusion matrix, {right} of {total} right"
        ax.set(xlabel="Predicted", ylabel="True", title=title)
        return ax
