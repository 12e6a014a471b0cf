"""`Population`: many networks, trained in parallel on the same data, and their predictions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO, Self

from numpy.typing import ArrayLike

from .._checks.arrays import Array
from .._checks.names import explained
from .._checks.scalars import as_flag
from .._training.state import state_of
from ..activations import OwnActivation
from ..history import History
from ..losses import OwnLoss
from ..network import Network
from . import vectors
from .networks import as_networks
from .outputs import Forward
from .record import Record
from .results import Best, Prediction
from .training import PopulationFit, SharedData, as_n_threads, as_options, locked


@explained
class Population:
    """Networks that threads train in parallel on the same data.

    They may differ in all but n_in: layers, loss, dtype, seed. Each gets the same bits as if it
    were trained alone, for any number of threads.

    Parameters
    ----------
    networks : iterable of Network
        The networks, at least one, all with the same n_in. All must be different, and so must
        their random sources.

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
        self.networks = as_networks(networks)
        self._record = Record(self.networks)

    def __len__(self) -> int:
        return len(self.networks)

    def __getitem__(self, index: int) -> Network:
        return self.networks[index]

    def __iter__(self) -> Iterator[Network]:
        return iter(self.networks)

    def __repr__(self) -> str:
        return f"Population({len(self)} networks)"

    @classmethod
    @explained
    def from_params(cls, net: Network, params: ArrayLike, *, seed: Any = None) -> Self:
        """Return a population of networks like another one, with parameters of their own.

        Parameters
        ----------
        net : Network
            The network that gives layers, loss, dtype, metadata and column names, but no history
            and no state of training. It is not changed.
        params : array_like, shape (n_networks, n_params)
            The parameters of each network, laid out as ``net.params``; padding does not count.
        seed : int, None, numpy.random.Generator or numpy.random.RandomState
            The source of the networks' seeds; the default, None, is the operating system.

        Returns
        -------
        Population
            A network for each row of `params`.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> import numpy as np
        >>> from fastnn import Dense, Network, Population
        >>> net = Network(1, [Dense(1, weights=[[2.0]])])
        >>> population = Population.from_params(net, np.outer([1, 2, 3], net.params), seed=0)
        >>> population.outputs([10.0])[:, 0]
        array([20., 40., 60.])
        """
        return cls(vectors.networks_like(net, params, seed))

    @property
    def params(self) -> Array:
        """A copy of all parameters, shape (n_networks, n_params); assigning copies in.

        A row is laid out as `Network.params`. The networks must have the same layers and dtype.

        Examples
        --------
        >>> from fastnn import Dense, Network, Population
        >>> population = Population(Network(1, [Dense(1)], seed=seed) for seed in range(3))
        >>> population.params = 0 * population.params
        >>> population.outputs([10.0])[:, 0]
        array([0., 0., 0.])
        """
        return vectors.stacked(self.networks)

    @params.setter
    def params(self, values: ArrayLike) -> None:  # numpydoc ignore=GL08
        vectors.assign(self.networks, values)

    @property
    def held_rows(self) -> tuple[Array | None, ...]:
        """The numbers of the samples that each network has held out in the last `fit`, or None.

        Examples
        --------
        >>> from fastnn import Dense, Network, Population
        >>> population = Population(Network(1, [Dense(1)], seed=seed) for seed in range(2))
        >>> _ = population.fit([[0], [1], [2]], [1, 3, 5], folds=[[0], [1, 2]])
        >>> population.held_rows
        (array([0]), array([1, 2]))
        """
        held = (note.held for note in self._record.notes())
        return tuple(None if rows is None else rows.copy() for rows in held)

    @explained
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        *,
        folds: int | Sequence[ArrayLike] | None = None,
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
            converted once for all networks with the same n_out, dtype and loss.
        y : array_like, shape (n_samples, n_out), or (n_samples,)
            The targets, as `Network.fit` takes them.
        folds : int or sequence of array_like, optional
            How many folds to make of the samples, or the samples' numbers in each: network k holds
            out fold k modulo their number for validation. Folds that are made are random, the same
            in every call, with their share of each class of labels. By default there are none.
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
        n_threads, progress = as_n_threads(n_threads), as_flag("progress", progress)
        options = as_options(common, settings, len(self))
        with ExitStack() as stack:
            locked(self.networks, stack)
            shared = SharedData(X, y, folds, len(self))
            training = PopulationFit(dict(enumerate(self.networks)), shared, options)
            training.run(self._record, n_threads, progress=progress)
        if training.diverged:
            raise training.divergence()
        return tuple(state_of(net).latest for net in self.networks)

    @explained
    def predict(
        self, X: ArrayLike, *, out_of_fold: bool = False, n_threads: int | None = None
    ) -> Prediction:
        """Return the mean and the standard deviation of the networks' outputs.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
            The inputs, as a table or as one row.
        out_of_fold : bool
            Whether `X` has the samples of the last `fit`, in their order, each to be predicted by
            the networks that have held it out, or NaN if none has; by default False.
        n_threads : int, optional
            The number of threads that share the work, by default one for each core of this process.

        Returns
        -------
        Prediction
            The pair (mean, spread), float64 if any network is, else float32; with `Heads`, each is
            a tuple. The values of a row have the same bits in any table, for any `n_threads`.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, or the networks differ in `n_out` or in heads.

        Examples
        --------
        >>> from fastnn import Dense, Network, Population
        >>> population = Population(Network(1, [Dense(1, weights=[[w]])]) for w in (1, 3))
        >>> population.predict([10.0])
        Prediction(mean=array([20.]), spread=array([10.]))
        """
        forward, n_threads = Forward(self.networks, X), as_n_threads(n_threads)
        notes = self._record.notes() if as_flag("out_of_fold", out_of_fold) else None
        return forward.prediction(n_threads, notes)

    @explained
    def outputs(self, X: ArrayLike, *, n_threads: int | None = None) -> Array:
        """Return the outputs of every network.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
            The inputs, as a table or as one row.
        n_threads : int, optional
            The number of threads that share the work, by default one for each core of this process.

        Returns
        -------
        ndarray, shape (n_networks, n_samples, n_out) or (n_networks, n_out)
            What `Network.predict` returns of each network, to the bit, in float64 if any network
            is, else in float32.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, or the networks differ in `n_out`.

        Examples
        --------
        >>> from fastnn import Dense, Network, Population
        >>> population = Population(Network(1, [Dense(1, weights=[[w]])]) for w in (1, 3))
        >>> population.outputs([[10.0], [1.0]]).tolist()
        [[[10.0], [1.0]], [[30.0], [3.0]]]
        """
        return Forward(self.networks, X).outputs(as_n_threads(n_threads))

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
        index, figure = self._record.best(monitor, mode)
        return Best(index, self.networks[index], figure)

    @explained
    def save(self, path: str | os.PathLike[str] | BinaryIO) -> None:
        """Write all networks, with all that predicting and resuming need, to one file.

        Parameters
        ----------
        path : str or os.PathLike, or binary file
            As `Network.save` takes it.

        Raises
        ------
        ValueError, TypeError, OSError
            As `Network.save`.
        """
        from . import file  # as in `Network.save`

        file.write(path, self._record)

    @classmethod
    @explained
    def load(
        cls,
        path: str | os.PathLike[str] | BinaryIO,
        *,
        functions: Sequence[OwnLoss | OwnActivation] = (),
    ) -> Self:
        """Return the population in a file; each network resumes from it to the bit.

        Parameters
        ----------
        path : str or os.PathLike, or binary file
            A file that `save` has written, or an open one. It need not be trusted.
        functions : sequence of OwnLoss or OwnActivation
            The user's own losses and activations, by default none, as `Network.load` takes them.

        Returns
        -------
        Population
            The population as it was saved.

        Raises
        ------
        FormatError, OSError, TypeError, ValueError
            As `Network.load`.

        Examples
        --------
        >>> import io
        >>> from fastnn import Dense, Network, Population
        >>> file = io.BytesIO()
        >>> Population(Network(1, [Dense(1)], seed=seed) for seed in range(3)).save(file)
        >>> position = file.seek(0)
        >>> Population.load(file)
        Population(3 networks)
        """
        from . import file  # as in `save`

        networks, notes = file.read(path, functions)
        population = cls(networks)
        population._record.put(notes)
        return population
