"""What a callback is, and what it sees of the training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from .._checks.monitors import check_recorded
from ..history import History


@dataclass
class Run:  # numpydoc ignore=PR02
    """The state of the running training, as a callback sees it.

    Parameters
    ----------
    network : Network
        The network, between two updates. A callback may read, change, copy and save it.
    history : History
        The record of this call of `fit`.
    epoch : int
        The epoch that has just ended, by default -1, which means before the first epoch.
    learning_rate : float
        The rate of that epoch's last update, or before the first epoch, that of the first update;
        by default NaN. A callback must not set it: a schedule does, which `fit` takes as
        `learning_rate`; it may see what the epochs record (`fastnn.schedules.ReduceOnPlateau`).
    stopping : bool
        Whether training ends after this epoch, by default False.
    recorded : tuple of str, optional
        The names of all metrics that this call of `fit` records, those to come included. By default
        they are not known.

    Examples
    --------
    >>> from fastnn import Dense, History, Network
    >>> from fastnn.callbacks import Run
    >>> run = Run(Network(1, [Dense(1)]), History(), learning_rate=0.01)
    >>> run.stop()
    >>> run.epoch, run.stopping
    (-1, True)
    """

    network: Any
    history: History
    epoch: int = -1
    learning_rate: float = math.nan
    stopping: bool = False
    recorded: tuple[str, ...] | None = None

    def stop(self) -> None:
        """Ask training to end after this epoch."""
        self.stopping = True

    def figures(self) -> dict[str, float]:
        """Return the metrics of the epoch that has just ended.

        Returns
        -------
        dict of str to float
            The value of each metric that was computed in this epoch, by name.
        """
        return {
            name: values[-1]
            for name, values in self.history.items()
            if self.history.epochs_of(name)[-1] == self.epoch
        }


class Callback(Protocol):
    """The three methods that training calls; a subclass overrides those that it needs.

    Any object with these methods is a callback. Three further ones are optional:

    - ``expect(recorded)``, called before training with the names of all metrics to come, may raise;
    - ``next_epoch(epoch)`` returns the next epoch, from this one on, after which it acts: the
      epochs before it may be trained in one compiled call, and `epoch` is called after the last;
    - ``swapped(run)``, a context manager, surrounds the validation and the callbacks of an epoch:
      `AveragedWeights` so has them see other parameters.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.callbacks import Callback
    >>> class StopBelow(Callback):
    ...     def __init__(self, loss):
    ...         self.loss = loss
    ...
    ...     def epoch(self, run):
    ...         if run.history["loss"][-1] < self.loss:
    ...             run.stop()
    >>> net = Network(1, [Dense(1)], seed=0)
    >>> options = {"epochs": 500, "learning_rate": 0.1, "callbacks": [StopBelow(0.01)]}
    >>> history = net.fit([[0], [1], [2]], [1, 3, 5], **options)
    >>> history["loss"][-1] < 0.01 < history["loss"][-2]
    True
    """

    # `return` is needed: type checkers treat a protocol method with only a docstring as abstract.

    def start(self, run: Run) -> None:
        """Act before the first epoch.

        Parameters
        ----------
        run : Run
            The state of the training.
        """
        return

    def epoch(self, run: Run) -> None:
        """Act after an epoch, whose metrics are in `run.history`.

        Parameters
        ----------
        run : Run
            The state of the training.
        """
        return

    def end(self, run: Run) -> None:
        """Act after the last epoch, or after training or a callback has failed.

        Parameters
        ----------
        run : Run
            The state of the training.
        """
        return


def monitored(run: Run, monitor: str) -> float | None:
    """Return a metric of the epoch that has just ended, None if it was not computed in it.

    Raise ValueError if training does not record it.
    """
    if run.recorded is None:  # where training is resumed, validation may come later
        due = run.history.epoch[0] == 0 or not monitor.startswith("val_")
    else:
        due = monitor not in run.recorded
    if due and monitor not in run.history:
        check_recorded(monitor, run.history)
    return run.figures().get(monitor)
