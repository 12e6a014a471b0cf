"""The values of names in an ONNX graph while it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..._checks.arrays import Array
from .._affine import Affine
from .activations import ACTIVATIONS, Expression, Z

UNKNOWN = -1  # the stage of what no node here makes: a mask, say
Shape = tuple[int | None, ...] | None


@dataclass(eq=False)
class Value:
    """An expression of z, the outputs of one stage; or a step of one that is an activation.

    It may be both: z / 1.414 is a part of gelu, and a step of z. What was refused is neither.
    """

    stage: int
    expression: Expression | None
    source: str
    base: Expression | None = None  # of which `step` is made: an activation
    step: Affine | None = None
    of_label: Value | None = None  # for labels: the outputs of which they are chosen
    is_number: bool = False  # of labels that were made floats: these are results, not labels

    def __post_init__(self) -> None:
        """Let an activation be what a step may be made of."""
        if self.base is None and self.expression in ACTIVATIONS:
            self.base = self.expression

    @property
    def is_refused(self) -> bool:
        """Whether it has been reported as not convertible."""
        return self.expression is None and self.step is None and self.of_label is None

    @property
    def is_unknown(self) -> bool:
        """Whether its content is unknown, and it has not been reported."""
        return self.stage == UNKNOWN

    def become_z(self, stage: int) -> None:
        """Become the outputs of another stage."""
        self.stage, self.expression, self.base, self.step = stage, Z, Z, None


Operand = Value | Array


class Node(NamedTuple):
    """A node of a graph: what it is made of, and how an error calls it."""

    operator: str
    operands: Sequence[Any]  # each a `Value`, an array, or None where it is left out
    attributes: Mapping[str, Any]
    source: str


def as_step(operator: str, operands: Sequence[Any]) -> Affine | None:
    """Return what an operator does to the one operand that is a value, if it multiplies or adds."""
    if operator == "Neg":
        return Affine.of(-1.0, 0.0)
    if len(operands) != 2:
        return None
    first, second = operands
    is_first = isinstance(first, Value)
    c = second if is_first else first
    if c.ndim > 2 or c.dtype.kind != "f":
        return None
    if operator == "Add":
        return Affine.of(1.0, c)
    if operator == "Sub":
        return Affine.of(1.0, -c) if is_first else Affine.of(-1.0, c)
    if operator == "Mul":
        return Affine.of(c, 0.0)
    if operator == "Div" and is_first:
        with np.errstate(all="ignore"):  # what is not finite is refused with the layer
            return Affine.of(1 / c.astype(np.float64), 0.0)
    return None


def is_table(array: Any) -> bool:
    """Return True if an operand is a constant table of floats."""
    return isinstance(array, np.ndarray) and array.ndim == 2 and array.dtype.kind == "f"


def is_deep(shape: Shape) -> bool:
    """Return True if inputs are known to have more axes than a table."""
    return shape is not None and len(shape) > 2


def number_of(attributes: Mapping[str, Any], name: str, default: float) -> float:
    """Return an attribute that is a number."""
    value = attributes.get(name, default)
    if not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return value
