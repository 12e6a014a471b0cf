"""JAX: all of the training is one jitted loop over episodes, with one over steps in it.

Of a dozen forms this was the fastest: the parameters of both networks in one flat vector, products
as sums of elementwise ones, a loop of its own for each episode, random numbers drawn beforehand.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree

from fastnn.examples.compiled.cart_pole import (
    ACTOR_RATE,
    CRITIC_RATE,
    DISCOUNT,
    FORCE,
    GOAL,
    GRAVITY,
    HALF_LENGTH,
    INTERVAL,
    MASS,
    MOST_ANGLE,
    MOST_EPISODES,
    MOST_STEPS,
    MOST_X,
    POLE_MASS,
    WINDOW,
)

from .start import Outputs, start

jax.config.update("jax_enable_x64", True)

N_DRAWS = 200_000  # three times what a training took at most; where they end, it ends
BETA_1, BETA_2, EPS = 0.9, 0.999, 1e-8


class Step(NamedTuple):
    """What goes on from step to step: parameters, Adam's state, the pole, and counts."""

    params: Any
    m: Any
    v: Any
    n_updates: Any
    state: Any
    n_drawn: Any
    n_steps: Any
    fallen: Any


def train(seed: int, dtype: str, most_episodes: int) -> tuple[Outputs, list[int]]:
    """Train, as `cart_pole.learn` does."""
    actor, critic, random = start(seed, dtype)
    actor, returns, n_episodes = learn((actor, critic), random.random(N_DRAWS), most_episodes)
    returns = np.asarray(returns)[: int(n_episodes)].tolist()
    return lambda states: np.asarray(logits_of_rows(actor, states)), returns


@jax.jit
def learn(networks: Any, draws: Any, most_episodes: Any) -> Any:
    """Return the layers of the actor, the returns, and how many they are."""
    params, layers_of = ravel_pytree(networks)
    rates = [
        jax.tree.map(partial(jnp.full_like, fill_value=rate), layers)
        for layers, rate in zip(networks, (ACTOR_RATE, CRITIC_RATE), strict=True)
    ]
    step = partial(take_step, layers_of, ravel_pytree(rates)[0], draws)

    def episode(carry: Any) -> Any:
        now, returns, n_episodes, _ = carry
        state = -0.05 + 0.1 * lax.dynamic_slice(draws, (now.n_drawn,), (4,))
        now = now._replace(state=state, n_drawn=now.n_drawn + 4, n_steps=0, fallen=False)
        now = lax.while_loop(lambda now: ~now.fallen & (now.n_steps < MOST_STEPS), step, now)
        returns = returns.at[n_episodes].set(now.n_steps)
        n_episodes += 1
        recent = lax.dynamic_slice(returns, (n_episodes - WINDOW,), (WINDOW,))
        reached = (n_episodes >= WINDOW) & (recent.mean() >= GOAL)
        over = reached | (n_episodes >= most_episodes) | (now.n_drawn > N_DRAWS - 2 * MOST_STEPS)
        return now, returns, n_episodes, over

    nothing = jnp.zeros_like(params)
    now = Step(params, nothing, nothing, 0.0, jnp.zeros(4), 0, 0, False)
    begin = (now, jnp.zeros(MOST_EPISODES, int), 0, False)
    now, returns, n_episodes, _ = lax.while_loop(lambda carry: ~carry[-1], episode, begin)
    return layers_of(now.params)[0], returns, n_episodes


def take_step(layers_of: Any, rates: Any, draws: Any, now: Step) -> Step:
    """Push, and change both networks."""
    dtype = now.params.dtype
    networks, x = layers_of(now.params), now.state.astype(dtype)
    chance = jax.nn.softmax(outputs(networks[0], x))[1]
    action = (draws[now.n_drawn] < chance).astype(int)
    state, fallen = push(now.state, action)
    grad = jax.grad(loss)(networks, x, action, state.astype(dtype), fallen)
    grad, n = ravel_pytree(grad)[0], now.n_updates + 1
    m = BETA_1 * now.m + (1 - BETA_1) * grad
    v = BETA_2 * now.v + (1 - BETA_2) * grad * grad
    root = jnp.sqrt(1 - BETA_2**n)
    factor, eps = (root / (1 - BETA_1**n)).astype(dtype), (EPS * root).astype(dtype)
    params = now.params - rates * factor * m / (jnp.sqrt(v) + eps)
    return Step(params, m, v, n, state, now.n_drawn + 1, now.n_steps + 1, fallen)


def loss(networks: Any, x: Any, action: Any, after: Any, fallen: Any) -> Any:
    """Return what has the gradients of actor and critic at once."""
    actor, critic = networks
    value, later = outputs(critic, x)[0], outputs(critic, after)[0]
    error = lax.stop_gradient(1 + DISCOUNT * jnp.where(fallen, 0, later)) - value
    surprise = -jax.nn.log_softmax(outputs(actor, x))[action]
    return lax.stop_gradient(error) * surprise + 0.5 * error**2


def outputs(layers: Any, x: Any) -> Any:
    """Compute the outputs for a state, those of the actor before softmax."""
    (W, b), (V, c) = layers
    hidden = jnp.tanh((W * x[:, None]).sum(0) + b)
    return (V * hidden[:, None]).sum(0) + c


logits_of_rows = jax.jit(jax.vmap(outputs, (None, 0)))


def push(state: Any, action: Any) -> Any:
    """Return the state an interval later, and whether the pole has fallen."""
    x, speed, angle, spin = state
    sin, cos = jnp.sin(angle), jnp.cos(angle)
    force = jnp.where(action == 1, FORCE, -FORCE)
    whole = (force + POLE_MASS * HALF_LENGTH * spin**2 * sin) / MASS
    spin_rate = (GRAVITY * sin - cos * whole) / (
        HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * cos**2 / MASS)
    )
    speed_rate = whole - POLE_MASS * HALF_LENGTH * spin_rate * cos / MASS
    x, angle = x + INTERVAL * speed, angle + INTERVAL * spin
    state = jnp.stack([x, speed + INTERVAL * speed_rate, angle, spin + INTERVAL * spin_rate])
    return state, (abs(x) > MOST_X) | (abs(angle) > MOST_ANGLE)
