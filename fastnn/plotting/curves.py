"""Curves: an activation with its derivative, and loss or metrics against the epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from .._checks.arrays import as_choice
from ..core.activations import SECOND_NAMES
from ..reference import ACTIVATIONS
from ._style import BLUE, ORANGE, color_of, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..history import History

STYLES = ("-", "--", ":", "-.")
QUANTITIES = {"mse": "Mean squared error", "mae": "Mean absolute error"}


def plot_activation(
    name: str, *, z_range: tuple[float, float] = (-8.0, 8.0), ax: Axes | None = None
) -> Axes:
    """Draw an activation f(z) and its derivative f'(z).

    Parameters
    ----------
    name : str
        Any activation but "softmax", which is not a function of one z; or a second name of one.
    z_range : (float, float)
        The first and the last z.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        For an unknown `name`, or a `z_range` that does not ascend.

    Examples
    --------
    >>> from fastnn.plotting import plot_activation
    >>> ax = plot_activation("sigmoid")
    >>> [line.get_label() for line in ax.lines]
    ['sigmoid', 'derivative']
    """
    known = [known for known in ACTIVATIONS if known != "softmax"]
    activation = ACTIVATIONS[as_choice("name", SECOND_NAMES.get(name, name), known)]
    low, high = z_range
    if not -np.inf < low < high < np.inf:
        raise ValueError(f"z_range must be two ascending finite numbers, got {z_range}")
    ax = ax or new_axes(8, 5)
    z = np.linspace(low, high, 1001)
    ax.plot(z, activation.function(z), "-", color=BLUE, linewidth=2, label=name)
    ax.plot(z, activation.derivative(z), "--", color=ORANGE, linewidth=2, label="derivative")
    ax.set(title=f"{name} and its derivative", xlabel="z", xlim=z_range)
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def plot_history(
    history: History | Mapping[str, History],
    *,
    keys: str | Sequence[str] = ("loss",),
    ax: Axes | None = None,
) -> Axes:
    """Draw loss or metrics against the epoch, of one training or of several.

    Parameters
    ----------
    history : History, or mapping of str to History
        What `Network.fit` returned; several of them by name, to compare learning rates, say.
    keys : str or sequence of str
        The series to draw, "loss", "val_loss", "accuracy" ..., each in its own line style.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    TypeError
        If `history` is neither.
    ValueError
        If there is nothing to draw, or a history does not have one of `keys`.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.plotting import plot_history
    >>> histories = {}
    >>> for rate in (0.1, 1.0):
    ...     net = Network(2, [Dense(1, "sigmoid")], seed=0)
    ...     histories[f"rate {rate}"] = net.fit([[0, 1], [1, 0]], [0, 1], learning_rate=rate)
    >>> ax = plot_history(histories)
    >>> ax.get_xlabel(), ax.get_ylabel(), [line.get_label() for line in ax.lines]
    ('Epoch', 'Loss', ['rate 0.1', 'rate 1.0'])
    """
    keys = (keys,) if isinstance(keys, str) else tuple(keys)
    if not isinstance(history, Mapping):
        raise TypeError(f"history must be a History or a mapping of them, got {history!r}")
    several = all(isinstance(run, Mapping) for run in history.values())
    runs = cast("Mapping[str, History]", history if several else {"": history})
    if not runs or not keys:
        raise ValueError(f"history and keys must not be empty, got {history!r} and {keys}")
    for run in runs.values():
        if unknown := [key for key in keys if key not in run]:
            raise ValueError(f"keys must be among {', '.join(run)}, got {', '.join(unknown)}")
    ax = ax or new_axes(15, 5)
    for number, (name, run) in enumerate(runs.items()):
        for offset, key in enumerate(keys):
            color = color_of(number if several else offset)
            label = name if several and len(keys) == 1 else f"{name} {key}".strip()
            style = STYLES[offset % len(STYLES)]
            ax.plot(run.epochs_of(key), run[key], style, color=color, label=label)
    quantities = dict.fromkeys(key.removeprefix("val_") for key in keys)
    ylabel = ", ".join(QUANTITIES.get(key, key.capitalize()) for key in quantities)
    ax.set(xlabel="Epoch", ylabel=ylabel)
    ax.grid(alpha=0.3)
    if len(ax.lines) > 1:
        ax.legend()
    return ax
