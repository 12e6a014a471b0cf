"""Activations: their names, and those of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from ._checks.arrays import Array
from ._checks.frozen import frozen
from ._checks.functions import UserFunction, check_decorated, compiling, n_arguments_of
from ._checks.heads import Part, split
from ._checks.scalars import as_choice
from ._checks.slopes import Place, as_pair_of, called, check_slopes
from .core.activations import CODES, SECOND_NAMES
from .core.heads import HEADS
from .core.records import NUMBER, code_of_activation, code_of_parts, compile_linked, linked

_FORMS = {1: "z -> (a, derivative)"}
_POINTS = (0.0, 1.0, -1.0, 0.37, -0.37, 2.6, -2.6, 11.0, -11.0)
_FURTHER = (0.04, -0.04, 0.7, -0.7, 1.6, -1.6, 4.5, -4.5, 47.0, -47.0)  # a file has these, too


class OwnActivation(UserFunction):
    """An activation of the user's own, as `activation` makes it.

    Parameters
    ----------
    function : callable
        The function, as `activation` takes it.

    Raises
    ------
    ValueError, TypeError
        If it is no such function.

    Examples
    --------
    >>> from fastnn.activations import OwnActivation
    >>> OwnActivation(lambda z: (2 * z, 2.0))(1.5)
    (3.0, 2.0)
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        n_arguments_of(function, "an activation", _FORMS)
        super().__init__(function)
        check_slopes(f"the activation {self.name}", self._places())

    def __str__(self) -> str:
        return self.name

    @cached_property
    def linked(self) -> Any:
        """The function for Numba."""
        return linked(self.function, is_checked=True)

    def fault(self, z: Array) -> str:  # numpydoc ignore=PR01,RT01
        """Return what the function does wrong for the first input that is finite, or ""."""
        for value in z[np.isfinite(z)]:
            if fault := self.fault_at("the activation", f"for z = {value}", value):
                return fault
        return ""

    def _places(self) -> Iterator[Place]:
        """Yield where its derivative is checked."""
        for z in _POINTS:
            yield Place(f"at z = {z:g}", self._pair, z)

    def _pair(self, z: float) -> tuple[float, float]:
        pair = called(self.function, z)
        return as_pair_of(f"the activation {self.name}", pair, "(a, derivative)")

    def _calls(self, width: int) -> Iterator[Callable[[], Any]]:
        """Yield calls of it at some points."""
        return (partial(self.function, np.float64(z)) for z in (*_POINTS, *_FURTHER))


@frozen
class HeadActivations:  # numpydoc ignore=PR02
    """The activations of several heads, as `Heads` has them.

    Parameters
    ----------
    parts : tuple
        The heads: their names, activations and outputs.

    Examples
    --------
    >>> from fastnn import Dense, Heads
    >>> str(Heads(Dense(1, "sigmoid"), Dense(3)).activation)
    'head_0 1 sigmoid, head_1 3 identity'
    """

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.parts))

    def fault(self, z: Array) -> str:  # numpydoc ignore=PR01,RT01
        """Return what a user's function does wrong, and in which head, or ""."""
        for part, own in zip(self.parts, split(z, self.parts), strict=True):
            known = part.activation
            if isinstance(known, OwnActivation) and (fault := known.fault(own)):
                return f"{fault}, of head {part.name}"
        return ""


def activation(function: Callable[..., Any]) -> OwnActivation:
    """Make an activation of a function, which Numba compiles; kernels call it at full speed.

    Parameters
    ----------
    function : callable
        The function of one number, ``z -> (a, derivative)``, in that part of Python and NumPy that
        Numba compiles.

    Returns
    -------
    OwnActivation
        The activation, for `Dense`; it can be called as the function.

    Raises
    ------
    ValueError
        If the derivative is not that of a, by finite differences near 0 and 1. An error that the
        function raises there, and infinite values, are taken for the end of its domain.
    TypeError
        If it is no such function, or returns something else.

    Notes
    -----
    The kernels stay as they are: to compile it takes some tenths of a second, once a process and
    dtype; globals and variables from outside are frozen then. What raises an error makes outputs
    NaN; in training that ends it, and the error says where.

    Examples
    --------
    >>> import fastnn
    >>> from fastnn import Dense, Network
    >>> @fastnn.activation
    ... def bent(z):
    ...     root = (1 + z * z) ** 0.5
    ...     return z / 2 + root, 0.5 + z / root
    >>> net = Network(1, [Dense(1, bent, weights=[[1]])])
    >>> net.predict([0.0])
    array([1.])
    """
    return OwnActivation(function)


def as_activation(name: str, value: object) -> Any:
    """Return the first name of an activation, or one of the user's own; None means identity."""
    if isinstance(value, OwnActivation | HeadActivations):
        return value
    names = (*CODES, *HEADS)
    check_decorated(name, value, "an activation", [*names, *SECOND_NAMES])
    first = "identity" if value is None else value
    first = SECOND_NAMES.get(first, first) if isinstance(first, str) else first
    return as_choice(name, first, names, others=SECOND_NAMES)


def code_of(known: str | OwnActivation | HeadActivations, dtype: np.dtype[Any]) -> int:
    """Return what stands for an activation in a kernel; on first use it may be compiled."""
    if isinstance(known, str) and known in CODES:
        return CODES[known]
    if isinstance(known, HeadActivations):
        return _table_of(known, dtype)
    with compiling(f"the activation {known}"):
        if isinstance(known, OwnActivation):
            compile_linked(known.linked, dtype, (NUMBER,))
        return _compiled(known, dtype)


_OWN: dict[int, OwnActivation | HeadActivations] = {}


@cache
def _table_of(known: HeadActivations, dtype: np.dtype[Any]) -> int:
    code = code_of_parts(
        [(part.start, part.stop, code_of(part.activation, dtype), 1.0) for part in known.parts]
    )
    if any(isinstance(part.activation, OwnActivation) for part in known.parts):
        _OWN[code] = known
    return code


@cache
def _compiled(known: str | OwnActivation, dtype: np.dtype[Any]) -> int:
    if isinstance(known, str):
        return code_of_activation(HEADS[known].forward, HEADS[known].backward, dtype)
    function = known.linked

    def forward(z, a):  # type: ignore[no-untyped-def]
        for j in range(z.shape[0]):
            a[j], _ = function(z[j])

    def backward(z, a, delta):  # type: ignore[no-untyped-def]
        for j in range(z.shape[0]):
            value, slope = function(z[j])
            delta[j] *= slope if value == value else np.nan  # where it is NaN it has no slope

    code = code_of_activation(forward, backward, dtype)
    _OWN[code] = known
    return code


def own_activation(code: int) -> OwnActivation | HeadActivations | None:
    """Return the user's activation that a code stands for, if it is one, or those of heads."""
    return _OWN.get(code)
