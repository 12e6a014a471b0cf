"""`to_onnx` and `from_onnx`: ONNX files, which most inference tools can read."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..._atomic import check_folder, replace_file
from ..._checks.arrays import Array, as_dtype
from ..._checks.extras import optional
from ..._checks.paths import as_path
from ...heads import Heads
from ...losses import Loss
from ...network import Network
from .._arguments import (
    activations_of,
    as_network,
    check_activations,
    model_of,
    networks_of,
)
from .._centres import centred, check_near
from .activations import WRITTEN
from .graph import GraphWriter
from .loss import loss_in, note_of, refuse_heads_in
from .opening import open_model, shape_of
from .population import as_graph as mean_as_graph
from .reader import GraphReader


def to_onnx(net: Any, path: str | os.PathLike[str], *, dtype: DTypeLike | None = None) -> None:
    """Write a network, a population or a fitted estimator of tables as an ONNX file.

    It holds standard operators only.

    The file has the input "input", of shape (n_samples, n_in) for any n_samples, and the output
    "output", of shape (n_samples, n_out): of a population, the mean of its networks; of networks
    that end with `Heads`, an output for each, of its name. Options of
    training only, such as dropout, are dropped; the loss of a network is kept in the file's
    metadata, of a user's own its name.

    Parameters
    ----------
    net : Network, Population, TabularClassifier or TabularRegressor
        The network, the population or the estimator, which is not changed.
    path : str or os.PathLike
        The file to write, in an existing folder. It is overwritten.
    dtype : str or numpy.dtype, optional
        The dtype of the file, float32 or float64, by default that of the network; of a population
        float64 if any network is.

    Raises
    ------
    ImportError
        If onnx is not installed.
    TypeError
        If `net` is none of these, or `path` is not a path.
    ValueError
        If a layer is gelu and `dtype` is float64: onnxruntime's CPU provider has no float64 kernel
        of the error function. If an activation is the user's own. If a head is called input. If a
        number is beyond the range of `dtype`. If an estimator is not fitted, or a column has no
        name. If the networks of a population differ in n_in, n_out or heads, or one of them
        standardises columns far from 0 and `dtype` is float32.
    FileNotFoundError
        If the folder does not exist.

    Warns
    -----
    UserWarning
        If the empty text is a category of an estimator's column: it means a missing text otherwise.

    Notes
    -----
    The file of an estimator has an input of shape (n_samples, 1) for each column, of its name:
    float32 for numbers and booleans, or float64 where float32 is too coarse, NaN if missing; texts
    for categories, "" if missing; int64 for times, in microseconds since 1970, of UTC if they had a
    zone, the smallest int64 if missing. Durations are numbers of days, times of day of hours.

    In float64, four activations are written as several operators: elu, selu and softplus, which
    onnxruntime has in float32 only, and leaky_relu, whose slope is a float32 attribute. So is mish
    in both dtypes, since the operator Mish belongs to opset 18 and these files use opset 17.

    onnxruntime before 1.31 replaces a swish in float64 by an operator that it has in float32 only,
    and raises NotImplemented, unless its `InferenceSession` is told
    ``disabled_optimizers=["QuickGeluFusion"]``.

    An imported network may standardise columns far from 0 (times, northings) in its first layer, in
    float64. In float32, the file subtracts the means from the inputs first, and adds those of the
    outputs last. If float32 is too coarse for the columns themselves (by 0.001 of their standard
    deviation), "input" or "output" is of doubles.

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
    table, population = model_of(net), networks_of(net)
    if table is not None:
        networks: Sequence[Network] = [member.network for member in table.members]
    else:
        networks = [as_network(net)] if population is None else population
    path = as_path(path)
    onnx = optional("onnx", "to_onnx", "onnx")
    check_folder(path)
    kind = np.result_type(*(n.dtype for n in networks)) if dtype is None else as_dtype(dtype)
    for network in networks:
        _check_activations(network, kind)
    if table is not None:
        from .tables import as_graph  # which needs the extra `tables`, as its estimators do

        model = as_graph(onnx, table, kind)
    elif population is not None:
        check_near(population, kind)
        model = mean_as_graph(onnx, population, kind)
    else:
        model = _model(onnx, networks[0], kind)
    form = onnx.serialization.registry.get_format_from_file_extension(path.suffix) or "protobuf"
    content = io.BytesIO()
    onnx.save(model, content, format=form)
    replace_file(path, content.getvalue())


def _check_activations(net: Network, dtype: np.dtype[Any]) -> None:
    """Raise if there is no operator for an activation."""
    check_activations(net, WRITTEN[np.dtype(np.float32)], heads=True)
    for where, activation in activations_of(net):
        if activation not in WRITTEN[dtype]:
            raise ValueError(
                f"{where}: {activation} must be written in float32, got {dtype}, in which "
                'onnxruntime\'s CPU provider has no Erf: give to_onnx dtype="float32"'
            )


