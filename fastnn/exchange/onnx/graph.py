"""Write an ONNX graph: its nodes and constants, as they are added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ... import __version__
from ..._checks.arrays import Array, as_numbers
from .._centres import Column
from .activations import MASKS, WRITTEN, Expression, Z

_OPSETS = {"": 17, "ai.onnx.ml": 3}  # of each domain: read by onnxruntime 1.13 and later
_IR_VERSION = 8


class GraphWriter:
    """Nodes and constants of a graph, as they are added."""

    def __init__(self, onnx: Any, dtype: np.dtype[Any]) -> None:
        self.onnx = onnx
        self.dtype = dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def table(self, name: str, width: int, far: Column | None) -> Any:
        """Return the description of inputs or outputs, of any number of rows."""
        return self.description(name, self._dtype_of(far), width)

    def description(self, name: str, dtype: np.dtype[Any], *widths: int) -> Any:
        """Return the description of an array of a number for each row, or of so many."""
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(dtype)
        return self.onnx.helper.make_tensor_value_info(name, kind, ["n_samples", *widths])

    def from_means(self, values: str, far: Column) -> str:
        """Subtract the means of the inputs, in double if they are, and return the name."""
        means = self.constant("means", far.means, self._dtype_of(far))
        values = self.node("Sub", [values, means], "inputs/Sub")
        return self.cast(values, self.dtype, "inputs/Cast") if far.is_double else values

    def to_means(self, values: str, far: Column) -> str:
        """Add the means of the outputs, in double if they are, and return the name."""
        dtype = self._dtype_of(far)
        if far.is_double:
            values = self.cast(values, dtype, "outputs/Cast")
        means = self.constant("output_means", far.means, dtype)
        return self.node("Add", [values, means], "outputs/Add")

    def _dtype_of(self, far: Column | None) -> np.dtype[Any]:
        """Return the dtype of inputs or outputs, of which some may be far from 0."""
        return np.dtype(np.float64) if far is not None and far.is_double else self.dtype

    def layer(self, name: str, values: str, activation: str, W: Array, b: Array | None) -> str:
        """Add f(x W + b) and return its name."""
        operands = [values, self.constant(f"{name}/weights", W)]
        if b is not None:
            operands.append(self.constant(f"{name}/biases", b))
        z = self.node("Gemm", operands, f"{name}/Gemm")
        return self.apply(WRITTEN[self.dtype][activation], z, name, W.shape[1])

    def apply(self, expression: Expression, z: str, name: str, n_out: int) -> str:
        """Add an expression of z, which has so many columns, and return its name."""
        if expression == Z:
            return z
        if isinstance(expression, tuple):
            operator, *operands = expression
            name = f"{name}/{operator}"
            names = [self.apply(part, z, f"{name}/{i}", n_out) for i, part in enumerate(operands)]
            return self.node(operator, names, name)
        if isinstance(expression, str):
            return self.stored(f"{name}/{expression}", MASKS[expression](n_out)[np.newaxis])
        if isinstance(expression, int):
            return self.stored(f"{name}/axis", np.array(expression, np.int64))
        return self.constant(f"{name}/constant", np.array(expression))

    def constant(self, name: str, values: Array, dtype: np.dtype[Any] | None = None) -> str:
        """Add a constant of finite numbers and return its name."""
        return self.stored(name, as_numbers(name, values, dtype or self.dtype))

    def stored(self, name: str, array: Array) -> str:
        """Add a constant of any dtype and return its name."""
        self.constants.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def cast(self, values: str, dtype: np.dtype[Any], name: str) -> str:
        """Add a Cast and return its name."""
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(dtype)
        return self.node("Cast", [values], name, to=kind)

    def node(self, operator: str, operands: Sequence[str], name: str, **attributes: Any) -> str:
        """Add a node and return its name, which is that of its output too."""
        node = self.onnx.helper.make_node(operator, operands, [name], name=name, **attributes)
        self.nodes.append(node)
        return name

    def model(self, inputs: Sequence[Any], outputs: Sequence[Any], notes: Mapping[str, str]) -> Any:
        """Return the model of all nodes; `notes` are its metadata."""
        helper = self.onnx.helper
        graph = helper.make_graph(self.nodes, "fastnn", inputs, outputs, self.constants)
        domains = {node.domain: _OPSETS[node.domain] for node in self.nodes} | {"": _OPSETS[""]}
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(*item) for item in sorted(domains.items())],
            ir_version=_IR_VERSION,
            producer_name="fastnn",
            producer_version=__version__,
        )
        helper.set_model_props(model, dict(notes))
        return model
