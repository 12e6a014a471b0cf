"""What a population answers: predictions, its best network, and what a search has kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..network import Network


class Prediction(NamedTuple):  # numpydoc ignore=PR02
    """The prediction of a population: mean and spread over its networks.

    Parameters
    ----------
    mean, spread : ndarray, shape (n_samples, n_out) or (n_out,), or tuple of ndarray
        The mean and the standard deviation (divided by K, not K - 1) over the K networks; with
        `Heads`, of each head.

    Examples
    --------
    >>> from fastnn import Dense, Network, Population
    >>> population = Population(Network(1, [Dense(1, weights=[[w]])]) for w in (1, 3))
    >>> mean, spread = population.predict([10.0])
    >>> mean, spread
    (array([20.]), array([10.]))
    """

    mean: Any
    spread: Any


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


@dataclass(frozen=True)
class Round:  # numpydoc ignore=PR02
    """A round of `halving`.

    Parameters
    ----------
    epochs : int
        The epochs that each of its networks has trained for since the search began.
    networks : tuple of int
        The indices of the networks that took part, the best first; those that have diverged last.
    figures : tuple of float
        The metric of each of them, NaN where it has diverged.

    Examples
    --------
    >>> from fastnn.population import Round
    >>> Round(epochs=2, networks=(1, 0), figures=(0.5, 0.75)).networks[0]
    1
    """

    epochs: int
    networks: tuple[int, ...]
    figures: tuple[float, ...]


@dataclass(frozen=True)
class Halving:  # numpydoc ignore=PR02
    """What `halving` has found.

    Parameters
    ----------
    best : Best
        The best network of the last round.
    rounds : tuple of Round
        The rounds, from the first, in which all networks took part, to the last.
    epochs : tuple of int
        The epochs of each network of the population since the search began.

    Examples
    --------
    >>> from fastnn import Dense, Network, Population
    >>> from fastnn.population import halving
    >>> population = Population(Network(1, [Dense(1)], seed=seed) for seed in range(4))
    >>> found = halving(population, [[0], [1]], [1, 3], epochs=2, monitor="loss")
    >>> [(round.epochs, len(round.networks)) for round in found.rounds]
    [(2, 4), (4, 2), (8, 1)]
    """

    best: Best
    rounds: tuple[Round, ...]
    epochs: tuple[int, ...]
