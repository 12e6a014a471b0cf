"""The weights of a Keras model by layer, from objects or from files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ..._checks.arrays import Array
from .hdf5 import Group
from .models import Layer, Model, snake_case

Weights = dict[Layer, list[Array]]

# The weights that a layer may have, in their order, and the options without which it has them not.
_NAMES: dict[str, dict[str, str | None]] = {
    "Dense": {"kernel": None, "bias": "use_bias"},
    "BatchNormalization": {
        "gamma": "scale", "beta": "center", "moving_mean": None, "moving_variance": None,
    },
    "Normalization": {"mean": None, "variance": None, "count": None},
}  # fmt: skip
_UNUSED = ("count",)  # whole numbers, of another dtype
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")  # the latter of Keras 2.12


def names_of(layer: Layer) -> list[str]:
    """Return the names of a layer's weights, in order; of an unknown layer, none."""
    if layer.kind == "Normalization" and layer.config.get("mean") is not None:
        return []
    return [
        name
        for name, option in _NAMES.get(layer.kind, {}).items()
        if option is None or layer.config.get(option, True)
    ]


def in_order(arrays: Sequence[Array], model: Model) -> Weights:
    """Return the arrays of `model.get_weights()` by layer; raise if their number is wrong."""
    weights: Weights = {}
    rest = [*arrays]
    for layer in _all_layers(model):
        own = names_of(layer)
        if own == ["kernel", "bias"] and "use_bias" not in layer.config:
            own = own[: 2 if len(rest) > 1 and rest[1].ndim == 1 else 1]
        if len(rest) >= len(own):
            weights[layer] = rest[: len(own)]
            del rest[: len(own)]
    if rest:
        n_kernels = sum(layer.kind == "Dense" for layer in _all_layers(model))
        raise ValueError(f"weights must have {n_kernels} kernels, got more")
    return weights


def of_objects(model: Model, given: Any) -> Weights:
    """Return the weights of the layers of a Keras model in memory."""
    weights: Weights = {}
    for layer in model.layers:
        if layer.model is not None:
            weights |= of_objects(layer.model, given.get_layer(layer.name))
        elif own := names_of(layer):
            weights[layer] = list(given.get_layer(layer.name).get_weights())[: len(own)]
    return weights


def of_keras_3(model: Model, group: Group) -> Weights:
    """Return the weights in a file of Keras 3, which names layers by class and number."""
    weights: Weights = {}
    container = next((name for name in _CONTAINERS if name in group), _CONTAINERS[0])
    numbers: Counter[str] = Counter()
    for layer in model.layers:
        name = snake_case(layer.kind)
        suffix = f"_{numbers[name]}" if numbers[name] else ""
        numbers[name] += 1
        path = f"{container}/{name}{suffix}"
        if layer.model is not None:
            weights |= of_keras_3(layer.model, group.group(path))
        elif own := names_of(layer):
            stored = group.group(f"{path}/vars")
            if own == ["kernel", "bias"] and "use_bias" not in layer.config:
                own = own[: len(stored.names())]
            weights[layer] = [
                stored.array(str(i)) for i, part in enumerate(own) if part not in _UNUSED
            ]
    return weights


def of_legacy(model: Model, group: Group) -> Weights:
    """Return the weights in a file of Keras 1 and 2, and of Keras 3 that ends in .h5.

    Each layer of the model has a group of its name; a model among them has the weights of all its
    layers there, each in a group of the layer's name.
    """
    weights: Weights = {}
    for layer in model.layers:
        if layer.model is None and not names_of(layer):
            continue
        if layer.name is None:
            raise ValueError(f"a layer must have a name to have weights, got a {layer.kind}")
        own = group.group(layer.name)
        paths = [*own.arrays()]
        if layer.model is None:
            weights[layer] = [own.array(path) for path in _paths_of(layer, paths)]
        else:
            for part in _all_layers(layer.model):
                inner = [
                    (path, name)
                    for path, name in paths
                    if f"/{path}".endswith(f"/{part.name}/{name}")
                ]
                if names_of(part):
                    weights[part] = [own.array(path) for path in _paths_of(part, inner)]
    return weights


def _paths_of(layer: Layer, paths: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the paths of a layer's weights, in order; Keras 2 appends ":0" to their names."""
    for name in names_of(layer):
        if name in _UNUSED:
            continue
        found = [path for path, stored in paths if stored.partition(":")[0] == name]
        if not found and name == "bias" and "use_bias" not in layer.config:
            continue
        if len(found) != 1:
            raise ValueError(f"{layer.source} must have one {name} stored, got {len(found)}")
        yield found[0]


def _all_layers(model: Model) -> Iterator[Layer]:
    """Yield the layers, with those of nested models."""
    for layer in model.layers:
        if layer.model is None:
            yield layer
        else:
            yield from _all_layers(layer.model)
