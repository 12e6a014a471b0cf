"""Layers in the header of a file: the fields of `Dense`, or those of each head."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from .._checks.scalars import as_count
from ..heads import Heads
from ..layers import Dense
from .functions import Functions, build_activation, describe_activation
from .npz import Archive
from .specs import JSON, as_list, as_object, build_initializer, describe_initializer, short

_FLOAT = "<f8"
_LAYER = tuple(item.name for item in fields(Dense))


def describe_layer(layer: Dense) -> JSON:
    """Return every field of a layer; for arrays, whether they are given. Or those of each head."""
    if isinstance(layer, Heads):
        heads = zip(layer.names, layer.heads, strict=True)
        return {"heads": {name: describe_layer(head) for name, head in heads}}
    given = {name: getattr(layer, name) for name in _LAYER}
    if layer.trainable:
        del given["trainable"]
    return given | {
        "activation": describe_activation(layer.activation),
        "initializer": describe_initializer(layer.initializer),
        "bias_initializer": describe_initializer(layer.bias_initializer),
        "weights": layer.weights is not None,
        "biases": layer.biases is not None,
    }


def layers_in(
    archive: Archive, n_in: int, descriptions: Any, functions: Functions
) -> tuple[Dense, ...]:
    """Return the layers, with the arrays that they were given."""
    layers: list[Dense] = []
    for k, description in enumerate(as_list("layers", descriptions)):
        if isinstance(description, dict) and "heads" in description:
            named = as_object(description, ("heads",))["heads"]
            if not isinstance(named, dict):
                raise ValueError(f"heads must be an object, got {short(named)}")
            heads = {
                name: _layer_in(archive, n_in, f"{k}_{name}", head, functions)
                for name, head in named.items()
            }
            layers.append(Heads(**heads))
        else:
            layers.append(_layer_in(archive, n_in, str(k), description, functions))
        n_in = layers[-1].n_out
    return tuple(layers)


def _layer_in(archive: Archive, n_in: int, k: str, description: Any, functions: Functions) -> Dense:
    """Return a layer, or a head."""
    if isinstance(description, dict):
        description = {"trainable": True, **description}
    parameters = dict(as_object(description, _LAYER))
    n_out = as_count("n_out", parameters["n_out"])
    for name, entry, shape in (
        ("weights", f"given_W{k}", (n_in, n_out)),
        ("biases", f"given_b{k}", (n_out,)),
    ):
        parameters[name] = archive.take(entry, _FLOAT, shape) if parameters[name] else None
    for name in ("initializer", "bias_initializer"):
        parameters[name] = build_initializer(parameters[name], name)
    parameters["activation"] = build_activation(parameters["activation"], functions)
    return Dense(**parameters)
