"""What the readers share: optional packages, and dense layers as they are read one by one."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastnn.layers import Dense
from fastnn.network import Network
from fastnn.validation import Array, as_dtype, as_numbers

_PACKAGES = {  # the name for a person, and the extra that brings it
    "h5py": ("h5py", "keras"),
    "onnx": ("onnx", "onnx"),
    "sklearn.neural_network": ("scikit-learn", "sklearn"),
    "torch": ("PyTorch", "torch"),
}
_LOSSES = {"exp": "poisson", "sigmoid": "binary_cross_entropy", "softmax": "cross_entropy"}


def import_optional(module: str, function: str) -> Any:
    """Return the module of an optional package that a function needs."""
    package, extra = _PACKAGES[module]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f'{function} needs {package}: pip install "fastnn-numba[{extra}]"'
        ) from error


def departures(options: Mapping[str, Sequence[Any]], got: Mapping[str, Any]) -> str:
    """Say which options that were given are none of ours, or return an empty string."""
    return "".join(
        f", {name} is {_shown(got[name])}, ours {_shown(ours[0])}"
        for name, ours in options.items()
        if name in got and got[name] not in ours
    )


def _shown(value: Any) -> str:
    """Return a value as a person would write it: 0.2 though float32 holds 0.200000003."""
    return f"{value:.7g}" if isinstance(value, float) else str(value)


@dataclass
class _Layer:
    W: Array
    b: Array | None
    train_bias: bool
    activation: str = "identity"


class Reading:
    """Dense layers in the order they are read, and a list of all that cannot be carried."""

    def __init__(self) -> None:
        self._layers: list[_Layer] = []
        self._refused: list[str] = []

    @property
    def n_out(self) -> int | None:
        """The width of the last layer."""
        return self._layers[-1].W.shape[1] if self._layers else None

    def add(self, W: Array, b: Array | None, *, train_bias: bool = True) -> None:
        """Add a layer of weights (n_in, n_out) and biases (n_out,)."""
        self._layers.append(_Layer(W, b, train_bias))

    def add_bias(self, b: Array) -> bool:
        """Give biases to the last layer; False if it has some, or has another width."""
        n_out = self.n_out
        if (
            not self._layers
            or self._layers[-1].b is not None
            or b.shape not in ((n_out,), (1, n_out))
        ):
            return False
        self._layers[-1].b = b.reshape(-1)
        return True

    def activate(self, activation: str, source: str) -> None:
        """Give its activation to the last layer."""
        if activation == "identity":
            return
        if not self._layers or self._layers[-1].activation != "identity":
            self.refuse(source)
        else:
            self._layers[-1].activation = activation

    def refuse(self, source: str) -> None:
        """Note what cannot be carried; what follows an activation belongs to the next layer."""
        k = len(self._layers)
        if k > 0 and self._layers[-1].activation == "identity":
            k -= 1
        self._refused.append(f"layer {k}: {source} cannot be carried")

    def network(self, loss: str | None) -> Network:
        """Return the network, or raise with all that was refused."""
        if self._refused:
            raise ValueError("\n".join(self._refused))
        if not self._layers:
            raise ValueError("a network must have at least one dense layer, got none")
        arrays = [a for layer in self._layers for a in (layer.W, layer.b) if a is not None]
        dtypes = sorted({array.dtype.name for array in arrays})
        if len(dtypes) > 1:
            raise ValueError(f"weights and biases must have one dtype, got {', '.join(dtypes)}")
        dtype = as_dtype(dtypes[0])
        last = self._layers[-1].activation
        return Network(
            len(self._layers[0].W),
            [_dense(k, layer, dtype) for k, layer in enumerate(self._layers)],
            loss=loss or _LOSSES.get(last, "mse"),
            dtype=dtype,
        )


def _dense(k: int, layer: _Layer, dtype: np.dtype[Any]) -> Dense:
    """Return the description of layer k, with its parameters."""
    b = layer.b
    if layer.W.ndim != 2:
        raise ValueError(f"weights of layer {k} must have shape (n_in, n_out), got {layer.W.shape}")
    return Dense(
        layer.W.shape[1],
        layer.activation,
        bias=b is not None,
        train_bias=layer.train_bias,
        weights=as_numbers(f"weights of layer {k}", layer.W, dtype),
        biases=None if b is None else as_numbers(f"biases of layer {k}", b, dtype),
    )
