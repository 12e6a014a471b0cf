"""The numbers of one step, by the names that ``fastnn example NAME --explain`` prints."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import Network
from ..reference.formulas import BY_OUTPUT, FORMULAS, SLOPES, error_by_output
from ..reference.functions import as_activation
from ..reference.parametric import activation_like

_MOST = 8  # rows and columns of an array that are sent


def corner(name: str, array: NDArray[Any]) -> dict[str, Any]:
    """Return the name and shape of an array and its first rows and columns, as JSON holds them."""
    table = np.atleast_2d(array)
    return {"name": name, "shape": list(table.shape), "values": table[:_MOST, :_MOST].tolist()}


def formulas(net: Network) -> dict[str, Any]:
    """Return dLoss/da, what delta of the last layer is in short, and f'(z) of each layer."""
    loss = net.loss_name
    short = FORMULAS[loss][1]
    return {
        "error": BY_OUTPUT.get(loss, short),
        "delta": short if loss in BY_OUTPUT else "",
        "slopes": [SLOPES.get(str(layer.activation), "") for layer in net.layers],
    }


def _targets(net: Network, y: NDArray[Any]) -> NDArray[Any]:
    """Return targets as rows of outputs."""
    return y.reshape(-1, 1) if net.n_out == 1 else np.eye(net.n_out)[y]


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
    `reduction` says. Where dLoss/da has no end there are no error and no f'(z), and where f'(z) is
    a matrix for each of several rows there is no f'(z): delta is known without them.
    """
    layers, x = [], X
    loss = net.loss_name
    of_rows = len(X) if reduction == "sum" else 1  # those of a trace are means
    for k, trace in enumerate(net.trace(X, y)):
        layer, b = net.layers[k], net.biases[k]
        arrays = {"x": x, "W": net.weights[k], "b": b, "z": trace.z, "a": trace.a}
        error = trace.error
        if k == net.n_layers - 1 and loss in BY_OUTPUT:
            error = error_by_output(loss, trace.a, _targets(net, y))
        if np.isfinite(error).all():
            slopes = as_activation(activation_like(layer.activation)).derivative(trace.z)
            arrays["error"] = error
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
