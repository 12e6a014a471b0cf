"""A network as the law of a differential equation, fitted to a trajectory.

Predator and prey are counted, with noise, for nearly three of their cycles. Of
the law that they live by it is assumed only that there is one,

    dx/dt = net(x)

Integration is by the classical Runge-Kutta method, one step from a measurement
to the next. The gradient goes back through the very steps that were taken (the
discrete adjoint), so it is that of the computed trajectory to rounding, however
long the steps. Integration, gradient and Adam are the functions below,
compiled: a hundred updates are one call, and its loops allocate nothing.

A whole trajectory is hard to fit from nothing: by a bad law the end says little
of the beginning. So the first updates fit short pieces, each from its own first
measurement on, the next longer ones, the last the whole. What the law then
foretells is held against the true trajectory: over the time measured, over as
long again beyond it, and from a start off the cycle that was measured, where
the network knows nothing and is wrong.

To copy: the decorator is ``@njit(cache=True)``. What is compiled is kept on
disk, and the type of the handle has it compiled anew for another version of
fastnn. ``nogil=True`` is for several threads, each with a handle of its own;
``fastmath`` is not needed, the network's own arithmetic has what of it is safe.
Loops in the place of ``states[t + 1] = states[t]`` save seconds of compiling.
"""
# mypy: allow-untyped-defs, allow-untyped-calls, no-check-untyped-defs

from __future__ import annotations

import argparse
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from tqdm import tqdm

from ... import Dense, Network, core
from ..._checks.arrays import Array
from ...cli.arguments import whole_number
from .._arguments import add_picture, add_seed
from .._pictures import write_pictures
from .._progress import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NODES = (0.0, 1 / 2, 1 / 2, 1.0, 0.0)  # the next stage is at x + h NODES[s] k; there is no fifth
SHARES = (1 / 6, 1 / 3, 1 / 3, 1 / 6)  # the step is the sum of h SHARES[s] k
N_STAGES = len(SHARES)

STEP = 0.1  # of time
N_STEPS = 120  # are measured; as many more are not
NOISE = 0.05  # standard deviation
START, ELSEWHERE = (1.0, 1.0), (2.0, 1.0)  # prey, predators
PLAN = ((5, 0.01), (20, 0.003), (N_STEPS, 0.001), (N_STEPS, 0.0003))  # steps a piece, rate
UPDATES_PER_CALL = 100  # Ctrl-C is heard between calls


# ---- compiled ------------------------------------------------------------------------------------


@njit(cache=True)
def integrate(handle, h, states, stages, work):
    """Overwrite states[1:], shape (n_steps, n), with the trajectory from states[0] on.

    `stages`, shape (n_steps, 4, n), is overwritten with the points where the network was asked;
    `work`, shape (4, n), is scratch.
    """
    n_steps, _, n = stages.shape
    k = work[0]
    for t in range(n_steps):
        for i in range(n):
            k[i] = 0.0
            states[t + 1, i] = states[t, i]
        for s in range(N_STAGES):
            for i in range(n):
                stages[t, s, i] = states[t, i] + h * NODES[s] * k[i]
            core.predict(handle, stages[t, s], k)
            for i in range(n):
                states[t + 1, i] += h * SHARES[s] * k[i]


@njit(cache=True)
def step_back(handle, h, stages, work):
    """Turn work[0], dLoss/dx after a step, into dLoss/dx before it; add dLoss/dparams to `grad`.

    `stages`, shape (4, n), holds the points where the network was asked in that step.
    """
    error, error_before, error_k, error_stage = work[0], work[1], work[2], work[3]
    for i in range(len(error)):
        error_before[i] = error[i]
        error_stage[i] = 0.0
    for s in range(N_STAGES - 1, -1, -1):
        for i in range(len(error)):
            error_k[i] = h * (SHARES[s] * error[i] + NODES[s + 1] * error_stage[i])
        core.add_vjp(handle, stages[s], error_k, error_stage)
        for i in range(len(error)):
            error_before[i] += error_stage[i]
    for i in range(len(error)):
        error[i] = error_before[i]


@njit(cache=True)
def add_gradient(handle, h, data, states, stages, work):
    """Integrate from data[0] on, and add dLoss/dparams to the handle's gradient.

    Returns the loss, the sum of the squares of states - data, both of shape (n_steps + 1, n).
    """
    error, loss = work[0], 0.0
    for i in range(len(error)):
        states[0, i] = data[0, i]
    integrate(handle, h, states, stages, work)
    for i in range(len(error)):
        error[i] = 0.0
    for t in range(len(stages), 0, -1):
        for i in range(len(error)):
            miss = states[t, i] - data[t, i]
            loss += miss**2
            error[i] += 2 * miss
        step_back(handle, h, stages[t - 1], work)
    return loss


@njit(cache=True)
def fit(handle, h, data, n_steps, learning_rate, updates):
    """Fit to the data, shape (n_samples, n), cut in pieces of `n_steps`; all of them an update.

    Returns the mean of the squares before the last update.
    """
    n = data.shape[1]
    states, stages = np.empty((n_steps + 1, n)), np.empty((n_steps, N_STAGES, n))
    work = np.empty((4, n))
    firsts = range(0, len(data) - n_steps, n_steps)
    loss = 0.0
    for _ in range(updates):
        loss = 0.0
        for first in firsts:
            piece = data[first : first + n_steps + 1]
            loss += add_gradient(handle, h, piece, states, stages, work)
        core.update(handle, learning_rate)
    return loss / (len(firsts) * n_steps * n)


