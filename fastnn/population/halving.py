"""`halving`: train many networks a little, and the best of them for longer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from numpy.typing import ArrayLike

from .._checks.monitors import sign_of
from .._checks.names import explained
from .._checks.scalars import as_count, as_flag
from .._training.state import state_of
from .population import Population
from .record import record_of
from .results import Best, Halving, Round
from .training import PopulationFit, SharedData, as_n_threads, as_options, locked


@explained
def halving(
    population: Population,
    X: Any,
    y: ArrayLike,
    *,
    epochs: int = 1,
    factor: int = 2,
    n_kept: int = 1,
    monitor: str = "val_loss",
    mode: str = "auto",
    folds: int | Sequence[ArrayLike] | None = None,
    n_threads: int | None = None,
    settings: Sequence[Mapping[str, Any]] | None = None,
    progress: bool = False,
    **common: Any,
) -> Halving:
    """Train all networks for a few epochs, the better half for twice as many, and so on.

    This is successive halving [1]_. A network that is kept resumes: it has the bits that it has
    when it is trained for all its epochs at once. The others stay in the population as they are
    when they are left behind.

    Parameters
    ----------
    population : Population
        The networks, which are trained.
    X, y : array_like
        The inputs and the targets, as `Population.fit` takes them.
    epochs : int
        The number of epochs of the first round, by default 1.
    factor : int
        The factor, at least 2, by which the networks become fewer from round to round, and by which
        the epochs since the search began become more, by default 2.
    n_kept : int
        The number of networks of the last round, by default 1.
    monitor : str
        The metric by which networks are compared, a name in `History`, by default "val_loss". The
        last value counts, as for `Population.best`.
    mode : str
        Whether the smallest ("min") or the largest ("max") value is the best. The default, "auto",
        decides by the name, as `EarlyStopping` does.
    folds, n_threads, settings, progress : Any
        As `Population.fit` takes them; the progress bar is that of a round.
    **common : Any
        Keyword arguments of `Network.fit` for all networks, as `Population.fit` takes them.

    Returns
    -------
    Halving
        The best network, who took part in each round, and the epochs of each network.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the metric is not recorded. All networks are as they
        were before the call.
    DivergenceError
        If all networks of a round have diverged. One that diverges is left behind, else.
    RuntimeError
        If another thread is training one of the networks; all are as they were.

    Notes
    -----
    In a round of n networks for e epochs each, and with ``factor=2``, the next round takes n / 2
    networks from e to 2 e epochs: half the work of the first round. A schedule should be made for
    the epochs of the last round, of which a network that is left behind has seen the beginning.

    References
    ----------
    .. [1] K. Jamieson, A. Talwalkar, Non-stochastic best arm identification and hyperparameter
       optimization, AISTATS 2016.

    Examples
    --------
    >>> from fastnn import Dense, Network, Population
    >>> from fastnn.population import halving
    >>> X, y = [[0], [1], [2]], [1, 3, 5]
    >>> rates = [0.001, 0.01, 0.03, 0.1]
    >>> population = Population(Network(1, [Dense(1)], seed=0) for _ in rates)
    >>> settings = [{"learning_rate": rate} for rate in rates]
    >>> found = halving(population, X, y, epochs=10, monitor="loss", settings=settings)
    >>> rates[found.best.index], found.epochs
    (0.1, (10, 10, 20, 40))
    """
    if not isinstance(population, Population):
        raise TypeError(f"population must be a Population, got {type(population).__name__}")
    n_networks, sign = len(population), sign_of(monitor, mode)
    epochs, factor = as_count("epochs", epochs), as_count("factor", factor)
    n_kept, n_threads = as_count("n_kept", n_kept), as_n_threads(n_threads)
    progress = as_flag("progress", progress)
    if factor < 2:
        raise ValueError(f"factor must be at least 2, got {factor}")
    if n_kept > n_networks:
        raise ValueError(f"n_kept must be at most the {n_networks} networks, got {n_kept}")
    given = as_options(common, settings, n_networks)
    if any("epochs" in own for own in given):
        raise TypeError("epochs must be one number for all networks, got some in settings")
    record, shared = record_of(population), SharedData(X, y, folds, n_networks)
    alive, rounds, trained = [*range(n_networks)], list[Round](), [0] * n_networks
    with ExitStack() as stack:
        locked(population.networks, stack)
        while True:
            total = epochs * factor ** len(rounds)
            more = {"epochs": total - rounds[-1].epochs, "resume": True} if rounds else {}
            options = [{"epochs": epochs, **own, **more} for own in given]
            training = PopulationFit({k: population[k] for k in alive}, shared, options)
            if not rounds:
                training.expect(monitor)
            training.run(record, n_threads, progress=progress)
            if len(training.diverged) == len(alive):
                raise training.divergence()
            figures = dict.fromkeys(alive, math.nan)
            for k in alive:
                trained[k] += len(state_of(population[k]).latest.epoch)
                if k not in training.diverged:
                    figures[k] = record.figure(k, monitor)
            known = [k for k in alive if not math.isnan(figures[k])]
            if not known:
                raise ValueError(f"monitor must be a metric that is recorded, got {monitor!r}")
            known.sort(key=lambda k: -sign * figures[k])
            ranked = known + [k for k in alive if math.isnan(figures[k])]
            rounds.append(Round(total, tuple(ranked), tuple(figures[k] for k in ranked)))
            if len(alive) <= n_kept:
                break
            alive = known[: max(n_kept, -(-len(alive) // factor))]
    best = Best(known[0], population[known[0]], figures[known[0]])
    return Halving(best, tuple(rounds), tuple(trained))
