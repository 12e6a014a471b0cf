"""Losses and activations as JSON, and back.

A loss of the core and an activation are their names; a loss with parameters is {"name": its class,
...: its parameters}. A user's function is {"own": its name, "source": what it does}: a file holds
no code to be run, so to load it the user gives the function again, and it must do the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any, TypeVar

from .. import losses
from .._checks.functions import UserFunction
from ..activations import OwnActivation, as_activation
from ..losses import Loss, OwnLoss, as_loss
from .specs import JSON, as_object

Functions = Iterable[UserFunction]
Kind = TypeVar("Kind", bound=UserFunction)

_LOSSES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        losses.Quantile,
        losses.GaussianNLL,
        losses.LogCosh,
        losses.Gamma,
        losses.CrossEntropy,
        losses.BinaryCrossEntropy,
        losses.Focal,
    )
}


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
    if losses.NAMED.get(loss.name) == loss:
        return loss.name
    raise TypeError(f"a loss must be of fastnn.losses or under @fastnn.loss, got {loss!r}")


def shown_loss(loss: Loss) -> str:
    """Return what tells a loss to a reader: its name, if that says all."""
    if isinstance(loss, UserFunction):
        return f"{loss.name}, a function of the user's"
    if isinstance(loss, losses.HeadLosses):
        return " + ".join(
            f"{'' if weight == 1 else f'{weight:g} '}{shown_loss(own)}"
            for own, weight in zip(loss.losses, loss.weights, strict=True)
        )
    return loss.name if losses.NAMED.get(loss.name) == loss else repr(loss)


def build_loss(description: Any, functions: Functions) -> Loss:
    """Return the loss that `describe_loss` has described."""
    if isinstance(description, str):
        return as_loss("loss", description)
    if isinstance(description, dict) and "own" in description:
        return _found(description, functions, OwnLoss, "loss")
    if not isinstance(description, dict) or description.get("name") not in _LOSSES:
        raise ValueError(f"loss must be of {', '.join(_LOSSES)}, got {repr(description)[:100]}")
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


def _describe_own(function: UserFunction) -> JSON:
    return {"own": function.name, "source": function.source()}


def _found(description: JSON, functions: Functions, kind: type[Kind], what: str) -> Kind:
    """Return the function that a description is of."""
    as_object(description, ("own", "source"))
    name, source = description["own"], description["source"]
    if not isinstance(name, str) or not isinstance(source, str):
        raise ValueError(f"{what} must have a name and a source, got {repr(description)[:100]}")
    for function in functions:
        if isinstance(function, kind) and function.name == name:
            if source and function.source() != source:  # it is empty of one that was typed in
                raise ValueError(
                    f"the {what} {name} must do what it did when the network was saved, got a "
                    f"function that differs; it was: {source[:400]}"
                )
            return function
    raise ValueError(
        f"the {what} {name} must be given, for a file holds no function of the user's: load it in "
        f"Python with functions=[{name}]"
    )
