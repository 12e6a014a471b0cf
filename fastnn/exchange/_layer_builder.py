"""The dense layers that readers find, one by one, and all that they refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks.arrays import Array, as_dtype, as_numbers
from .._training.standardise import is_far
from ..activations import OwnActivation
from ..core.losses import LOSSES
from ..layers import Dense
from ..losses import Loss, as_loss
from ..network import Network
from ._affine import Affine
from ._centres import note_far

_WIDEST = 2048  # columns: a file of a number each would make a table of their square
_LOSSES = {known.partner: name for name, known in LOSSES.items() if known.partner}


def unsupported_options(options: Mapping[str, Sequence[Any]], got: Mapping[str, Any]) -> str:
    """Return a text that names unsupported options, or an empty string."""
    return "".join(
        f", {name} is {_shown(got[name])}, ours {_shown(ours[0])}"
        for name, ours in options.items()
        if name in got and got[name] not in ours
    )


def _shown(value: Any) -> str:
    """Return a value as a user would write it: 0.2, although float32 holds 0.200000003."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return f"{value:.7g}" if isinstance(value, float) else str(value)


@dataclass
class _Layer:
    W: Array
    b: Array | None
    train_bias: bool
    trainable: bool
    dtypes: set[str]
    has_bias: bool
    activation: str | OwnActivation = "identity"


class LayerBuilder:
    """Dense layers in the order in which they are read, and a list of all that is refused.

    Steps that multiply and add are folded into the layers, in float64. The network is in the dtype
    of the weights, but in float64 if float32 could not hold the folded layers.
    """

    def __init__(self) -> None:
        self._layers: list[_Layer] = []
        self._refused: list[str] = []
        self._follows_refused = False
        self._pending: tuple[Affine, str] | None = None  # for the next layer's inputs
        self._far: dict[str, tuple[Array, Array]] = {}  # means and deviations
        self._last: Affine | None = None  # what was folded into the last layer's sums

    @property
    def n_out(self) -> int | None:
        """The width of the last layer."""
        return self._layers[-1].W.shape[1] if self._layers else None

    @property
    def last_parameters(self) -> tuple[Array, Array | None]:
        """The weights and biases of the last layer."""
        return self._layers[-1].W, self._layers[-1].b

    def add(
        self, W: Array, b: Array | None, *, train_bias: bool = True, trainable: bool = True
    ) -> None:
        """Add a layer of weights (n_in, n_out) and biases (n_out,)."""
        dtypes = {array.dtype.name for array in (W, b) if array is not None}
        has_bias = b is not None
        self._follows_refused = False
        self._last = None
        if self._pending is not None and W.ndim == 2:
            step, source = self._pending
            if step.width not in (None, len(W)):
                self.refuse(source)
            else:
                W, b = step.before(W, b)
                if is_far(*step.origin):
                    self._far["inputs" if not self._layers else "between"] = step.origin
            self._pending = None
        self._layers.append(_Layer(W, b, train_bias, trainable, dtypes, has_bias))

    def oppose_last(self) -> None:
        """Replace the single unit of the last layer by two: z by -z / 2 and z / 2."""
        last = self._layers[-1]
        last.W = np.hstack([-last.W, last.W]) / 2
        last.b = None if last.b is None else np.hstack([-last.b, last.b]) / 2

    def step(self, step: Affine, source: str) -> None:
        """Multiply and add: to the inputs, to the sums of the last layer, or after its activation.

        A step with another number of columns is refused. A shift of sums without biases becomes
        their biases.
        """
        last = self._layers[-1] if self._layers else None
        if step.width not in (None, *((self.n_out,) if self._layers else (step.width,))):
            self.refuse(source)
        elif last and last.activation == "identity" and not last.has_bias and step.only_adds:
            last.W, last.b = step.after(last.W, last.b)
            last.b = np.zeros(last.W.shape[1]) if last.b is None else last.b
            last.has_bias = True
        elif step.is_identity:
            pass
        elif last and last.activation == "identity":
            last.W, last.b = step.after(last.W, last.b)
            last.has_bias = last.b is not None
            self._last = self._last.then(step) if self._last else step
        else:
            before, _ = self._pending or (None, "")
            if before and None is not before.width != step.width is not None:
                self.refuse(source)
            else:
                self._pending = before.then(step) if before else step, source

    def activate(self, activation: str | OwnActivation, source: str) -> None:
        """Set the activation of the last layer."""
        if activation == "identity" or self._follows_refused:
            return
        if self._layers and self._pending is not None:
            self._end_by_layer(*self._pending)
        if (
            not self._layers
            or self._layers[-1].activation != "identity"
            or self._pending is not None
        ):
            self.refuse(source)
        else:
            self._layers[-1].activation = activation
            self._last = None

    def refuse(self, source: str, *, is_layer: bool = False) -> None:
        """Record a refused part; what follows an activation belongs to the next layer.

        The activation of a refused layer is not recorded as well.
        """
        k = len(self._layers)
        if k > 0 and self._layers[-1].activation == "identity":
            k -= 1
        self._refused.append(f"layer {k}: {source} cannot be carried")
        self._follows_refused = is_layer

    def check(self) -> None:
        """Raise an error that names all refused parts, if there are any."""
        if self._refused:
            raise ValueError("\n".join(self._refused))

    def network(self, loss: str | Loss | None, *, found: str | Loss | None = None) -> Network:
        """Return the network, or raise an error that names all refused parts.

        Without a loss it has the one that was `found`, if that goes with the last activation, which
        may be of a later step, or else the one that does.
        """
        if self._layers and self._pending is not None:
            self._end_by_layer(*self._pending)
        self.check()
        if not self._layers:
            raise ValueError("a network must have at least one dense layer, got none")
        dtypes = sorted(set().union(*(layer.dtypes for layer in self._layers)))
        if len(dtypes) > 1:
            raise ValueError(f"weights and biases must have one dtype, got {', '.join(dtypes)}")
        dtype = as_dtype(dtypes[0])
        far = dict(self._far)
        if self._last is not None and is_far(self._last.shift, self._last.scale):
            far["outputs"] = self._last.shift, self._last.scale
        if far:
            dtype = np.dtype(np.float64)
        last = str(self._layers[-1].activation)
        if loss is None and found is not None:
            loss = found if last in (as_loss("loss", found).partners or (last,)) else None
        net = Network(
            len(self._layers[0].W),
            [_dense(k, layer, dtype) for k, layer in enumerate(self._layers)],
            loss=_loss_after(last) if loss is None else loss,
            dtype=dtype,
        )
        note_far(net, far.get("inputs"), far.get("outputs"))
        return net

    def _end_by_layer(self, step: Affine, source: str) -> None:
        """Make a layer of the steps after the last activation."""
        n_out = self._layers[-1].W.shape[1]
        if n_out > _WIDEST:
            self.refuse(f"{source} of {n_out} columns, as a layer of its own at most {_WIDEST},")
            return
        self._pending, self._last = None, None
        (dtype, *_) = self._layers[-1].dtypes
        W, b = step.after(np.eye(n_out, dtype=dtype), None)
        self._layers.append(_Layer(W, b, True, True, {dtype}, True))


def _loss_after(activation: str | OwnActivation) -> str:
    """Return the loss that goes with the last activation."""
    return _LOSSES.get(activation, "mse") if isinstance(activation, str) else "mse"


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
        trainable=layer.trainable,
        weights=as_numbers(f"weights of layer {k}", layer.W, dtype),
        biases=None if b is None else as_numbers(f"biases of layer {k}", b, dtype),
    )
