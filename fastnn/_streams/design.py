"""From the arguments of a user to a learner; networks that are made when the first row comes."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks.arrays import as_dtype
from .._checks.scalars import as_count, as_flag, as_generator
from .._training.state import state_of
from ..initializers import Random
from ..layers import Dense
from ..losses import Loss, as_loss
from ..network import Network
from ..optimizers import COMPILED, CompiledOptimizer, Optimizer, RMSprop, as_optimizer

# Chosen on streams of river that are none of those in the table: `benchmarks/streams.py --choose`.
HIDDEN = (32,)
ACTIVATION = "relu"
OPTIMIZER = RMSprop(learning_rate=0.006)


@dataclass(frozen=True)
class Design:
    """A network but for its numbers of inputs and outputs."""

    hidden: tuple[Dense, ...]
    activation: str  # of the outputs
    loss: Loss
    dtype: np.dtype[Any]
    random: Random

    def build(self, n_in: int, n_out: int) -> Network:
        """Return the network for so many inputs and outputs; the same each time."""
        layers = (*self.hidden, Dense(n_out, self.activation))
        random = copy.deepcopy(self.random)
        return Network(n_in, layers, loss=self.loss, dtype=self.dtype, seed=random)


@dataclass(frozen=True)
class Start:
    """What a learner starts with: a network, or how to make it; see `Learner`."""

    network: Network | None
    features: Sequence[Hashable] | None
    grows: bool
    optimizer: Optimizer | None
    design: Design | None


def as_start(
    network: Network | None,
    features: Sequence[Hashable] | None,
    *,
    grow: bool | None,
    optimizer: str | Optimizer | None,
    learning_rate: float | None,
    **made: Any,
) -> Start:
    """Return the start for a user's arguments; None means a default.

    Those of `made`, which `_as_design` takes, must all be None with a network.
    """
    if network is None:
        if grow is not None and not as_flag("grow", grow):
            raise ValueError(f"grow must be True without a network, got {grow!r}")
        rule = _as_rule(optimizer, learning_rate, OPTIMIZER)
        return Start(None, features, True, rule, _as_design(**made))
    if not isinstance(network, Network):
        raise TypeError(f"network must be a Network, got {network!r}")
    check_takes_rows(network)
    for name, value in made.items():
        if value is not None:
            raise ValueError(f"{name} must not be given with a network, got {value!r}")
    grows = grow is not None and as_flag("grow", grow)
    if optimizer is None and learning_rate is None:
        return Start(network, features, grows, None, None)
    training = state_of(network).training
    rule = _as_rule(optimizer, learning_rate, None if training is None else training.optimizer)
    return Start(network, features, grows, rule, None)


def check_takes_rows(network: Network) -> None:
    """Raise if a network changes its inputs before its first layer."""
    if network.standardize is not None:
        raise ValueError(
            "network must be without Standardize to learn from single rows, got one with it: give "
            "network.folded()"
        )


def _as_design(
    *, hidden: Any, activation: str | None, output: str | None, loss: Any, dtype: Any, seed: Any
) -> Design:
    """Return the design for a user's arguments; None means a default."""
    hidden = HIDDEN if hidden is None else hidden
    named = [("hidden", hidden)]
    if isinstance(hidden, Sequence) and not isinstance(hidden, str):
        named = [(f"hidden[{k}]", width) for k, width in enumerate(hidden)]
    activation = ACTIVATION if activation is None else activation
    layers = tuple(
        width if isinstance(width, Dense) else Dense(as_count(name, width), activation)
        for name, width in named
    )
    if loss is None:
        loss = "cross_entropy" if output == "softmax" else "mse"
    loss = as_loss("loss", loss)
    if output is None:
        output = "exp" if loss.partners == ("exp",) else "identity"
    dtype = as_dtype("float64" if dtype is None else dtype)
    design = Design(layers, output, loss, dtype, _as_source(seed))
    design.build(1, 1)  # raises unless all goes together
    return design


def _as_rule(optimizer: Any, learning_rate: float | None, last: Optimizer | None) -> Optimizer:
    """Return the optimiser with its rate; `last` is the one for None."""
    rule = as_optimizer(optimizer, learning_rate, last, named=COMPILED)
    if not isinstance(rule, CompiledOptimizer):
        raise ValueError(f"optimizer must be one that learns from single rows, got {rule}")
    return rule


def _as_source(seed: Any) -> Random:
    """Return a random source of the model's own; from a user's source a number is drawn for it."""
    random = as_generator(seed)
    if random is not seed:
        return random
    is_legacy = isinstance(random, np.random.RandomState)
    return np.random.default_rng(random.randint(2**31) if is_legacy else random.integers(2**63))
