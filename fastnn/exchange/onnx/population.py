"""The mean of a population as an ONNX graph: networks of one architecture side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._checks.arrays import Array
from ..._checks.heads import Part
from ...heads import Heads
from ...layers import Dense
from ...network import Network
from ...population.networks import kind_of
from .activations import WRITTEN
from .graph import GraphWriter


def as_graph(onnx: Any, networks: Sequence[Network], dtype: np.dtype[Any]) -> Any:
    """Return the mean of networks as an ONNX model."""
    writer, kinds = GraphWriter(onnx, dtype), dict[Any, list[Network]]()
    for net in networks:
        kinds.setdefault(kind_of(net), []).append(net)
    axis = writer.stored("mean/axis", np.array([0]))
    number = writer.constant("mean/number", np.array(len(networks)))
    sums: dict[str, list[str]] = {}
    for i, alike in enumerate(kinds.values()):
        values = "input"
        *hidden, last = alike[0].layers
        for k, layer in enumerate(hidden):
            W, b = _of_layer(alike, k)
            values = _layer(writer, f"kind_{i}/layer_{k}", values, str(layer.activation), W, b)
        W, b = _of_layer(alike, len(hidden))
        for part in _parts_of(last):
            place, own = f"kind_{i}/heads/{part.name}", slice(part.start, part.stop)
            own_b = None if b is None else b[..., own]
            outputs = _layer(writer, place, values, str(part.activation), W[..., own], own_b)
            total = writer.node("ReduceSum", [outputs, axis], f"{place}/sum", keepdims=0)
            sums.setdefault(part.name, []).append(total)
    for name, of_kinds in sums.items():
        total = of_kinds[0] if len(of_kinds) == 1 else writer.node("Sum", of_kinds, f"mean/{name}")
        writer.node("Div", [total, number], name)
    parts = _parts_of(networks[0].layers[-1])
    ends = [writer.table(part.name, part.n_out, None) for part in parts]
    notes = {"fastnn.population": str(len(networks))}
    return writer.model([writer.table("input", networks[0].n_in, None)], ends, notes)


def _parts_of(layer: Dense) -> Sequence[Part]:
    """Return the heads of a layer, or all of one that has none."""
    if not isinstance(layer, Heads):
        return [Part("output", layer.activation, 0, layer.n_out)]
    if "input" in layer.names:
        raise ValueError("a head must have another name than the input, got input")
    return layer.parts


def _of_layer(networks: Sequence[Network], k: int) -> tuple[Array, Array | None]:
    """Return the weights of a layer of all networks, and the biases if it has any."""
    biases = [net.biases[k] for net in networks]
    W = np.array([net.weights[k] for net in networks])
    return W, None if biases[0] is None else np.array(biases)


def _layer(
    writer: GraphWriter, name: str, values: str, activation: str, W: Array, b: Array | None
) -> str:
    """Add f(x W + b) of networks, W of shape (n_networks, n_in, n_out); return its name."""
    z = writer.node("MatMul", [values, writer.constant(f"{name}/weights", W)], f"{name}/MatMul")
    if b is not None:
        biases = writer.constant(f"{name}/biases", b[:, np.newaxis])
        z = writer.node("Add", [z, biases], f"{name}/z")
    return writer.apply(WRITTEN[writer.dtype][activation], z, name, W.shape[-1])
