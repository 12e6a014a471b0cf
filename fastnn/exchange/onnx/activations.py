"""Activations in ONNX: expressions of standard operators, to write and to recognise.

An expression is the letter z, a constant, or a tuple of an operator and its operands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import activations
from ...core.activations import Expression, Options, Z

__all__ = ["ACTIVATIONS", "ATTRIBUTES", "PARTS", "WRITTEN", "Expression", "Z", "canonical"]

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
_COMMUTATIVE = {"Add", "Max", "Min", "Mul"}


def _in_attributes(options: Options) -> Options:
    """Return the values that attributes may have: numbers are float32."""
    return {
        name: [float(np.float32(value)) if isinstance(value, float) else value for value in values]
        for name, values in options.items()
    }


def _in_float64(known: activations.Activation) -> Expression | None:
    return known.onnx if known.onnx_float64 == "" else known.onnx_float64


# What is written, by dtype: operators that onnxruntime has.
WRITTEN: dict[np.dtype[Any], dict[str, Expression]] = {
    _FLOAT32: {name: known.onnx for name, known in activations.ACTIVATIONS.items()},
    _FLOAT64: {
        name: form
        for name, known in activations.ACTIVATIONS.items()
        if (form := _in_float64(known)) is not None
    },
}
# The values that an attribute may have, by operator.
ATTRIBUTES: dict[str, Options] = {
    "Gemm": {"transA": [0], "transB": [0, 1]},
    "ai.onnx.ml.LinearRegressor": {"post_transform": [b"NONE"]},
    "ai.onnx.ml.Normalizer": {"norm": [b"L1"]},
    **{
        operator: _in_attributes(options)
        for known in activations.ACTIVATIONS.values()
        for operator, options in known.onnx_options.items()
    },
}


def canonical(operator: str, operands: list[Expression]) -> Expression:
    """Return the expression with the operands of commutative operators in a fixed order."""
    if operator in _COMMUTATIVE:
        operands = sorted(operands, key=repr)
    return (operator, *operands)


def _canonical_in(expression: Expression, dtype: np.dtype[Any]) -> Expression:
    """Return the canonical expression whose constants are rounded to `dtype`."""
    if isinstance(expression, tuple):
        operator, *operands = expression
        return canonical(operator, [_canonical_in(operand, dtype) for operand in operands])
    return float(dtype.type(expression)) if isinstance(expression, float) else expression


def _parts(expression: Expression) -> set[Expression]:
    """Return the expression and all expressions in it."""
    operands = expression[1:] if isinstance(expression, tuple) else ()
    return {expression}.union(*map(_parts, operands))


# What an expression means, by its canonical form.
ACTIVATIONS = {
    _canonical_in(expression, dtype): name
    for dtype in WRITTEN
    for name, known in activations.ACTIVATIONS.items()
    for expression in (known.onnx, _in_float64(known), *known.onnx_also)
    if expression is not None
}
PARTS = set().union(*map(_parts, ACTIVATIONS))