# ---- not compiled --------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this example."""
    parser.add_argument(
        "--updates",
        type=whole_number(1),
        default=1000,
        metavar="N",
        help=f"for each of {len(PLAN)} lengths of pieces and rates; default: %(default)s",
    )
    add_seed(parser)
    add_picture(parser, "a picture of the trajectory")
    parser.add_argument(
        "--quiet", action="store_true", help="no progress bar; results print as ever"
    )


def law(x: Array) -> Array:
    """Return dx/dt by Lotka and Volterra: what the network is not told."""
    prey, predators = x
    return np.array([(1.3 - 0.9 * predators) * prey, (0.8 * prey - 1.8) * predators])


def true_trajectory(start: tuple[float, float], n_steps: int, *, parts: int = 10) -> Array:
    """Return the states by the law, shape (n_steps + 1, 2), in steps that are `parts` times finer.

    Examples
    --------
    >>> from fastnn.examples.compiled.ode import true_trajectory
    >>> true_trajectory((2.25, 1.3 / 0.9), 1)  # where both stay as they are
    array([[2.25      , 1.44444444],
           [2.25      , 1.44444444]])
    """
    h, x = STEP / parts, np.array(start)
    states = [x]
    for _ in range(n_steps):
        for _ in range(parts):
            k, step = np.zeros(2), np.zeros(2)
            for node, share in zip(NODES, SHARES, strict=False):
                k = law(x + h * node * k)
                step += h * share * k
            x = x + step
        states.append(x)
    return np.array(states)


def measure(truth: Array, random: np.random.Generator) -> Array:
    """Return the first `N_STEPS` states and the start; all but the start with noise."""
    data = truth[: N_STEPS + 1].copy()
    data[1:] += NOISE * random.standard_normal(data[1:].shape)
    return data


def build(seed: int) -> Network:
    """Return the untrained network."""
    return Network(2, [Dense(32, "tanh"), Dense(2)], seed=seed)


def trajectory(net: Network, start: tuple[float, float], n_steps: int) -> Array:
    """Return the states that the network foretells, shape (n_steps + 1, 2)."""
    states, stages = np.empty((n_steps + 1, 2)), np.empty((n_steps, N_STAGES, 2))
    states[0] = start
    integrate(net.handle(), STEP, states, stages, np.empty((4, 2)))
    return states


def train(net: Network, data: Array, *, updates: int, quiet: bool) -> None:
    """Fit `net` to the measurements, first in short pieces and at last as a whole."""
    handle = net.handle(optimizer="adam")
    fit(handle, STEP, data, 1, 0.0, 0)  # the first call compiles, or loads
    disable = True if quiet else None
    with tqdm(total=len(PLAN) * updates, unit="update", leave=False, disable=disable) as bar:
        for n_steps, rate in PLAN:
            start = perf_counter()
            for done in range(0, updates, UPDATES_PER_CALL):
                count = min(UPDATES_PER_CALL, updates - done)
                loss = fit(handle, STEP, data, n_steps, rate, count)
                bar.update(count)
            each = 1e6 * (perf_counter() - start) / updates
            say(
                f"pieces of {n_steps:3} steps: {updates} updates of {each:.0f} us each, "
                f"off the measurements {loss**0.5:.4f}"
            )


def run(options: argparse.Namespace) -> None:
    """Fit a network to one trajectory, and say how far it is to be trusted."""
    truth = true_trajectory(START, 2 * N_STEPS)
    data = measure(truth, np.random.default_rng(options.seed))
    net = build(options.seed)
    print(f"{N_STEPS} steps of {STEP}, measured with a noise of {NOISE}")
    train(net, data, updates=options.updates, quiet=options.quiet)

    got = trajectory(net, START, 2 * N_STEPS)
    elsewhere = trajectory(net, ELSEWHERE, N_STEPS)
    print("Root mean square error of the trajectory foretold, to the true one")
    print(f"  over the time measured          {_rms(got - truth, slice(1, N_STEPS + 1)):.4f}")
    print(f"  over as long again              {_rms(got - truth, slice(N_STEPS + 1, None)):.4f}")
    off = _rms(elsewhere - true_trajectory(ELSEWHERE, N_STEPS), slice(1, None))
    print(f"  from {ELSEWHERE}, off the cycle  {off:.4f}")
    spread = _rms(truth - truth.mean(axis=0), slice(1, None))
    print(f"  of the mean state, to compare   {spread:.4f}")
    if options.plot:
        write_pictures(options.plot, {"trajectory": lambda: draw(truth, data, got)})


def _rms(differences: Array, steps: slice) -> float:
    return float(np.sqrt(np.square(differences[steps]).mean()))


def draw(truth: Array, data: Array, got: Array) -> Axes:
    """Draw both animals against time: the truth, what was measured, and what is foretold."""
    from matplotlib import pyplot as plt

    ax = plt.subplots(figsize=(8, 4.5), layout="constrained")[1]
    times = STEP * np.arange(len(truth))
    for i, (name, color) in enumerate((("prey", "C0"), ("predators", "C1"))):
        ax.plot(times, truth[:, i], "--", color=color, alpha=0.5, label=f"{name}, true")
        ax.plot(times[: len(data)], data[:, i], ".", color=color, label=f"{name}, measured")
        ax.plot(times, got[:, i], "-", color=color, label=f"{name}, foretold")
    ax.axvline(times[len(data) - 1], color="gray", linewidth=1)
    ax.set(title="Measured up to the line, foretold beyond it", xlabel="time", ylabel="animals")
    ax.set_ylim(0, 1.4 * truth.max())  # room for the legend
    ax.legend(ncols=2)
    ax.grid(alpha=0.3)
    return ax


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run(parser.parse_args())
