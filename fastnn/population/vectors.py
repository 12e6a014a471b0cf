"""The parameters of a population as one matrix, a row for each network."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks.arrays import Array, as_numbers
from .._checks.scalars import as_generator
from .._training.state import state_of
from ..core import layout
from ..history import History
from ..network import Network
from .networks import kind_of


def stacked(networks: Sequence[Network]) -> Array:
    """Return a copy of the parameters of all networks, shape (n_networks, n_params)."""
    _check_alike(networks)
    return np.array([net.params for net in networks])


def assign(networks: Sequence[Network], values: ArrayLike) -> None:
    """Copy a row into each network, without its padding."""
    _check_alike(networks)
    matrix = _as_matrix(networks[0], values, len(networks))
    for net, vector in zip(networks, matrix, strict=True):
        net.params[:] = vector


def networks_like(net: Any, values: ArrayLike, seed: Any) -> Iterator[Network]:
    """Yield a network like another for each row of parameters, untrained, with its own seed."""
    if not isinstance(net, Network):
        raise TypeError(f"net must be a Network, got {type(net).__name__}")
    matrix, common = _as_matrix(net, values), net.__getstate__()
    root = np.random.SeedSequence([*as_generator(seed).bytes(16)])
    for vector, child in zip(matrix, root.spawn(len(matrix)), strict=True):
        twin = type(net).__new__(type(net))
        own = {name: copy.deepcopy(common[name]) for name in common if name not in _REPLACED}
        twin.__setstate__(
            own
            | {"params": vector, "table": common["table"], "layers": common["layers"]}
            | {"_random": np.random.default_rng(child), "_state": None, "history": History()}
        )
        yield twin


# In a state of `Network.__getstate__`: what each twin has of its own, or all may share.
_REPLACED = ("params", "table", "layers", "_random", "_state", "history")


def _check_alike(networks: Sequence[Network]) -> None:
    """Raise unless the parameters of all networks are laid out alike."""
    first = kind_of(networks[0])
    for k, net in enumerate(networks):
        if kind_of(net) != first:
            raise ValueError(
                "networks must have the same layers and dtype for their params to be a matrix, got "
                f"{networks[0]!r} at 0 and {net!r} at {k}"
            )


def _as_matrix(net: Network, values: ArrayLike, n_rows: int | None = None) -> Array:
    """Return rows of parameters, checked and copied, with zeros for padding."""
    size, table = net.params.size, state_of(net).model.table
    given = as_numbers("params", values, net.dtype)
    if given.ndim != 2 or given.shape[1] != size or n_rows not in (None, len(given)):
        raise ValueError(
            f"params must have shape ({'n_networks' if n_rows is None else n_rows}, {size}), a row "
            f"as the params of a network, got {given.shape}"
        )
    is_real = np.zeros(size, bool)
    for view in (*layout.weight_views(is_real, table), *layout.bias_views(is_real, table)):
        if view is not None:
            view[:] = True
    return np.where(is_real, given, net.dtype.type(0))
