"""`History`: the metrics that training records, by epoch."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ._checks.extras import missing_package
from ._checks.monitors import known_sign
from ._checks.names import did_you_mean, explained
from ._notebook import html_table

if TYPE_CHECKING:
    import pandas as pd


class History(Mapping[str, list[float]]):
    """The values of each metric, by name, in the order of their epochs.

    `"loss"` and each training metric are running means: the mean over an epoch's samples of the
    value before each one's update. `"val_loss"` and `"val_" + metric` are computed after an epoch.

    Attributes
    ----------
    epoch : list of int
        The epochs that were recorded, from 0.

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
        """Append the metrics of an epoch.

        Parameters
        ----------
        epoch : int
            The epoch, not before the last one recorded.
        figures : mapping of str to float
            The value of each metric, by name.

        Examples
        --------
        >>> from fastnn import History
        >>> history = History()
        >>> history.record(0, {"loss": 0.5})
        >>> history["loss"]
        [0.5]
        """
        if not self.epoch or self.epoch[-1] != epoch:
            self.epoch.append(epoch)
        for name, value in figures.items():
            self._figures.setdefault(name, []).append(value)
            self._epochs.setdefault(name, []).append(epoch)

    @explained
    def extend(
        self, epochs: Iterable[int], columns: Mapping[str, tuple[Iterable[int], Iterable[float]]]
    ) -> None:
        """Append the record of another history.

        Parameters
        ----------
        epochs : iterable of int
            Its epochs, after the last one recorded here.
        columns : mapping of str to tuple of iterable
            The epochs and values of each metric, as `columns` returns them.

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
            The first epoch to forget.

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
        """Return the epochs and the values of each metric.

        Returns
        -------
        dict of str to tuple of list
            A pair (epochs, values) for each name.

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
        """Return the epochs in which a metric was recorded.

        Parameters
        ----------
        name : str
            The name of the metric.

        Returns
        -------
        list of int
            One epoch for each value of `self[name]`.

        Raises
        ------
        KeyError
            If no metric of that name was recorded.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> X, y = [[0, 0], [1, 1]], [0, 1]
        >>> net = Network(2, [Dense(1)], seed=0)
        >>> history = net.fit(X, y, epochs=5, validation_data=(X, y), evaluate_every=2)
        >>> history.epochs_of("val_loss")
        [0, 2, 4]
        """
        self[name]
        return self._epochs[name]

    @explained
    def to_frame(self) -> pd.DataFrame:
        """Return the history as a pandas DataFrame with one row for each epoch.

        Returns
        -------
        pandas.DataFrame
            The metrics, indexed by epoch; NaN where a metric was not computed.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> from fastnn import History
        >>> history = History()
        >>> history.record(0, {"loss": 0.5})
        >>> history.to_frame()["loss"].tolist()
        [0.5]
        """
        try:
            import pandas as pd
        except ImportError:
            raise missing_package("to_frame", "pandas", "frames") from None
        columns = {
            name: pd.Series(values, index=self._epochs[name])
            for name, values in self._figures.items()
        }
        return pd.DataFrame(columns, index=pd.Index(self.epoch, name="epoch"))

    def __getitem__(self, name: str) -> list[float]:
        if name not in self._figures:
            remedy = did_you_mean(name, self._figures)
            if isinstance(name, str) and name.startswith("val_"):
                remedy = "; val_ are those of validation_data or validation_fraction, given to fit"
            known = ", ".join(map(repr, self._figures)) or "nothing"
            raise KeyError(f"a history must have the metric {name!r}, got {known}{remedy}")
        return self._figures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def __len__(self) -> int:
        return len(self._figures)

    def _repr_html_(self) -> str:
        """Return a table with a row for each metric, for a notebook."""
        rows = []
        for name, values in self._figures.items():
            best = self._best_of(name)
            told = ("-", "-") if best is None else (f"{values[best]:.6g}", self._epochs[name][best])
            rows.append((name, len(values), f"{values[0]:.6g}", f"{values[-1]:.6g}", *told))
        s = "" if len(self.epoch) == 1 else "s"
        head = ("metric", "values", "first", "last", "best", "at epoch")
        return html_table(rows, head=head, caption=f"History, {len(self.epoch)} epoch{s}")

    def _best_of(self, name: str) -> int | None:
        """Return the position of the best value, if it is known what is better."""
        sign = known_sign(name)
        values = self._figures[name]
        numbers = [k for k, value in enumerate(values) if value == value]  # not NaN
        if sign is None or not numbers:
            return None
        return max(numbers, key=lambda k: sign * values[k])

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={values[-1]:.6g}" for name, values in self._figures.items())
        return f"History({len(self.epoch)} epochs; last: {last})"
