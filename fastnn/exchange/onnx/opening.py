"""Open an ONNX file: check that it is well formed, and no larger than its content."""

from __future__ import annotations

import importlib
import math
import os
import stat
import warnings
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ..._checks.arrays import Array

_OLDEST_OPSET = 7  # before it, operators were told by attributes how to broadcast
_LARGEST_FILE = 2**31  # bytes: protobuf holds no more
_LARGEST_SPREAD = 2**22  # elements that may be made of a sparse table of a few
_STORED = {  # the field of numbers that are not raw bytes, by data type
    "FLOAT": "float_data",
    "DOUBLE": "double_data",
    "FLOAT16": "int32_data",
    "BFLOAT16": "int32_data",
    "INT8": "int32_data",
    "INT16": "int32_data",
    "INT32": "int32_data",
    "INT64": "int64_data",
    "UINT8": "int32_data",
    "UINT16": "int32_data",
    "UINT32": "uint64_data",
    "UINT64": "uint64_data",
    "BOOL": "int32_data",
}


def open_model(onnx: Any, path: Path) -> tuple[Any, dict[str, Array]]:
    """Return the model in a file, well formed, and the arrays of its initialisers, by name.

    What it keeps in files beside it is read as well. Raise OSError if a file cannot be read, and
    ValueError if it is no ONNX file, or claims more than it holds.
    """
    model = _parsed(onnx, path)
    try:
        folder = path.resolve().parent
        for tensor in _tensors(model.graph):
            _bring(onnx, tensor, folder)
        constants = _constants_of(onnx, model.graph)
        _give_shapes(model.graph)
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, UnicodeDecodeError) as error:
        raise _no_onnx(path, error) from error
    versions = {opset.domain: opset.version for opset in model.opset_import}
    version = versions.get("", versions.get("ai.onnx", 0))
    if version < _OLDEST_OPSET and {node.domain for node in model.graph.node} & {"", "ai.onnx"}:
        raise ValueError(f"{path} must have opset {_OLDEST_OPSET} or later, got {version}")
    return model, constants


