"""One step of training, opened: what goes forward and backward, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import indent
from typing import TYPE_CHECKING

import numpy as np

from .. import Network
from .._checks.arrays import Array
from .._checks.targets import as_targets
from ..core.heads import HEADS
from ..reference.formulas import FORMULAS
from ..reference.functions import as_activation, as_loss
from ..reference.parametric import activation_like, loss_like

if TYPE_CHECKING:
    from ..network import LayerTrace

WIDTH = 80  # characters of a line
MOST = 28  # numbers of an array that is printed whole


def print_step(
    net: Network, X: Array, y: Array, *, learning_rate: float, reduction: str = "mean"
) -> None:
    """Print the step that `net` would take on the batch X, y of at least one row; `net` stays."""
    steps = net.trace(X, y)
    of_rows = "1 row" if len(X) == 1 else f"{len(X)} rows, {reduction} of their gradients"
    print(f"The first step, opened: {of_rows}, rate = {learning_rate:g}")
    print("Layers count from 0: a[0] is the a of layer 0")
    _print_forward(net, X, steps)
    Y = as_targets(y, len(X), net.n_out, net.dtype, net.loss_function)
    _print_loss(net, Y, steps[-1], reduction)
    for k in reversed(range(net.n_layers)):
        _print_backward(net, k, steps)
        _print_update(net, k, steps[k], learning_rate, reduction)


def _print_forward(net: Network, X: Array, steps: Sequence[LayerTrace]) -> None:
    for k, (W, b, step) in enumerate(zip(net.weights, net.biases, steps, strict=True)):
        print(f"\nForward, layer {k}: {W.shape[0]} -> {W.shape[1]}, {net.layers[k].activation}")
        if k == 0:
            show("x", X)
        show("W", W)
        if b is not None:
            show("b", b)
        show(f"z = {_input_of(k)} W" if b is None else f"z = {_input_of(k)} W + b", step.z)
        show("a = f(z)", step.a)


def _input_of(k: int) -> str:
    """Return the name of what layer k takes."""
    return "x" if k == 0 else f"a[{k - 1}]"


def _print_loss(net: Network, Y: Array, last: LayerTrace, reduction: str) -> None:
    name, activation = _name_of_loss(net), net.layers[-1].activation
    print(f"\nLoss, {name}")
    show("y", Y)
    losses = as_loss(loss_like(net.loss_function, activation)).value(last.z, last.a, Y)
    formula = f" = {FORMULAS[name][0]}" if name in FORMULAS else ""
    show(f"loss of each row{formula}", losses)
    if len(Y) > 1:
        show(
            f"loss of the batch, {reduction} of its rows", np.asarray(getattr(losses, reduction)())
        )


def _name_of_loss(net: Network) -> str:
    return repr(net.loss_function).strip("'")


def _print_backward(net: Network, k: int, steps: Sequence[LayerTrace]) -> None:
    """Print how the error of layer k, if it has one, leads to its delta."""
    (n_in, n_out), activation, step = net.weights[k].shape, net.layers[k].activation, steps[k]
    print(f"\nBackward, layer {k}: {n_in} <- {n_out}, {activation}")
    is_last = k == net.n_layers - 1
    known = FORMULAS.get(_name_of_loss(net), ("", ""))[1]
    formula = f" = {known}" if is_last and known else ""
    if is_last and net.loss_function.partners and activation not in HEADS:  # it goes by z
        if formula:
            print(f"  With {activation}, dLoss/da * f'(z) of this loss is short:")
        show(f"delta = dLoss/dz{formula}", step.delta)
        return
    if not is_last:
        formula = f" = delta[{k + 1}] W[{k + 1}]^T"
    derivative = as_activation(activation_like(activation)).derivative(step.z)
    times = "*" if derivative.shape == step.z.shape else "@"  # or a matrix of each row
    show(f"error = dLoss/da{formula}", step.error)
    show("f'(z)", derivative)
    show(f"delta = dLoss/dz = error {times} f'(z)", step.delta)


def _print_update(
    net: Network, k: int, step: LayerTrace, learning_rate: float, reduction: str
) -> None:
    """Print what the step adds to the parameters of layer k, and what they become."""
    n_rows = len(step.z)
    scale = n_rows if reduction == "sum" else 1  # the gradients of a trace are means
    per = f" / {n_rows}" if scale < n_rows else ""
    adjustment = -learning_rate * scale * step.grad_W
    show(f"adjustment of W = -rate * {_input_of(k)}^T delta{per}", adjustment)
    show("W after the step", net.weights[k] + adjustment)
    b = net.biases[k]
    if b is not None and step.grad_b is not None and net.layers[k].train_bias:
        adjustment = -learning_rate * scale * step.grad_b
        of_rows = "delta" if n_rows == 1 else "(sum of the rows of delta)"
        show(f"adjustment of b = -rate * {of_rows}{per}", adjustment)
        show("b after the step", b + adjustment)
    elif b is not None:
        print("  b is frozen: it stays as it is")


def show(name: str, array: Array) -> None:
    """Print an array under its name and shape; of a large one, the corners."""
    shape = f", {'x'.join(map(str, array.shape))}" if array.ndim else ""
    digits = 8 if array.size <= MOST else 7  # so many of six in a row fit
    text = np.array2string(
        np.round(array, digits) + 0.0,  # which leaves no -0
        precision=digits,
        threshold=MOST,
        edgeitems=3,
        max_line_width=WIDTH - 4,
        suppress_small=True,
    )
    print(f"  {name}{shape}")
    print(indent(text, "    "))
