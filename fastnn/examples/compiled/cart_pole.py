"""Cart-pole: two networks learn to keep a pole upright, in one compiled call.

The cart and the pole, their limits, their start and the cap of 500 steps are
those of Gymnasium's CartPole-v1 [1]_; the reward is 1 a step. Learning is the
one-step actor-critic [2]_, without its factor I. The actor gives the
probabilities of the two pushes, the critic the value v of a state. After each
step

    error = target - v(state)
    target = 1 + 0.99 v(next), or 1 where the pole has fallen

Adam changes the critic by the gradient of error^2 / 2, its target held fixed,
and the actor by that of -error log(probability of the push): of the
cross-entropy of the push done, times the error.

Every random number, those of the initial weights too, comes from one NumPy
generator, which Numba takes as an argument: so a seed gives one result. The
state is in float64 whatever the networks are.

References
----------
.. [1] https://github.com/Farama-Foundation/Gymnasium, version 1.4,
   gymnasium/envs/classic_control/cartpole.py, which names its sources.
.. [2] R. S. Sutton, A. G. Barto, Reinforcement Learning: An Introduction,
   2nd edition, 2018, section 13.5.
"""

from __future__ import annotations

import argparse
import math
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit
from numpy.random import Generator
from numpy.typing import DTypeLike

from ... import Dense, History, Network, core
from ..._checks.arrays import Array
from .._arguments import add_dtype, add_picture, add_seed
from .._pictures import write_pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_STATES, N_ACTIONS, N_HIDDEN = 4, 2, 16
MOST_STEPS, MOST_EPISODES = 500, 2000
DISCOUNT = 0.99
ACTOR_RATE, CRITIC_RATE = 0.0005, 0.005
GOAL, WINDOW = 475.0, 50  # training ends when the last 50 returns have this mean

GRAVITY, FORCE, INTERVAL = 9.8, 10.0, 0.02  # m/s^2, N, s
POLE_MASS, MASS, HALF_LENGTH = 0.1, 1.1, 0.5  # kg; kg, with the cart; m
MOST_X, MOST_ANGLE = 2.4, 12 * 2 * math.pi / 360  # m, rad


class Training(NamedTuple):
    """What `train` returns.

    Attributes
    ----------
    actor, critic : Network
    returns : ndarray, shape (n_episodes,)
        The steps that each episode lasted.
    """

    actor: Network
    critic: Network
    returns: Array


@njit(cache=True)
def set_up(random: Generator, state: Array) -> None:
    """Overwrite `state` with the start of an episode: x, its speed, angle, its speed; m, s, rad."""
    for i in range(N_STATES):
        state[i] = random.uniform(-0.05, 0.05)


@njit(cache=True)
def push(state: Array, action: int) -> bool:
    """Push to the left (0) or right (1) for an interval; return True if the pole has fallen."""
    x, speed, angle, spin = state
    sin, cos = math.sin(angle), math.cos(angle)
    force = FORCE if action == 1 else -FORCE
    whole = (force + POLE_MASS * HALF_LENGTH * spin**2 * sin) / MASS
    spin_rate = (GRAVITY * sin - cos * whole) / (
        HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * cos**2 / MASS)
    )
    speed_rate = whole - POLE_MASS * HALF_LENGTH * spin_rate * cos / MASS
    state[0] = x + INTERVAL * speed
    state[1] = speed + INTERVAL * speed_rate
    state[2] = angle + INTERVAL * spin
    state[3] = spin + INTERVAL * spin_rate
    return bool(abs(state[0]) > MOST_X or abs(state[2]) > MOST_ANGLE)


@njit(cache=True)
def learn(actor: core.Handle, critic: core.Handle, random: Generator, returns: Array) -> int:
    """Train both networks, until the goal is reached or `returns` is full.

    `returns`, shape (n_episodes,), is overwritten as far as episodes go.

    Returns
    -------
    n_episodes : int
    """
    state, after = np.empty(N_STATES), np.empty(N_STATES)
    chances, done = np.empty(N_ACTIONS), np.empty(N_ACTIONS)
    value, target = np.empty(1), np.empty(1)
    for episode in range(len(returns)):
        set_up(random, state)
        n_steps, fallen = 0, False
        while not fallen and n_steps < MOST_STEPS:
            core.predict(actor, state, chances)
            action = int(random.random() < chances[1])
            done[action], done[1 - action] = 1.0, 0.0
            after[:] = state
            fallen = push(after, action)
            n_steps += 1

            target[0] = 1.0
            if not fallen:
                core.predict(critic, after, value)
                target[0] += DISCOUNT * value[0]
            core.predict(critic, state, value)
            core.add_gradient(actor, state, done, target[0] - value[0])
            core.update(actor, ACTOR_RATE)
            core.add_gradient(critic, state, target, 1.0)
            core.update(critic, CRITIC_RATE)
            state, after = after, state
        returns[episode] = n_steps
        first = episode + 1 - WINDOW
        if first >= 0 and returns[first : episode + 1].mean() >= GOAL:
            return episode + 1
    return len(returns)


