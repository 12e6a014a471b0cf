"""A callback that stops training when it no longer improves."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, field

from .._checks.arrays import Array
from .._checks.monitors import Monitoring, sign_of
from .._checks.names import explained
from .._checks.scalars import as_amount, as_count, as_flag, check_fields
from .base import Callback, Run, monitored


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
        check_fields(self, patience=as_count, min_delta=as_amount, restore_best=as_flag)
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
        figure = monitored(run, self.monitor)
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
