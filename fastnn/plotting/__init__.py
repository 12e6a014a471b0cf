"""Plots of networks, data and training, with matplotlib: ``pip install "fastnn-numba[plot]"``.

Every function draws on `ax`, or on a new figure if `ax` is None, and returns these `Axes`. The
caller may then change title, labels and scales, and write a file by ``ax.figure.savefig(path)``.
The functions never change their inputs.
"""

try:
    import matplotlib  # noqa: F401
except ImportError as error:
    raise ImportError(
        'fastnn.plotting needs matplotlib: pip install "fastnn-numba[plot]"'
    ) from error

from .curves import plot_activation, plot_history
from .data import plot_decision_surface, plot_points, plot_samples
from .diagram import plot_network

__all__ = [
    "plot_activation",
    "plot_decision_surface",
    "plot_history",
    "plot_network",
    "plot_points",
    "plot_samples",
]
