"""Read an ONNX graph node by node, if dense layers can express it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ..._checks.arrays import Array
from .._affine import Affine
from .._layer_builder import LayerBuilder, unsupported_options
from .activations import ATTRIBUTES, Z
from .constants import computed
from .labels import chosen_of, kept_of
from .opening import array_of, dense_of
from .stages import RELU, SIGMOID, SOFTMAX, Stages
from .values import UNKNOWN, Node, Operand, Shape, Value, is_table, number_of

_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)
_TRANSFORMS = {b"NONE": Z, b"LOGISTIC": SIGMOID, b"SOFTMAX": SOFTMAX}
Result = Value | Array | tuple[Value, ...] | None


class GraphReader:
    """Reads a graph node by node, in the order of the file, which must be one of computation.

    Each node does nothing, begins a layer, is a part of an activation, multiplies or adds, or
    chooses labels, which are dropped; any other node is refused.
    """

    def __init__(self, onnx: Any, name: str, shape: Shape, constants: dict[str, Array]) -> None:
        self._onnx = onnx
        self._constants = constants
        self._stages = Stages(shape)
        self._values = {name: Value(0, Z, f"input {name!r}")}

    @property
    def builder(self) -> LayerBuilder:
        """The layers that have been read."""
        return self._stages.builder

    def visit(self, described: Any) -> None:
        """Read one node, of ONNX's class `NodeProto`."""
        domain = "" if described.domain in ("", "ai.onnx") else f"{described.domain}."
        operator = f"{domain}{described.op_type}"
        source = f"node {described.name or next(iter(described.output), '')!r} ({operator})"
        operands = [self._operand(name) for name in described.input]
        try:
            attributes = {
                attribute.name: self._onnx.helper.get_attribute_value(attribute)
                for attribute in described.attribute
            }
            unlike = unsupported_options(ATTRIBUTES.get(operator, {}), attributes)
            source = f"{source.removesuffix(')')}{unlike})"
            node = Node(operator, operands, attributes, source)
            result = None if unlike else self._result(node)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            result = None  # a malformed node: an attribute that is missing, sizes that do not fit
        if result is None:
            self._stages.builder.refuse(source)
            result = Value(self._stages.current, None, source)
        results = result if isinstance(result, tuple) else (result,)
        for place, name in enumerate(described.output):
            got = results[place] if place < len(results) else None
            if got is None:
                self._values[name] = Value(UNKNOWN, None, f"output {place} of {source}")
            elif isinstance(got, Value):
                self._values[name] = got
            else:
                self._constants[name] = got

    def close(self, names: Sequence[str], path: Any) -> None:
        """End at the outputs of these names, of which one may be no label.

        Labels alone are left out as well; but floats that are made of them are what is computed.
        """
        outputs = [self._values[name] for name in names if name in self._values]
        distinct = {id(value): value for value in outputs if value.of_label is None}
        if not distinct:
            for value in outputs:
                if value.is_number:
                    self.builder.refuse(value.source)
            self.builder.check()
            chosen = [value.of_label for value in outputs if value.of_label is not None]
            distinct = {id(value): value for value in chosen}
        if len(distinct) != 1:
            self.builder.check()
            raise ValueError(
                f"{path} must have one output, got {len(distinct)}: {', '.join(names)}"
            )
        self._stages.finish(*distinct.values())

    def _operand(self, name: str) -> Operand | None:
        if not name:
            return None
        if name in self._constants:
            return self._constants[name]
        return self._values.get(name) or Value(UNKNOWN, None, f"{name!r}")

    # ---- nodes -----------------------------------------------------------------------------------

    def _result(self, node: Node) -> Result:
        """Return the result of a node, or None if it is not supported."""
        operator, operands, attributes, source = node
        if operator == "Constant":
            return self._constant(attributes)
        given = [operand for operand in operands if operand is not None]
        arrays = [operand for operand in given if not isinstance(operand, Value)]
        if len(arrays) == len(given):
            return computed(self._onnx, operator, arrays, attributes)
        values = [operand for operand in given if isinstance(operand, Value)]
        if any(value.is_unknown for value in values):
            return None
        is_product = operator in ("Gemm", "MatMul")  # which begins a layer, whatever its inputs
        if any(value.is_refused for value in values) and not is_product:  # has been named
            return Value(self._stages.current, None, source)
        if any(value.of_label is not None for value in values):
            return kept_of(node)
        if self._keeps_all(node):
            return operands[0] if isinstance(operands[0], Value) else None
        if operator in self._READERS:
            return self._READERS[operator](self, node)
        result = self._stages.applied(operator, operands, source)
        if result is None and len(values) == 1:
            return chosen_of(node, values[0])
        return result

    def _constant(self, attributes: Mapping[str, Any]) -> Array | None:
        """Return the value of a node Constant, if it is made of numbers."""
        ((name, value),) = attributes.items()
        if name == "value":
            return array_of(self._onnx, value)
        if name == "sparse_value":
            return dense_of(self._onnx, value)
        if name in ("value_float", "value_floats"):
            return np.array(value, np.float32)
        if name in ("value_int", "value_ints"):
            return np.array(value, np.int64)
        return None

    def _product(self, node: Node) -> Value | None:
        """Begin a layer on all outputs of the last one."""
        x, W, *rest = node.operands
        b = rest[0] if rest else None
        if not isinstance(x, Value) or not is_table(W) or isinstance(b, Value):
            return None
        W = W.T if node.attributes.get("transB", 0) else W
        n_out = W.shape[1]
        alpha, beta = (number_of(node.attributes, name, 1.0) for name in ("alpha", "beta"))
        if b is not None:
            if b.shape not in ((), (1,), (1, 1), (n_out,), (1, n_out)) or b.dtype.kind != "f":
                return None
            b = np.broadcast_to(b.reshape(-1), n_out)
        W = W if alpha == 1 else (W * np.float64(alpha)).astype(W.dtype)
        b = b if b is None or beta == 1 else (b * np.float64(beta)).astype(b.dtype)
        return self._stages.begin(x, W, b, node.source)

    def _regressor(self, node: Node) -> Value | None:
        """Read a LinearRegressor, whose coefficients are a row for each target."""
        return self._linear(node, node.attributes.get("targets", 1))

    def _classifier(self, node: Node) -> tuple[Value, ...] | None:
        """Read a LinearClassifier, whose outputs are labels and the scores of all classes."""
        given = node.attributes
        labels = given.get("classlabels_ints") or given.get("classlabels_strings") or []
        transform = _TRANSFORMS.get(given.get("post_transform", b"NONE"))
        if transform is None or len(labels) < 2:
            return None
        if self._linear(node, len(labels)) is None:
            return None
        scores = Value(self._stages.current, transform, node.source)
        return Value(self._stages.current, None, node.source, of_label=scores), scores

    def _linear(self, node: Node, n_out: int) -> Value | None:
        coefficients = np.array(node.attributes["coefficients"], np.float32)
        given = node.attributes.get("intercepts")
        b = np.array(given, np.float32) if given else None
        if n_out < 1 or coefficients.size % n_out or (b is not None and b.size != n_out):
            return None
        W = coefficients.reshape(n_out, -1).T
        return self._stages.begin(node.operands[0], W, b, node.source)

    def _scaler(self, node: Node) -> Value | None:
        """Read a Scaler, (x - offset) scale."""
        offset, scale = (
            np.array(node.attributes.get(name) or [default], np.float64)
            for name, default in (("offset", 0.0), ("scale", 1.0))
        )
        step = Affine.of(scale, -offset * scale)
        return self._stages.stepped(node.operands[0], step, node.source)

    def _batch_normalisation(self, node: Node) -> Value | None:
        x, *arrays = node.operands
        in_training = node.attributes.get("training_mode", 0)
        if in_training or any(isinstance(part, Value) for part in arrays):
            return None
        gamma, beta, mean, variance = arrays
        epsilon = number_of(node.attributes, "epsilon", 1e-5)
        step = Affine.batch_normalisation(gamma, beta, mean, variance, epsilon)
        return self._stages.stepped(x, step, node.source)

    def _clipped(self, node: Node) -> Value | None:
        """Read a Clip at 0, which is relu."""
        x, low, high = [*node.operands, None, None][:3]
        low = node.attributes.get("min", -_LARGEST_FLOAT32) if low is None else low.item()
        high = node.attributes.get("max", _LARGEST_FLOAT32) if high is None else high.item()
        if low != 0 or high < _LARGEST_FLOAT32:
            return None
        return self._stages.applied(RELU, [x], node.source)

    def _normaliser(self, node: Node) -> Value | None:
        """Read a Normalizer of rows whose sum is 1 already."""
        x = node.operands[0]
        return x if self._stages.has_rows_of_sum_1(x) else None

    def _row_sum(self, node: Node) -> Array | None:
        """Read a sum along rows, where that is 1."""
        x, *rest = node.operands
        axes = rest[0].reshape(-1).tolist() if rest else list(node.attributes.get("axes", []))
        if axes not in ([1], [-1]) or not node.attributes.get("keepdims", 1):
            return None
        return np.ones((1, 1), np.float32) if self._stages.has_rows_of_sum_1(x) else None

    def _absolute(self, node: Node) -> Value | None:
        x = node.operands[0]
        if x.expression in (SIGMOID, SOFTMAX):
            return x  # type: ignore[no-any-return]
        return self._stages.applied("Abs", node.operands, node.source)

    def _joined(self, node: Node) -> Value | None:
        """Read 1 - p beside p, of one sigmoid unit: a softmax over the halves of z and -z."""
        if node.attributes["axis"] not in (1, -1) or len(node.operands) != 2:
            return None
        rest, p = node.operands
        is_rest = isinstance(rest, Value) and rest.step is not None and rest.base == SIGMOID
        if not is_rest or not isinstance(p, Value) or p.expression != SIGMOID:
            return None
        if {rest.stage, p.stage} != {self._stages.current} or self._stages.builder.n_out != 1:
            return None
        if rest.step is None or (rest.step.scale, rest.step.shift) != (-1, 1):
            return None
        self._stages.builder.oppose_last()
        self._stages.next_stage(2, node.source)
        return Value(self._stages.current, SOFTMAX, node.source)

    def _keeps_all(self, node: Node) -> bool:
        """Return True if a node does nothing to a table of values."""
        operator, operands, attributes, _ = node
        x, *rest = operands
        if not isinstance(x, Value):
            return False
        if operator in ("Identity", "ai.onnx.ml.ZipMap"):
            return True
        if operator == "Dropout":
            in_training = rest[1] if len(rest) > 1 else None
            return in_training is None or not (isinstance(in_training, Value) or in_training.any())
        if operator == "Cast":
            types = self._onnx.TensorProto
            return attributes["to"] in (types.FLOAT, types.DOUBLE)
        if operator == "Reshape":
            return not attributes.get("allowzero", 0) and self._stages.makes_table(rest[0])
        return (
            operator == "Flatten"
            and attributes.get("axis", 1) == 1
            and self._stages.makes_table(None)
        )

    _READERS: ClassVar[dict[str, Callable[..., Result]]] = {
        "Abs": _absolute,
        "BatchNormalization": _batch_normalisation,
        "Clip": _clipped,
        "Concat": _joined,
        "Gemm": _product,
        "MatMul": _product,
        "ReduceSum": _row_sum,
        "ai.onnx.ml.LinearClassifier": _classifier,
        "ai.onnx.ml.LinearRegressor": _regressor,
        "ai.onnx.ml.Normalizer": _normaliser,
        "ai.onnx.ml.Scaler": _scaler,
    }
