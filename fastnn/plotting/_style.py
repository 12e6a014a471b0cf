"""What all displays share: colours and markers, new axes, legends legible on any paper.

The colours are those of seaborn's palette "colorblind" [1]_, which refines that of Okabe and Ito:
colour-blind readers can tell them apart, and the first two differ in greyscale too. Nothing is told
by colour alone: ten classes differ by their marker, and up to a hundred by marker and colour
together; curves differ by their line style, signs by dashes.

References
----------
.. [1] https://seaborn.pydata.org/tutorial/color_palettes.html
"""

from __future__ import annotations

from typing import Any, Self, cast

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

BLUE, ORANGE, RED = "#0173b2", "#de8f05", "#d55e00"
PALETTE = (
    BLUE,
    ORANGE,
    "#029e73",
    RED,
    "#cc78bc",
    "#ca9161",
    "#fbafe4",
    "#949494",
    "#ece133",
    "#56b4e9",
)
MARKERS = "o^sDvP*X<>"
STYLES = ("-", "--", ":", "-.")
LOW_TO_HIGH = "cividis"  # from dark blue to light yellow: the same order in greyscale
WIDTH = 8.0  # inches of a new figure: 800 pixels at 100 dots an inch


class Display:
    """A picture: its data, and once it is drawn the axes that hold it."""

    ax_: Axes

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the picture, again or on other axes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            The axes to draw on, by default those of a new figure.

        Returns
        -------
        Display
            This picture.
        """
        self.ax_ = self._drawn_on(as_axes(ax))
        return self

    def _drawn_on(self, ax: Axes | None) -> Axes:
        """Draw on axes, or on those of a new figure of the right size; return them."""
        raise NotImplementedError

    @property
    def figure_(self) -> Figure:
        """The figure that holds `ax_`."""
        return self.ax_.figure.figure


def color_of(number: int) -> str:
    """Return the colour of class or curve `number`; they repeat after ten."""
    return PALETTE[number % len(PALETTE)]


def marker_of(number: int) -> str:
    """Return the marker of class or curve `number`; with its colour, it repeats after a hundred."""
    return MARKERS[(number + number // len(PALETTE)) % len(MARKERS)]


def as_axes(ax: Any) -> Axes | None:
    """Return the axes that a user gives, if any."""
    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(
            f"ax must be one matplotlib Axes, such as plt.subplots()[1], got {type(ax).__name__}"
        )
    return ax


def new_axes(height: float, width: float = WIDTH) -> Axes:
    """Return the axes of a new figure of `width` times `height` inches."""
    ax: Axes = plt.subplots(figsize=(width, height), layout="constrained")[1]
    return ax


def ink_of(ax: Axes) -> Any:
    """Return the colour of texts on `ax`: black, or white where the style is a dark one."""
    return ax.title.get_color()


def paper_of(ax: Axes) -> tuple[float, float, float]:
    """Return the colour behind what is drawn on `ax`."""
    return to_rgb(ax.get_facecolor())


def tinted(color: Any, ax: Axes) -> tuple[float, float, float]:
    """Return a colour mixed with the paper, so that what is drawn on it stands out."""
    paper = np.array(paper_of(ax))
    share = 0.5 if paper.mean() > 0.5 else 0.35
    mixed = share * np.array(to_rgb(color)) + (1 - share) * paper
    return cast("tuple[float, float, float]", tuple(mixed.tolist()))


def tinted_scale(ax: Axes) -> Colormap:
    """Return the scale from low to high, mixed with the paper."""
    colors = mpl.colormaps[LOW_TO_HIGH](np.linspace(0, 1, 32))
    return LinearSegmentedColormap.from_list("surface", [tinted(color, ax) for color in colors])


def add_legend(ax: Axes, **options: Any) -> None:
    """Draw the legend in the colours of `ax`, whatever the style is by now."""
    ax.legend(labelcolor=ink_of(ax), facecolor=paper_of(ax), edgecolor="0.5", **options)


def add_legend_beside(ax: Axes, **options: Any) -> None:
    """Draw the legend at the right of `ax`, where it hides nothing."""
    add_legend(ax, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0, **options)


def add_colorbar(ax: Axes, drawn: ScalarMappable, label: str, *, extend: str = "neither") -> None:
    """Draw the scale of colours at the right of `ax`."""
    options: dict[str, Any] = {"fraction": 0.04, "pad": 0.02, "extend": extend}
    bar = ax.figure.figure.colorbar(drawn, ax=ax, **options)
    ink = ink_of(ax)
    bar.set_label(label, color=ink)
    bar.ax.tick_params(colors=ink)
    bar.outline.set_edgecolor(ink)