def _model(onnx: Any, net: Network, dtype: np.dtype[Any]) -> Any:
    """Return a network as an ONNX model."""
    own = centred(net, dtype)
    writer = GraphWriter(onnx, dtype)
    inputs, values = writer.table("input", net.n_in, own.inputs), "input"
    if own.inputs is not None:
        values = writer.from_means(values, own.inputs)
    for k, (layer, W, b) in enumerate(zip(net.layers, own.weights, own.biases, strict=True)):
        if isinstance(layer, Heads):
            outputs = _write_heads(writer, values, layer, W, b)
        else:
            values = writer.layer(f"layer_{k}", values, str(layer.activation), W, b)
            outputs = [writer.table("output", net.n_out, own.outputs)]
    if own.outputs is not None:
        values = writer.to_means(values, own.outputs)
    if not isinstance(net.layers[-1], Heads):
        writer.nodes[-1].output[0] = "output"
    notes = {"fastnn.network": repr(net)} | note_of(net.loss_function)
    return writer.model([inputs], outputs, notes)


def _write_heads(
    writer: GraphWriter, values: str, layer: Heads, W: Array, b: Array | None
) -> list[Any]:
    """Add each head as a layer over the same values; return the outputs, by the heads' names."""
    if "input" in layer.names:
        raise ValueError("a head must have another name than the input, got input")
    outputs = []
    weights, biases = layer.split(W), (None,) * len(layer.names) if b is None else layer.split(b)
    for part, own_W, own_b in zip(layer.parts, weights, biases, strict=True):
        own_W = np.ascontiguousarray(own_W)
        writer.layer(f"heads/{part.name}", values, str(part.activation), own_W, own_b)
        writer.nodes[-1].output[0] = part.name
        outputs.append(writer.table(part.name, part.n_out, None))
    return outputs


def from_onnx(path: str | os.PathLike[str], *, loss: str | Loss | None = None) -> Network:
    """Read a dense network from an ONNX file.

    It reads all files that `to_onnx` writes. It also reads files of `torch.onnx.export` and
    skl2onnx that consist of dense layers (Gemm, MatMul, LinearClassifier, LinearRegressor), the
    activations of `Dense`, and steps that multiply or add to columns (Add, Sub, Mul, Div, Scaler,
    BatchNormalization), which are folded into the layers in float64.

    Parameters
    ----------
    path : str or os.PathLike
        The file to read.
    loss : str or Loss, optional
        The loss of the network. By default the one that `to_onnx` has recorded, or else that of the
        last activation: cross_entropy for softmax, binary_cross_entropy for sigmoid, poisson for
        exp, mse for all others.

    Returns
    -------
    Network
        The network, in float32 or float64 like the file's weights; in float64 if float32 could not
        hold the folded steps. A final choice of labels (ArgMax, LabelEncoder) is dropped: the
        outputs are the probabilities of all classes, or the scores from which a label is chosen.

    Raises
    ------
    ImportError
        If onnx is not installed.
    TypeError
        If `path` is not a path.
    OSError
        If a file cannot be read.
    ValueError
        If the file is not an ONNX file, claims more numbers than it stores, keeps numbers in a file
        outside its folder, or has nodes that cannot be converted, all of which the message names.
        If `to_onnx` has recorded a loss of the user's own, and none is given.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fastnn import Dense, Network
    >>> from fastnn.exchange import from_onnx, to_onnx
    >>> net = Network(2, [Dense(1, "sigmoid", weights=[[1.0], [2.0]])], loss="binary_cross_entropy")
    >>> with TemporaryDirectory() as folder:
    ...     to_onnx(net, Path(folder) / "net.onnx")
    ...     twin = from_onnx(Path(folder) / "net.onnx")
    >>> twin.loss_name, twin.weights[0].tolist()
    ('binary_cross_entropy', [[1.0], [2.0]])
    """
    onnx = optional("onnx", "from_onnx", "onnx")
    path = as_path(path)
    try:
        return _read(onnx, path, loss)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be an ONNX file, got names in no Unicode") from error


def _read(onnx: Any, path: Path, loss: str | Loss | None) -> Network:
    """Return the network in a file."""
    model, constants = open_model(onnx, path)
    noted = {prop.key: prop.value for prop in model.metadata_props}
    refuse_heads_in(noted, path)
    graph = model.graph
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs)
        raise ValueError(f"{path} must have one input, got {len(inputs)}: {names}")
    reader = GraphReader(onnx, inputs[0].name, shape_of(inputs[0]), constants)
    for node in graph.node:
        reader.visit(node)
    reader.close([value.name for value in graph.output], path)
    return reader.builder.network(loss_in(noted, path) if loss is None else loss)
