"""A network with more inputs or outputs, or fewer: what it has learnt stays as it was.

A wider network has spare inputs, so that not every new feature needs another one. Their weights are
zero until a feature takes the input: no decay and no limit of norms acts on what nobody uses.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .._checks.arrays import Array
from .._training.state import state_of
from ..core import layout
from ..layers import fill_params, net_parts, with_arrays
from ..network import Network


def resized(network: Network, n_in: int, n_out: int) -> Network:
    """Return a copy with other numbers of inputs and outputs; new weights and biases are zero.

    The optimiser's state of new parameters is what it starts with.
    """
    given = network.__getstate__()
    *hidden, last = given["layers"]
    layers = (*hidden, replace(last, n_out=n_out))
    old, (table, _) = given["table"], net_parts(n_in, layers, network.loss_function, network.dtype)
    params = layout.aligned_zeros(layout.params_size(table), network.dtype)
    _copy_shared(params, table, given["params"], old)
    training = given["_state"]
    if training is not None:
        slots = training.optimizer.initial_slots(params.size, network.dtype)
        for slot, old_slot in zip(slots, training.slots, strict=True):
            _copy_shared(slot, table, old_slot, old)
        training.slots = slots
    copy = type(network).__new__(type(network))
    copy.__setstate__(
        given
        | {"n_in": n_in, "layers": layers, "table": table, "params": params}
        | {"_feature_names": None}
    )
    return copy


def _copy_shared(own: Array, table: Array, other: Array, other_table: Array) -> None:
    """Copy the part of each W and b that both layouts have."""
    for views in (layout.weight_views, layout.bias_views):
        for view, other_view in zip(views(own, table), views(other, other_table), strict=True):
            if view is not None and other_view is not None:
                part = tuple(map(slice, map(min, view.shape, other_view.shape)))
                view[part] = other_view[part]


def grown(network: Network, n_in: int, n_out: int, spare: Array) -> tuple[Network, Array]:
    """Return a copy with more inputs or outputs, and the weights for its spare inputs.

    `spare`, shape (n_spare, width), has those for the last inputs of `network`, which are spare.
    What is new is drawn by the initializers of the layers, from the network's random source, but
    for the weights of spare inputs in the copy: those are zero.
    """
    wider = resized(network, n_in, n_out)
    last = len(wider.layers) - 1
    if n_in > network.n_in or last == 0:
        _draw(wider, network, 0)
    if n_out > network.n_out and last > 0:
        _draw(wider, network, last)
    W, first = wider.weights[0], network.n_in - len(spare)
    rest = W[first:].copy()
    rest[: len(spare), : spare.shape[1]] = spare
    W[first:] = 0
    return wider, rest


def _draw(wider: Network, network: Network, k: int) -> None:
    """Fill what is new in layer `k`, drawn as if all of the layer were."""
    W, b = wider.weights[k], wider.biases[k]
    n_rows, n_columns = network.weights[k].shape
    is_longer = b is not None and len(b) > n_columns
    drawn = np.zeros(W.shape, W.dtype), np.zeros(W.shape[1], W.dtype) if is_longer else None
    layer = with_arrays(wider.layers[k], None, None)
    fill_params([layer], [drawn[0]], [drawn[1]], state_of(wider).random)
    W[n_rows:], W[:, n_columns:] = drawn[0][n_rows:], drawn[0][:, n_columns:]
    if b is not None and drawn[1] is not None:
        b[n_columns:] = drawn[1][n_columns:]
