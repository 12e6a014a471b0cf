"""`from_keras`: import a chain of `Dense` and of layers that can be folded into them."""

from __future__ import annotations

import io
import lzma
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..._checks.arrays import Array
from ..._checks.extras import optional
from ..._checks.paths import as_path, open_regular
from ..._storage.specs import short
from ...core.activations import ACTIVATIONS, LEAKY_SLOPE
from ...losses import Loss
from ...network import Network
from .._affine import Affine
from .._layer_builder import LayerBuilder, unsupported_options
from .hdf5 import MOST_EXPANSION, SMALL, Group
from .models import LARGEST_CONFIG, SEQUENTIAL, Config, Layer, Model, called, model_of, parse_json
from .weights import Weights, in_order, names_of, of_keras_3, of_legacy, of_objects

_ACTIVATIONS = {keras: name for name, known in ACTIVATIONS.items() for keras in known.keras}
# Layers that are activations, and the values that their options may have.
_LAYERS = {
    known.keras_layer: (name, known.keras_options)
    for name, known in ACTIVATIONS.items()
    if known.keras_layer is not None
}
# Layers that act in training only.
_PASSED_OVER = (
    "InputLayer", "Identity", "Dropout", "SpatialDropout1D", "AlphaDropout", "GaussianDropout",
    "GaussianNoise", "ActivityRegularization",
)  # fmt: skip
_LAST_AXIS = [-1, 1, [-1], [1], (-1,), (1,)]
_OPTIONS: dict[str, dict[str, list[Any]]] = {
    "BatchNormalization": {"axis": _LAST_AXIS, "renorm": [False]},
    "Normalization": {"axis": [*_LAST_AXIS, None, [], ()]},
    "Flatten": {"data_format": ["channels_last", None]},
}
_KNOWN = {"Dense", "Activation", "Rescaling", *_LAYERS, *_PASSED_OVER, *_OPTIONS}
_SMALLEST_DEVIATION = 1e-7  # of `Normalization`: keras.config.epsilon()
# The errors of zipfile and h5py for malformed files.
_MALFORMED = (
    OSError, RuntimeError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError,
    EOFError, MemoryError, SystemError, struct.error, zipfile.BadZipFile, zlib.error,
    lzma.LZMAError,
)  # fmt: skip


def from_keras(
    model_or_weights: Any,
    *,
    activations: Sequence[str | None] | None = None,
    loss: str | Loss | None = None,
) -> Network:
    """Return a network that computes what a Keras model does.

    Parameters
    ----------
    model_or_weights : keras.Model, str, path or sequence of array_like
        The model: a `Sequential`, or a functional model that is a chain, of `Dense`, `Activation`,
        `ReLU`, `LeakyReLU` (of slope 0.01), `ELU`, `Softmax`, and of nested models of these.
        `Normalization`, `Rescaling` and `BatchNormalization` (in inference mode) are folded into
        the layers beside them; `Dropout`, noise and `Flatten` are skipped. Or the file of a saved
        model, ".keras" or ".h5". Or the weights in the order of `model.get_weights()`, or a file of
        weights, ".weights.h5".
    activations : sequence of str, optional
        The activation of each layer, by Keras' names. It must be given for weights, and is not used
        for models.
    loss : str or Loss, optional
        The loss of the network. By default it follows from the last activation: cross_entropy from
        softmax, binary_cross_entropy from sigmoid, poisson from exponential, mse from all others.

    Returns
    -------
    Network
        The network, in the dtype of the weights, float32 or float64; in float64 if float32 could
        not hold the folded layers. It takes the inputs of `Flatten` as one row each. A `Dense` that
        is not trainable is frozen.

    Raises
    ------
    ImportError
        If a file is to be read and h5py is not installed.
    TypeError
        If `model_or_weights` is none of these.
    OSError
        If the file does not exist or cannot be opened.
    ValueError
        If layers cannot be converted, all of which the message names, or weights do not match them.
        If the file is not one of Keras, is damaged, or refers to weights elsewhere; it need not be
        trusted. If Keras' description of the model has lost calls of a layer.

    Notes
    -----
    A layer that is called twice becomes two layers, which are trained separately. Keras saves such
    a layer of a `Sequential` only once: pass the model, not its file.

    Examples
    --------
    >>> from fastnn.exchange import from_keras
    >>> kernel, bias = [[1.0], [2.0]], [0.5]
    >>> net = from_keras([kernel, bias], activations=["relu"])
    >>> net.predict([1, 1])
    array([3.5])
    """
    model, weights = _opened(model_or_weights, activations)
    layers = [layer for layer in called(model) if layer.model is None]
    builder = LayerBuilder()
    are_known = _are_known(model)
    n_axes: int | None = None
    k = 0
    for layer in layers:
        if n_axes is None:
            n_axes = _n_axes(layer.config)
        if layer.kind in _PASSED_OVER:
            continue
        if unlike := unsupported_options(_OPTIONS.get(layer.kind, {}), layer.config):
            builder.refuse(f"{layer.source} ({layer.kind}{unlike})")
        elif layer.kind == "Flatten":
            n_axes = 1
        elif layer.kind == "Rescaling":
            builder.step(_rescaling(layer), layer.source)
        elif n_axes is not None and n_axes > 1 and layer.kind in _KNOWN:
            builder.refuse(f"{layer.source} before Flatten, of inputs with {n_axes} axes")
        elif layer.kind == "Dense":
            arrays = weights.get(layer, []) if are_known else None
            _add_dense(builder, k, layer, arrays)
            k += 1
            _activate(builder, layer.config.get("activation"), layer.source)
        elif layer.kind == "Activation":
            _activate(builder, layer.config.get("activation"), layer.source)
        elif layer.kind in _LAYERS:
            described = {"class_name": layer.kind, "config": layer.config}
            _activate(builder, described, layer.source)
        elif layer.kind not in _KNOWN:
            builder.refuse(layer.source)
        elif are_known:
            step = _normalisation if layer.kind == "Normalization" else _batch_normalisation
            builder.step(step(layer, weights.get(layer, [])), layer.source)
    return builder.network(loss)


