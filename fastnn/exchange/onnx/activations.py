"""Activations in ONNX: expressions of standard operators, to write and to recognise.

An expression is the letter z, a constant, or a tuple of an operator and its operands. Those of a
whole row of outputs have masks too, which tell some outputs from the others: by their names here,
and in a file as a row of truths. An integer is an axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._checks.arrays import Array
from ...core import activations
from ...core.activations import Expression, Options, Z
from ...core.heads import LEAST_SPREAD

__all__ = [
    "ACTIVATIONS", "ATTRIBUTES", "MASKS", "PARTS", "WRITTEN", "Expression", "Z", "canonical",
    "mask_of",
]  # fmt: skip

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


# Which of so many outputs a mask is true of, by its name.
MASKS: dict[str, Callable[[int], Array]] = {
    "is_first": lambda n_out: np.arange(n_out) == 0,
    "is_spread": lambda n_out: np.arange(n_out) % 2 == 1,
}


def mask_of(values: Array, n_out: int | None) -> str | None:
    """Return the name of a mask of so many outputs, if it is one."""
    if values.dtype.kind != "b" or n_out is None or values.shape not in ((n_out,), (1, n_out)):
        return None
    found = (name for name, mask in MASKS.items() if (values == mask(n_out)).all())
    return next(found, None)


def _heads(softplus: Expression) -> dict[str, Expression]:
    """Return the activations of a whole row of outputs, `core.heads`."""
    return {
        "ascending": ("CumSum", ("Where", "is_first", Z, softplus), -1),
        "mean_and_spread": ("Where", "is_spread", ("Add", softplus, LEAST_SPREAD), Z),
    }


# What is written, by dtype: operators that onnxruntime has.
WRITTEN: dict[np.dtype[Any], dict[str, Expression]] = {
    _FLOAT32: {name: known.onnx for name, known in activations.ACTIVATIONS.items()},
    _FLOAT64: {
        name: form
        for name, known in activations.ACTIVATIONS.items()
        if (form := _in_float64(known)) is not None
    },
}
for _written in WRITTEN.values():
    _written |= _heads(_written["softplus"])
# The values that an attribute may have, by operator.
ATTRIBUTES: dict[str, Options] = {
    "CumSum": {"exclusive": [0], "reverse": [0]},
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


_FORMS = [
    *(item for written in WRITTEN.values() for item in written.items()),
    *((name, form) for name, known in activations.ACTIVATIONS.items() for form in known.onnx_also),
]
# What an expression means, by its canonical form.
ACTIVATIONS = {_canonical_in(form, dtype): name for dtype in WRITTEN for name, form in _FORMS}
PARTS = set().union(*map(_parts, ACTIVATIONS))