def _parsed(onnx: Any, path: Path) -> Any:
    """Return the model in a file, whose suffix tells ONNX the format."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(f"path must be a file, got a folder: {path}")
    if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for, a device never ends
        raise OSError(f"path must be a file, got a device or a pipe: {path}")
    if status.st_size >= _LARGEST_FILE:
        raise ValueError(f"{path} must be below {_LARGEST_FILE} bytes, got {status.st_size}")
    malformed = (
        importlib.import_module("google.protobuf.message").Error,
        importlib.import_module("google.protobuf.text_format").ParseError,
        importlib.import_module("google.protobuf.json_format").ParseError,
        onnx.parser.ParseError,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of formats that ONNX calls experimental
            return onnx.load(path, load_external_data=False)
    except (*malformed, RecursionError, ValueError, TypeError) as error:
        raise _no_onnx(path, error) from error


def _no_onnx(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path} must be an ONNX file, got another: {error}")


def _tensors(graph: Any) -> list[Any]:
    """Return the tensors of a graph, from initialisers and nodes."""
    sparse = [*graph.sparse_initializer]
    tensors = [*graph.initializer]
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                tensors.append(attribute.t)
            if attribute.HasField("sparse_tensor"):
                sparse.append(attribute.sparse_tensor)
    return [*tensors, *(part for table in sparse for part in (table.values, table.indices))]


def _give_shapes(graph: Any) -> None:
    """Give inputs and outputs without a type or shape one, which the checker requires."""
    for value in (*graph.input, *graph.output):
        if value.type.WhichOneof("value") in (None, "tensor_type"):
            described = value.type.tensor_type
            if not described.elem_type:
                described.elem_type = 1  # float
            if not described.HasField("shape"):
                described.shape.SetInParent()


def shape_of(value: Any) -> tuple[int | None, ...] | None:
    """Return the shape of an input, with None for an open axis."""
    described = value.type.tensor_type
    if value.type.WhichOneof("value") != "tensor_type" or not described.HasField("shape"):
        return None
    return tuple(
        dim.dim_value if dim.WhichOneof("value") == "dim_value" else None
        for dim in described.shape.dim
    )


def _bring(onnx: Any, tensor: Any, folder: Path) -> None:
    """Load the numbers of a tensor from a file beside the model."""
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return
    told = {entry.key: entry.value for entry in tensor.external_data}
    location = told.get("location", "")
    place = PurePosixPath(location.replace("\\", "/"))
    file = Path(os.path.realpath(folder / place))
    if not location or place.is_absolute() or ".." in place.parts or ":" in location:
        raise ValueError(
            f"tensor {tensor.name!r} must be in a file beside the model, got {location!r}"
        )
    if folder not in file.parents:
        raise ValueError(
            f"tensor {tensor.name!r} must be in a file beside the model, got a link out of its "
            f"folder: {location!r}"
        )
    n_bytes = _count(tensor) * _type_of(onnx, tensor)[1].itemsize
    try:
        offset, length = int(told.get("offset", 0)), int(told.get("length", n_bytes))
    except ValueError:
        raise ValueError(
            f"tensor {tensor.name!r} must have an offset and a length in its file, got "
            f"{told.get('offset')!r}, {told.get('length')!r}"
        ) from None
    if not file.is_file():
        raise FileNotFoundError(f"tensor {tensor.name!r} must be in a file, got none: {file}")
    size = file.stat().st_size
    if length != n_bytes or offset < 0 or offset + length > size:
        raise ValueError(
            f"tensor {tensor.name!r} of shape {tuple(tensor.dims)} must have {n_bytes} bytes, got "
            f"{length} from {offset} on in a file of {size}: {file}"
        )
    with open(file, "rb") as stored:
        stored.seek(offset)
        tensor.raw_data = stored.read(length)
    tensor.data_location = onnx.TensorProto.DEFAULT
    del tensor.external_data[:]


def _count(tensor: Any) -> int:
    """Return how many elements a tensor claims to have."""
    if any(size < 0 for size in tensor.dims):
        raise ValueError(
            f"tensor {tensor.name!r} must have sizes of 0 or more, got {tuple(tensor.dims)}"
        )
    return math.prod(tensor.dims)


def _type_of(onnx: Any, tensor: Any) -> tuple[str, np.dtype[Any]]:
    """Return the name of the data type of a tensor, and that of NumPy."""
    kinds = {number: name for name, number in onnx.TensorProto.DataType.items()}
    name = kinds.get(tensor.data_type, str(tensor.data_type))
    if name not in _STORED:
        raise ValueError(f"tensor {tensor.name!r} must hold numbers, got data type {name}")
    return name, onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)


def array_of(onnx: Any, tensor: Any) -> Array:
    """Return the numbers or texts of a tensor, if it stores as many as its shape requires."""
    n_claimed = _count(tensor)
    if tensor.data_type == onnx.TensorProto.STRING:
        n_stored, size = len(tensor.string_data), 1
    elif tensor.HasField("raw_data"):
        n_stored, size = len(tensor.raw_data), _type_of(onnx, tensor)[1].itemsize
    else:
        n_stored, size = len(getattr(tensor, _STORED[_type_of(onnx, tensor)[0]])), 1
    if n_stored != n_claimed * size:
        raise ValueError(
            f"tensor {tensor.name!r} of shape {tuple(tensor.dims)} must store {n_claimed * size} "
            f"{'bytes' if tensor.HasField('raw_data') else 'elements'}, got {n_stored}"
        )
    return onnx.numpy_helper.to_array(tensor)  # type: ignore[no-any-return]


def dense_of(onnx: Any, table: Any) -> Array:
    """Return a sparse tensor as a dense array."""
    name, shape = table.values.name, tuple(table.dims)
    values, indices = array_of(onnx, table.values), array_of(onnx, table.indices)
    n_elements = math.prod(shape)
    if any(size < 0 for size in shape) or n_elements > max(_LARGEST_SPREAD, 100 * values.size):
        raise ValueError(
            f"sparse tensor {name!r} must have at most {_LARGEST_SPREAD} elements, or 100 for each "
            f"that is stored, got {shape} of {values.size}"
        )
    if indices.dtype.kind not in "iu":
        raise ValueError(
            f"sparse tensor {name!r} must have whole numbers as places, got {indices.dtype}"
        )
    if indices.ndim == 2 and indices.shape[1] == len(shape):
        places, ends = indices, np.array(shape)
    else:
        places, ends = indices.reshape(-1, 1), np.array([n_elements])
    if values.ndim != 1 or len(places) != len(values):
        raise ValueError(
            f"sparse tensor {name!r} must have a place for each of its values, got {len(places)} "
            f"for shape {values.shape}"
        )
    if ((places < 0) | (places >= ends)).any():
        raise ValueError(f"sparse tensor {name!r} must have places within {shape}, got others")
    dense = np.zeros(shape, values.dtype)
    if len(ends) == len(shape):
        dense[tuple(places.T)] = values
    else:
        dense.reshape(-1)[places[:, 0]] = values
    return dense


def _constants_of(onnx: Any, graph: Any) -> dict[str, Array]:
    """Return the arrays of a graph's initialisers, by name."""
    constants = {tensor.name: array_of(onnx, tensor) for tensor in graph.initializer}
    sparse = {table.values.name: dense_of(onnx, table) for table in graph.sparse_initializer}
    return constants | sparse
