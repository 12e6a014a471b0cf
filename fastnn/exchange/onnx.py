"""To and from ONNX files, the format that onnxruntime and most other tools for inference read."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fastnn import __version__
from fastnn.exchange._onnx_activations import WRITTEN, Expression, Z
from fastnn.exchange._onnx_reader import GraphReader
from fastnn.exchange._reading import import_optional
from fastnn.network import Network
from fastnn.validation import Array, as_dtype, as_numbers

_OPSET, _IR_VERSION = 17, 8  # read by onnxruntime 1.13 and later
_OLDEST_OPSET = 7  # before it, operators were told by attributes how to broadcast


def to_onnx(net: Network, path: str | os.PathLike[str], *, dtype: DTypeLike | None = None) -> None:
    """Write a network as an ONNX file of standard operators.

    Its input, "input", has shape (n_samples, n_in), whatever n_samples is; its output, "output",
    (n_samples, n_out). What is only about training, such as dropout, is left out; the loss is kept
    in the file's metadata.

    Parameters
    ----------
    net : Network
    path : str or path
        The file to write, or to overwrite.
    dtype : str or numpy.dtype, optional
        float32 or float64, of the file; None is the network's own.

    Raises
    ------
    ImportError
        If the package onnx is missing.
    ValueError
        If a layer is gelu and `dtype` float64: onnxruntime's CPU provider has no float64 kernel of
        the error function. Or if a number is beyond the range of `dtype`.

    Notes
    -----
    In float64, elu and softplus, which onnxruntime has in float32 only, and leaky_relu, whose slope
    an attribute rounds to float32, are written as several operators.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fastnn import Dense, Network
    >>> from fastnn.exchange import from_onnx, to_onnx
    >>> net = Network(2, [Dense(3, "elu"), Dense(1)])
    >>> with TemporaryDirectory() as folder:
    ...     to_onnx(net, Path(folder) / "net.onnx")
    ...     from_onnx(Path(folder) / "net.onnx")
    Network(2, [Dense(3, 'elu'), Dense(1, 'identity')], loss='mse', dtype='float64')
    """
    onnx = import_optional("onnx", "to_onnx")
    kind = net.dtype if dtype is None else as_dtype(dtype)
    expressions = WRITTEN[kind]
    for k, layer in enumerate(net.layers):
        if layer.activation not in expressions:
            raise ValueError(
                f"layer {k}: {layer.activation} must be written in float32, got {kind}, in which "
                'onnxruntime\'s CPU provider has no Erf: give to_onnx dtype="float32"'
            )
    writer = _Writer(onnx, kind)
    values = "input"
    for k, (layer, W, b) in enumerate(zip(net.layers, net.weights, net.biases, strict=True)):
        values = writer.dense(k, values, W, b)
        values = writer.apply(expressions[str(layer.activation)], values, f"layer_{k}")
    writer.nodes[-1].output[0] = "output"
    graph = onnx.helper.make_graph(
        writer.nodes,
        "fastnn",
        [writer.table("input", net.n_in)],
        [writer.table("output", net.n_out)],
        writer.constants,
    )
    model = onnx.helper.make_model(
        graph,
        opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="fastnn",
        producer_version=__version__,
    )
    onnx.helper.set_model_props(model, {"fastnn.network": repr(net), "fastnn.loss": net.loss_name})
    onnx.save(model, path)


def from_onnx(path: str | os.PathLike[str], *, loss: str | None = None) -> Network:
    """Read a dense network from an ONNX file.

    Known are all files that `to_onnx` writes, and those of `torch.onnx.export` and skl2onnx that
    hold nothing but dense layers (Gemm, or MatMul and Add) and activations of ours.

    Parameters
    ----------
    path : str or path
    loss : str, optional
        None is the loss that `to_onnx` noted, or else that of the last activation: cross_entropy of
        softmax, binary_cross_entropy of sigmoid, poisson of exp, mse of all others.

    Returns
    -------
    net : Network
        In float32 or float64, as the file's weights are.

    Raises
    ------
    ImportError
        If the package onnx is missing.
    ValueError
        If the file is not an ONNX file, or has nodes that cannot be carried: all are named.

    Examples
    --------
    See `to_onnx`.
    """
    onnx = import_optional("onnx", "from_onnx")
    model = _load(onnx, path)
    graph = model.graph
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    inputs = [value.name for value in graph.input if value.name not in constants]
    outputs = [value.name for value in graph.output]
    for name, got in (("input", inputs), ("output", outputs)):
        if len(got) != 1:
            raise ValueError(f"{path} must have one {name}, got {len(got)}: {', '.join(got)}")
    reader = GraphReader(onnx, inputs[0], constants)
    for node in graph.node:
        reader.visit(node)
    reader.close(outputs[0])
    noted = {prop.key: prop.value for prop in model.metadata_props}
    return reader.reading.network(loss or noted.get("fastnn.loss"))


class _Writer:
    """Nodes and constants of a graph, as they are added."""

    def __init__(self, onnx: Any, dtype: np.dtype[Any]) -> None:
        self.onnx = onnx
        self.dtype = dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def table(self, name: str, width: int) -> Any:
        """Return the description of a table of any number of rows."""
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(self.dtype)
        return self.onnx.helper.make_tensor_value_info(name, kind, ["n_samples", width])

    def dense(self, k: int, values: str, W: Array, b: Array | None) -> str:
        """Add x W + b and return its name."""
        operands = [values, self._constant(f"layer_{k}/weights", W)]
        if b is not None:
            operands.append(self._constant(f"layer_{k}/biases", b))
        return self._node("Gemm", operands, f"layer_{k}/Gemm")

    def apply(self, expression: Expression, z: str, name: str) -> str:
        """Add an expression of z and return its name."""
        if expression == Z:
            return z
        if isinstance(expression, tuple):
            operator, *operands = expression
            names = [self.apply(operand, z, f"{name}/{operator}") for operand in operands]
            return self._node(operator, names, f"{name}/{operator}")
        return self._constant(f"{name}/constant", np.array(expression))

    def _constant(self, name: str, values: Array) -> str:
        """Add a constant and return its name."""
        array = as_numbers(name, values, self.dtype)
        self.constants.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def _node(self, operator: str, operands: Sequence[str], name: str) -> str:
        """Add a node and return its name, which is that of its output too."""
        self.nodes.append(self.onnx.helper.make_node(operator, operands, [name], name=name))
        return name


def _load(onnx: Any, path: str | os.PathLike[str]) -> Any:
    """Return the model in a file, well formed."""
    protobuf = importlib.import_module("google.protobuf.message")
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except (protobuf.DecodeError, onnx.checker.ValidationError) as error:
        raise ValueError(f"{path} must be an ONNX file, got another: {error}") from error
    versions = {opset.domain: opset.version for opset in model.opset_import}
    version = versions.get("", versions.get("ai.onnx", 0))
    if version < _OLDEST_OPSET:
        raise ValueError(f"{path} must have opset {_OLDEST_OPSET} or later, got {version}")
    return model
