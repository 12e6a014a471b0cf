"""The numbers of one step, by the names that ``fastnn example NAME --explain`` prints."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import Network

_MOST = 8  # rows and columns of an array that are sent


def corner(name: str, array: NDArray[Any]) -> dict[str, Any]:
    """Return the name and shape of an array and its first rows and columns, as JSON holds them."""
    table = np.atleast_2d(array)
    return {"name": name, "shape": list(table.shape), "values": table[:_MOST, :_MOST].tolist()}


class LayerStep:
    """What goes forward and backward through one layer, and how a step moves its parameters."""

    def __init__(self, arrays: dict[str, NDArray[Any] | None]) -> None:
        self._arrays = {name: array.copy() for name, array in arrays.items() if array is not None}

    def add_after(self, W: NDArray[Any], b: NDArray[Any] | None) -> None:
        """Add the parameters after the step, and by how much it moved them."""
        for name, array in (("W", W), ("b", b)):
            if array is not None:
                self._arrays[f"adjustment of {name}"] = array - self._arrays[name]
                self._arrays[f"{name} after the step"] = array.copy()

    def as_json(self) -> list[dict[str, Any]]:
        """Return each array with its name."""
        return [corner(name, array) for name, array in self._arrays.items()]


def opened(net: Network, X: NDArray[Any], y: NDArray[Any]) -> list[LayerStep]:
    """Return what goes through each layer in a step on the rows X, y, before it is taken."""
    layers, x = [], X
    for W, b, trace in zip(net.weights, net.biases, net.trace(X, y), strict=True):
        arrays = {
            "x": x, "W": W, "b": b, "z": trace.z, "a": trace.a, "error": trace.error,
            "delta": trace.delta, "gradient of W": trace.grad_W, "gradient of b": trace.grad_b,
        }  # fmt: skip
        layers.append(LayerStep(arrays))
        x = trace.a
    return layers