def _are_known(model: Model) -> bool:
    """Return True if all layers are known; otherwise weights cannot be assigned to layers."""
    return all(layer.kind in _KNOWN for layer in called(model) if layer.model is None)


def _add_dense(builder: LayerBuilder, k: int, layer: Layer, arrays: Sequence[Array] | None) -> None:
    """Read a dense layer; if its arrays are missing, add a placeholder until all is refused."""
    if arrays is None:
        builder.add(np.zeros((1, 1)), None)
        return
    if not arrays:
        builder.refuse(f"{layer.source} without weights")
        return
    W, *rest = arrays
    b = rest[0] if rest else None
    if W.ndim != 2:
        raise ValueError(f"weights of layer {k} must have shape (n_in, n_out), got {W.shape}")
    if b is not None and b.shape != W.shape[1:]:
        raise ValueError(f"biases of layer {k} must have shape {W.shape[1:]}, got {b.shape}")
    builder.add(W, b, trainable=layer.config.get("trainable", True) is not False)


def _n_axes(config: Config) -> int | None:
    """Return the number of axes of an input, without that of samples, if the layer tells it."""
    for name in ("batch_shape", "batch_input_shape"):
        if isinstance(shape := config.get(name), list | tuple):
            return len(shape) - 1
    return None


def _normalisation(layer: Layer, arrays: Sequence[Array]) -> Affine:
    """Return the step (x - mean) / deviation, or its inverse."""
    if not names_of(layer):
        mean, variance = (_numbers(layer, name) for name in ("mean", "variance"))
    elif len(arrays) >= 2:
        mean, variance = arrays[:2]
    else:
        raise ValueError(f"{layer.source} must have its mean and variance, got none: adapt it")
    with np.errstate(all="ignore"):  # what is not finite is refused with the layer
        deviation = np.maximum(np.sqrt(np.asarray(variance, np.float64)), _SMALLEST_DEVIATION)
    if layer.config.get("invert"):
        return Affine.of(deviation, mean)
    return Affine.standardisation(mean, deviation)


def _batch_normalisation(layer: Layer, arrays: Sequence[Array]) -> Affine:
    """Return the step (x - mean) / sqrt(variance + epsilon) gamma + beta."""
    own = dict(zip(names_of(layer), arrays, strict=False))
    if "moving_variance" not in own:
        raise ValueError(f"{layer.source} must have {', '.join(names_of(layer))}, got less")
    epsilon = _numbers(layer, "epsilon", 1e-3)
    if epsilon.ndim:
        raise ValueError(f"epsilon of {layer.source} must be a number, got {epsilon}")
    return Affine.batch_normalisation(
        own.get("gamma"), own.get("beta"), own["moving_mean"], own["moving_variance"],
        float(epsilon),
    )  # fmt: skip


def _rescaling(layer: Layer) -> Affine:
    """Return the step x scale + offset."""
    return Affine.of(_numbers(layer, "scale"), _numbers(layer, "offset", 0.0))


def _numbers(layer: Layer, name: str, default: float | None = None) -> Array:
    """Return an option that is a number or a list of numbers; Keras may write arrays as dicts."""
    given = layer.config.get(name, default)
    if isinstance(given, Mapping) and isinstance(given.get("config"), Mapping):
        given = given["config"].get("value")
    try:
        numbers = np.asarray(given, np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.array(np.nan)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} of {layer.source} must be finite, got {short(given)}")
    return numbers


