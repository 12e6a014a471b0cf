"""What training calls before the first epoch, after each one, and at the end."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Collection
from dataclasses import KW_ONLY, dataclass, field
from typing import IO, Any, Protocol

from ._atomic import check_folder, replace_file
from ._checks.arrays import Array, as_count, as_flag, as_in_range
from ._checks.monitors import check_recorded, sign_of
from ._checks.names import explained
from ._checks.paths import as_path
from .history import History


@dataclass
class Run:
    """What a callback is shown of the training under way.

    Attributes
    ----------
    network : Network
        Consistent, and may be read, written to, copied and saved.
    history : History
        What this call of `fit` has recorded.
    epoch : int
        The one that has just ended; -1 before the first one.
    learning_rate : float
        Of that epoch; when training starts, of the one to come.
    stopping : bool
        Whether training ends here.
    recorded : tuple of str, optional
        The figures that `fit` records in this call, those to come too.

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
        """Return the figures that were taken of the epoch that has just ended, by name."""
        return {
            name: values[-1]
            for name, values in self.history.items()
            if self.history.epochs_of(name)[-1] == self.epoch
        }


class Callback(Protocol):
    """Three methods that training calls; a subclass inherits those that it has no use for.

    Any object that has them will do.

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

    # With nothing but a docstring a protocol's method would be abstract to a type checker.

    def start(self, run: Run) -> None:
        """Be called before the first epoch."""
        return

    def epoch(self, run: Run) -> None:
        """Be called after an epoch, with all its figures in `run.history`."""
        return

    def end(self, run: Run) -> None:
        """Be called after the last epoch, and also where training or a callback has failed."""
        return


@explained
@dataclass(eq=False)
class EarlyStopping(Callback):
    """Stop when a figure has not got better for some time.

    Parameters
    ----------
    monitor : str
        A name in `History`. An epoch in which this figure is not taken does not count.
    patience : int
        At least 1; how many figures in a row without improvement stop training.
    min_delta : float
        At least 0; an improvement must be larger. Units of the figure.
    mode : str
        "min" or "max", which way is better; "auto" is max for accuracy and r2, min for loss, mse,
        mae and penalty: for a figure of your own it must be given.
    restore_best : bool
        Whether to put the parameters of the best epoch back when training ends, however it does.

    Attributes
    ----------
    best : float
        The best figure; infinite, on the bad side, before any.
    best_epoch, stopped_epoch : int or None

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described. By `fit`, if it does not record such a figure.

    Notes
    -----
    The state of the optimiser stays that of the last epoch.

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
        self.min_delta = as_in_range("min_delta", self.min_delta, 0, math.inf)
        self.restore_best = as_flag("restore_best", self.restore_best)
        self._sign = sign_of(self.monitor, self.mode)
        self._forget()

    def expect(self, recorded: Collection[str]) -> None:
        """Raise unless the figure is among those that are to be recorded."""
        check_recorded(self.monitor, recorded)

    def _forget(self) -> None:
        """Be as if there had been no training."""
        self.best, self.best_epoch, self.stopped_epoch = -self._sign * math.inf, None, None
        self._n_without = 0
        self._best_params: Array | None = None

    def start(self, run: Run) -> None:
        """Forget an earlier training."""
        self._forget()

    def epoch(self, run: Run) -> None:
        """Take note of the figure, and stop training if it was too long without improvement."""
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

    def end(self, run: Run) -> None:
        """Put the best parameters back."""
        if self._best_params is not None:
            run.network.params = self._best_params
            self._best_params = None


@explained
@dataclass(eq=False)
class Checkpoint(Callback):
    """Save the network after every so many epochs, so that training may be resumed from there.

    The file is replaced at once: whenever the power fails, it holds one network or the next.
    `Network.load` reads it.

    Parameters
    ----------
    path : str or os.PathLike
        In a folder that exists; overwritten.
    every : int
        At least 1; epochs.
    monitor : str, optional
        A name in `History`: of the networks after `every` epochs, only one whose figure is the
        best yet of this training is kept.
    mode : str
        As for `EarlyStopping`.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described. By `fit`, if it does not record such a figure.
    FileNotFoundError
        Before training, if the folder does not exist.

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

    def expect(self, recorded: Collection[str]) -> None:
        """Raise unless the figure is among those that are to be recorded."""
        if self.monitor is not None:
            check_recorded(self.monitor, recorded)

    def start(self, run: Run) -> None:
        """Forget an earlier training, and look whether the folder is there."""
        self._best = -self._sign * math.inf
        check_folder(self._path)

    def epoch(self, run: Run) -> None:
        """Save the network, if it is time and the figure the best yet."""
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
class CSVLog(Callback):
    """Write the figures of each epoch to a table of comma-separated values.

    A row an epoch, with the columns epoch, learning_rate and every name in `History`; empty where
    a figure was not taken. Numbers have all their digits, and each row is written at once.

    Parameters
    ----------
    path : str or os.PathLike
        In a folder that exists.
    append : bool
        Whether to go on below the rows of such a file, if there is one, instead of overwriting it.

    Raises
    ------
    OSError
        Before training, if the file cannot be written.
    ValueError
        Before training, if the file to go on with is another kind of table.

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

    def start(self, run: Run) -> None:
        """Make the file, or look at the one to go on with."""
        with open(self._path, "a+" if self.append else "w+", newline="", encoding="utf-8") as file:
            file.seek(0)
            self._columns = next(csv.reader(file), [])
        if self._columns and self._columns[0] != "epoch":
            raise ValueError(
                f"{self._path} must have epoch as its first column, got {self._columns[0]!r}"
            )

    def epoch(self, run: Run) -> None:
        """Write a row."""
        row = {"epoch": run.epoch, "learning_rate": run.learning_rate, **run.figures()}
        if new := [name for name in row if name not in self._columns]:
            self._widen(new)
        with open(self._path, "a", newline="", encoding="utf-8") as file:
            self._writer(file).writerow(row)

    def _widen(self, new: list[str]) -> None:
        """Give the table further columns, empty in the rows that are there."""
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
    """Return the figure of the epoch that has just ended, or None if it was not taken."""
    if run.recorded is None:  # where training is resumed, validation may come later
        due = run.history.epoch[0] == 0 or not monitor.startswith("val_")
    else:
        due = monitor not in run.recorded
    if due and monitor not in run.history:
        check_recorded(monitor, run.history)
    return run.figures().get(monitor)
