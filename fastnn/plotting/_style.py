"""The colours of plots, and new axes.

The colours are those of [1]_, which colour-blind readers can tell apart, but with blue and orange
first.

References
----------
.. [1] M. A. Petroff, "Accessible Color Sequences for Data Visualization", arXiv:2107.02270, 2021.
"""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

BLUE, ORANGE, RED = "#3f90da", "#e76300", "#bd1f01"
PALETTE = (
    BLUE,
    ORANGE,
    "#832db6",
    "#94a4a2",
    "#ffa90e",
    RED,
    "#92dadd",
    "#717581",
    "#b9ac70",
    "#a96b59",
)


def color_of(number: int) -> str:
    """Return the colour of class or curve `number`; they repeat after ten."""
    return PALETTE[number % len(PALETTE)]


def new_axes(width: float, height: float) -> Axes:
    """Return the axes of a new figure of `width` times `height` inches."""
    ax: Axes = plt.subplots(figsize=(width, height), layout="constrained")[1]
    return ax
