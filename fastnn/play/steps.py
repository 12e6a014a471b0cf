"""The numbers of one step, by the names that ``fastnn example NAME --explain`` prints."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import Network
from ..reference.functions import as_activation
from ..reference.parametric import activation_like

_MOST = 8  # rows and columns of an array that are sent


def corner(name: str, array: NDArray[Any]) -> dict[str, Any]:
    """Return the name and shape of an array and its first rows and columns, as JSON holds them."""
    table = np.atleast_2d(array)
    return {"name": name, "shape": list(table.shape), "values": table[:_MOST, :_MOST].tolist()}


class LayerStep:
    """What goes forward and backward through one layer, and how a step moves its parameters."""

    def __init__(self, arrays: dict[str, NDArray[Any] | None], *, has_frozen_bias: bool) -> None:
        self._has_frozen_bias = has_frozen_bias
        self._arrays = {name: array.copy() for name, array in arrays.items() if array is not None}

    def add_after(self, W: NDArray[Any], b: NDArray[Any] | None) -> None:
        """Add the parameters after the step, and by how much it moved them."""
        for name, array in (("W", W), ("b", b)):
            if array is not None and not (name == "b" and self._has_frozen_bias):
                self._arrays[f"adjustment of {name}"] = array - self._arrays[name]
                self._arrays[f"{name} after the step"] = array.copy()

    def as_json(self) -> list[dict[str, Any]]:
        """Return each array with its name."""
        return [corner(name, array) for name, array in self._arrays.items()]


def opened(net: Network, X: NDArray[Any], y: NDArray[Any], reduction: str) -> list[LayerStep]:
    """Return what goes through each layer in a step on the rows X, y, before it is taken.

    The gradients are those that the step takes: the mean or the sum of those of the rows, as
    `reduction` says. Where delta does not come from them, there are no error and no f'(z).
    """
    layers, x = [], X
    of_rows = len(X) if reduction == "sum" else 1  # those of a trace are means
    for k, trace in enumerate(net.trace(X, y)):
        layer, b = net.layers[k], net.biases[k]
        arrays = {"x": x, "W": net.weights[k], "b": b, "z": trace.z, "a": trace.a}
        if k < net.n_layers - 1 or not net.loss_function.partners:
            slopes = as_activation(activation_like(layer.activation)).derivative(trace.z)
            arrays["error"] = trace.error
            if slopes.shape == trace.z.shape:
                arrays["f'(z)"] = slopes
            elif len(slopes) == 1:  # a matrix of the one row
                arrays["f'(z)"] = slopes[0]
        arrays |= {"delta": trace.delta, "gradient of W": of_rows * trace.grad_W}
        has_frozen_bias = b is not None and not layer.train_bias
        if trace.grad_b is not None and not has_frozen_bias:
            arrays["gradient of b"] = of_rows * trace.grad_b
        layers.append(LayerStep(arrays, has_frozen_bias=has_frozen_bias))
        x = trace.a
    return layers
