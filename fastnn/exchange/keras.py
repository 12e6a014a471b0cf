"""From Keras: a `Sequential` of `Dense` and activations, a file of it, or its weights."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.exchange._reading import Reading, departures, import_optional
from fastnn.network import Network
from fastnn.validation import Array

_ACTIVATIONS = {  # by Keras' names
    None: "identity",
    "linear": "identity",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "elu": "elu",
    "softplus": "softplus",
    "silu": "swish",
    "swish": "swish",
    "gelu": "gelu",
    "selu": "selu",
    "mish": "mish",
    "softmax": "softmax",
    "exponential": "exp",
}
# Layers that are activations, and the values that their options may have.
_LAYERS: dict[str, tuple[str, dict[str, list[Any]]]] = {
    "ReLU": ("relu", {"max_value": [None], "negative_slope": [0.0], "threshold": [0.0]}),
    "LeakyReLU": ("leaky_relu", {"negative_slope": [0.01], "alpha": [0.01]}),
    "ELU": ("elu", {"alpha": [1.0]}),
    "Softmax": ("softmax", {"axis": [-1, 1]}),
}
_PASSED_OVER = ("Dropout", "InputLayer")
_GROUPS = {"Dense": "dense", "Sequential": "sequential"}  # the names in a file of weights

Layers = Sequence[Mapping[str, Any]]  # as Keras describes them: class_name, config


def from_keras(
    model_or_weights: Any,
    *,
    activations: Sequence[str | None] | None = None,
    loss: str | None = None,
) -> Network:
    """Return a network that computes what a Keras model does.

    Parameters
    ----------
    model_or_weights : keras.Sequential, str, path or sequence of array_like
        A model of `Dense`, `Activation`, `ReLU`, `LeakyReLU` (of slope 0.01), `ELU`, `Softmax`, and
        of others such; `Dropout` is passed over. Or a file that Keras 3 saved it in, ".keras"; its
        weights in the order of `model.get_weights()`; or a file of them, ".weights.h5".
    activations : sequence of str, optional
        For weights, which need it: each layer's activation, by Keras' name.
    loss : str, optional
        None is that of the last activation: cross_entropy of softmax, binary_cross_entropy of
        sigmoid, poisson of exponential, mse of all others.

    Returns
    -------
    net : Network
        In the dtype of the weights, float32 or float64.

    Raises
    ------
    ImportError
        If a file is to be read, and h5py is missing.
    TypeError
        If `model_or_weights` is none of these.
    ValueError
        If layers cannot be carried, all of which are named, or weights do not fit them.

    Examples
    --------
    >>> from fastnn.exchange import from_keras
    >>> kernel, bias = [[1.0], [2.0]], [0.5]
    >>> net = from_keras([kernel, bias], activations=["relu"])
    >>> net.predict([1, 1])
    array([3.5])
    """
    layers, arrays = _opened(model_or_weights, activations)
    parameters = _pairs(arrays)
    reading = Reading()
    for layer in layers:
        name, config = layer["class_name"], layer["config"]
        source = f"{name} {config['name']!r}" if "name" in config else name
        if name == "Dense":
            pair = next(parameters, None)
            if pair is None:
                reading.refuse(f"{source} without weights")
                continue
            reading.add(*pair)
        if name in ("Dense", "Activation"):
            _activate(reading, config.get("activation"), source)
        elif name in _LAYERS:
            _activate(reading, layer, source)
        elif name not in _PASSED_OVER:
            reading.refuse(source)
    net = reading.network(loss)
    if next(parameters, None) is not None:
        raise ValueError(f"weights must have {net.n_layers} kernels, got more")
    return net


def _activate(reading: Reading, activation: Any, source: str) -> None:
    """Read an activation: a name, or the description of a layer that is one."""
    if isinstance(activation, Mapping) and activation.get("class_name") in _LAYERS:
        name, options = _LAYERS[activation["class_name"]]
        if unlike := departures(options, activation["config"]):
            reading.refuse(f"{source} ({activation['class_name']}{unlike})")
        else:
            reading.activate(name, source)
    elif isinstance(activation, str | None) and activation in _ACTIVATIONS:
        reading.activate(_ACTIVATIONS[activation], source)
    else:
        slope = " of slope 0.2, ours is 0.01" if activation == "leaky_relu" else ""
        reading.refuse(f"{source} ({activation}{slope})")


def _opened(given: Any, activations: Sequence[str | None] | None) -> tuple[Layers, Sequence[Array]]:
    """Return the layers and the arrays of weights, both in order."""
    if isinstance(given, str | os.PathLike):
        if not zipfile.is_zipfile(given):
            layers = _dense_layers(activations)
            return layers, _stored(given, layers)
        with zipfile.ZipFile(given) as archive:
            layers = _layers_of(json.loads(archive.read("config.json")))
            arrays = _stored(io.BytesIO(archive.read("model.weights.h5")), layers)
        return list(_flat(layers)), arrays
    if hasattr(given, "get_config") and hasattr(given, "get_weights"):
        described = {"class_name": type(given).__name__, "config": given.get_config()}
        return list(_flat(_layers_of(described))), given.get_weights()
    if isinstance(given, Sequence):
        return _dense_layers(activations), [np.asarray(array) for array in given]
    raise TypeError(
        "model_or_weights must be a Keras model, a path or a sequence of arrays, "
        f"got {type(given).__name__}"
    )


def _layers_of(model: Mapping[str, Any]) -> Layers:
    """Return the layers of a `Sequential`; other models also say how theirs are connected."""
    layers = model["config"].get("layers")
    if layers is None or "input_layers" in model["config"]:
        raise TypeError(f"a Keras model must be a Sequential, got {model['class_name']}")
    return layers  # type: ignore[no-any-return]


def _flat(layers: Layers) -> Iterator[Mapping[str, Any]]:
    """Yield the layers, those within a `Sequential` in its place."""
    for layer in layers:
        if layer["class_name"] == "Sequential":
            yield from _flat(_layers_of(layer))
        else:
            yield layer


def _dense_layers(activations: Sequence[str | None] | None) -> Layers:
    """Return the layers that weights alone do not describe."""
    if activations is None:
        raise ValueError("activations must name one for each layer beside weights, got None")
    return [
        {"class_name": "Dense", "config": {"activation": activation}} for activation in activations
    ]


def _stored(file: Any, layers: Layers) -> list[Array]:
    """Return the arrays of the layers in a file of weights, in order."""
    h5py = import_optional("h5py", "from_keras")
    with h5py.File(file) as stored:
        try:
            return list(_in_group(stored, layers))
        except KeyError as error:
            raise ValueError(
                f"a file of weights must be one that Keras 3 saves: {error}"
            ) from error


def _in_group(group: Any, layers: Layers) -> Iterator[Array]:
    """Yield the arrays of a model: each layer is named by its class, and numbered from the second.

    Layers that are none of ours have weights too, which do not matter: the layers are refused.
    """
    numbers: Counter[str] = Counter()
    for layer in layers:
        kind = layer["class_name"]
        if kind not in _GROUPS:
            continue
        suffix = f"_{numbers[kind]}" if numbers[kind] else ""
        numbers[kind] += 1
        stored = group["layers"][_GROUPS[kind] + suffix]
        if kind == "Sequential":
            yield from _in_group(stored, _layers_of(layer))
        else:
            yield from (stored["vars"][key][:] for key in sorted(stored["vars"]))


def _pairs(arrays: Sequence[Array]) -> Iterator[tuple[Array, Array | None]]:
    """Yield kernels, each with its biases: the array of one axis that comes next, if one does."""
    position = 0
    while position < len(arrays):
        W, *rest = arrays[position : position + 2]
        b = rest[0] if rest and rest[0].ndim == 1 else None
        position += 1 if b is None else 2
        yield W, b
