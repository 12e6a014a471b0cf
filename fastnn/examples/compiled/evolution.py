"""Cart-pole by evolution: of thousands of networks the best breed the next.

The cart, the pole and the 500 steps are those of the example `cart_pole`, but
no network learns from what it does. Each generation draws the parameters of
many networks from a normal distribution, lets each of them balance 20 poles,
and takes mean and deviation of the best tenth for the next generation: the
cross-entropy method [1]_, with noise that goes away [2]_.

The parameters of a generation are a matrix, a row for each network. The 20
poles of a network are the rows of one call of `fastnn.core.predict_population`,
which threads make for a part of the networks each, in a loop of their own that
is compiled.

References
----------
.. [1] P.-T. de Boer, D. P. Kroese, S. Mannor, R. Y. Rubinstein, A Tutorial on
   the Cross-Entropy Method, Annals of Operations Research 134, 2005.
.. [2] I. Szita, A. Lorincz, Learning Tetris Using the Noisy Cross-Entropy
   Method, Neural Computation 18, 2006.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import DTypeLike

from ... import Dense, History, Network, Population, core
from ..._checks.arrays import Array
from ...cli.arguments import whole_number
from .._arguments import add_dtype, add_picture, add_seed
from .._pictures import write_pictures
from .cart_pole import GOAL, MOST_STEPS, N_ACTIONS, N_STATES, evaluate, push

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_HIDDEN, N_POLES = 8, 20
N_NETWORKS, MOST_GENERATIONS = 500, 50
ELITE = 10  # one network of so many
NOISE, N_NOISY = 0.5, 10  # is added to the deviation, less and less: after 10 generations nothing


class Evolution(NamedTuple):
    """What `evolve` returns.

    Attributes
    ----------
    network : Network
        The mean of the parameters of the last generation's best.
    best : Population
        These networks themselves.
    returns : ndarray, shape (n_generations, n_networks)
        The steps that the poles of each network stayed up on average, generation by generation.
    """

    network: Network
    best: Population
    returns: Array


@njit(cache=True, nogil=True)
def balance(handle: core.Handle, vectors: Array, starts: Array, returns: Array) -> None:
    """Let each network balance poles from the same starts, side by side.

    `vectors`, shape (n_networks, n_params), are the parameters, in the layers of the handle;
    `starts` has the shape (n_poles, 4); `returns`, shape (n_networks,), is overwritten.
    """
    n_poles = len(starts)
    states, fallen = np.empty_like(starts), np.empty(n_poles, np.bool_)
    outputs = np.empty((1, n_poles, N_ACTIONS), vectors.dtype)
    for k in range(len(vectors)):
        states[:], fallen[:] = starts, False
        n_steps, n_up = 0, n_poles
        for _ in range(MOST_STEPS):
            if n_up == 0:
                break
            core.predict_population(handle, vectors[k : k + 1], states, outputs)
            n_steps += n_up
            for s in range(n_poles):
                if not fallen[s] and push(states[s], int(outputs[0, s, 1] > outputs[0, s, 0])):
                    fallen[s] = True
                    n_up -= 1
        returns[k] = n_steps / n_poles


def balance_in_threads(net: Network, vectors: Array, starts: Array, n_threads: int) -> Array:
    """Return what `balance` does, of a part of the networks in each thread.

    Parameters
    ----------
    net : Network
        A network of the same layers.
    vectors : ndarray, shape (n_networks, n_params)
    starts : ndarray, shape (n_poles, 4)
    n_threads : int

    Returns
    -------
    returns : ndarray, shape (n_networks,)
    """
    returns = np.empty(len(vectors))
    parts = [slice(k, None, n_threads) for k in range(n_threads)]
    handles = [net.handle() for _ in parts]  # a thread has a handle of its own

    def run(handle: core.Handle, part: slice) -> None:
        own, found = vectors[part].copy(), np.empty(len(returns[part]))
        balance(handle, own, starts, found)
        returns[part] = found

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(run, handles, parts))
    return returns


def evolve(
    seed: int = 0,
    dtype: DTypeLike = "float64",
    *,
    n_networks: int = N_NETWORKS,
    most_generations: int = MOST_GENERATIONS,
    n_threads: int | None = None,
) -> Evolution:
    """Breed networks until the mean of the best balances poles for 475 steps on average.

    Parameters
    ----------
    seed : int
    dtype : str or numpy.dtype
        float64 or float32.
    n_networks : int
        How many a generation has.
    most_generations : int
        Where to stop at the latest.
    n_threads : int, optional
        By default one for each core. The result is the same for any number.

    Returns
    -------
    evolution : Evolution

    Examples
    --------
    >>> from fastnn.examples.compiled import evolution
    >>> network, best, returns = evolution.evolve(n_networks=50, most_generations=2)
    >>> len(best), returns.shape
    (5, (2, 50))
    """
    random = np.random.default_rng(seed)
    net = Network(N_STATES, [Dense(N_HIDDEN, "tanh"), Dense(N_ACTIONS)], dtype=dtype, seed=random)
    net.params = np.ones(net.params.size)
    places = np.flatnonzero(net.params)  # of the parameters: what lies between them is padding
    mean, deviation = np.zeros(len(places)), np.ones(len(places))
    vectors = np.zeros((n_networks, net.params.size), net.dtype)
    found: list[Array] = []
    for generation in range(most_generations):
        vectors[:, places] = random.normal(mean, deviation, (n_networks, len(places)))
        vectors[0, places] = mean
        starts = random.uniform(-0.05, 0.05, (N_POLES, N_STATES))
        returns = balance_in_threads(net, vectors, starts, n_threads or os.cpu_count() or 1)
        found.append(returns)
        best = np.argsort(-returns, kind="stable")[: max(2, n_networks // ELITE)]
        if returns[0] >= GOAL:
            break
        elite = vectors[best][:, places].astype(np.float64)
        noise = NOISE * max(0.0, 1 - (generation + 1) / N_NOISY)
        mean, deviation = elite.mean(axis=0), elite.std(axis=0) + noise
    net.params = vectors[0]
    return Evolution(net, Population.from_params(net, vectors[best], seed=random), np.array(found))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this example."""
    add_seed(parser)
    add_dtype(parser)
    parser.add_argument(
        "--networks", type=whole_number(2), default=N_NETWORKS, metavar="N",
        help="how many a generation has; default: %(default)s",
    )  # fmt: skip
    add_picture(parser, "the picture of the returns")
    parser.add_argument("--quiet", action="store_true", help="no word that the loop is compiled")


