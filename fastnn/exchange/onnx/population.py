"""The mean of a population as an ONNX graph: networks of one architecture side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._checks.arrays import Array
from ...network import Network
from ...population.networks import kind_of
from .activations import WRITTEN
from .graph import GraphWriter


def as_graph(onnx: Any, networks: Sequence[Network], dtype: np.dtype[Any]) -> Any:
    """Return the mean of networks as an ONNX model."""
    writer, kinds = GraphWriter(onnx, dtype), dict[Any, list[Network]]()
    for net in networks:
        kinds.setdefault(kind_of(net), []).append(net)
    axis = writer.stored("networks", np.array([0]))
    sums = []
    for i, alike in enumerate(kinds.values()):
        values = "input"
        for k, layer in enumerate(alike[0].layers):
            W = np.array([net.weights[k] for net in alike])
            b = [net.biases[k] for net in alike] if layer.bias else None
            values = _layer(writer, f"kind_{i}/layer_{k}", values, str(layer.activation), W, b)
        sums.append(writer.node("ReduceSum", [values, axis], f"kind_{i}/sum", keepdims=0))
    total = sums[0] if len(sums) == 1 else writer.node("Sum", sums, "sum")
    writer.node("Div", [total, writer.constant("number", np.array(len(networks)))], "output")
    first = networks[0]
    ends = [writer.table("input", first.n_in, None), writer.table("output", first.n_out, None)]
    return writer.model(ends[:1], ends[1:], {"fastnn.population": str(len(networks))})


def _layer(writer: GraphWriter, name: str, values: str, activation: str, W: Array, b: Any) -> str:
    """Add f(x W + b) of networks, W of shape (n_networks, n_in, n_out); return its name."""
    z = writer.node("MatMul", [values, writer.constant(f"{name}/weights", W)], f"{name}/MatMul")
    if b is not None:
        biases = writer.constant(f"{name}/biases", np.array(b)[:, np.newaxis])
        z = writer.node("Add", [z, biases], f"{name}/z")
    return writer.apply(WRITTEN[writer.dtype][activation], z, name, W.shape[-1])
