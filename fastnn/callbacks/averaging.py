"""A callback that averages the weights over training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field

import numpy as np

from .._checks.arrays import Array
from .._checks.callers import warn_caller
from .._checks.names import explained
from .._checks.periods import PERIODS
from .._checks.scalars import as_choice, as_flag, as_natural, as_share, check_fields
from ..core.averaging import N_AVERAGED, VALUES, new_average
from .base import Callback, Run

_DECAYS = {"epoch": 0.9, "update": 0.999}


@explained
@dataclass(eq=False)
class AveragedWeights(Callback):  # numpydoc ignore=PR02
    """Average the parameters over training, and let the network have the average in the end.

        average = decay average + (1 - decay) params        after each epoch, or each update
        average = mean of the params of all of them         with decay=None

    The first is an exponential moving average (EMA), the second stochastic weight averaging.
    Training itself goes on from its own parameters, which the average does not change. Validation,
    and every other callback after an epoch, see the network with the average: so `EarlyStopping`
    monitors and restores averages, and `Checkpoint` saves them. The order of callbacks does not
    matter. When training ends, for any reason, the network has the average.

    Parameters
    ----------
    decay : float, None or "auto"
        The share of the average that an epoch or update keeps, at least 0 and below 1. None means
        that all count alike. By default "auto": 0.9 by epochs, which averages some 10 of them, and
        0.999 by updates, some 1000. Over fewer, the average is still near the first parameters that
        count, mostly worse than the last ones: a warning says so, once, when training ends. Give a
        smaller decay then, or None, or train longer.
    per : str
        Whether the average is taken after each "epoch", the default, or after each "update".
    start_epoch : int
        The first epoch that counts, at least 0, by default 0. Before it nothing is averaged.
    swap : bool
        Whether validation, other callbacks and the trained network have the average, by default
        True. If False, the network is left alone, and the average is in `params`; so it must be of
        each where a training has several, of which one may be by updates.

    Attributes
    ----------
    params : ndarray of float64, or None
        The average, laid out as `Network.params`; None before any.
    raw_params : ndarray or None
        What training itself had reached when it ended: ``net.params = average.raw_params`` takes
        the average back.
    n_averaged : int
        The number of epochs or updates that count.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.

    Notes
    -----
    By updates the kernels pass over the average after each update, within the compiled epoch. That
    is little beside a batch, some tenths beside a step of Adam by one sample, and several times as
    much as a plain one, which is done within the next sample's pass over the weights if nothing is
    averaged, and where layer 0 may look ahead. So the parameters of such a training differ in their
    last digits from those without an average; those of batches do not. A batch without weight is no
    update. The average by updates is not for L-BFGS, whose epochs are updates, nor for
    `fastnn.distributed`. With a decay of d it is close to one by epochs with a decay of d to the
    power of the number of updates in an epoch.

    "loss" and the metrics on training data are those of the parameters before each update, as ever;
    "val_loss" and the like are those of the average.

    ``fit(resume=True)`` with the same callback goes on from `raw_params` and with the same average,
    unless the network has been changed since: `fit` of 10 epochs and of 10 more then equals `fit`
    of 20. In another process, ``pickle.dump((net, average), file)`` keeps both. A file that
    `Checkpoint` has saved holds the average alone, from which training then goes on. What another
    callback assigns to the parameters after an epoch is lost.

    References
    ----------
    .. [1] P. Izmailov et al., Averaging weights leads to wider optima and better generalization,
       2018, section 3. The first average is the parameters after the first epoch or update, as in
       `torch.optim.swa_utils.AveragedModel` and in the optimisers of Keras (``use_ema``).

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.callbacks import AveragedWeights
    >>> net, average = Network(1, [Dense(1, weights=[[0.0]])]), AveragedWeights(decay=0.5)
    >>> options = {"learning_rate": 0.125, "callbacks": [average]}
    >>> history = net.fit([[1.0]], [1.0], epochs=2, **options)  # outputs: 0.5, then 0.75
    >>> net.predict([1.0]), average.n_averaged
    (array([0.625]), 2)

    After each update, of which an epoch of two samples has two:

    >>> net = Network(1, [Dense(1, weights=[[0.0]])])
    >>> average = AveragedWeights(decay=0.5, per="update")
    >>> options = {"learning_rate": 0.125, "callbacks": [average]}
    >>> history = net.fit([[1.0], [1.0]], [1.0, 1.0], **options)
    >>> net.predict([1.0]), average.n_averaged
    (array([0.625]), 2)
    """

    decay: float | str | None = "auto"
    _: KW_ONLY
    per: str = "epoch"
    start_epoch: int = 0
    swap: bool = True

    params: Array | None = field(init=False, repr=False)
    raw_params: Array | None = field(init=False, repr=False)
    n_averaged: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        as_choice("per", self.per, PERIODS)
        self._may_warn = isinstance(self.decay, str) and self.decay == "auto"
        if self._may_warn:
            self.decay = _DECAYS[self.per]
        self.decay = None if self.decay is None else as_share("decay", self.decay)
        check_fields(self, start_epoch=as_natural, swap=as_flag)
        self._forget()

    def _forget(self) -> None:
        """Reset the state to that before any training."""
        self.params, self.raw_params, self.n_averaged = None, None, 0
        self._running = np.empty(0)  # what kernels bring up to date, between start and end
        self._next: Array | None = None  # the average of the epoch that is ending
        self._left: Array | None = None  # what the network was given in the end
        self._last_epoch = -1

    def start(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Go on where training ended if it is resumed; else reset the state."""
        left = self._left if run.epoch == self._last_epoch else None
        if left is not None and np.array_equal(run.network.params, left):
            run.network.params = self.raw_params
        else:
            self._forget()
        if self.per == "update":
            n_averaged = self.n_averaged if run.epoch + 1 >= self.start_epoch else -1
            values = 0 * run.network.params if self.params is None else self.params
            decay = 1.0 if self.decay is None else float(self.decay)
            self._running = new_average(decay, n_averaged, values)

    def next_epoch(self, epoch: int) -> float:  # numpydoc ignore=PR01,RT01
        """Return the next epoch after which there is something to do, for all may be averaged."""
        if self.per == "epoch":
            return epoch
        return max(epoch, self.start_epoch - 1) if self._running[N_AVERAGED] < 0 else math.inf

    def running(self) -> Array | None:  # numpydoc ignore=RT01
        """Return what the kernels bring up to date while this goes on; None by epochs."""
        return self._running if self.per == "update" else None

    @contextmanager
    def swapped(self, run: Run) -> Iterator[None]:  # numpydoc ignore=PR01,YD01
        """Let the network have the average of this epoch for validation and callbacks."""
        self._next = self._average_of(run)
        if self._next is None or not self.swap:
            yield
            return
        raw = run.network.params.copy()
        run.network.params = self._next
        try:
            yield
        finally:
            run.network.params = raw

    def _average_of(self, run: Run) -> Array | None:
        """Return the average with the epoch that is ending; values that are equal keep bits."""
        if run.epoch < self.start_epoch:
            return None
        if self.per == "update":
            average: Array = self._running[VALUES:].copy()
            return average if self._running[N_AVERAGED] > 0 else None
        params: Array = run.network.params
        if self.params is None:
            return params.astype(np.float64)
        share = 1 / (self.n_averaged + 1) if self.decay is None else 1 - float(self.decay)
        average = self.params + share * (params - self.params)
        return average

    def epoch(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Take the average of this epoch, which now stands."""
        n_averaged = self.n_averaged + 1
        if self.per == "update":
            n_averaged = int(self._running[N_AVERAGED])
            if n_averaged < 0 and run.epoch + 1 >= self.start_epoch:
                self._running[N_AVERAGED] = 0
        if self._next is not None:
            self.params, self._next, self.n_averaged = self._next, None, n_averaged

    def end(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Let the network have the average."""
        self.raw_params, self._last_epoch = run.network.params.copy(), run.epoch
        self._running = np.empty(0)
        if self.swap and self.params is not None:
            run.network.params = self.params
        self._left = run.network.params.copy()
        needed = round(1 / (1 - _DECAYS[self.per]))
        if self._may_warn and 0 < self.n_averaged < needed:
            self._may_warn = False
            warn_caller(
                f"AveragedWeights must average at least {needed} {self.per}s with its default "
                f"decay of {self.decay}, got {self.n_averaged}: the average is near the first of "
                "them; give a smaller decay, or decay=None, or train for more epochs"
            )
