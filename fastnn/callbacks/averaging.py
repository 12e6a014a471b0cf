"""A callback that averages the weights over training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field

import numpy as np

from .._checks.arrays import Array
from .._checks.names import explained
from .._checks.scalars import as_flag, as_natural, as_share, check_fields
from .base import Callback, Run


@explained
@dataclass(eq=False)
class AveragedWeights(Callback):  # numpydoc ignore=PR02
    """Average the parameters over the epochs, and let the network have the average in the end.

        average = decay average + (1 - decay) params        after each epoch
        average = mean of the params of all epochs          with decay=None

    The first is an exponential moving average, the second stochastic weight averaging. Training
    itself goes on from its own parameters, which the average does not change. Validation, and
    every other callback after an epoch, see the network with the average: so `EarlyStopping`
    monitors and restores averages, and `Checkpoint` saves them. The order of callbacks does not
    matter. When training ends, for any reason, the network has the average.

    Parameters
    ----------
    decay : float or None
        The share of the average that an epoch keeps, at least 0 and below 1, by default 0.9, which
        averages some 10 epochs. None means that all epochs count alike.
    start_epoch : int
        The first epoch that counts, at least 0, by default 0. Before it nothing is averaged.
    swap : bool
        Whether validation, other callbacks and the trained network have the average, by default
        True. If False, the network is left alone, and the average is in `params`; so it must be of
        each where a training has several.

    Attributes
    ----------
    params : ndarray of float64, or None
        The average, laid out as `Network.params`; None before any.
    raw_params : ndarray or None
        What training itself had reached when it ended: ``net.params = average.raw_params`` takes
        the average back.
    n_averaged : int
        The number of epochs that count.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.

    Notes
    -----
    The average is by epochs, not by updates: the kernels never hold the parameters between two
    updates, since a step is done while the next sample passes over the weights, or once for a whole
    block of samples. An average by updates with a decay of d is close to one by epochs with a decay
    of d to the power of the number of updates in an epoch.

    "loss" and the metrics on training data are those of the parameters before each update, as ever;
    "val_loss" and the like are those of the average.

    ``fit(resume=True)`` with the same callback goes on from `raw_params` and with the same average,
    unless the network has been changed since: `fit` of 10 epochs and of 10 more then equals `fit`
    of 20. A file that `Checkpoint` has saved holds the average alone, from which training then goes
    on. What another callback assigns to the parameters after an epoch is lost.

    References
    ----------
    .. [1] P. Izmailov et al., Averaging weights leads to wider optima and better generalization,
       2018, section 3. The first average is the first epoch's, as in
       `torch.optim.swa_utils.AveragedModel`.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.callbacks import AveragedWeights
    >>> net, average = Network(1, [Dense(1, weights=[[0.0]])]), AveragedWeights(decay=0.5)
    >>> options = {"learning_rate": 0.125, "callbacks": [average]}
    >>> history = net.fit([[1.0]], [1.0], epochs=2, **options)  # outputs: 0.5, then 0.75
    >>> net.predict([1.0]), average.n_averaged
    (array([0.625]), 2)
    """

    decay: float | None = 0.9
    _: KW_ONLY
    start_epoch: int = 0
    swap: bool = True

    params: Array | None = field(init=False, repr=False)
    raw_params: Array | None = field(init=False, repr=False)
    n_averaged: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.decay = None if self.decay is None else as_share("decay", self.decay)
        check_fields(self, start_epoch=as_natural, swap=as_flag)
        self._forget()

    def _forget(self) -> None:
        """Reset the state to that before any training."""
        self.params, self.raw_params, self.n_averaged = None, None, 0
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

    @contextmanager
    def swapped(self, run: Run) -> Iterator[None]:  # numpydoc ignore=PR01,YD01
        """Let the network have the average of this epoch for validation and callbacks."""
        self._next = None
        if run.epoch >= self.start_epoch:
            self._next = self._averaged(run.network.params)
        if self._next is None or not self.swap:
            yield
            return
        raw = run.network.params.copy()
        run.network.params = self._next
        try:
            yield
        finally:
            run.network.params = raw

    def _averaged(self, params: Array) -> Array:
        """Return the average with one more epoch; values that are equal keep their bits."""
        if self.params is None:
            return params.astype(np.float64)
        share = 1 / (self.n_averaged + 1) if self.decay is None else 1 - self.decay
        return self.params + share * (params - self.params)

    def epoch(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Take the average of this epoch, which now stands."""
        if self._next is not None:
            self.params, self._next = self._next, None
            self.n_averaged += 1

    def end(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Let the network have the average."""
        self.raw_params, self._last_epoch = run.network.params.copy(), run.epoch
        if self.swap and self.params is not None:
            run.network.params = self.params
        self._left = run.network.params.copy()
