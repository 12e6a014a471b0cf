"""What a seed stands for, the pole in plain Python, and how an actor is judged."""

from collections.abc import Callable
from math import cos, sin

import numpy as np

from fastnn.examples.compiled import cart_pole
from fastnn.examples.compiled.cart_pole import (
    FORCE,
    GRAVITY,
    HALF_LENGTH,
    INTERVAL,
    MASS,
    MOST_ANGLE,
    MOST_STEPS,
    MOST_X,
    POLE_MASS,
)

Layers = list[tuple[np.ndarray, np.ndarray]]
Outputs = Callable[[np.ndarray], np.ndarray]
State = tuple[float, float, float, float]


def start(seed: int, dtype: str) -> tuple[Layers, Layers, np.random.Generator]:
    """Return the layers (W, b) of actor and critic, and where all further numbers come from."""
    random = np.random.default_rng(seed)
    actor, critic = (
        list(zip(net.weights, net.biases, strict=True)) for net in cart_pole.build(random, dtype)
    )
    return actor, critic, random


def push(state: State, action: int) -> tuple[State, bool]:
    """Return the state an interval later, and whether the pole has fallen."""
    x, speed, angle, spin = state
    force = FORCE if action == 1 else -FORCE
    whole = (force + POLE_MASS * HALF_LENGTH * spin**2 * sin(angle)) / MASS
    spin_rate = (GRAVITY * sin(angle) - cos(angle) * whole) / (
        HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * cos(angle) ** 2 / MASS)
    )
    speed_rate = whole - POLE_MASS * HALF_LENGTH * spin_rate * cos(angle) / MASS
    x, speed = x + INTERVAL * speed, speed + INTERVAL * speed_rate
    angle, spin = angle + INTERVAL * spin, spin + INTERVAL * spin_rate
    return (x, speed, angle, spin), abs(x) > MOST_X or abs(angle) > MOST_ANGLE


def average_return(outputs: Outputs, seed: int, n_episodes: int = 100) -> float:
    """Return the mean over fresh episodes in which the likelier push is always done."""
    starts = np.random.default_rng(seed).uniform(-0.05, 0.05, (n_episodes, 4))
    states: list[State] = [tuple(state) for state in starts.tolist()]
    total = 0
    for _ in range(MOST_STEPS):
        total += len(states)
        actions = outputs(np.array(states)).argmax(axis=1).tolist()
        pushed = [push(state, action) for state, action in zip(states, actions, strict=True)]
        states = [state for state, fallen in pushed if not fallen]
        if not states:
            break
    return total / n_episodes
