"""The layers of an ONNX graph while it is read: stages, and the values of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._checks.arrays import Array
from .._affine import Affine
from .._layer_builder import LayerBuilder
from .activations import ACTIVATIONS, PARTS, Expression, Z, canonical, mask_of
from .values import Shape, Value, as_step, is_deep

RELU = "Relu"
SIGMOID: Expression = ("Sigmoid", Z)
SOFTMAX: Expression = ("Softmax", Z)


class Stages:
    """What has been read of a graph, up to the values of the current stage.

    A stage begins with the inputs, with each product by weights, and where steps that multiply or
    add are settled: a name of an earlier stage is used again by networks that are no chain of
    layers.
    """

    def __init__(self, shape: Shape) -> None:
        self.builder = LayerBuilder()
        self.current = 0
        self._shape = shape or None  # of the inputs, if it is known; once they are a table, None
        self._n_rows = shape[0] if shape else None
        self._width = shape[1] if shape is not None and len(shape) == 2 else None

    def begin(self, x: Value, W: Array, b: Array | None, source: str) -> Value | None:
        """Begin a layer of these parameters."""
        if is_deep(self._shape):
            return None  # a product along the last axis of several
        if self._width not in (None, len(W)):
            return None
        self.finish(x)
        self.builder.add(W, b)
        return self.next_stage(W.shape[1], source)

    def next_stage(self, width: int | None, source: str) -> Value:
        """Begin what follows a layer, and return its value."""
        self.current += 1
        self._width = width
        return Value(self.current, Z, source)

    def has_rows_of_sum_1(self, x: Any) -> bool:
        """Return True if outputs are probabilities of all classes."""
        if not isinstance(x, Value) or x.stage != self.current:
            return False
        if x.expression != SIGMOID:
            return x.expression == SOFTMAX
        W, b = self.builder.last_parameters
        return W.shape[1] == 2 and all(
            part is None or bool((part[..., 0] == -part[..., 1]).all()) for part in (W, b)
        )

    def makes_table(self, sizes: Any) -> bool:
        """Return True if a table, or several axes of inputs, become a table of a row each."""
        if isinstance(sizes, Value):
            return False
        shape = self._shape
        width = self._width
        if shape is not None and is_deep(shape):
            known = [size for size in shape[1:] if size is not None]
            width = int(np.prod(known)) if len(known) == len(shape) - 1 else None
        if sizes is not None:
            rows, *columns = sizes.reshape(-1).tolist()
            if len(columns) != 1 or rows not in (-1, 0, self._n_rows):
                return False
            is_free = columns[0] == -1 or (columns[0] == 0 and not is_deep(shape))
            if rows == -1 or not is_free:
                if columns[0] <= 0 or width not in (None, columns[0]):
                    return False
                width = columns[0]
        self._shape, self._width = None, width
        return True

    def applied(self, operator: str, operands: Sequence[Any], source: str) -> Value | None:
        """Return an expression that is one of ours or a part of one, or a step."""
        within = self._expression(operator, operands)
        step = self._step_of(operator, operands)
        if within is None and step is None:
            for operand in operands:
                if isinstance(operand, Value):
                    self._settle(operand)
            within = self._expression(operator, operands)
        if step is not None:
            x, own = step
            if own.is_identity and operator != "Add":  # biases of 0 are biases
                return x
            stepped = self.stepped(x, own, source)
            if stepped is not None:
                stepped.expression = within
            return stepped
        return None if within is None else Value(self.current, within, source)

    def _expression(self, operator: str, operands: Sequence[Any]) -> Expression | None:
        """Return what an operator makes of expressions, if that is a part of one of ours."""
        within: list[Expression] = []
        for operand in operands:
            if isinstance(operand, Value):
                if operand.stage != self.current or operand.expression is None:
                    return None
                within.append(operand.expression)
            elif mask := mask_of(operand, self._width):
                within.append(mask)
            elif operand.size and (operand == operand.flat[0]).all() and self._fits(operand):
                within.append(float(operand.flat[0]))
            else:
                return None
        if operator == "Max" and len(within) == 2 and 0.0 in within:
            operator, within = RELU, [part for part in within if part != 0.0] or [0.0]
        expression = canonical(operator, within)
        return expression if expression in PARTS else None

    def _fits(self, array: Array) -> bool:
        """Return True if a constant makes no more columns than there are, nor rows."""
        return array.ndim <= 2 and (array.size == 1 or array.shape[-1] == array.size == self._width)

    def _step_of(self, operator: str, operands: Sequence[Any]) -> tuple[Value, Affine] | None:
        """Return a value and what is added to it, or by what it is multiplied."""
        values = [operand for operand in operands if isinstance(operand, Value)]
        if len(values) != 1 or values[0].base is None:
            return None
        step = as_step(operator, operands)
        return None if step is None else (values[0], step)

    def stepped(self, x: Any, step: Affine, source: str) -> Value | None:
        """Return a value of which a step is made, settled when it is used for anything else."""
        if not isinstance(x, Value) or x.base is None or x.stage != self.current:
            return None
        if step.width is not None:
            if is_deep(self._shape) or self._width not in (None, step.width):
                return None
            self._width = step.width
        before = x.step
        return Value(
            self.current, None, source, base=x.base, step=before.then(step) if before else step
        )

    def _settle(self, value: Value) -> None:
        """Fold the step of a value, which is z of another stage from then on."""
        if value.step is None or value.stage != self.current:
            return
        self._end_layer(value)
        self.builder.step(value.step, value.source)
        self.next_stage(self._width, value.source)
        value.become_z(self.current)

    def finish(self, value: Value) -> None:
        """End the last layer with a value: all that comes after is made of it alone."""
        if value.expression is None or value.expression not in ACTIVATIONS:
            self._settle(value)
        if value.is_refused:
            return
        if value.stage != self.current or value.expression not in ACTIVATIONS:
            self.builder.refuse(value.source)
        elif value.expression != Z:
            self.builder.activate(ACTIVATIONS[value.expression], value.source)

    def _end_layer(self, value: Value) -> None:
        """Give its activation to the last layer, before a step."""
        if value.base is not None and value.base != Z:
            self.builder.activate(ACTIVATIONS[value.base], value.source)
