"""One step of training, opened: what goes forward and backward, layer by layer."""

from __future__ import annotations

from textwrap import indent

import numpy as np

from .. import Network
from .._checks.arrays import Array
from ..core.heads import HEADS
from ..losses import NamedLoss
from ..reference.functions import as_activation
from ..reference.parametric import activation_like


def print_step(
    net: Network, X: Array, y: Array, *, learning_rate: float, reduction: str = "mean"
) -> None:
    """Print the step that `net` would take on the batch X, y of at least one row; `net` stays."""
    steps = net.trace(X, y)
    scale = len(X) if reduction == "sum" else 1  # the gradients of a trace are means
    of_batch = f", {reduction} of the gradients" if len(X) > 1 else ""
    per = f" / {len(X)}" if scale < len(X) else ""
    print(f"The first step, opened: a batch of {len(X)}, learning rate {learning_rate:g}{of_batch}")
    for k, (layer, W, b, step) in enumerate(
        zip(net.layers, net.weights, net.biases, steps, strict=True)
    ):
        print(f"\nForward, layer {k}: {W.shape[0]} -> {W.shape[1]}, {layer.activation}")
        if k == 0:
            show("x", X)
        x = "x" if k == 0 else f"a[{k - 1}]"
        show("W", W)
        if b is not None:
            show("b", b)
        show(f"z = {x} W" if b is None else f"z = {x} W + b", step.z)
        show("a = f(z)", step.a)
    for k, step in reversed(list(enumerate(steps))):
        layer, W, b = net.layers[k], net.weights[k], net.biases[k]
        print(f"\nBackward, layer {k}: {W.shape[0]} <- {W.shape[1]}, {layer.activation}")
        if k == net.n_layers - 1 and _is_from_z(net):
            of_both = " = a - y" if isinstance(net.loss_function, NamedLoss) else ""
            show(f"delta = dLoss/dz{of_both}", step.delta)
        else:
            derivative = as_activation(activation_like(layer.activation)).derivative(step.z)
            times = "*" if derivative.shape == step.z.shape else "@"  # or a matrix of each row
            show("error = dLoss/da", step.error)
            show("f'(z)", derivative)
            show(f"delta = dLoss/dz = error {times} f'(z)", step.delta)
        adjustment = -learning_rate * scale * step.grad_W
        show(f"adjustment of W = -rate * x^T delta{per}", adjustment)
        show("W after the step", W + adjustment)
        if b is not None and step.grad_b is not None and layer.train_bias:
            show("b after the step", b - learning_rate * scale * step.grad_b)


def _is_from_z(net: Network) -> bool:
    """Return True if the loss is computed from z, with the one activation that it goes with."""
    return bool(net.loss_function.partners) and net.layers[-1].activation not in HEADS


def show(name: str, array: Array) -> None:
    """Print an array under its name and shape; of a large one, the corners."""
    shape = "x".join(map(str, array.shape))
    text = np.array2string(array, threshold=28, edgeitems=3, max_line_width=96, suppress_small=True)
    print(f"  {name}, {shape}")
    print(indent(text, "    "))
