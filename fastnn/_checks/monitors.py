"""Check the metric that a callback or schedule monitors: its name, and its better direction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .names import did_you_mean
from .scalars import as_choice

MODES = ("auto", "min", "max")
_HIGH_IS_GOOD = ("accuracy", "r2")
_LOW_IS_GOOD = ("loss", "penalty", "mse", "mae")


def as_monitor(name: str, value: Any) -> str:
    """Return `value` if it can be the name of a metric."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be the name of a metric, got {value!r}")
    return value


def sign_of(monitor: str, mode: str) -> float:
    """Return 1 if larger values are better, -1 if smaller ones are; raise if that is unknown."""
    as_monitor("monitor", monitor)
    if as_choice("mode", mode, MODES) == "auto":
        sign = known_sign(monitor)
        if sign is None:
            raise ValueError(
                f"mode must be 'min' or 'max' for {monitor!r}, of which it is not known which way "
                f"is better, got 'auto'{_guess(monitor)}"
            )
        return sign
    return 1.0 if mode == "max" else -1.0


def _guess(monitor: str) -> str:
    """Return the end of an error about a figure that is not known, or of a head that is not."""
    known = (*_LOW_IS_GOOD, *_HIGH_IS_GOOD)
    figure = monitor.removeprefix("val_")
    of_head = figure.rpartition("_")[2]
    guesses = (
        did_you_mean(part, known, prefix=monitor[: len(monitor) - len(part)])
        for part in (figure, of_head)
    )
    return next(filter(None, guesses), "")


def known_sign(metric: str) -> float | None:
    """Return 1 if larger values are better, -1 if smaller ones are, None if that is unknown."""
    figure = metric.removeprefix("val_")
    figure = figure if figure in _LOW_IS_GOOD else figure.rpartition("_")[2]  # of a head
    return 1.0 if figure in _HIGH_IS_GOOD else -1.0 if figure in _LOW_IS_GOOD else None


def check_recorded(monitor: str, recorded: Collection[str]) -> None:
    """Raise unless the metric is among those that are recorded."""
    if monitor not in recorded:
        known = ", ".join(map(repr, recorded))
        hint = did_you_mean(monitor, recorded)
        if monitor.startswith("val_") and not any(name.startswith("val_") for name in recorded):
            hint = "; without validation data, or an epoch that evaluate_every takes, there is none"
        raise ValueError(
            f"monitor must be a metric that is recorded, one of {known}; got {monitor!r}{hint}"
        )


class Monitoring:
    """A callback or schedule that watches the metric `monitor`, if it is not None."""

    monitor: str | None

    def expect(self, recorded: Collection[str]) -> None:
        """Raise unless the metric is among those that will be recorded.

        Parameters
        ----------
        recorded : collection of str
            The names of the metrics that training will record.

        Raises
        ------
        ValueError
            If the metric is not among them.
        """
        if self.monitor is not None:
            check_recorded(self.monitor, recorded)
