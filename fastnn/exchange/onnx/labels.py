"""Labels that a graph chooses of its outputs: what makes them, and keeps them. They are left out.

Labels are whole numbers, truths or texts, one for each sample or for each output of it. What makes
floats of them may be a layer's activation as well (a step at 0), and is told apart by its type.
"""

from __future__ import annotations

from typing import Any

from .values import Node, Value

_COMPARISONS = {"Greater", "GreaterOrEqual", "Less", "LessOrEqual"}
_KEEPING = {"Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze", "ai.onnx.ml.ZipMap"}
_FLOATS = {1, 10, 11, 16}  # FLOAT, FLOAT16, DOUBLE and BFLOAT16 of TensorProto.DataType


def chosen_of(node: Node, value: Value) -> Value | None:
    """Return the labels that a node chooses of a value, if it does; along the axis of classes."""
    is_number = node.operator == "ai.onnx.ml.Binarizer"
    chooses = is_number or node.operator in _COMPARISONS
    if node.operator in ("ArgMax", "ArgMin"):
        chooses = node.attributes.get("axis", 0) in (1, -1)
    if not chooses:
        return None
    return Value(value.stage, None, node.source, of_label=value, is_number=is_number)


def kept_of(node: Node) -> Value | None:
    """Return what a node makes of labels, if that is labels again, or the floats that it is."""
    operator, operands, attributes, source = node
    values = [operand for operand in operands if isinstance(operand, Value)]
    if any(value.of_label is None for value in values):
        return None  # chooses among outputs themselves
    if operator in _KEEPING:
        is_number = _is_number(operands[0])
    elif operator in ("Equal", "Not"):
        is_number = False
    elif operator == "Cast":
        is_number = attributes["to"] in _FLOATS
    elif operator == "Where":
        is_number = any(map(_is_number, operands[1:]))
    elif operator in ("Gather", "ai.onnx.ml.ArrayFeatureExtractor"):
        if isinstance(operands[0], Value):
            return None  # some of the labels
        is_number = _is_number(operands[0])
    elif operator == "ai.onnx.ml.LabelEncoder":
        is_number = any(name in attributes for name in ("values_floats", "values_tensor"))
    else:
        return None
    label = values[0].of_label
    return Value(values[0].stage, None, source, of_label=label, is_number=is_number)


def _is_number(operand: Any) -> bool:
    """Return True if an operand is of floats."""
    if isinstance(operand, Value):
        return operand.is_number
    return operand is not None and operand.dtype.kind == "f"
