"""Plots of curves: an activation and its derivative; loss and metrics against the epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import numpy as np

from .._checks.arrays import Array, as_choice
from ..activations import OwnActivation, as_activation
from ..core.activations import SECOND_NAMES
from ..reference import ACTIVATIONS
from ._style import BLUE, ORANGE, color_of, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..history import History

STYLES = ("-", "--", ":", "-.")
QUANTITIES = {"mse": "Mean squared error", "mae": "Mean absolute error"}


def plot_activation(
    name: str | OwnActivation,
    *,
    z_range: tuple[float, float] = (-8.0, 8.0),
    ax: Axes | None = None,
) -> Axes:
    """Draw an activation f(z) and its derivative f'(z).

    Parameters
    ----------
    name : str or OwnActivation
        The name of the activation, as `Dense` accepts it, or one of the user's own. Those of a
        whole row of outputs are not allowed, since they are not functions of a single z: "softmax",
        "ascending" and "mean_and_spread".
    z_range : tuple of float
        The first and the last z, by default (-8, 8).
    ax : matplotlib.axes.Axes, optional
        The axes to draw on, by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError, TypeError
        If `name` is unknown, or `z_range` is not two ascending finite numbers.

    Examples
    --------
    >>> from fastnn.plotting import plot_activation
    >>> ax = plot_activation("sigmoid")
    >>> [line.get_label() for line in ax.lines]
    ['sigmoid', 'derivative']
    """
    if callable(name):
        activation = as_activation("name", name)
    else:
        known = [known for known in ACTIVATIONS if known != "softmax"]
        activation = as_choice("name", SECOND_NAMES.get(name, name), known)
    low, high = z_range
    if not -np.inf < low < high < np.inf:
        raise ValueError(f"z_range must be two ascending finite numbers, got {z_range}")
    ax = ax or new_axes(8, 5)
    z = np.linspace(low, high, 1001)
    a, slopes = _curves(activation, z)
    ax.plot(z, a, "-", color=BLUE, linewidth=2, label=str(name))
    ax.plot(z, slopes, "--", color=ORANGE, linewidth=2, label="derivative")
    ax.set(title=f"{name} and its derivative", xlabel="z", xlim=z_range)
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def _curves(activation: str | OwnActivation, z: Array) -> tuple[Array, Array]:
    """Return f(z) and f'(z); where a user's function raises, which is NaN in kernels, is a gap."""
    if isinstance(activation, str):
        known = ACTIVATIONS[activation]
        return known.function(z), known.derivative(z)
    pairs = np.full((len(z), 2), np.nan)
    with np.errstate(all="ignore"):
        for pair, value in zip(pairs, z, strict=True):
            with suppress(ArithmeticError, ValueError):
                pair[:] = activation(value)
    return pairs[:, 0], pairs[:, 1]


def plot_history(
    history: History | Mapping[str, History],
    *,
    keys: str | Sequence[str] = ("loss",),
    ax: Axes | None = None,
) -> Axes:
    """Draw loss or metrics against the epoch, for one history or for several.

    Parameters
    ----------
    history : History, or mapping of str to History
        The history that `Network.fit` returned, or several of them by name, for instance to compare
        learning rates.
    keys : str or sequence of str
        The metrics to draw, such as "loss", "val_loss" and "accuracy", each in its own line style;
        by default the loss.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on, by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    TypeError
        If `history` is neither a history nor a mapping.
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
