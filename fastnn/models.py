"""`load_model`: whatever fastnn has saved."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from .activations import OwnActivation
from .losses import OwnLoss
from .network import Network

if TYPE_CHECKING:
    from ._checks.functions import UserFunction
    from ._storage.npz import Archive
    from .population import Population


def load_model(
    path: str | os.PathLike[str] | BinaryIO,
    *,
    functions: Sequence[OwnLoss | OwnActivation] = (),
) -> Any:
    """Return the model in a file: of a table, a network, or a population.

    The file need not be trusted: reading it runs no code.

    Parameters
    ----------
    path : str or os.PathLike, or binary file
        A file that `TabularClassifier.save`, `TabularRegressor.save`, `Network.save`,
        `Population.save` or the command line has written. An open one is read from its present
        position to its end.
    functions : sequence of OwnLoss or OwnActivation
        The user's own losses and activations that a network has, by default none, as `Network.load`
        takes them.

    Returns
    -------
    TabularClassifier, TabularRegressor, Network or Population
        The fitted estimator, the network or the population.

    Raises
    ------
    FormatError
        If the file is not a complete one that fastnn has written, in a version known here.
    ImportError
        If the file is of a table, and scikit-learn is not installed.
    OSError
        If the file cannot be read.
    TypeError, ValueError
        If `path` is neither a path nor a file, or an open file has no position, such as a pipe.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import fastnn
    >>> from fastnn import Dense, Network
    >>> net = Network(1, [Dense(1)], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     net.save(Path(folder) / "line.fastnn")
    ...     fastnn.load_model(Path(folder) / "line.fastnn")
    Network(1, [Dense(1, 'identity')], loss='mse', dtype='float64')
    """
    from ._storage.files import read_file  # as in `Network.load`
    from ._storage.functions import as_functions

    return read_file(path, partial(_model_in, functions=as_functions(functions)))


def _model_in(archive: Archive, functions: tuple[UserFunction, ...]) -> Any:
    """Return the model in an open file."""
    from ._storage import network_file, npz

    header = archive.header()
    kind = header.get("format") if isinstance(header, dict) else None
    if kind == npz.TABLE:
        return _estimator_in(archive)
    if kind == npz.POPULATION:
        return _population_in(archive, functions)
    net = Network.__new__(Network)
    net.__setstate__(network_file.state_in(archive, functions))
    return net


def _estimator_in(archive: Archive) -> Any:
    """Return the estimator in a file of a table."""
    from .sklearn import TabularClassifier, TabularRegressor
    from .tables import model_file
    from .tables.model import TableModel

    model = TableModel(**model_file.state_in(archive))
    return (TabularRegressor if model.classes is None else TabularClassifier).from_model(model)


def _population_in(archive: Archive, functions: tuple[UserFunction, ...]) -> Population:
    """Return the population in a file."""
    from .population import Population, file
    from .population.record import record_of

    networks, notes = file.state_in(archive, functions)
    population = Population(networks)
    record_of(population).put(notes)
    return population
