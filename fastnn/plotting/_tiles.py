"""Pictures in rows and columns on the same axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ._style import WIDTH, ink_of, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Tiles(NamedTuple):
    """The places of `n_tiles` tiles, as wide and as high as told, row by row from the top."""

    n_tiles: int
    width: float
    height: float
    titled: bool

    @property
    def n_columns(self) -> int:
        """The tiles in a row."""
        return math.ceil(math.sqrt(self.n_tiles))

    @property
    def right(self) -> float:
        """From tile to tile in a row."""
        return 1.15 * self.width

    @property
    def down(self) -> float:
        """From row to row."""
        return (1.5 if self.titled else 1.15) * self.height

    def place(self, number: int) -> tuple[float, float]:
        """Return the left and the top of a tile; y points down."""
        row, column = divmod(number, self.n_columns)
        return column * self.right, row * self.down

    def extent(self, number: int) -> tuple[float, float, float, float]:
        """Return left, right, bottom and top of a tile, as `imshow` takes them."""
        left, top = self.place(number)
        return left, left + self.width, top + self.height, top

    def new_axes(self, most: float, beside: float = 0.0) -> Axes:
        """Return the axes of a new figure with tiles of at most so many inches.

        It has room for a title, and for so many inches `beside` the tiles.
        """
        inches = min(WIDTH - beside, max(4.0, most * self.n_columns))
        n_rows = math.ceil(self.n_tiles / self.n_columns)
        height = inches * n_rows * self.down / (self.n_columns * self.right)
        return new_axes(height + 0.5, inches + beside)

    def write(self, ax: Axes, number: int, text: str, **options: Any) -> None:
        """Write a title above a tile."""
        left, top = self.place(number)
        options = {"color": ink_of(ax), **options}
        x, y = left + self.width / 2, top - 0.06 * self.height
        ax.text(x, y, text, ha="center", va="bottom", **options)

    def finish(self, ax: Axes) -> None:
        """Set the limits, and take the frame of the axes away."""
        n_rows = math.ceil(self.n_tiles / self.n_columns)
        gap = 0.05 * self.width
        ax.set(
            xlim=(-gap, self.n_columns * self.right - 0.15 * self.width + gap),
            ylim=(n_rows * self.down - (self.down - self.height) + gap, self.height - self.down),
            aspect="equal",
        )
        ax.set_axis_off()