def run(options: argparse.Namespace) -> None:
    """Evolve, say how the returns grew, and play 100 fresh episodes."""
    seed, dtype = options.seed, options.dtype
    evolve(seed, dtype, n_networks=2, most_generations=1)  # the first call compiles, or loads
    begin = perf_counter()
    network, _, returns = evolve(seed, dtype, n_networks=options.networks)
    seconds = perf_counter() - begin
    print(f"Generations of {returns.shape[1]} networks, 4-8-2, that balance {N_POLES} poles each.")
    print(f"A return is how many steps of 0.02 s a pole stays up on average, {MOST_STEPS} at most.")
    for generation, row in enumerate(returns):
        print(
            f"Generation {generation}: {row.mean():.1f} on average, best {row.max():.1f}, "
            f"mean of the parameters {row[0]:.1f}"
        )
    fresh = evaluate(network, options.seed + 1)
    print(f"{len(fresh)} fresh episodes of that mean: {fresh.mean():.1f} on average")
    pace = returns.size / seconds
    print(f"Evolved in {seconds:.2g} s, {returns.size} networks: {pace:.0f} networks a second.")
    if options.plot:
        write_pictures(options.plot, {"returns": lambda: picture(returns)})


def picture(returns: Array) -> Axes:
    """Draw the mean and the best return of each generation."""
    from ...plotting import LearningCurvesDisplay

    history = History()
    for generation, row in enumerate(returns):
        history.record(generation, {"mean": float(row.mean()), "best": float(row.max())})
    axes = LearningCurvesDisplay.from_history(history, keys=["mean", "best"]).ax_
    axes.set(title="Steps by generation", xlabel="Generation", ylabel="Steps")
    return axes


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run(parser.parse_args())
