"""Losses and activations as JSON, and back.

A loss of the core and an activation are their names; a loss with parameters is {"name": its class,
...: its parameters}. A user's function is {"own": its name, "source": what it does, "values": what
it returns at some points, by the number of outputs}: a file holds no code to be run, so to load it
the user gives the function again, and it must do the same. Older files have no values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from itertools import chain, starmap
from typing import Any, TypeVar

import numpy as np

from .. import losses
from .._checks.functions import UserFunction
from ..activations import OwnActivation, as_activation
from ..losses import Loss, OwnLoss, as_loss
from .specs import JSON, as_object, by_name, short

Functions = Iterable[UserFunction]
_WIDTH = re.compile(r"[1-9]\d{0,5}")
Kind = TypeVar("Kind", bound=UserFunction)

_LOSSES = by_name(
    losses.Quantile,
    losses.GaussianNLL,
    losses.LogCosh,
    losses.Gamma,
    losses.CrossEntropy,
    losses.BinaryCrossEntropy,
    losses.Focal,
)


def as_functions(functions: Any) -> tuple[UserFunction, ...]:
    """Return a user's functions after checking that each is one under a decorator of fastnn."""
    if isinstance(functions, UserFunction) or not isinstance(functions, Iterable):
        remedy = f": write [{functions!r}]" if isinstance(functions, UserFunction) else ""
        raise TypeError(f"functions must be a sequence of functions, got {functions!r}{remedy}")
    given: tuple[UserFunction, ...] = tuple(functions)
    for function in given:
        if not isinstance(function, UserFunction):
            raise TypeError(
                f"functions must be under @fastnn.loss or @fastnn.activation, got {function!r}"
            )
    return given


def describe_loss(loss: Loss) -> Any:
    """Return the name or the description of a loss; of several heads, a list with the weights."""
    if isinstance(loss, losses.HeadLosses):
        described = map(describe_loss, loss.losses)
        return [list(pair) for pair in zip(described, loss.weights, strict=True)]
    if isinstance(loss, UserFunction):
        return _describe_own(loss)
    if type(loss) in _LOSSES.values():
        return {"name": type(loss).__name__, **asdict(loss)}  # type: ignore[call-overload]
    if name := plain_name(loss):
        return name
    raise TypeError(f"a loss must be of fastnn.losses or under @fastnn.loss, got {loss!r}")


def plain_name(loss: Loss) -> str | None:
    """Return the name of a loss if that says all, else None."""
    return loss.name if losses.NAMED.get(loss.name) == loss else None


def shown_loss(loss: Loss) -> str:
    """Return what tells a loss to a reader: its name, if that says all."""
    if isinstance(loss, UserFunction):
        return f"{loss.name}, a function of the user's"
    if isinstance(loss, losses.HeadLosses):
        return " + ".join(
            f"{'' if weight == 1 else f'{weight:g} '}{shown_loss(own)}"
            for own, weight in zip(loss.losses, loss.weights, strict=True)
        )
    return plain_name(loss) or repr(loss)


def build_loss(description: Any, functions: Functions) -> Loss:
    """Return the loss that `describe_loss` has described."""
    if isinstance(description, str):
        return as_loss("loss", description)
    if isinstance(description, dict) and "own" in description:
        return _found(description, functions, OwnLoss, "loss")
    if not isinstance(description, dict) or description.get("name") not in _LOSSES:
        raise ValueError(f"loss must be of {', '.join(_LOSSES)}, got {short(description)}")
    kind = _LOSSES[description["name"]]
    names = [item.name for item in fields(kind)]
    as_object(description, ["name", *names])
    loss: Loss = kind(**{name: description[name] for name in names})
    return loss


def describe_activation(activation: Any) -> str | JSON:
    """Return the name or the description of an activation."""
    return _describe_own(activation) if isinstance(activation, UserFunction) else str(activation)


def build_activation(description: Any, functions: Functions) -> str | OwnActivation:
    """Return the activation that `describe_activation` has described."""
    if isinstance(description, dict):
        return _found(description, functions, OwnActivation, "activation")
    known: str | OwnActivation = as_activation("activation", description)
    return known


def check_names(networks: Iterable[tuple[Iterable[Any], Loss]]) -> None:
    """Raise if layers and losses, to be in one file, have two functions of one name that differ."""
    seen: dict[tuple[type, str], UserFunction] = {}
    for function in chain.from_iterable(starmap(_functions_of, networks)):
        first = seen.setdefault((type(function), function.name), function)
        if first is not function and _describe_own(first) != _describe_own(function):
            raise ValueError(
                f"functions in one file must have names of their own, got two that differ, both "
                f"called {function.name}: define one under another name"
            )


def _functions_of(layers: Iterable[Any], loss: Loss) -> Iterator[UserFunction]:
    """Yield the user's own functions of a network."""
    activations = [layer.activation for layer in layers]
    if loss.parts:
        activations[-1:] = [part.activation for part in loss.parts]
    for function in (*activations, loss, *loss.losses):
        if isinstance(function, UserFunction):
            yield function


def _describe_own(function: UserFunction) -> JSON:
    values = {str(width): function.values(width) for width in function.widths}
    return {"own": function.name, "source": function.source(), "values": values}


def _found(description: JSON, functions: Functions, kind: type[Kind], what: str) -> Kind:
    """Return the function that a description is of."""
    as_object({"values": {}, **description}, ("own", "source", "values"))
    name, source, values = description["own"], description["source"], description.get("values", {})
    if not (isinstance(name, str) and isinstance(source, str) and _are_values(values)):
        raise ValueError(f"{what} must have a name, a source and values, got {short(description)}")
    differs = ""
    for function in functions:
        if isinstance(function, kind) and function.name == name:
            if source and function.source() != source:  # it is empty of one that was typed in
                differs = f"function that differs; it was: {source[:400]}"
            elif not all(_are_close(function.values(int(n)), values[n]) for n in values):
                differs = (
                    "function that returns other numbers; look at what it takes from outside: "
                    "variables, defaults, other functions"
                )
            else:
                return function
    if differs:
        raise ValueError(
            f"the {what} {name} must do what it did when the network was saved, got a {differs}"
        )
    raise ValueError(
        f"the {what} {name} must be given, for a file holds no function of the user's: load it in "
        f"Python with functions=[{name}]"
    )


def _are_values(values: Any) -> bool:
    """Return True if these are lists of numbers, or None, by numbers of outputs."""
    return isinstance(values, dict) and all(
        _WIDTH.fullmatch(width)
        and isinstance(numbers, list)
        and all(number is None or type(number) in (int, float) for number in numbers)
        for width, numbers in values.items()
    )


def _are_close(values: Sequence[float | None], others: Sequence[float | None]) -> bool:
    """Return True if these are the same numbers, but for rounding."""
    if len(values) != len(others):
        return False
    pair = np.array(values, np.float64), np.array(others, np.float64)
    return np.allclose(*pair, rtol=1e-9, atol=1e-12, equal_nan=True)
