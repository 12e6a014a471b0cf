"""The description of a layer, and the flat parameter vector made from a list of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .core import activations, layout, losses
from .initializers import Initializer, Random, as_initializer
from .validation import Array, as_choice, as_count, as_numbers

_NAMES = {code: name for name, code in activations.CODES.items()}


@dataclass(frozen=True, eq=False, repr=False)
class Dense:
    """A fully connected layer, a = f(x W + b); a description, not its parameters.

    Parameters
    ----------
    n_out : int
        Number of output units, at least 1.
    activation : str or None
        identity (also None), sigmoid, tanh, relu, leaky_relu (slope 0.01), elu (alpha 1), softplus,
        swish, gelu (exact) or softmax (last layer only, with the loss cross_entropy only).
    bias : bool
        Whether the layer has biases.
    train_bias : bool
        False freezes the biases: they have zero gradient and no step.
    weights : array_like, shape (n_in, n_out), optional
        Initial weights; copied.
    biases : array_like, shape (n_out,), optional
        Initial biases; copied.
    initializer, bias_initializer : str or callable
        What draws the weights and biases not given: a name from `fastnn.initializers`, or a
        function of the random source and a shape.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> from fastnn import Dense
    >>> Dense(25, "sigmoid", bias=False)
    Dense(25, 'sigmoid', bias=False)
    """

    n_out: int
    activation: str | None = "identity"
    _: KW_ONLY
    bias: bool = True
    train_bias: bool = True
    weights: ArrayLike | None = None
    biases: ArrayLike | None = None
    initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"

    def __post_init__(self) -> None:
        activation = "identity" if self.activation is None else self.activation
        as_choice("activation", activation, activations.CODES)
        as_initializer("initializer", self.initializer)
        as_initializer("bias_initializer", self.bias_initializer)
        if self.biases is not None and not self.bias:
            raise ValueError("biases must not be given for a layer with bias=False")
        settle = object.__setattr__  # the one way to convert a field of a frozen dataclass
        settle(self, "n_out", as_count("n_out", self.n_out))
        settle(self, "activation", activation)
        settle(self, "bias", bool(self.bias))
        settle(self, "train_bias", bool(self.train_bias))
        for name in ("weights", "biases"):
            if (given := getattr(self, name)) is not None:
                settle(self, name, np.array(as_numbers(name, given, np.dtype(np.float64))))

    def __repr__(self) -> str:
        options = "".join(
            f", {name}=False" for name in ("bias", "train_bias") if not getattr(self, name)
        )
        return f"Dense({self.n_out}, {self.activation!r}{options})"


def layer_table(n_in: int, layers: Sequence[Dense], loss: str, dtype: np.dtype[Any]) -> Array:
    """Return the layer table of a network whose layers and loss go together."""
    if not layers:
        raise ValueError("layers must hold at least one Dense, got none")
    for layer in layers:
        if not isinstance(layer, Dense):
            raise TypeError(f"layers must hold Dense only, got {layer!r}")
    codes = [activations.CODES[str(layer.activation)] for layer in layers]
    if activations.SOFTMAX in codes[:-1]:
        k = codes.index(activations.SOFTMAX)
        raise ValueError(f"softmax must be on the last layer only, got it on layer {k}")
    _check_partners(losses.CODES[loss], codes[-1], loss)
    return layout.layer_table(
        n_in,
        [layer.n_out for layer in layers],
        codes,
        [layer.bias for layer in layers],
        [layer.train_bias for layer in layers],
        dtype,
    )


def _check_partners(loss: int, activation: int, name: str) -> None:
    """Raise unless the last layer's activation goes with the loss."""
    needed = losses.PARTNERS.get(loss, activation)
    if activation != needed:
        raise ValueError(f"{name} must follow a {_NAMES[needed]} layer, got {_NAMES[activation]}")
    if activation == activations.SOFTMAX and loss != losses.CROSS_ENTROPY:
        raise ValueError(f"softmax must go with the loss cross_entropy, got {name}")


def initial_params(
    layers: Sequence[Dense], table: Array, dtype: np.dtype[Any], random: Random
) -> Array:
    """Return the flat vector of parameters, given or drawn: layer by layer, W and then b."""
    params = layout.aligned_zeros(layout.params_size(table), dtype)
    views = zip(layout.weight_views(params, table), layout.bias_views(params, table), strict=True)
    for k, (layer, (W, b)) in enumerate(zip(layers, views, strict=True)):
        _fill(W, f"weights of layer {k}", layer.weights, layer.initializer, random)
        if b is not None:
            _fill(b, f"biases of layer {k}", layer.biases, layer.bias_initializer, random)
    return params


def _fill(
    view: Array,
    name: str,
    given: ArrayLike | None,
    initializer: str | Initializer,
    random: Random,
) -> None:
    """Overwrite `view` with the array given, or else with what the initializer draws."""
    if given is None:
        given = as_initializer("initializer", initializer)(random, view.shape)
    array = as_numbers(name, given, view.dtype)
    if array.shape != view.shape:
        raise ValueError(f"{name} must have shape {view.shape}, got {array.shape}")
    view[:] = array
