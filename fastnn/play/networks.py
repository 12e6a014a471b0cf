"""From settings to a network: the layers, and how training starts as each tutorial does."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from .. import Dense, Network
from ..initializers import constant, normal, uniform
from .data import Data
from .settings import MOST_WORK, Settings

_SEEDED = ("xor", "gender", "moons")  # the data whose tutorials draw after `np.random.seed`


def layers_of(settings: Settings, n_out: int) -> list[tuple[int, str, dict[str, Any]]]:
    """Return the width, the activation and the other options of each layer."""
    widths = (*settings.layers, n_out)
    activations = [settings.activation] * len(settings.layers) + [settings.output]
    return [
        (width, activation, _options(settings, width, is_last=k == len(widths) - 1))
        for k, (width, activation) in enumerate(zip(widths, activations, strict=True))
    ]


def _options(settings: Settings, width: int, *, is_last: bool) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if settings.dropout and not is_last:
        options["dropout"] = settings.dropout
    if settings.l2:
        options["l2"] = settings.l2
    if settings.bias == "none":
        options["bias"] = False
    if settings.bias == "frozen":
        options["train_bias"] = False
    if settings.start == "tutorial":
        weights, biases = _tutorial_start(settings.data, width)
        if weights is not None:
            options["initializer"] = weights
        if biases is not None and settings.bias != "none":
            options["bias_initializer"] = biases
    else:
        is_ones = settings.start == "ones"
        options["initializer"] = constant(1.0) if is_ones else settings.start
    return options


def _tutorial_start(data: str, width: int) -> tuple[Any, Any]:
    """Return the initialisers of weights and biases, None for the defaults."""
    if data == "xor":
        return uniform(-1, 1), None
    if data == "gender":
        return normal(1.0), normal(1.0)
    if data == "moons":
        return normal(1 / math.sqrt(width)), uniform(0, 0.1)
    return (constant(0.5) if data == "first_column" else None), None


def is_seeded(settings: Settings) -> bool:
    """Return True if the weights are drawn as after ``np.random.seed(seed)``."""
    return settings.start == "tutorial" and settings.data in _SEEDED


def is_drawn_by_name(settings: Settings, n_in: int, n_out: int) -> bool:
    """Return True if the start is that of the tutorial `gender`: w1 ... w6 and then b1 ... b3."""
    is_its_network = (n_in, settings.layers, n_out, settings.bias) == (2, (2,), 1, "trained")
    return settings.start == "tutorial" and settings.data == "gender" and is_its_network


def build(settings: Settings, data: Data) -> Network:
    """Return the untrained network; raise ValueError if there can be none, or it is too large."""
    n_in, n_out = data.X.shape[1], data.n_out(settings.output)
    widths = [n_in, *settings.layers, n_out]
    n_weights = sum(a * b for a, b in pairwise(widths))
    if n_weights * len(data.X) > MOST_WORK:
        raise ValueError(
            f"weights times rows must be at most {MOST_WORK}, got {n_weights * len(data.X)}: "
            "take fewer units or rows"
        )
    layers = [Dense(width, f, **options) for width, f, options in layers_of(settings, n_out)]
    seed: Any = settings.seed
    if is_seeded(settings):
        seed = np.random.RandomState(settings.seed)
    net = Network(n_in, layers, loss=settings.loss, seed=seed)
    if is_drawn_by_name(settings, n_in, n_out):
        w1, w2, w3, w4, w5, w6, b1, b2, b3 = np.random.RandomState(settings.seed).normal(size=9)
        net.weights = [[[w1, w3], [w2, w4]], [[w5], [w6]]]
        net.biases = [[b1, b2], [b3]]
    return net
