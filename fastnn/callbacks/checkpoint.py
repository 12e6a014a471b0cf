"""A callback that saves the network while it is trained."""

from __future__ import annotations

import math
import os
from dataclasses import KW_ONLY, dataclass

from .._atomic import check_folder
from .._checks.monitors import Monitoring, sign_of
from .._checks.names import explained
from .._checks.paths import as_path
from .._checks.scalars import as_count
from .base import Callback, Run, monitored


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
        best of this call of `fit`, be it resumed or not. By default every save takes place.
    mode : str
        Whether smaller ("min") or larger ("max") values are better. The default, "auto", decides by
        the name, as `EarlyStopping` does.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described. From `fit`, if it does not record the metric.
    FileNotFoundError, IsADirectoryError
        From `fit`, before training, if the folder does not exist, or `path` is one.

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

    def next_epoch(self, epoch: int) -> int:  # numpydoc ignore=PR01,RT01
        """Return the next epoch after which a save is due."""
        return epoch + -(epoch + 1) % self.every

    def epoch(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Save the network if a save is due and, with `monitor`, the metric is the best so far."""
        if (run.epoch + 1) % self.every:
            return
        if self.monitor is not None:
            figure = monitored(run, self.monitor)
            if figure is None or not self._sign * (figure - self._best) > 0:
                return
            self._best = figure
        run.network.save(self._path)
