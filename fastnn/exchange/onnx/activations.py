"""Activations in ONNX: expressions of standard operators, to write and to recognise.

An expression is the letter z, a constant, or a tuple of an operator and its operands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Expression = str | float | tuple[Any, ...]

Z = "z"
_SQRT_2 = float(np.sqrt(2.0))
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_ERF = ("Add", ("Erf", ("Div", Z, _SQRT_2)), 1.0)

_WRITTEN_FLOAT32: dict[str, Expression] = {
    "identity": Z,
    "sigmoid": ("Sigmoid", Z),
    "tanh": ("Tanh", Z),
    "relu": ("Relu", Z),
    "leaky_relu": ("LeakyRelu", Z),
    "elu": ("Elu", Z),
    "softplus": ("Softplus", Z),
    "selu": ("Selu", Z),
    "swish": ("Mul", Z, ("Sigmoid", Z)),
    "mish": ("Mul", Z, ("Tanh", ("Softplus", Z))),
    "gelu": ("Mul", ("Mul", Z, _ERF), 0.5),
    "softmax": ("Softmax", Z),
    "exp": ("Exp", Z),
}
_ELU_FLOAT64 = ("Add", ("Relu", Z), ("Sub", ("Exp", ("Min", Z, 0.0)), 1.0))
_SELU_FLOAT64 = (
    "Add",
    ("Mul", ("Relu", Z), _SELU_SCALE),
    ("Mul", ("Sub", ("Exp", ("Min", Z, 0.0)), 1.0), _SELU_SCALE * _SELU_ALPHA),
)
_SOFTPLUS_FLOAT64 = ("Add", ("Relu", Z), ("Log", ("Add", ("Exp", ("Neg", ("Abs", Z))), 1.0)))
# onnxruntime's CPU provider has no float64 kernel of Erf, Elu, Selu and Softplus, nor can an
# attribute hold the slope of LeakyRelu in float64. These are as exact as its Sigmoid: to the
# rounding of 1.
_WRITTEN_FLOAT64: dict[str, Expression] = {
    **{name: form for name, form in _WRITTEN_FLOAT32.items() if name != "gelu"},
    "leaky_relu": ("Max", Z, ("Mul", Z, 0.01)),
    "elu": _ELU_FLOAT64,
    "selu": _SELU_FLOAT64,
    "softplus": _SOFTPLUS_FLOAT64,
    "mish": ("Mul", Z, ("Tanh", _SOFTPLUS_FLOAT64)),
}
_OTHERS: list[tuple[str, Expression]] = [  # as PyTorch writes them
    ("gelu", ("Gelu", Z)),
    ("mish", ("Mish", Z)),
    ("gelu", ("Mul", Z, ("Mul", 0.5, _ERF))),
    ("softplus", ("Where", ("Greater", Z, 20.0), Z, ("Softplus", Z))),
]
_COMMUTATIVE = {"Add", "Max", "Min", "Mul"}
# What is written, by dtype: operators that onnxruntime has.
WRITTEN = {np.dtype(np.float32): _WRITTEN_FLOAT32, np.dtype(np.float64): _WRITTEN_FLOAT64}
# The values that an attribute may have; the first one we write.
ATTRIBUTES: dict[str, dict[str, list[Any]]] = {
    "Elu": {"alpha": [1.0]},
    "Gelu": {"approximate": [b"none"]},
    "Gemm": {"transA": [0], "transB": [0, 1]},
    "LeakyRelu": {"alpha": [float(np.float32(0.01))]},
    "Selu": {
        "alpha": [float(np.float32(_SELU_ALPHA))],
        "gamma": [float(np.float32(_SELU_SCALE))],
    },
    "Softmax": {"axis": [-1, 1]},
    "ai.onnx.ml.LinearRegressor": {"post_transform": [b"NONE"]},
    "ai.onnx.ml.Normalizer": {"norm": [b"L1"]},
}


def canonical(operator: str, operands: list[Expression]) -> Expression:
    """Return the expression with the operands of commutative operators in a fixed order."""
    if operator in _COMMUTATIVE:
        operands = sorted(operands, key=repr)
    return (operator, *operands)


def _canonical_in(expression: Expression, dtype: type[np.floating[Any]]) -> Expression:
    """Return the canonical expression whose constants are rounded to `dtype`."""
    if isinstance(expression, tuple):
        operator, *operands = expression
        return canonical(operator, [_canonical_in(operand, dtype) for operand in operands])
    return float(dtype(expression)) if isinstance(expression, float) else expression


def _parts(expression: Expression) -> set[Expression]:
    """Return the expression and all expressions in it."""
    operands = expression[1:] if isinstance(expression, tuple) else ()
    return {expression}.union(*map(_parts, operands))


# What an expression means, by its canonical form.
ACTIVATIONS = {
    _canonical_in(expression, dtype): activation
    for dtype in (np.float32, np.float64)
    for activation, expression in [*_WRITTEN_FLOAT32.items(), *_WRITTEN_FLOAT64.items(), *_OTHERS]
}
PARTS = set().union(*map(_parts, ACTIVATIONS))