@njit(cache=True)
def play(actor: core.Handle, random: Generator, returns: Array) -> None:
    """Overwrite `returns` with those of episodes in which the likelier push is always done."""
    state, chances = np.empty(N_STATES), np.empty(N_ACTIONS)
    for episode in range(len(returns)):
        set_up(random, state)
        n_steps, fallen = 0, False
        while not fallen and n_steps < MOST_STEPS:
            core.predict(actor, state, chances)
            fallen = push(state, int(chances[1] > chances[0]))
            n_steps += 1
        returns[episode] = n_steps


def build(random: Generator, dtype: DTypeLike = "float64") -> tuple[Network, Network]:
    """Return the untrained actor, 4-16-2, and critic, 4-16-1."""
    layers = [Dense(N_HIDDEN, "tanh"), Dense(N_ACTIONS, "softmax")]
    actor = Network(N_STATES, layers, loss="cross_entropy", dtype=dtype, seed=random)
    layers = [Dense(N_HIDDEN, "tanh"), Dense(1)]
    critic = Network(N_STATES, layers, loss="half_sse", dtype=dtype, seed=random)
    return actor, critic


def train(
    seed: int = 0, dtype: DTypeLike = "float64", most_episodes: int = MOST_EPISODES
) -> Training:
    """Return networks trained until the last 50 episodes lasted 475 steps on average.

    Parameters
    ----------
    seed : int
    dtype : str or numpy.dtype
        float64 or float32.
    most_episodes : int
        Where to stop at the latest.

    Returns
    -------
    training : Training

    Examples
    --------
    >>> from fastnn.examples.compiled import cart_pole
    >>> actor, critic, returns = cart_pole.train(seed=0, most_episodes=20)
    >>> len(returns), actor.predict([0.0, 0.0, 0.1, 0.0]).shape
    (20, (2,))
    """
    random = np.random.default_rng(seed)
    actor, critic = build(random, dtype)
    returns = np.zeros(most_episodes)
    handles = actor.handle(optimizer="adam"), critic.handle(optimizer="adam")
    n_episodes = learn(*handles, random, returns)
    return Training(actor, critic, returns[:n_episodes])


def evaluate(actor: Network, seed: int, n_episodes: int = 100) -> Array:
    """Return what fresh episodes return in which the likelier push is always done.

    Parameters
    ----------
    actor : Network
    seed : int
    n_episodes : int

    Returns
    -------
    returns : ndarray, shape (n_episodes,)

    Examples
    --------
    >>> from fastnn.examples.compiled import cart_pole
    >>> returns = cart_pole.evaluate(cart_pole.train(seed=0).actor, seed=1)
    >>> bool(returns.mean() >= 475)
    True
    """
    returns = np.zeros(n_episodes)
    play(actor.handle(), np.random.default_rng(seed), returns)
    return returns


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this example."""
    add_seed(parser)
    add_dtype(parser)
    add_picture(parser, "the picture of the returns")
    parser.add_argument("--quiet", action="store_true", help="no word that the loop is compiled")


def run(options: argparse.Namespace) -> None:
    """Train, say how the returns grew, and play 100 fresh episodes."""
    train(options.seed, options.dtype, most_episodes=1)  # the first call compiles, or loads
    begin = perf_counter()
    actor, _, returns = train(options.seed, options.dtype)
    seconds = perf_counter() - begin
    n_steps = int(returns.sum())
    print("An actor, 4-16-2, and a critic, 4-16-1, both changed at every step.")
    print("A return is how many steps of 0.02 s the pole stays up, 500 at most.")
    for first in range(0, len(returns), WINDOW):
        part = returns[first : first + WINDOW]
        print(f"Episodes {first + 1} to {first + len(part)}: {part.mean():.1f} on average")
    print(f"The last {WINDOW} of {len(returns)}: {returns[-WINDOW:].mean():.1f} on average")
    fresh = evaluate(actor, options.seed + 1)
    print(f"{len(fresh)} fresh episodes, the likelier push always: {fresh.mean():.1f} on average")
    print(f"Trained in {seconds:.2g} s, {n_steps} steps: {1e6 * seconds / n_steps:.2f} us a step.")
    if options.plot:
        write_pictures(options.plot, {"returns": lambda: picture(returns)})


def picture(returns: Array) -> Axes:
    """Draw the return of each episode."""
    from ...plotting import LearningCurvesDisplay

    history = History()
    for episode, steps in enumerate(returns):
        history.record(episode, {"return": float(steps)})
    axes = LearningCurvesDisplay.from_history(history, keys="return").ax_
    axes.set(title="Return by episode", xlabel="Episode")
    return axes


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run(parser.parse_args())
