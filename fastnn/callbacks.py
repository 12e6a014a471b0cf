"""Callbacks, which training calls before the first epoch, after each epoch and at the end."""

from __future__ import annotations

import csv
import io
import math
import os
from dataclasses import KW_ONLY, dataclass, field
from typing import IO, Any, Protocol

from ._atomic import check_folder, replace_file
from ._checks.arrays import Array
from ._checks.monitors import Monitoring, check_recorded, sign_of
from ._checks.names import explained
from ._checks.paths import as_path
from ._checks.scalars import as_amount, as_count, as_flag
from .history import History


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
        The rate of that epoch, or before the first epoch, the rate of the first; by default NaN.
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

    Any object with these methods is a callback.

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


@explained
@dataclass(eq=False)
class EarlyStopping(Monitoring, Callback):  # numpydoc ignore=PR02
    """Stop training when a metric has stopped improving.

    Parameters
    ----------
    monitor : str
        The metric to watch, a name in `History`, by default "val_loss". Epochs in which it is not
        computed do not count.
    patience : int
        The number of values in a row without improvement that ends training, at least 1, by
        default 10.
    min_delta : float
        The amount by which an improvement must exceed the best value, at least 0, in units of the
        metric, by default 0.
    mode : str
        Whether smaller ("min") or larger ("max") values are better. The default, "auto", is max for
        accuracy and r2, and min for loss, mse, mae and penalty; for a user-defined metric the mode
        must be given.
    restore_best : bool
        Whether to restore the parameters of the best epoch when training ends, for any reason, by
        default True.

    Attributes
    ----------
    best : float
        The best value; before any, the infinity that every value improves on.
    best_epoch, stopped_epoch : int or None
        The epoch of the best value, and the epoch in which training was stopped; None before.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described. From `fit`, if it does not record the metric.

    Notes
    -----
    The optimiser keeps its state of the last epoch.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.callbacks import EarlyStopping
    >>> net = Network(1, [Dense(1)], seed=0)
    >>> stopping = EarlyStopping("loss", patience=2, min_delta=0.01)
    >>> X, y = [[0], [1], [2]], [1, 3, 5]
    >>> history = net.fit(X, y, epochs=500, learning_rate=0.1, callbacks=[stopping])
    >>> history.epoch[-1] - stopping.best_epoch
    2
    """

    monitor: str = "val_loss"
    _: KW_ONLY
    patience: int = 10
    min_delta: float = 0.0
    mode: str = "auto"
    restore_best: bool = True

    best: float = field(init=False, repr=False)
    best_epoch: int | None = field(init=False, repr=False)
    stopped_epoch: int | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.patience = as_count("patience", self.patience)
        self.min_delta = as_amount("min_delta", self.min_delta)
        self.restore_best = as_flag("restore_best", self.restore_best)
        self._sign = sign_of(self.monitor, self.mode)
        self._forget()

    def _forget(self) -> None:
        """Reset the state to that before any training."""
        self.best, self.best_epoch, self.stopped_epoch = -self._sign * math.inf, None, None
        self._n_without = 0
        self._best_params: Array | None = None

    def start(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Reset the state before the first epoch."""
        self._forget()

    def epoch(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Compare the metric with the best; stop training after too many without improvement."""
        figure = _figure(run, self.monitor)
        if figure is None:
            return
        if self._sign * (figure - self.best) > self.min_delta:
            self.best, self.best_epoch, self._n_without = figure, run.epoch, 0
            if self.restore_best:
                self._best_params = run.network.params.copy()
            return
        self._n_without += 1
        if self._n_without >= self.patience:
            self.stopped_epoch = run.epoch
            run.stop()

    def end(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Restore the best parameters."""
        if self._best_params is not None:
            run.network.params = self._best_params
            self._best_params = None


@explained
@dataclass(eq=False)
class Checkpoint(Monitoring, Callback):  # numpydoc ignore=PR02
    """Save the network every few epochs, so that training can be resumed from the file.

    The file is replaced atomically: if the power fails, it holds the old or the new network.
    `Network.load` reads it.

    Parameters
    ----------
    path : str or os.PathLike
        The file, in an existing folder. It is overwritten.
    every : int
        The number of epochs between saves, at least 1, by default 1.
    monitor : str, optional
        The metric to watch, a name in `History`: a save then takes place only if its value is the
        best of this training. By default every save takes place.
    mode : str
        Whether smaller ("min") or larger ("max") values are better. The default, "auto", decides by
        the name, as `EarlyStopping` does.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described. From `fit`, if it does not record the metric.
    FileNotFoundError
        From `fit`, before training, if the folder does not exist.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fastnn import Dense, Network
    >>> from fastnn.callbacks import Checkpoint
    >>> net = Network(1, [Dense(1)], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "line.fastnn"
    ...     history = net.fit([[0], [1]], [1, 3], epochs=3, callbacks=[Checkpoint(path)])
    ...     saved = Network.load(path)
    >>> saved.predict([2.0]) == net.predict([2.0])
    array([ True])
    """

    path: str | os.PathLike[str]
    _: KW_ONLY
    every: int = 1
    monitor: str | None = None
    mode: str = "auto"

    def __post_init__(self) -> None:
        self._path = as_path(self.path)
        self.every = as_count("every", self.every)
        self._sign = sign_of("loss" if self.monitor is None else self.monitor, self.mode)
        self._best = -self._sign * math.inf

    def start(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Reset the state, and check that the folder exists."""
        self._best = -self._sign * math.inf
        check_folder(self._path)

    def epoch(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Save the network if a save is due and, with `monitor`, the metric is the best so far."""
        if (run.epoch + 1) % self.every:
            return
        if self.monitor is not None:
            figure = _figure(run, self.monitor)
            if figure is None or not self._sign * (figure - self._best) > 0:
                return
            self._best = figure
        run.network.save(self._path)


@explained
@dataclass(eq=False)
class CSVLog(Callback):  # numpydoc ignore=PR02
    """Write the metrics of each epoch to a CSV file.

    There is one row for each epoch, with the columns epoch, learning_rate and every name in
    `History`; a cell is empty if the metric was not computed. Numbers have all their digits. Each
    row is written when its epoch ends.

    Parameters
    ----------
    path : str or os.PathLike
        The file, in an existing folder.
    append : bool
        Whether to append to an existing file instead of overwriting it, by default False.

    Raises
    ------
    OSError
        From `fit`, before training, if the file cannot be written.
    ValueError
        From `fit`, before training, if the file to append to is another kind of table.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fastnn import Dense, Network
    >>> from fastnn.callbacks import CSVLog
    >>> net = Network(1, [Dense(1, weights=[[0.0]])], loss="half_sse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "log.csv"
    ...     history = net.fit([[1]], [2], epochs=2, learning_rate=0.25, callbacks=[CSVLog(path)])
    ...     print(path.read_text().strip())
    epoch,learning_rate,loss
    0,0.25,2.0
    1,0.25,0.5
    """

    path: str | os.PathLike[str]
    _: KW_ONLY
    append: bool = False

    def __post_init__(self) -> None:
        self._path = as_path(self.path)
        self.append = as_flag("append", self.append)
        self._columns: list[str] = []

    def start(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Create the file, or check the one to append to."""
        with open(self._path, "a+" if self.append else "w+", newline="", encoding="utf-8") as file:
            file.seek(0)
            self._columns = next(csv.reader(file), [])
        if self._columns and self._columns[0] != "epoch":
            raise ValueError(
                f"{self._path} must have epoch as its first column, got {self._columns[0]!r}"
            )

    def epoch(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Write the row of an epoch."""
        row = {"epoch": run.epoch, "learning_rate": run.learning_rate, **run.figures()}
        if new := [name for name in row if name not in self._columns]:
            self._widen(new)
        with open(self._path, "a", newline="", encoding="utf-8") as file:
            self._writer(file).writerow(row)

    def _widen(self, new: list[str]) -> None:
        """Add columns to the table, empty in the existing rows."""
        with open(self._path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self._columns += new
        table = io.StringIO()
        writer = self._writer(table)
        writer.writeheader()
        writer.writerows(rows)
        replace_file(self._path, table.getvalue().encode())

    def _writer(self, file: IO[str]) -> csv.DictWriter[str]:
        return csv.DictWriter(file, self._columns, lineterminator="\n")


def _figure(run: Run, monitor: str) -> float | None:
    """Return the metric of the epoch that has just ended, or None if it was not computed."""
    if run.recorded is None:  # where training is resumed, validation may come later
        due = run.history.epoch[0] == 0 or not monitor.startswith("val_")
    else:
        due = monitor not in run.recorded
    if due and monitor not in run.history:
        check_recorded(monitor, run.history)
    return run.figures().get(monitor)
