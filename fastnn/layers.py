"""The description of a layer, and the flat parameter vector made from a list of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise, starmap
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._checks.arrays import Array, as_numbers
from ._checks.heads import naming
from ._checks.names import explained, with_lists
from ._checks.scalars import as_amount, as_count, as_flag, as_limit, as_share, check_fields
from .activations import HeadActivations, OwnActivation, as_activation, code_of
from .core import layout, optimizers
from .core.activations import ACTIVATIONS, Activation
from .core.heads import HEADS, Head
from .initializers import NAMED, Initializer, Random, as_initializer
from .losses import Loss

_FLAGS = ("bias", "train_bias", "trainable")
_REGULARIZERS = {"dropout": 0.0, "l1": 0.0, "l2": 0.0, "max_norm": None}
_LAST = ("softmax", *HEADS)  # of the last layer only
_USAGE = "Dense(n_out, activation), such as Dense(25, 'sigmoid'); its inputs are what is before it"
_ADDRESSES = 2**47  # bytes that a process can address
_OF_TABLE = attrgetter("n_out", "activation", "bias", "train_bias", "trainable")


def _listed(name: str, known: Activation | Head) -> str:
    """Return a name for the documentation, with what there is to say of it."""
    last = "on the last layer only" if name in _LAST else ""
    named = known.second_name if isinstance(known, Activation) else ""
    second = f'or "{named}"' if named else ""
    notes = ", ".join(filter(None, (second, last, known.note)))
    return f"{name} ({notes})" if notes else name


@with_lists(activations=", ".join(starmap(_listed, (ACTIVATIONS | HEADS).items())) + ".")
@explained(usage=_USAGE)
@dataclass(frozen=True, eq=False, repr=False)
class Dense:  # numpydoc ignore=PR02
    """The description of a fully connected layer, a = f(x W + b); a `Network` has its parameters.

    Parameters
    ----------
    n_out : int
        The number of output units, at least 1.
    activation : str, OwnActivation or None
        The activation f, by default "identity"; None means identity too. It is one of
        {activations}
        Of two names, the first is stored. Or it is one of the user's own (`fastnn.activation`).
    bias : bool
        Whether the layer has biases, by default True.
    train_bias : bool
        Whether training updates the biases, by default True. False freezes them: their gradient is
        zero.
    trainable : bool
        Whether training updates the layer at all, by default True. False freezes weights and
        biases: training leaves them as they are, to the bit, whatever the optimiser, and their
        gradient is zero. `l1`, `l2`, `max_norm` and the decay of an optimiser do nothing to them,
        and penalties on them are not recorded; dropout goes on. `Network.trainable` changes it.
    weights : array_like, shape (n_in, n_out), optional
        The initial weights, which are copied. By default `initializer` draws them. In
        `Network.layers` they are a view of the network's weights.
    biases : array_like, shape (n_out,), optional
        The initial biases, which are copied. By default `bias_initializer` draws them. In
        `Network.layers` they are a view of the network's biases.
    initializer : str or callable
        The initializer of the weights, by default "glorot_uniform": a name from
        `fastnn.initializers`, or a function of the random source and a shape.
    bias_initializer : str or callable
        The initializer of the biases, by default "zeros"; otherwise as `initializer`.
    dropout : float
        The probability that training sets an output to 0 for a sample, at least 0 and below 1, by
        default 0. The other outputs are divided by 1 - dropout. The last layer must have 0.
    l1, l2 : float
        The strengths of the penalties, at least 0, by default 0: l1 sum abs(W) + l2 / 2 sum W^2 is
        added to the loss that training minimises, but not to the loss that it records.
    max_norm : float, optional
        The largest 2-norm of the weights into a unit, W[:, j], by default no limit. Larger ones are
        scaled down after each update.

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
    activation: str | OwnActivation | None = "identity"
    _: KW_ONLY
    bias: bool = True
    train_bias: bool = True
    trainable: bool = True
    weights: ArrayLike | None = None
    biases: ArrayLike | None = None
    initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"
    dropout: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    max_norm: float | None = None

    def __post_init__(self) -> None:
        n_out: Any = self.n_out
        named: Any = self.activation
        if isinstance(n_out, str) or isinstance(named, int):
            raise TypeError(
                f"n_out must be a whole number and activation a name, got {n_out!r} and {named!r}; "
                f"write {_USAGE}"
            )
        check_fields(self, activation=as_activation, bias=_as_bias)
        check_fields(self, train_bias=as_flag, trainable=as_flag)
        as_initializer("initializer", self.initializer)
        as_initializer("bias_initializer", self.bias_initializer)
        if self.biases is not None and not self.bias:
            raise ValueError("biases must not be given for a layer with bias=False")
        check_fields(self, n_out=as_count, dropout=as_share, l1=as_amount, l2=as_amount)
        check_fields(self, max_norm=as_limit, weights=_as_initial, biases=_as_initial)

    def __repr__(self) -> str:
        defaults = (*dict.fromkeys(_FLAGS, True).items(), *_REGULARIZERS.items())
        options = "".join(
            f", {name}={getattr(self, name)}"
            for name, default in defaults
            if getattr(self, name) != default
        )
        return f"Dense({self.n_out}, {self.activation!r}{options})"


def _as_initial(name: str, values: ArrayLike | None) -> Array | None:
    """Return a copy of initial weights or biases, if there are any."""
    return None if values is None else np.array(as_numbers(name, values, np.dtype(np.float64)))


def _as_bias(name: str, bias: Any) -> bool:
    """Return `bias` as a flag; explain if it is an array, as `bias` is in some tutorials."""
    try:
        return as_flag(name, bias)
    except TypeError as error:
        values = np.asarray(bias).tolist() if np.asarray(bias).dtype.kind in "iuf" else None
        if values is None:
            raise
        values = values if isinstance(values, list) else [values]
        raise TypeError(
            f"{error}; initial biases are given as biases={values}, a number for each unit, and a "
            "layer goes without by bias=False"
        ) from None


