"""PyTorch: the loop and the pole in Python, one backward pass and one step for both networks."""

import numpy as np
import torch
from torch.nn.functional import cross_entropy, mse_loss

from fastnn.examples.compiled.cart_pole import (
    ACTOR_RATE,
    CRITIC_RATE,
    DISCOUNT,
    GOAL,
    MOST_STEPS,
    WINDOW,
)

from .start import Layers, Outputs, push, start

torch.set_num_threads(1)
torch.set_num_interop_threads(1)


def train(seed: int, dtype: str, most_episodes: int) -> tuple[Outputs, list[int]]:
    """Train, as `cart_pole.learn` does."""
    kind = getattr(torch, dtype)
    *layers, random = start(seed, dtype)
    actor, critic = map(network, layers)
    optimizer = torch.optim.Adam(
        [
            {"params": actor.parameters(), "lr": ACTOR_RATE},
            {"params": critic.parameters(), "lr": CRITIC_RATE},
        ],
        fused=True,
    )
    last, actions = torch.ones(1, dtype=kind), torch.arange(2)
    returns: list[int] = []
    while len(returns) < most_episodes:
        state = tuple(random.uniform(-0.05, 0.05, 4).tolist())
        n_steps, fallen = 0, False
        while not fallen and n_steps < MOST_STEPS:
            now = torch.tensor(state, dtype=kind)
            logits, value = actor(now), critic(now)
            action = int(random.random() < logits.detach().softmax(0)[1].item())
            state, fallen = push(state, action)
            n_steps += 1
            target = last
            if not fallen:
                with torch.no_grad():
                    target = 1.0 + DISCOUNT * critic(torch.tensor(state, dtype=kind))
            error = (target - value.detach())[0]
            loss = error * cross_entropy(logits, actions[action]) + 0.5 * mse_loss(value, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        returns.append(n_steps)
        if len(returns) >= WINDOW and np.mean(returns[-WINDOW:]) >= GOAL:
            break

    def outputs(states: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            logits: np.ndarray = actor(torch.from_numpy(states).to(kind)).numpy()
        return logits

    return outputs, returns


def network(layers: Layers) -> torch.nn.Sequential:
    """Return a network that starts with these layers, tanh between them."""
    modules: list[torch.nn.Module] = []
    for W, b in layers:
        linear = torch.nn.Linear(*W.shape)
        linear.weight.data, linear.bias.data = torch.tensor(W.T), torch.tensor(b)
        modules += [linear, torch.nn.Tanh()]
    return torch.nn.Sequential(*modules[:-1])
