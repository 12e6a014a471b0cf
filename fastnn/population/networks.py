"""Which networks make a population, and which of them are alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .._checks.heads import Part
from .._training.state import state_of
from ..network import Network


def as_networks(networks: Iterable[Network]) -> tuple[Network, ...]:
    """Return networks that may be trained at once on one X: different ones, with own seeds."""
    if isinstance(networks, Network):
        raise TypeError("networks must be an iterable of Network, got one: write [network]")
    if not isinstance(networks, Iterable):
        raise TypeError(
            f"networks must be an iterable of Network, got {networks!r}: write "
            "[Network(..., seed=k) for k in range(n)]"
        )
    given = tuple(networks)
    if not given:
        raise ValueError("a population must have at least one network, got none")
    seen: dict[int, int] = {}
    for k, net in enumerate(given):
        if not isinstance(net, Network):
            raise TypeError(f"networks must be Network, got {type(net).__name__} at {k}")
        for part, what in (
            (net, "be different ones"),
            (state_of(net).random, "have seeds of their own"),
        ):
            if (first := seen.setdefault(id(part), k)) != k:
                raise ValueError(f"networks must {what}, got one for both {first} and {k}")
        if net.n_in != given[0].n_in:
            raise ValueError(
                f"networks must have the same n_in, got {given[0].n_in} at 0 and {net.n_in} at {k}"
                ": all take the same X"
            )
    return given


def kind_of(net: Network) -> tuple[bytes, np.dtype[Any]]:
    """Return what networks have in common whose parameters are laid out alike."""
    return state_of(net).model.table.tobytes(), net.dtype


def common_heads(networks: Sequence[Network]) -> tuple[Part, ...]:
    """Return the heads, none if the last layer has none; raise if the networks differ in them."""
    first, *others = (state_of(net).model.parts for net in networks)
    for k, parts in enumerate(others, 1):
        if [(part.name, part.n_out) for part in parts] != [(p.name, p.n_out) for p in first]:
            got = " and ".join(
                f"{', '.join(f'{p.name} of {p.n_out}' for p in given) or 'none'} at {at}"
                for given, at in ((first, 0), (parts, k))
            )
            raise ValueError(
                f"networks must have the same heads for their mean, got {got}; `outputs` has what "
                "each says"
            )
    return first
