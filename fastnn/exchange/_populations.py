"""What writers take of a population: networks whose outputs have a mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..network import Network
from ..population.population import Population
from ._centres import centred, folded


def networks_of(population: Any) -> Sequence[Network] | None:
    """Return the networks of a population; None if it is something else."""
    if not isinstance(population, Population):
        return None
    networks = tuple(map(folded, population.networks))
    first = networks[0].n_in, networks[0].n_out
    for k, net in enumerate(networks):
        if (net.n_in, net.n_out) != first:
            raise ValueError(
                "networks must have the same n_in and n_out for their mean, got "
                f"{first} at 0 and {(net.n_in, net.n_out)} at {k}"
            )
    return networks


def check_near(networks: Sequence[Network], dtype: np.dtype[Any]) -> None:
    """Raise if a network standardises columns that are too far from 0 for `dtype`."""
    for k, net in enumerate(networks):
        own = centred(net, dtype)
        if own.inputs is not None or own.outputs is not None:
            raise ValueError(
                f"dtype must be float64 where columns are far from 0, of which the metadata of "
                f"network {k} tell, got {dtype}"
            )
