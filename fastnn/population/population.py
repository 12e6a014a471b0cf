"""`Population`: many networks, trained in parallel on the same data, and their predictions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._checks.arrays import Array, as_count, as_flag
from .._checks.frames import check_names
from .._checks.inputs import as_samples
from .._checks.monitors import sign_of
from .._checks.names import explained
from .._training import threads
from .._training.loop import bar_of_samples
from .._training.state import state_of
from ..core.inputs import Samples
from ..history import History
from ..network import Network
from .training import PopulationFit, as_options, noting_network

_MOST_ROWS = 512  # in a job of `predict`: enough that Python takes some hundredths of it
_MOST_OUTPUTS = 1 << 22  # of all networks, for the rows of a job


class Prediction(NamedTuple):  # numpydoc ignore=PR02
    """The prediction of a population: mean and spread over its networks.

    Parameters
    ----------
    mean, spread : ndarray, shape (n_samples, n_out) or (n_out,)
        The mean and the standard deviation (divided by K, not K - 1) over the K networks.

    Examples
    --------
    >>> from fastnn import Dense, Network, Population
    >>> population = Population(Network(1, [Dense(1, weights=[[w]])]) for w in (1, 3))
    >>> mean, spread = population.predict([10.0])
    >>> mean, spread
    (array([20.]), array([10.]))
    """

    mean: Array
    spread: Array


@dataclass(frozen=True)
class Best:  # numpydoc ignore=PR02
    """The best network of a population, by a metric.

    Parameters
    ----------
    index : int
        The index of the network in the population.
    network : Network
        The network itself.
    figure : float
        The value of its metric.

    Examples
    --------
    >>> from fastnn import Dense, Network, Population
    >>> population = Population(Network(1, [Dense(1, weights=[[w]])]) for w in (1, 2, 3))
    >>> histories = population.fit([[0], [1]], [0, 2], validation_data=([[2]], [4]))
    >>> best = population.best()
    >>> best.index, best.network is population[1], best.figure
    (1, True, 0.0)
    """

    index: int
    network: Network
    figure: float


@explained
class Population:
    """Networks that threads train in parallel on the same data.

    They may differ in all else: layers, loss, dtype, seed. Each gets the same bits as if it were
    trained alone, for any number of threads.

    Parameters
    ----------
    networks : iterable of Network
        The networks, at least one. All must be different, and so must their random sources.

    Attributes
    ----------
    networks : tuple of Network
        The networks as given, not copies. ``len(population)``, ``population[k]`` and iteration
        work on them.

    Raises
    ------
    ValueError, TypeError
        If `networks` is not as described.

    Examples
    --------
    >>> from fastnn import Dense, Network, Population
    >>> X, y = [[0], [1], [2]], [1, 3, 5]
    >>> population = Population(Network(1, [Dense(1)], seed=seed) for seed in range(5))
    >>> histories = population.fit(X, y, epochs=500, learning_rate=0.1)
    >>> population.predict([3.0]).mean.round(6)
    array([7.])
    """

    def __init__(self, networks: Iterable[Network]) -> None:
        if isinstance(networks, Network):
            raise TypeError("networks must be an iterable of Network, got one: write [network]")
        self.networks = tuple(networks)
        if not self.networks:
            raise ValueError("a population must have at least one network, got none")
        seen: dict[int, int] = {}
        for k, net in enumerate(self.networks):
            if not isinstance(net, Network):
                raise TypeError(f"networks must be Network, got {type(net).__name__} at {k}")
            for part, what in (
                (net, "be different ones"),
                (state_of(net).random, "have seeds of their own"),
            ):
                if (first := seen.setdefault(id(part), k)) != k:
                    raise ValueError(f"networks must {what}, got one for both {first} and {k}")
        self._restored: dict[int, tuple[History, int]] = {}

    def __len__(self) -> int:
        return len(self.networks)

    def __getitem__(self, index: int) -> Network:
        return self.networks[index]

    def __iter__(self) -> Iterator[Network]:
        return iter(self.networks)

    def __repr__(self) -> str:
        return f"Population({len(self)} networks)"

    @explained
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        *,
        n_threads: int | None = None,
        settings: Sequence[Mapping[str, Any]] | None = None,
        progress: bool = False,
        **common: Any,
    ) -> tuple[History, ...]:
        """Train every network as ``net.fit(X, y, ...)`` does, to the bit.

        All arguments for all networks are checked before any training.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in)
            The inputs, as `Network.fit` takes them, but not as chunks. They are checked and
            converted once for all networks with the same n_in, n_out, dtype and loss.
        y : array_like, shape (n_samples, n_out), or (n_samples,)
            The targets, as `Network.fit` takes them.
        n_threads : int, optional
            The number of networks to train at once, by default one for each core of this process.
        settings : sequence of mapping, optional
            Keyword arguments of `Network.fit` for single networks: one mapping for each network. By
            default all share `common`.
        progress : bool
            Whether to show a progress bar on a terminal or in a notebook, by default False.
        **common : Any
            Keyword arguments of `Network.fit` for all networks; those in `settings` take
            precedence. A callback belongs to one network: give each its own in `settings`.

        Returns
        -------
        tuple of History
            The history of this call, one for each network.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described; a note names the network. All networks are as they
            were before the call.
        DivergenceError
            If networks have diverged; all others were trained to the end. `networks` has the
            indices of those that diverged; each has its last finite parameters, and its `history`
            has what was recorded.
        RuntimeError
            If another thread is training one of the networks; all are as they were.

        Notes
        -----
        Any other error in one network, for instance in its callback, ends the training of all
        within a slice of some 20 ms, as Ctrl-C does. It is raised with a note that names the
        network. Networks in training keep the updates so far; `resume` continues from there.

        Compiled calls run in parallel. The Python code around them, 0.1 ms a network and a
        hundredth of each slice, does not; nor do metrics, schedules and callbacks in Python.

        Examples
        --------
        A search for the best learning rate:

        >>> from fastnn import Dense, Network, Population
        >>> X, y = [[0], [1], [2]], [1, 3, 5]
        >>> rates = [0.001, 0.01, 0.1]
        >>> population = Population(Network(1, [Dense(1)], seed=0) for _ in rates)
        >>> settings = [{"learning_rate": rate} for rate in rates]
        >>> _ = population.fit(X, y, epochs=100, validation_data=(X, y), settings=settings)
        >>> rates[population.best().index]
        0.1
        """
        if y is None:
            raise TypeError("y must be given: chunks are for a network alone, got None")
        n_threads = _as_n_threads(n_threads)
        progress = as_flag("progress", progress)
        options = as_options(common, settings, len(self))
        with ExitStack() as stack:
            for k, net in enumerate(self.networks):
                with noting_network(k):
                    stack.enter_context(state_of(net).lock)
            training = PopulationFit(self.networks, X, y, options)
            if progress:
                training.bar = stack.enter_context(bar_of_samples(training.n_samples))
            jobs = (training.train(k) for k in training.order())
            try:
                threads.run(jobs, min(n_threads, len(self)), training.errors)
            finally:
                self._restored |= training.restored()
        if training.diverged:
            raise training.divergence()
        return tuple(state_of(net).latest for net in self.networks)

    @explained
    def predict(self, X: ArrayLike, *, n_threads: int | None = None) -> Prediction:
        """Return the mean and the standard deviation of the networks' outputs.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
            The inputs, as a table or as one row.
        n_threads : int, optional
            The number of threads that share the rows, by default one for each core of this process.

        Returns
        -------
        Prediction
            The pair (mean, spread), in float64 if any network is, else in float32. The values of a
            row have the same bits in any table, and for any `n_threads`.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, or the networks differ in `n_out`.

        Examples
        --------
        >>> from fastnn import Dense, Network, Population
        >>> population = Population(Network(1, [Dense(1, weights=[[w]])]) for w in (1, 3))
        >>> population.predict([10.0])
        Prediction(mean=array([20.]), spread=array([10.]))
        """
        n_threads = _as_n_threads(n_threads)
        n_out = self.networks[0].n_out
        tables: dict[tuple[int, np.dtype[Any]], Samples] = {}
        for k, net in enumerate(self.networks):
            with noting_network(k):
                check_names(X, state_of(net).feature_names)
            if net.n_out != n_out:
                raise ValueError(
                    f"networks must have the same n_out, got {n_out} at 0 and {net.n_out} at {k}"
                )
            if (net.n_in, net.dtype) not in tables:
                with noting_network(k):
                    samples = as_samples(X, net.n_in, net.dtype, row=True)
                tables[net.n_in, net.dtype] = samples
        shape = samples.n_samples, n_out
        mean, spread = np.empty((2, *shape), np.result_type(*(net.dtype for net in self.networks)))

        def predict_rows(start: int, stop: int) -> Iterator[None]:  # numpydoc ignore=GL08
            n_rows = stop - start
            parts = {kind: _cut(table, start, stop) for kind, table in tables.items()}
            # One spare row: NumPy sums a single column in another order than several columns.
            outputs = np.zeros((len(self), n_rows + 1, n_out))
            for net, rows in zip(self.networks, outputs, strict=True):
                own = np.empty((n_rows, n_out), net.dtype)
                state_of(net).model.predict(parts[net.n_in, net.dtype], own)
                rows[:n_rows] = own
                yield
            mean[start:stop] = outputs.mean(axis=0)[:n_rows]
            spread[start:stop] = outputs.std(axis=0)[:n_rows]

        step = max(1, min(_MOST_ROWS, _MOST_OUTPUTS // (len(self) * n_out)))
        starts = range(0, len(mean), step)
        jobs = (predict_rows(start, min(start + step, len(mean))) for start in starts)
        threads.run(jobs, min(n_threads, len(starts)))
        return Prediction(mean[0], spread[0]) if np.ndim(X) == 1 else Prediction(mean, spread)

    @explained
    def best(self, monitor: str = "val_loss", *, mode: str = "auto") -> Best:
        """Return the network with the best value of a metric, the first of equals.

        Parameters
        ----------
        monitor : str
            A name in `History`, by default "val_loss". The last value of each network counts; if
            `EarlyStopping` has restored its best weights, the last value up to their epoch.
        mode : str
            Whether the smallest ("min") or the largest ("max") value is the best. The default,
            "auto", decides by the name, as `EarlyStopping` does.

        Returns
        -------
        Best
            The `index`, the `network` and the `figure`, which is the value.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, or if no network has a value that is not NaN.

        Examples
        --------
        >>> from fastnn import Dense, Network, Population
        >>> population = Population(Network(1, [Dense(1, weights=[[w]])]) for w in (1, 2, 3))
        >>> histories = population.fit([[0], [1]], [0, 2.1], validation_data=([[2]], [4]))
        >>> population.best().index
        1
        """
        sign = sign_of(monitor, mode)
        figures = {k: self._figure(k, monitor) for k in range(len(self))}
        known = {k: figure for k, figure in figures.items() if not math.isnan(figure)}
        if not known:
            raise ValueError(
                f"monitor must be a metric that a network has recorded, got {monitor!r}"
            )
        index = max(known, key=lambda k: sign * known[k])
        return Best(index, self.networks[index], known[index])

    def _figure(self, k: int, monitor: str) -> float:
        """Return the metric that belongs to a network's present weights, or NaN if it has none."""
        net = self.networks[k]
        history = net.history
        epochs = history.epochs_of(monitor) if monitor in history else []
        fitted, last = self._restored.get(k, (None, 0))
        if fitted is state_of(net).latest:
            epochs = [epoch for epoch in epochs if epoch <= last]
        return history[monitor][len(epochs) - 1] if epochs else math.nan


def _as_n_threads(n_threads: Any) -> int:
    return threads.n_cores() if n_threads is None else as_count("n_threads", n_threads)


def _cut(table: Samples, start: int, stop: int) -> Samples:
    """Return rows of a table, as a view if it is dense."""
    if table.is_sparse:
        return table.take(np.arange(start, stop))
    return Samples.dense(table.values[start:stop])
