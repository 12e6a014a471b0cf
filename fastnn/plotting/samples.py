"""Samples: images with their labels, the wrong ones marked; points of two features by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from matplotlib.patches import Rectangle

from .._checks.arrays import Array
from ._data import as_class_names, as_labels, as_pixels, as_rows, images_of
from ._plane import draw_points
from ._style import RED, Display, add_legend_beside, new_axes
from ._tiles import Tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


@dataclass(eq=False)
class SamplesDisplay(Display):  # numpydoc ignore=PR02
    """Images in rows and columns, with their labels, and wrong predictions marked.

    `from_samples` checks the data and draws them. A wrong prediction has a thick red frame and bold
    text, so that it stands out in greyscale too.

    Parameters
    ----------
    images : ndarray, shape (n_samples, height, width)
        The images. All share one scale of grey, from the smallest value (white) to the largest
        (black).
    true, predicted : ndarray, shape (n_samples,), or None
        The labels.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        The figure that holds them.

    Examples
    --------
    >>> from fastnn.datasets import load_digits
    >>> from fastnn.plotting import SamplesDisplay
    >>> X, y = load_digits()
    >>> display = SamplesDisplay.from_samples(X[::625], y[::625], [0, 1, 2, 3, 5, 6, 7, 9])
    >>> display.ax_.get_title()
    'true → predicted, 1 of 8 wrong'
    """

    images: Array
    true: Array | None
    predicted: Array | None

    @classmethod
    def from_samples(
        cls,
        X: ArrayLike,
        y: ArrayLike | None = None,
        predicted: ArrayLike | None = None,
        *,
        shape: tuple[int, int] = (20, 20),
        order: Literal["C", "F"] = "F",
        ax: Axes | None = None,
    ) -> Self:
        """Draw every row of `X` as an image.

        Parameters
        ----------
        X : array_like, shape (n_samples, height * width)
            The images, one in each row.
        y, predicted : array_like, shape (n_samples,) or (n_samples, n_out), optional
            The true and the predicted labels, by default none; of several columns, the largest
            gives the label.
        shape : tuple of int
            The height and the width of an image in pixels, by default (20, 20).
        order : {"F", "C"}
            Whether a row of `X` holds its image column by column ("F"), as `load_digits` of
            `fastnn.datasets` does, or row by row ("C"), as scikit-learn's digits, MNIST and
            ``images.reshape(n, -1)`` do, by default "F". With the wrong one images lie on their
            side.
        ax : matplotlib.axes.Axes, optional
            The axes to draw on, by default those of a new figure.

        Returns
        -------
        SamplesDisplay
            The picture.

        Raises
        ------
        TypeError
            If an array does not hold real numbers.
        ValueError
            If shapes do not match, numbers are not finite, labels are not whole numbers from 0, or
            `order` is unknown.
        """
        height, width = pixels = as_pixels(shape, order)
        rows = as_rows(X, height * width)
        true = None if y is None else as_labels("y", y, len(rows))
        said = None if predicted is None else as_labels("predicted", predicted, len(rows))
        return cls(images_of(rows, pixels, order), true, said).plot(ax)

    def _drawn_on(self, ax: Axes | None) -> Axes:
        """Draw the images."""
        n_samples, height, width = self.images.shape
        given = [labels for labels in (self.true, self.predicted) if labels is not None]
        wrong = given[0] != given[-1] if len(given) == 2 else np.zeros(n_samples, bool)
        tiles = Tiles(n_samples, width, height, bool(given))
        ax = ax or tiles.new_axes(1.2)
        for number, image in enumerate(self.images):
            left, top = tiles.place(number)
            ax.imshow(
                image,
                cmap="gray_r",
                vmin=self.images.min(),
                vmax=self.images.max(),
                extent=tiles.extent(number),
            )
            color, line = (RED, 3.0) if wrong[number] else ("0.6", 0.8)
            ax.add_patch(Rectangle((left, top), width, height, fill=False, ec=color, lw=line))
            if given:
                text = " → ".join(str(labels[number]) for labels in given)
                style = {"color": RED, "fontweight": "bold"} if wrong[number] else {}
                tiles.write(ax, number, text, **style)
        tiles.finish(ax)
        if len(given) == 2:
            ax.set_title(f"true → predicted, {wrong.sum()} of {n_samples} wrong")
        return ax


@dataclass(eq=False)
class PointsDisplay(Display):  # numpydoc ignore=PR02
    """Samples of two features as points, with a colour and a marker for each class.

    `from_samples` checks the data and draws them. Ten classes differ by their marker, more by
    marker and colour together, which repeat after a hundred.

    Parameters
    ----------
    points : ndarray, shape (n_samples, 2)
        The coordinates.
    labels : ndarray, shape (n_samples,)
        The class of each, from 0.
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
    >>> from fastnn.datasets import load_moons
    >>> from fastnn.plotting import PointsDisplay
    >>> X_train, X_test, y_train, y_test = load_moons()
    >>> ax = PointsDisplay.from_samples(X_train, y_train).ax_
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['class 0', 'class 1']
    """

    points: Array
    labels: Array
    class_names: tuple[str, ...] | None = None

    @classmethod
    def from_samples(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        *,
        class_names: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw every row of `X` as a point.

        Parameters
        ----------
        X : array_like, shape (n_samples, 2)
            The coordinates of the points.
        y : array_like, shape (n_samples,), (n_samples, 1) or (n_samples, n_classes)
            The class labels 0, 1, 2 ...; of several columns, the largest gives the class.
        class_names : sequence of str, optional
            The names of the classes, by default "class 0", "class 1" ....
        ax : matplotlib.axes.Axes, optional
            The axes to draw on, by default those of a new figure.

        Returns
        -------
        PointsDisplay
            The picture.

        Raises
        ------
        TypeError
            If an array does not hold real numbers.
        ValueError
            If shapes do not match, numbers are not finite, labels are not whole numbers from 0, or
            a class has no name.
        """
        points = as_rows(X, 2)
        labels = as_labels("y", y, len(points))
        return cls(points, labels, as_class_names(class_names, labels.max() + 1)).plot(ax)

    def _drawn_on(self, ax: Axes | None) -> Axes:
        """Draw the points."""
        ax = ax or new_axes(5)
        draw_points(ax, self.points, self.labels, self.class_names, n_all=len(self.points))
        ax.set(xlabel="$x_1$", ylabel="$x_2$", title=f"{len(self.points)} samples")
        add_legend_beside(ax)
        return ax
