"""What training recorded."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from .names import explained

if TYPE_CHECKING:
    import pandas as pd


class History(Mapping[str, list[float]]):
    """Figures by name, in the order of the epochs they belong to.

    `"loss"` and each metric are running figures: the mean over an epoch's samples of the value
    before each one's update. `"val_loss"` and `"val_" + metric` are taken after an epoch.

    Attributes
    ----------
    epoch : list of int
        The epochs of the running figures, the first one 0.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> net = Network(2, [Dense(1)], seed=0)
    >>> history = net.fit([[0, 0], [1, 1]], [0, 1], epochs=3)
    >>> list(history), history.epoch, len(history["loss"])
    (['loss'], [0, 1, 2], 3)
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self._figures: dict[str, list[float]] = {}
        self._epochs: dict[str, list[int]] = {}

    @explained
    def record(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Append the figures of an epoch.

        Parameters
        ----------
        epoch : int
            Not before the last one recorded.
        figures : mapping of str to float
        """
        if not self.epoch or self.epoch[-1] != epoch:
            self.epoch.append(epoch)
        for name, value in figures.items():
            self._figures.setdefault(name, []).append(value)
            self._epochs.setdefault(name, []).append(epoch)

    @explained
    def extend(
        self, epochs: Iterable[int], columns: Mapping[str, tuple[list[int], list[float]]]
    ) -> None:
        """Append what was recorded elsewhere.

        Parameters
        ----------
        epochs : iterable of int
            After the last one recorded.
        columns : mapping of str to tuple of list
            As from `columns`.

        Examples
        --------
        >>> from fastnn import Dense, History, Network
        >>> net, whole = Network(2, [Dense(1)], seed=0), History()
        >>> for resume in (False, True):
        ...     part = net.fit([[0, 0], [1, 1]], [0, 1], epochs=2, resume=resume)
        ...     whole.extend(part.epoch, part.columns())
        >>> whole.epoch == net.history.epoch == [0, 1, 2, 3]
        True
        """
        self.epoch.extend(epochs)
        for name, (own_epochs, figures) in columns.items():
            self._figures.setdefault(name, []).extend(figures)
            self._epochs.setdefault(name, []).extend(own_epochs)

    @explained
    def drop_from(self, epoch: int) -> None:
        """Forget what was recorded of an epoch and of those after it, a record cut short too.

        Parameters
        ----------
        epoch : int

        Examples
        --------
        >>> from fastnn import History
        >>> history = History()
        >>> for epoch in range(3):
        ...     history.record(epoch, {"loss": 1.0 / (1 + epoch)})
        >>> history.drop_from(2)
        >>> history.epoch, history["loss"]
        ([0, 1], [1.0, 0.5])
        """
        del self.epoch[bisect_left(self.epoch, epoch) :]
        for name, figures in list(self._figures.items()):
            epochs = self._epochs.get(name, [])
            n_kept = bisect_left(epochs, epoch)
            del figures[n_kept:], epochs[n_kept:]
            if not n_kept:
                del self._figures[name]
                self._epochs.pop(name, None)

    @explained
    def columns(self) -> dict[str, tuple[list[int], list[float]]]:
        """Return, by name, the epochs that figures belong to, and the figures.

        Examples
        --------
        >>> from fastnn import History
        >>> history = History()
        >>> history.record(0, {"loss": 0.5})
        >>> history.columns()
        {'loss': ([0], [0.5])}
        """
        return {name: (self._epochs[name], figures) for name, figures in self._figures.items()}

    @explained
    def epochs_of(self, name: str) -> list[int]:
        """Return the epochs that the figures of one name belong to.

        Parameters
        ----------
        name : str

        Returns
        -------
        epochs : list of int
            As long as `self[name]`.

        Raises
        ------
        KeyError
            If nothing was recorded under that name.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> X, y = [[0, 0], [1, 1]], [0, 1]
        >>> net = Network(2, [Dense(1)], seed=0)
        >>> history = net.fit(X, y, epochs=5, validation_data=(X, y), evaluate_every=2)
        >>> history.epochs_of("val_loss")
        [0, 2, 4]
        """
        return self._epochs[name]

    @explained
    def to_frame(self) -> pd.DataFrame:
        """Return the history as a pandas table with one row an epoch.

        Returns
        -------
        frame : pandas.DataFrame
            Indexed by epoch; NaN where a figure was not taken.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ImportError('to_frame needs pandas: pip install "fastnn-numba[frames]"') from None
        columns = {
            name: pd.Series(values, index=self._epochs[name])
            for name, values in self._figures.items()
        }
        return pd.DataFrame(columns, index=pd.Index(self.epoch, name="epoch"))

    def __getitem__(self, name: str) -> list[float]:
        return self._figures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def __len__(self) -> int:
        return len(self._figures)

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={values[-1]:.6g}" for name, values in self._figures.items())
        return f"History({len(self.epoch)} epochs; last: {last})"
