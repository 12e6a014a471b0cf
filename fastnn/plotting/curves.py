"""Curves: an activation and its derivative; loss and metrics against the epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self, cast

import numpy as np
from matplotlib.ticker import MaxNLocator

from .._checks.arrays import Array
from .._checks.monitors import known_sign
from .._checks.scalars import as_choice, as_flag
from ..activations import OwnActivation, as_activation
from ..core.activations import SECOND_NAMES
from ..history import History
from ..reference import ACTIVATIONS
from ._style import BLUE, ORANGE, STYLES, Display, add_legend, color_of, ink_of, marker_of, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUANTITIES = {"mse": "Mean squared error", "mae": "Mean absolute error", "r2": "R2"}


@dataclass(eq=False)
class ActivationDisplay(Display):  # numpydoc ignore=PR02
    """An activation f(z) and its derivative f'(z).

    `from_name` computes the curves and draws them.

    Parameters
    ----------
    name : str
        The name of the activation.
    z : ndarray, shape (n,)
        Where it was computed.
    a, slopes : ndarray, shape (n,)
        The values f(z) and f'(z), NaN where there is none.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        The figure that holds them.

    Examples
    --------
    >>> from fastnn.plotting import ActivationDisplay
    >>> display = ActivationDisplay.from_name("sigmoid")
    >>> [line.get_label() for line in display.ax_.lines]
    ['sigmoid', 'derivative']
    """

    name: str
    z: Array
    a: Array
    slopes: Array

    @classmethod
    def from_name(
        cls,
        name: str | OwnActivation,
        *,
        z_range: tuple[float, float] = (-8.0, 8.0),
        ax: Axes | None = None,
    ) -> Self:
        """Compute an activation and its derivative, and draw them.

        Parameters
        ----------
        name : str or OwnActivation
            The name of the activation, as `Dense` accepts it, or one of the user's own. Those of a
            whole row of outputs are not allowed, since they are not functions of a single z:
            "softmax", "ascending" and "mean_and_spread".
        z_range : tuple of float
            The first and the last z, by default (-8, 8).
        ax : matplotlib.axes.Axes, optional
            The axes to draw on, by default those of a new figure.

        Returns
        -------
        ActivationDisplay
            The picture.

        Raises
        ------
        ValueError, TypeError
            If `name` is unknown, or `z_range` is not two ascending finite numbers.
        """
        if callable(name):
            activation = as_activation("name", name)
        else:
            known = [known for known in ACTIVATIONS if known != "softmax"]
            activation = as_choice("name", SECOND_NAMES.get(name, name), known)
        low, high = z_range
        if not -np.inf < low < high < np.inf:
            raise ValueError(f"z_range must be two ascending finite numbers, got {z_range}")
        z = np.linspace(low, high, 1001)
        return cls(str(name), z, *_values_of(activation, z)).plot(ax)

    def _drawn_on(self, ax: Axes | None) -> Axes:
        """Draw the curves."""
        ax = ax or new_axes(4.5)
        ax.plot(self.z, self.a, "-", color=BLUE, linewidth=2, label=self.name)
        ax.plot(self.z, self.slopes, "--", color=ORANGE, linewidth=2, label="derivative")
        ax.set(title=f"{self.name} and its derivative", xlabel="z", xlim=(self.z[0], self.z[-1]))
        ax.grid(alpha=0.3)
        add_legend(ax)
        return ax


def _values_of(activation: str | OwnActivation, z: Array) -> tuple[Array, Array]:
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


class Curve(NamedTuple):  # numpydoc ignore=PR02
    """The values of one metric in one training.

    Parameters
    ----------
    run, key : str
        The name of the training, empty if there is only one, and of the metric.
    epochs : list of int
        The epochs in which it was recorded.
    values : list of float
        Its values.
    best : int or None
        The position of the best value; None where it is not to be marked.
    """

    run: str
    key: str
    epochs: list[int]
    values: list[float]
    best: int | None


@dataclass(eq=False)
class LearningCurvesDisplay(Display):  # numpydoc ignore=PR02
    """Loss or metrics against the epoch, with the best epoch, of one training or of several.

    `from_history` takes the curves from a history and draws them.

    Parameters
    ----------
    curves : sequence of Curve
        The curves: `run`, `key`, `epochs`, `values`, and `best`, the position of the best value.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        The figure that holds them.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.plotting import LearningCurvesDisplay
    >>> histories = {}
    >>> for rate in (0.1, 1.0):
    ...     net = Network(2, [Dense(1, "sigmoid")], seed=0)
    ...     histories[f"rate {rate}"] = net.fit([[0, 1], [1, 0]], [0, 1], learning_rate=rate)
    >>> ax = LearningCurvesDisplay.from_history(histories).ax_
    >>> ax.get_xlabel(), ax.get_ylabel(), [line.get_label() for line in ax.lines]
    ('Epoch', 'Loss', ['rate 0.1', 'rate 1.0'])
    """

    curves: Sequence[Curve]

    @classmethod
    def from_history(
        cls,
        history: History | Mapping[str, History],
        *,
        keys: str | Sequence[str] | None = None,
        best: bool = True,
        ax: Axes | None = None,
    ) -> Self:
        """Take the curves from one history or from several, and draw them.

        Parameters
        ----------
        history : History, or mapping of str to History
            The history that `Network.fit` returned, or several of them by name, for instance to
            compare learning rates.
        keys : str or sequence of str, optional
            The metrics to draw, such as "loss", "val_loss" and "accuracy", each in its own line
            style. By default the loss, and the validation loss where every history has one.
        best : bool
            Whether to mark the best epoch of each validation metric of which it is known whether
            small or large values are better, by default True.
        ax : matplotlib.axes.Axes, optional
            The axes to draw on, by default those of a new figure.

        Returns
        -------
        LearningCurvesDisplay
            The picture.

        Raises
        ------
        TypeError
            If `history` is neither a history nor a mapping of histories, or `best` is not a bool.
        ValueError
            If there is nothing to draw, or a history does not have one of `keys`.
        """
        best = as_flag("best", best)
        runs = _runs_of(history)
        if keys is None:
            both = all("val_loss" in run for run in runs.values())
            keys = ("loss", "val_loss") if both else ("loss",)
        keys = (keys,) if isinstance(keys, str) else tuple(keys)
        if not runs or not keys:
            raise ValueError(f"history and keys must not be empty, got {history!r} and {keys}")
        for run in runs.values():
            if unknown := [key for key in keys if key not in run]:
                raise ValueError(f"keys must be among {', '.join(run)}, got {', '.join(unknown)}")
        curves = [
            Curve(
                name, key, run.epochs_of(key)[:], run[key][:], _best_of(key, run) if best else None
            )
            for name, run in runs.items()
            for key in keys
        ]
        return cls(curves).plot(ax)

    def _drawn_on(self, ax: Axes | None) -> Axes:
        """Draw the curves."""
        ax = ax or new_axes(4.5)
        runs = list(dict.fromkeys(curve.run for curve in self.curves))
        keys = list(dict.fromkeys(curve.key for curve in self.curves))
        several = len(runs) > 1 or runs != [""]
        for curve in self.curves:
            number, offset = runs.index(curve.run), keys.index(curve.key)
            style = offset if len(keys) > 1 or not several else number
            lonely = len(curve.values) == 1
            ax.plot(
                curve.epochs,
                curve.values,
                STYLES[style % len(STYLES)],
                color=color_of(number if several else offset),
                marker=marker_of(number) if len(runs) > 1 or lonely else None,
                markevery=0.15,
                label=curve.run
                if len(keys) == 1 and several
                else f"{curve.run} {curve.key}".strip(),
            )
        marked = [curve for curve in self.curves if curve.best is not None]
        for number, curve in enumerate(marked):
            at = cast("int", curve.best)
            told = f"best {curve.key}: {curve.values[at]:.4g} at epoch {curve.epochs[at]}"
            label = told if not several else "best epoch" if number == 0 else None
            ax.scatter(
                curve.epochs[at],
                curve.values[at],
                s=150,
                marker="*",
                color=color_of(runs.index(curve.run) if several else keys.index(curve.key)),
                edgecolors=ink_of(ax),
                zorder=3,
                label=label,
            )
        quantities = dict.fromkeys(key.removeprefix("val_") for key in keys)
        ylabel = ", ".join(
            QUANTITIES.get(key, key.replace("_", " ").capitalize()) for key in quantities
        )
        ax.set(title=f"{ylabel} by epoch", xlabel="Epoch", ylabel=ylabel)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        ax.grid(alpha=0.3)
        if len(self.curves) + len(marked) > 1:
            add_legend(ax)
        return ax


def _runs_of(history: History | Mapping[str, History]) -> Mapping[str, History]:
    """Return the histories by name; one alone has the empty name."""
    if isinstance(history, History):
        return {"": history} if history else {}
    if not isinstance(history, Mapping):
        raise TypeError(f"history must be a History or a mapping of them, got {history!r}")
    for name, run in history.items():
        if not isinstance(run, History):
            raise TypeError(
                f"history must be a History or a mapping of them, got {run!r}: {name!r}"
            )
    return cast("Mapping[str, History]", history)


def _best_of(key: str, run: History) -> int | None:
    """Return the position of the best value of a validation metric, if it is known what is good."""
    sign = known_sign(key)
    if not key.startswith("val_") or sign is None or np.isnan(run[key]).all():
        return None
    return int(np.nanargmax(sign * np.array(run[key])))
