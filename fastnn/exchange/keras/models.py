"""Keras models from their descriptions: layers, and the order in which they are called.

A description is JSON from an untrusted file: anything that Keras would not write is a ValueError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..._storage.npz import check_depth
from ..._storage.specs import as_list, short

SEQUENTIAL = "Sequential"
_DEEPEST = 20  # models within models
_MOST_CALLS = 10_000  # of layers
LARGEST_CONFIG = 2**22  # bytes; what JSON stands for takes up to 24 times as much

Config = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of a model, which may be called more than once."""

    kind: str  # its class in Keras
    config: Config
    name: str | None
    model: Model | None = None  # of a layer that is one

    @property
    def source(self) -> str:
        """The name of the layer in errors."""
        return f"{self.kind} {self.name!r}" if self.name is not None else self.kind


@dataclass(frozen=True, eq=False)
class Model:
    """The layers, each once, in the order of Keras; and the calls, in their order."""

    layers: tuple[Layer, ...]
    calls: tuple[Layer, ...]


def parse_json(text: bytes | str) -> Any:
    """Return the value of a JSON text."""
    if len(text) > LARGEST_CONFIG:
        raise ValueError(f"a model must be described in {LARGEST_CONFIG} bytes, got {len(text)}")
    try:
        value = json.loads(text)
        check_depth("a model", value)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"a model must be described in JSON: {error}") from None
    return value


def model_of(description: Any) -> Model:
    """Return the model of a description, which is a dict of class_name and config."""
    layer = _layer_of(description, 0)
    if layer.model is None:
        raise ValueError(
            "a Keras model must be a Sequential, or a functional model that is a chain, "
            f"got {layer.kind}"
        )
    called(layer.model)  # looks whether that has an end
    return layer.model


def called(model: Model) -> list[Layer]:
    """Return the layers in the order of their calls, with the layers of nested models."""
    layers: list[Layer] = []
    for layer in _called(model):
        layers.append(layer)
        if len(layers) > _MOST_CALLS:
            raise ValueError(f"a model must call at most {_MOST_CALLS} layers, got more")
    return layers


def _called(model: Model) -> Iterator[Layer]:
    for layer in model.calls:
        yield layer  # one that is a model counts too, so that models within models have an end
        if layer.model is not None:
            yield from _called(layer.model)


