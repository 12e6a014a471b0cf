"""`Heads`: the last layer of a network with several outputs, each with a loss of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._checks.arrays import Array
from ._checks.heads import Part, naming, split
from ._checks.scalars import as_amount
from .activations import HeadActivations, as_activation
from .initializers import NAMED, Random
from .layers import Dense, with_arrays
from .losses import HeadLosses, Loss, as_loss

_USAGE = "Heads(Dense(1, 'sigmoid'), Dense(3, 'softmax')), or by name: Heads(kind=Dense(3), ...)"
_OWN = ("n_out", "activation", "weights", "biases", "initializer", "bias_initializer")
_SHARED = [item.name for item in fields(Dense) if item.name not in _OWN]


class Heads(Dense):
    """The last layer of a network with several outputs: a `Dense` for each, over the same inputs.

    The network takes a list of losses, one for each head, and minimises their sum. Its `predict`
    returns a tuple, and `fit` takes a list of targets.

    Parameters
    ----------
    *heads : Dense
        The heads. The first is called head_0, the next head_1.
    **named : Dense
        More heads, by their names.

    Attributes
    ----------
    names : tuple of str
        The names of the heads, by which `History` has their losses: "kind_loss".
    heads : tuple of Dense
        The heads; in `Network.layers` their weights and biases are views of the network's.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than two, one is no `Dense`, a name is empty, is taken or begins with
        val, or the heads differ in an option that a layer has once: bias, train_bias, l1, l2,
        max_norm.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import Dense, Heads, Network
    >>> heads = Heads(rain=Dense(1, "sigmoid"), sky=Dense(3, "softmax"))
    >>> losses = ["binary_cross_entropy", ("cross_entropy", 0.5)]  # the second counts half
    >>> net = Network(2, [Dense(8, "tanh"), heads], loss=losses, seed=0)
    >>> X, rain, sky = np.eye(2), np.array([0, 1]), np.array([2, 0])
    >>> history = net.fit(X, [rain, sky], epochs=200, learning_rate=0.1)
    >>> list(history)
    ['loss', 'rain_loss', 'sky_loss']
    >>> chances, skies = net.predict(X)
    >>> chances.round().ravel(), skies.argmax(axis=1)
    (array([0., 1.]), array([2, 0]))
    """

    names: tuple[str, ...]
    _heads: tuple[Dense, ...]

    def __init__(self, /, *heads: Dense, **named: Dense) -> None:
        names = [*(f"head_{k}" for k in range(len(heads))), *named]
        given = (*heads, *named.values())
        _check(names, given)
        ends = np.cumsum([0, *(head.n_out for head in given)]).tolist()
        parts = tuple(
            Part(name, as_activation("activation", head.activation), start, stop)
            for name, head, start, stop in zip(names, given, ends, ends[1:], strict=False)
        )
        self.__dict__.update(
            {name: getattr(given[0], name) for name in _SHARED},
            n_out=ends[-1],
            activation=HeadActivations(parts),
            weights=None,
            biases=None,
            initializer=partial(_drawn, parts, given, "weights", "initializer"),
            bias_initializer=partial(_drawn, parts, given, "biases", "bias_initializer"),
            names=tuple(names),
            _heads=tuple(with_arrays(head, None, None) for head in given),
        )

    def __repr__(self) -> str:
        shown = (
            repr(head) if name == f"head_{k}" else f"{name}={head!r}"
            for k, (name, head) in enumerate(zip(self.names, self._heads, strict=True))
        )
        return f"Heads({', '.join(shown)})"

    @property
    def parts(self) -> tuple[Part, ...]:
        """The names, activations and places of the heads."""
        known: Any = self.activation
        parts: tuple[Part, ...] = known.parts
        return parts

    @property
    def heads(self) -> tuple[Dense, ...]:
        """The heads, with their part of the weights and biases, if the layer has any."""
        none = (None,) * len(self._heads)
        weights = none if self.weights is None else self.split(np.asarray(self.weights))
        biases = none if self.biases is None else self.split(np.asarray(self.biases))
        return tuple(map(with_arrays, self._heads, weights, biases))

    def split(self, outputs: Array) -> tuple[Array, ...]:
        """Return each head's columns of an array, as views.

        Parameters
        ----------
        outputs : ndarray, shape (..., n_out)
            What has the outputs of all heads side by side, such as `Population.outputs`.

        Returns
        -------
        tuple of ndarray
            The columns of each head.

        Raises
        ------
        ValueError
            If the last axis has another length.

        Examples
        --------
        >>> import numpy as np
        >>> from fastnn import Dense, Heads
        >>> Heads(Dense(1), Dense(2)).split(np.arange(3))
        (array([0]), array([1, 2]))
        """
        if np.shape(outputs)[-1:] != (self.n_out,):
            raise ValueError(
                f"outputs must have {self.n_out} columns, got shape {np.shape(outputs)}"
            )
        return split(np.asarray(outputs), self.parts)

    def loss_of(self, value: Any) -> HeadLosses:  # numpydoc ignore=PR01,RT01
        """Return the loss of the heads, of one for each or one for all; a pair has a weight."""
        given = self._losses(value)
        pairs = [self._pair(part, one) for part, one in zip(self.parts, given, strict=True)]
        losses, weights = zip(*pairs, strict=True)
        if not any(weights):
            raise ValueError("loss must have a weight above 0 for a head, got 0 for all")
        return HeadLosses(losses, weights, self.parts)

    def _losses(self, value: Any) -> Sequence[Any]:
        """Return what is given for each head."""
        names = ", ".join(self.names)
        if isinstance(value, HeadLosses):
            value = [*zip(value.losses, value.weights, strict=True)]
        if isinstance(value, Mapping):
            if set(value) != set(self.names):
                raise ValueError(
                    f"loss must have one for each head ({names}), got {', '.join(map(str, value))}"
                )
            return [value[name] for name in self.names]
        if not isinstance(value, list | tuple):
            return [value] * len(self.names)
        if len(value) != len(self.names):
            raise ValueError(
                f"loss must hold {len(self.names)}, one for each head ({names}), got {len(value)}; "
                "a loss with a weight is a pair, such as ('mse', 0.5)"
            )
        return value

    @staticmethod
    def _pair(part: Part, value: Any) -> tuple[Loss, float]:
        """Return the loss of a head, and its weight."""
        with naming(part):
            if not isinstance(value, list | tuple):
                return as_loss("loss", value), 1.0
            if len(value) != 2:
                raise ValueError(f"loss must be one, or a pair (loss, weight), got {value!r}")
            return as_loss("loss", value[0]), float(as_amount("the weight of a loss", value[1]))


def as_loss_of(layers: Sequence[Dense], value: Any) -> Loss:
    """Return the loss of a network of these layers: for `Heads`, of one for each head."""
    last = layers[-1] if layers else None
    if isinstance(last, Heads):
        return last.loss_of(value)
    if isinstance(value, HeadLosses | Mapping | list | tuple):
        raise ValueError(
            f"loss must be one where the last layer is no Heads, got {value!r}; for several write "
            f"{_USAGE}"
        )
    return as_loss("loss", value)


def _check(names: Sequence[str], heads: Sequence[Dense]) -> None:
    """Raise unless these heads can be one layer."""
    for head in heads:
        if not isinstance(head, Dense) or isinstance(head, Heads):
            raise TypeError(f"a head must be a Dense, got {head!r}; write {_USAGE}")
    if len(heads) < 2:
        raise ValueError(
            f"Heads must hold two or more, got {len(heads)}; a single output needs none, but a "
            "Dense as the last layer"
        )
    for name in names:
        if not name:
            raise ValueError(
                "a head must have a name of one character or more, got '': History calls its loss "
                "by it"
            )
        if names.count(name) > 1 or name == "val" or name.startswith("val_"):
            raise ValueError(
                f"a head must have a name of its own, not val, by which History calls what is of "
                f"validation data, got {name}"
            )
    for option in _SHARED:
        values = [getattr(head, option) for head in heads]
        if any(value != values[0] for value in values):
            raise ValueError(
                f"heads must have the same {option}, for they are one layer, got "
                f"{', '.join(map(str, values))}"
            )


def _drawn(
    parts: Sequence[Part],
    heads: Sequence[Dense],
    given: str,
    drawn: str,
    random: Random,
    shape: tuple[int, ...],
) -> ArrayLike:
    """Return the initial weights or biases of all heads, each as if it were the only one."""
    arrays = []
    for part, head in zip(parts, heads, strict=True):
        own_shape = (*shape[:-1], part.n_out)
        array, how = getattr(head, given), getattr(head, drawn)
        if array is None:
            how = NAMED[how] if isinstance(how, str) else how
            array = how(random, own_shape)
        if np.shape(array) != own_shape:
            raise ValueError(
                f"head {part.name}: {given} must have shape {own_shape}, got {np.shape(array)}"
            )
        arrays.append(array)
    return np.concatenate(arrays, axis=-1)
