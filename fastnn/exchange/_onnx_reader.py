"""What an ONNX graph computes, if dense layers can express it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fastnn.exchange._onnx_activations import (
    ACTIVATIONS,
    ATTRIBUTES,
    PARTS,
    Expression,
    Z,
    canonical,
)
from fastnn.exchange._reading import Reading, departures
from fastnn.validation import Array


class _Value(NamedTuple):
    """What a name in the graph stands for: an expression of z, the outputs of one stage."""

    stage: int
    expression: Expression | None  # None for what was refused
    source: str


class GraphReader:
    """Walks a graph node by node, in the file's order, which ONNX wants to be one of computation.

    A stage begins with the inputs, with each product by weights, and where biases are added: a name
    of an earlier stage is used again by networks that are no chain of layers.
    """

    def __init__(self, onnx: Any, name: str, constants: dict[str, Array]) -> None:
        self._onnx = onnx
        self._constants = constants
        self._stage = 0
        self._values = {name: _Value(0, Z, f"input {name!r}")}
        self.reading = Reading()

    def visit(self, node: Any) -> None:
        """Read one node."""
        attributes = {
            attribute.name: self._onnx.helper.get_attribute_value(attribute)
            for attribute in node.attribute
        }
        standard = node.domain in ("", "ai.onnx")
        operator = node.op_type if standard else f"{node.domain}.{node.op_type}"
        unlike = departures(ATTRIBUTES.get(operator, {}), attributes)
        source = f"node {node.name or node.output[0]!r} ({operator}{unlike})"
        operands = [
            self._constants[name] if name in self._constants else self._values[name]
            for name in node.input
            if name
        ]
        result = None if unlike else self._result(operator, operands, attributes, source)
        if result is None:
            self.reading.refuse(source)
            result = _Value(self._stage, None, source)
        if isinstance(result, _Value):
            self._values[node.output[0]] = result
        else:
            self._constants[node.output[0]] = result

    def close(self, name: str) -> None:
        """End at the name of the output."""
        if name in self._values:
            self._end_layer(self._values[name])

    def _result(
        self, operator: str, operands: list[Any], attributes: dict[str, Any], source: str
    ) -> _Value | Array | None:
        """Return what a node computes, or None if it is none of ours."""
        if operator == "Constant":
            return self._constant(attributes)
        if operator in ("Identity", "Dropout"):
            return operands[0]  # type: ignore[no-any-return]
        if operator in ("Gemm", "MatMul"):
            return self._product(operands, source, transposed=attributes.get("transB", 0) == 1)
        if any(isinstance(operand, _Value) and operand.expression is None for operand in operands):
            return _Value(self._stage, None, source)
        if operator == "Add" and self._is_bias(operands):
            self._stage += 1
            return _Value(self._stage, Z, source)
        if self._keeps_all(operator, operands, attributes):
            return operands[0]  # type: ignore[no-any-return]
        return self._applied(operator, operands, source)

    def _constant(self, attributes: dict[str, Any]) -> Array | None:
        """Return the value of a node Constant, if it is made of numbers."""
        ((name, value),) = attributes.items()
        if name == "value":
            return self._onnx.numpy_helper.to_array(value)  # type: ignore[no-any-return]
        if name in ("value_float", "value_floats", "value_int", "value_ints"):
            return np.array(value)
        return None

    def _product(self, operands: Sequence[Any], source: str, *, transposed: bool) -> _Value | None:
        """Begin a layer, whose inputs are all of the last one's outputs."""
        x, W, *rest = operands
        b = rest[0].reshape(-1) if rest else None
        if not isinstance(x, _Value) or isinstance(W, _Value) or W.ndim != 2:
            return None
        if b is not None and b.size != W.shape[0 if transposed else 1]:
            return None
        self._end_layer(x)
        self.reading.add(W.T if transposed else W, b)
        self._stage += 1
        return _Value(self._stage, Z, source)

    def _is_bias(self, operands: list[Any]) -> bool:
        """Tell whether z and biases are added, and give these to the layer."""
        x, b = operands if isinstance(operands[0], _Value) else operands[::-1]
        is_z = isinstance(x, _Value) and x.expression == Z and x.stage == self._stage
        return is_z and not isinstance(b, _Value) and self.reading.add_bias(b)

    def _keeps_all(
        self, operator: str, operands: Sequence[Any], attributes: dict[str, Any]
    ) -> bool:
        """Tell whether a node does nothing to a table of values."""
        types = self._onnx.TensorProto
        if not isinstance(operands[0], _Value):
            return False
        if operator == "Cast":  # of the inputs, as a network does it
            return self._stage == 0 and attributes["to"] in (types.FLOAT, types.DOUBLE)
        if operator == "Reshape" and not isinstance(operands[1], _Value):
            return operands[1].tolist() == [-1, self.reading.n_out]  # type: ignore[no-any-return]
        return operator == "Flatten" and attributes.get("axis", 1) == 1

    def _applied(self, operator: str, operands: Sequence[Any], source: str) -> _Value | None:
        """Return an expression that is one of ours or a part of one."""
        within: list[Expression] = []
        for operand in operands:
            if isinstance(operand, _Value):
                if operand.stage != self._stage or operand.expression is None:
                    return None
                within.append(operand.expression)
            elif operand.size == 1:
                within.append(float(operand.item()))
            else:
                return None
        expression = canonical(operator, within)
        return _Value(self._stage, expression, source) if expression in PARTS else None

    def _end_layer(self, value: _Value) -> None:
        """Give its activation to the last layer, if `value` is made of its outputs."""
        if value.expression is None:
            return
        if value.stage != self._stage or value.expression not in ACTIVATIONS:
            self.reading.refuse(value.source)
        else:
            self.reading.activate(ACTIVATIONS[value.expression], value.source)