def _activate(builder: LayerBuilder, activation: Any, source: str) -> None:
    """Read an activation: a name, or the description of a layer or function that is one."""
    if isinstance(activation, Mapping) and activation.get("class_name") == "function":
        activation = activation.get("config")
    kind = activation.get("class_name") if isinstance(activation, Mapping) else None
    if isinstance(activation, Mapping) and isinstance(kind, str) and kind in _LAYERS:
        name, options = _LAYERS[kind]
        config = activation.get("config")
        config = config if isinstance(config, Mapping) else {}
        unlike = unsupported_options(options, config)
        if kind == "LeakyReLU" and not {*options} & {*config}:
            unlike = f", negative_slope is 0.3, ours {LEAKY_SLOPE}"
        if unlike:
            builder.refuse(f"{source} ({kind}{unlike})")
        else:
            builder.activate(name, source)
    elif isinstance(activation, str | None) and activation in _ACTIVATIONS:
        builder.activate(_ACTIVATIONS[activation], source)
    else:
        slope = f" of slope 0.2, ours is {LEAKY_SLOPE}" if activation == "leaky_relu" else ""
        builder.refuse(f"{source} ({str(activation)[:100]}{slope})")


# ---- where a model comes from --------------------------------------------------------------------


def _opened(given: Any, activations: Sequence[str | None] | None) -> tuple[Model, Weights]:
    """Return a model and its weights."""
    if isinstance(given, str | os.PathLike):
        return _from_file(as_path(given), activations)
    if hasattr(given, "get_config") and hasattr(given, "get_weights"):
        model = model_of(_described(given))
        if hasattr(given, "get_layer"):
            return model, of_objects(model, given)
        return model, _in_order(given.get_weights(), model)
    if isinstance(given, Sequence) and not isinstance(given, bytes | bytearray | memoryview):
        model = _dense_model(activations)
        return model, _in_order(given, model)
    raise TypeError(
        "model_or_weights must be a Keras model, a path or a sequence of arrays, "
        f"got {type(given).__name__}"
    )


def _in_order(arrays: Sequence[Any], model: Model) -> Weights:
    """Return the weights of the layers; nothing if a layer is not known."""
    return in_order([np.asarray(array) for array in arrays], model) if _are_known(model) else {}


def _described(given: Any) -> dict[str, Any]:
    """Return the description of a model that includes repeated calls of a layer.

    A `Sequential` describes each of its layers once; the functional model of the same inputs and
    outputs has all calls.
    """
    kind, config = type(given).__name__, given.get_config()
    keras: Any = sys.modules.get("keras")
    is_of_keras = keras is not None and isinstance(given, keras.Model)
    if kind == SEQUENTIAL and is_of_keras and getattr(given, "built", False):
        functional = keras.Model(given.inputs, given.outputs)
        kind, config = "Functional", {**functional.get_config(), "name": given.name}
    if is_of_keras and isinstance(config, dict) and "layers" in config:
        config = dict(config)
        config["layers"] = [
            {**layer, **_described(given.get_layer(layer["config"]["name"]))}
            if "layers" in layer["config"]
            else layer
            for layer in config["layers"]
        ]
    return {"class_name": kind, "config": config}


def _dense_model(activations: Sequence[str | None] | None) -> Model:
    """Return the model for weights, which need `activations` to describe it."""
    if activations is None:
        raise ValueError("activations must name one for each layer beside weights, got None")
    layers = [{"class_name": "Dense", "config": {"activation": name}} for name in activations]
    return model_of({"class_name": SEQUENTIAL, "config": {"layers": layers}})


def _from_file(path: Path, activations: Sequence[str | None] | None) -> tuple[Model, Weights]:
    """Return the model and the weights in a file."""
    with open_regular(path) as file:
        optional("h5py", "from_keras", "keras")
        try:
            if zipfile.is_zipfile(file):
                return _from_zip(file)
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            return _from_hdf5(file, size, activations)
        except _MALFORMED as error:
            text = str(error) or type(error).__name__
            raise ValueError(f"{path}: {text}") from error


def _from_zip(file: BinaryIO) -> tuple[Model, Weights]:
    """Return the model and the weights in a .keras file."""
    size = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(file) as archive:
        config = _entry(archive, "config.json", min(LARGEST_CONFIG, MOST_EXPANSION * size + SMALL))
        model = model_of(parse_json(config))
        stored = _entry(archive, "model.weights.h5", MOST_EXPANSION * size + SMALL)
    return model, of_keras_3(model, Group.opened(io.BytesIO(stored), len(stored), "from_keras"))


def _entry(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Return an entry of a zip, unless it is too large for a file of this size."""
    if name not in archive.namelist():
        raise ValueError(f"a file of Keras 3 must have {name}, got others")
    if (n_bytes := archive.getinfo(name).file_size) > largest:
        raise ValueError(f"{name} must have at most {largest} bytes, got {n_bytes}")
    return archive.read(name)


def _from_hdf5(
    file: BinaryIO, size: int, activations: Sequence[str | None] | None
) -> tuple[Model, Weights]:
    """Return the model and the weights in an .h5 file, or the weights in one of weights alone."""
    root = Group.opened(file, size, "from_keras")
    config = root.text("model_config")
    if config is not None:
        model = model_of(parse_json(config))
        return model, of_legacy(model, root.group("model_weights"))
    model = _dense_model(activations)
    if not {"layers", "_layer_checkpoint_dependencies"} & {*root.names()}:
        raise ValueError(
            "a file of weights must be one that Keras 3 saves, with a group named layers, got "
            "another; of Keras 2, save the model, not the weights alone"
        )
    return model, of_keras_3(model, root)