def as_object(value: Any, what: str) -> Config:
    """Return an object of JSON."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} must be an object, got {short(value)}")
    return value


def _layer_of(description: Any, depth: int) -> Layer:
    """Return the layer of a description, which may be a nested model."""
    if depth > _DEEPEST:
        raise ValueError(f"models must be at most {_DEEPEST} within each other, got more")
    described = as_object(description, "a layer")
    kind, config = described.get("class_name"), described.get("config", {})
    if not isinstance(kind, str):
        raise ValueError(f"a layer must have the name of a class, got {short(kind)}")
    model = None
    if kind == SEQUENTIAL and isinstance(config, list):  # as Keras 1 wrote it
        config = {"layers": config}
    config = as_object(config, f"the config of {kind[:100]}")
    if not _is_of_keras(described):
        kind = f"{described.get('module') or described.get('registered_name')}.{kind}"[:200]
    elif "layers" in config and "input_layers" in config:
        model = _functional(config, depth)
    elif "layers" in config and (kind == SEQUENTIAL or depth == 0):  # or a subclass of it
        model = _sequential(config, depth)
    name = config.get("name", described.get("name"))
    if not isinstance(name, str | None):
        raise ValueError(f"a layer must have a str as its name, got {short(name)}")
    return Layer(kind, config, name, model)


def _is_of_keras(described: Config) -> bool:
    """Return True if a class is one of Keras, not a user-defined one of the same name."""
    module, registered = described.get("module"), described.get("registered_name")
    if isinstance(registered, str) and ">" in registered:
        return False
    return module is None or (
        isinstance(module, str) and module.split(".")[0] in ("keras", "tf_keras", "tensorflow")
    )


def _sequential(config: Config, depth: int) -> Model:
    """Return a model whose layers are called in order; a repeated name is the same layer."""
    layers: list[Layer] = []
    calls = []
    for description in as_list("the layers of a Sequential", config["layers"]):
        layer = _layer_of(description, depth + 1)
        same = [other for other in layers if layer.name is not None and _is_same(other, layer)]
        if not same:
            layers.append(layer)
        calls.append(same[0] if same else layer)
    return Model(tuple(layers), tuple(calls))


def _is_same(layer: Layer, other: Layer) -> bool:
    named = (layer.name, layer.kind) == (other.name, other.kind)
    return named and layer.config == other.config


def _functional(config: Config, depth: int) -> Model:
    """Return a model whose calls are a chain from its single input to its single output."""
    layers: dict[str, Layer] = {}
    nodes: dict[str, list[Any]] = {}
    for description in as_list("the layers of a model", config["layers"]):
        layer = _layer_of(description, depth + 1)
        name = description.get("name", layer.name)
        if not isinstance(name, str) or name in layers:
            raise ValueError(f"layers must have names that differ, got {short(name)}")
        layers[name] = layer
        calls = as_list(f"the calls of {name}", description.get("inbound_nodes", []))
        nodes[name] = calls
    first = _only(config.get("input_layers"), "input")
    at = _only(config.get("output_layers"), "output")
    chain: list[Layer] = []
    while at != first:
        name, node = at
        if name not in layers or not 0 <= node < len(nodes[name]):
            raise ValueError(f"a model must lead from its output to its input, got {short(at)}")
        if len(chain) > _MOST_CALLS:
            raise ValueError(f"a model must call at most {_MOST_CALLS} layers, got more")
        if _is_training(nodes[name][node]):
            raise ValueError(f"{layers[name].source} called with training=True cannot be carried")
        chain.append(layers[name])
        sources = [*_sources(nodes[name][node], 0)]
        if len(sources) != 1:
            raise ValueError(
                f"a model must be a chain: {layers[name].source} has {len(sources)} inputs, "
                "and cannot be carried"
            )
        at = sources[0]
    if first[0] not in layers:
        raise ValueError(f"a model must have its input layer, got {short(first[0])}")
    return Model(tuple(layers.values()), (layers[first[0]], *reversed(chain)))


def _only(places: Any, what: str) -> tuple[str, int]:
    """Return the one place in a list of them, which is also written without the list."""
    listed = as_list(f"the {what}s of a model", places)
    found = [*_sources(listed, 0)]
    if len(found) != 1:
        raise ValueError(f"a model must have one {what}, got {len(found)}")
    return found[0]


def _sources(node: Any, depth: int) -> Iterator[tuple[str, int]]:
    """Yield the layers, each with the number of its call, that a call takes its inputs from."""
    if depth > _DEEPEST:
        raise ValueError(f"a call must be described at most {_DEEPEST} deep, got deeper")
    if isinstance(node, Mapping):
        if node.get("class_name") == "__keras_tensor__":
            history = as_object(node.get("config"), "a tensor").get("keras_history")
            yield from _sources(as_list("the origin of a tensor", history), depth + 1)
            return
        for part in node.values():
            yield from _sources(part, depth + 1)
    elif isinstance(node, list | tuple):
        if _is_place(node):
            if node[2] != 0:
                raise ValueError(f"layers must have one output, got {short(node)}")
            yield node[0], node[1]
            node = node[3:]
        for part in node:
            yield from _sources(part, depth + 1)


def _is_training(node: Any) -> bool:
    """Return True if a call has the argument training=True."""
    kwargs = node.get("kwargs") if isinstance(node, Mapping) else None
    given = [kwargs] if kwargs else []
    if isinstance(node, list | tuple):  # as Keras 2 wrote it: [[name, call, output, kwargs], ...]
        inner = [part for part in node if isinstance(part, list | tuple)]
        given += [part for parts in [node, *inner] for part in parts if isinstance(part, Mapping)]
    return any(isinstance(one, Mapping) and one.get("training") for one in given)


def _is_place(node: Any) -> bool:
    """Return True if a list is the name of a layer, a call of it, and an output of that."""
    return (
        len(node) >= 3
        and isinstance(node[0], str)
        and all(type(number) is int for number in node[1:3])
    )


def snake_case(kind: str) -> str:
    """Return the name of a layer in a file of weights."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