def net_parts(
    n_in: int, layers: Sequence[Dense], loss: Loss, dtype: np.dtype[Any]
) -> tuple[Array, int]:
    """Check that layers and loss go together; return the layer table and the code of the loss."""
    if not layers:
        raise ValueError("layers must hold at least one Dense, got none")
    for layer in layers:
        if not isinstance(layer, Dense):
            raise TypeError(f"layers must hold Dense only, got {layer!r}; write {_USAGE}")
    of_layers = zip(*map(_OF_TABLE, layers), strict=True)
    widths, functions, has_bias, train_bias, trained = of_layers
    _check_size((n_in, *widths), dtype)
    for k, function in enumerate(functions[:-1]):
        if function in _LAST or isinstance(function, HeadActivations):
            name = "Heads" if isinstance(function, HeadActivations) else function
            raise ValueError(f"{name} must be on the last layer only, got it on layer {k}")
    if layers[-1].dropout > 0:
        raise ValueError(f"dropout must be 0 on the last layer, got {layers[-1].dropout}")
    if loss.parts:
        for part, own in zip(loss.parts, loss.losses, strict=True):
            with naming(part):
                _check_outputs(own, part.activation, part.n_out)
    else:
        _check_outputs(loss, functions[-1], widths[-1])
    codes = [code_of(function, dtype) for function in functions]
    table = layout.layer_table(n_in, widths, codes, has_bias, train_bias, trained, dtype)
    return table, loss.code(str(functions[-1]), widths[-1], dtype)


def _check_size(widths: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Raise if no computer's memory can hold weights between layers of these widths."""
    n_weights = 0
    for n_in, n_out in pairwise(widths):
        n_weights += (n_in + 1) * n_out
    if n_weights * dtype.itemsize > _ADDRESSES:
        raise ValueError(
            f"n_in and n_out must make a network that memory can hold, got {n_weights:.3g} "
            f"parameters of {dtype} between widths {', '.join(map(str, widths))}"
        )


def _check_outputs(loss: Loss, activation: str | OwnActivation, n_out: int) -> None:
    """Raise unless the last layer goes with the loss."""
    if loss.partners and activation not in loss.partners:
        needed = " or ".join(loss.partners)
        own = "" if isinstance(activation, str) else ", a function of the user's"
        article = "an" if needed[0] in "aeiou" else "a"
        raise ValueError(f"{loss.name} must follow {article} {needed} layer, got {activation}{own}")
    n = loss.n_per_target
    if activation == "ascending" and n > 1 and n_out != n:
        raise ValueError(f"{loss!r} needs a last layer of {n} outputs, got {n_out}")
    if n_out % n:
        raise ValueError(f"{loss.name} needs {n} outputs for each target, got {n_out}")
    if activation == "mean_and_spread" and n_out % 2:
        raise ValueError(f"mean_and_spread must have pairs of outputs, got {n_out}")


def penalty_table(layers: Sequence[Dense]) -> Array:
    """Return l1, l2 and max_norm of each layer for the kernels, shape (n_layers, 3).

    A layer that is not trained has none; there are no rows if no layer has any.
    """
    penalized = [
        k
        for k, layer in enumerate(layers)
        if layer.trainable and (layer.l1 or layer.l2 or layer.max_norm is not None)
    ]
    if not penalized:
        return np.zeros((0, 3))
    table = np.zeros((len(layers), 3))
    table[:, optimizers.MAX_NORM] = math.inf
    for k in penalized:
        row, layer = table[k], layers[k]
        row[[optimizers.L1, optimizers.L2]] = layer.l1, layer.l2
        if layer.max_norm is not None:
            row[optimizers.MAX_NORM] = layer.max_norm
    return table


def noise_levels(layers: Sequence[Dense], input_noise: float) -> Array:
    """Return the noise on the inputs, then the dropout of each hidden layer; empty if all are 0."""
    levels = np.array([input_noise, *(layer.dropout for layer in layers[:-1])])
    return levels if levels.any() else levels[:0]


def fill_params(
    layers: Sequence[Dense],
    weights: Sequence[Array],
    biases: Sequence[Array | None],
    random: Random,
) -> None:
    """Set parameters that are zero to their initial values, layer by layer: first W, then b."""
    for k, (layer, W, b) in enumerate(zip(layers, weights, biases, strict=True)):
        _fill(W, f"weights of layer {k}", layer.weights, layer.initializer, random)
        if b is not None:
            _fill(b, f"biases of layer {k}", layer.biases, layer.bias_initializer, random)


def with_arrays(layer: Dense, W: ArrayLike | None, b: ArrayLike | None, **options: Any) -> Dense:
    """Return a copy of a description that holds these arrays; they are not copied, nor checked.

    The same goes for further options to change.
    """
    twin = object.__new__(type(layer))
    twin.__dict__.update(layer.__dict__, weights=W, biases=b, **options)
    return twin


def _fill(
    view: Array,
    name: str,
    given: ArrayLike | None,
    initializer: str | Initializer,
    random: Random,
) -> None:
    """Fill `view` with the given array, or else from the initializer."""
    if given is None:
        if initializer == "zeros":  # as the view is
            return
        if isinstance(initializer, str):  # what these draw needs no check
            view[:] = NAMED[initializer](random, view.shape)
            return
        given = initializer(random, view.shape)
    array = as_numbers(name, given, view.dtype)
    if array.shape != view.shape:
        raise ValueError(f"{name} must have shape {view.shape}, got {array.shape}")
    view[:] = array
