"""Compute nodes of an ONNX graph whose operands are constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..._checks.arrays import Array

_LARGEST = 2**22  # elements that a node may make of fewer

_ELEMENTWISE: dict[str, Callable[..., Array]] = {
    "Add": np.add,
    "Div": np.divide,
    "Mul": np.multiply,
    "Neg": np.negative,
    "Reciprocal": np.reciprocal,
    "Sqrt": np.sqrt,
    "Sub": np.subtract,
}


def computed(
    onnx: Any, operator: str, operands: Sequence[Array], attributes: Mapping[str, Any]
) -> Array | None:
    """Return the result of a node on constants, or None if its operator is not supported.

    A malformed node raises any error of NumPy.
    """
    if operator in _ELEMENTWISE:
        return _elementwise(operator, operands)
    if operator == "ConstantOfShape":
        value = attributes.get("value")
        fill = np.zeros(1, np.float32) if value is None else onnx.numpy_helper.to_array(value)
        return _spread(fill.reshape(()), operands[0].tolist())
    if not operands:
        return None
    return _moved(onnx, operator, operands, attributes)


def _elementwise(operator: str, operands: Sequence[Array]) -> Array | None:
    """Return an elementwise result of floats that is not larger than its operands."""
    if any(array.dtype.kind != "f" for array in operands):
        return None
    shape = np.broadcast_shapes(*(array.shape for array in operands))
    if np.prod(shape, dtype=float) > max(_LARGEST, *(array.size for array in operands)):
        return None
    with np.errstate(all="ignore"):  # what is not finite is refused as a parameter
        return np.asarray(_ELEMENTWISE[operator](*operands))


def _moved(
    onnx: Any, operator: str, operands: Sequence[Array], attributes: Mapping[str, Any]
) -> Array | None:
    """Return the same elements in another shape, order or type."""
    x, *rest = operands
    if operator == "Cast":
        if attributes["to"] not in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE):
            return x if attributes["to"] == onnx.helper.np_dtype_to_tensor_dtype(x.dtype) else None
        dtype = onnx.helper.tensor_dtype_to_np_dtype(attributes["to"])
        with np.errstate(over="ignore"):
            return x.astype(dtype)
    if operator == "Expand":
        return _spread(x, np.broadcast_shapes(x.shape, tuple(rest[0].tolist())))
    if operator == "Flatten":
        axis = attributes.get("axis", 1)
        return x.reshape(int(np.prod(x.shape[:axis])), -1)
    if operator == "Identity":
        return x
    if operator == "Reshape" and not attributes.get("allowzero", 0):
        sizes = [x.shape[i] if n == 0 else n for i, n in enumerate(rest[0].tolist())]
        return x.reshape(sizes)
    if operator == "Transpose":
        return np.transpose(x, attributes.get("perm"))
    if operator in ("Squeeze", "Unsqueeze"):
        given = rest[0].tolist() if rest else attributes.get("axes")
        axes = None if given is None else tuple(given)
        return np.squeeze(x, axes) if operator == "Squeeze" else np.expand_dims(x, axes or ())
    return None


def _spread(x: Array, shape: Sequence[int]) -> Array | None:
    """Return an array with repeated elements, if its size stays within bounds."""
    if np.prod(shape, dtype=float) > max(_LARGEST, x.size):
        return None
    return np.broadcast_to(x, tuple(shape))
