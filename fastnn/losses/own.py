"""Losses of the user's own: functions that Numba compiles, and kernels call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property, partial
from itertools import product
from typing import Any

import numpy as np

from .._checks.arrays import Array
from .._checks.functions import UserFunction, compiling, n_arguments_of
from .._checks.slopes import (
    BeyondError,
    NowhereError,
    Place,
    as_pair_of,
    as_value,
    called,
    check_slopes,
)
from ..core.records import NUMBER, READ, WRITTEN, compile_linked, linked
from .base import Loss, Rows

_OF_ROWS = 3  # arguments
_FORMS = {
    2: "(y, a) -> (value, derivative by a) of one output",
    _OF_ROWS: "(y, a, error) -> value of a row of them, which fills error",
}
_TARGETS = (0.0, 1.0, 0.3, 2.0, -1.7)
_OUTPUTS = (0.37, 0.91, 1.83, -0.64, -2.3, 1.0, 0.0)  # some are targets: kinks
_N_ROWS = 5
# Outputs of rows: all up to the first are tried; if it goes with none of them, all up to the
# second, and of those up to the third the ones for which it returns something.
_USUAL, _MANY, _WIDEST = 4, 16, 128
_FURTHER = (3.0, 7.5), (5.5, -11.0)  # targets and outputs, which a file has, too
_MOST = 16  # derivatives of a row in a file
# What `error` holds before it is filled: a NaN that no arithmetic makes.
_UNFILLED = np.array([0x7FF8_0000_FA57_0000], np.int64).view(np.float64)


class _NotFilledError(ValueError):
    """A function has left an element of `error` as it was."""


class OwnLoss(UserFunction, Loss):
    """A loss of the user's own, as `loss` makes it.

    Parameters
    ----------
    function : callable
        The function, as `loss` takes it.

    Raises
    ------
    ValueError, TypeError
        If it is no such function.

    Examples
    --------
    >>> from fastnn.losses import OwnLoss
    >>> OwnLoss(lambda y, a: ((a - y) ** 2, 2 * (a - y))).name
    '<lambda>'
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        n_arguments = n_arguments_of(function, "a loss", _FORMS)
        super().__init__(function)
        self._is_of_rows = n_arguments == _OF_ROWS
        self._arguments = (READ, READ, WRITTEN) if self._is_of_rows else (NUMBER, NUMBER)
        self._tried: set[int] = set()
        if self._is_of_rows:
            self._try_widths()
        else:
            check_slopes(f"the loss {self.name}", self._outputs())

    def code(self, activation: str, n_out: int, dtype: np.dtype[Any]) -> int:
        """Return what stands for the loss in a kernel, after a try with so many outputs."""
        if self._is_of_rows and n_out not in self._tried:
            self._try_rows(n_out)
        remark = "; a loss may write to error alone, not to y or a" if self._is_of_rows else ""
        with compiling(f"the loss {self.name}", remark):
            compile_linked(self._linked, dtype, self._arguments)
            return super().code(activation, n_out, dtype)

    def _rows(self, activation: str) -> tuple[Rows, bool]:
        """Return the loss of a sample."""
        function = self._linked

        def of_rows(y, z, a, error, parameters):  # type: ignore[no-untyped-def]
            return function(y, a, error)

        def of_outputs(y, z, a, error, parameters):  # type: ignore[no-untyped-def]
            value = 0.0
            for j in range(a.shape[0]):
                term, slope = function(y[j], a[j])
                error[j] = slope
                value += term
            return value

        return (of_rows if self._is_of_rows else of_outputs), False

    @cached_property
    def _linked(self) -> Any:
        return linked(self.function, is_checked=True)

    def fault(self, targets: Array, outputs: Array) -> str:
        """Return what the function has raised or returned, and where."""
        for y, a in zip(targets, outputs, strict=True):
            error = np.zeros(len(y), a.dtype)
            row = y.copy(), a.copy(), error
            parts: Any = [row] if self._is_of_rows else zip(y, a, strict=True)
            for part in parts:
                where = f"for y = {part[0]} and a = {part[1]}"
                if fault := self.fault_at("the loss", where, *part):
                    return fault
                if self._is_of_rows and not np.isfinite(error).all():
                    return f"the loss {self.name} filled error with {error} {where}"
        return ""

    def _outputs(self) -> Iterator[Place]:
        """Yield where a function of one output is checked."""
        for y, a in product(_TARGETS, _OUTPUTS):
            yield Place(f"at y = {y:g} and a = {a:g}", partial(self._pair, np.float64(y)), a)

    def _pair(self, y: float, a: float) -> tuple[float, float]:
        pair = called(self.function, y, a)
        return as_pair_of(f"the loss {self.name}", pair, "(value, derivative by a)")

    def _try_widths(self) -> None:
        """Try a function of rows with several widths: it may be for some only."""
        refused: ValueError | None = None
        for n_out in range(1, _WIDEST + 1):
            if self._tried and n_out > _USUAL:
                return
            if n_out > _MANY and not self._answers(n_out):
                continue
            try:
                self._try_rows(n_out)
            except (NowhereError, _NotFilledError) as error:
                if self._fills_some_of(n_out):
                    raise
                refused = refused or error
        if not self._tried:
            assert refused is not None
            raise ValueError(
                f"{refused}; nor did it go with 2 to {_WIDEST} outputs"
            ) from refused.__cause__

    def _try_rows(self, n_out: int) -> None:
        """Check it with so many outputs."""
        what = f"the loss {self.name}, with {n_out} output{'s' if n_out > 1 else ''},"
        check_slopes(what, self._rows_of(n_out))
        self._tried.add(n_out)

    def _answers(self, n_out: int) -> bool:
        """Return whether it returns a finite number for some row: quicker to see than all else."""
        for place in self._rows_of(n_out, 1):
            with suppress(BeyondError, _NotFilledError), np.errstate(all="ignore"):
                if np.isfinite(place.function(place.point)[0]):
                    return True
        return False

    def _fills_some_of(self, n_out: int) -> bool:
        """Return whether it fills `error` at some place: then it is for so many outputs."""
        for place in self._rows_of(n_out):
            with suppress(BeyondError, _NotFilledError):
                with np.errstate(all="ignore"):
                    value, _ = place.function(place.point)
                if np.isfinite(value):
                    return True
        return False

    @property
    def widths(self) -> tuple[int, ...]:
        """The numbers of outputs with which it goes, as far as tried; if it takes numbers, one."""
        return tuple(sorted(self._tried)) if self._is_of_rows else super().widths

    def _calls(self, width: int) -> Iterator[Callable[[], Any]]:
        """Yield calls of it at some points."""
        targets, outputs = _TARGETS + _FURTHER[0], _OUTPUTS + _FURTHER[1]
        if not self._is_of_rows:
            for y, a in product(targets, outputs):
                yield partial(self.function, np.float64(y), np.float64(a))
            return
        random = np.random.default_rng(1)
        for _ in range(_N_ROWS):
            yield partial(
                self._numbers_of, random.choice(targets, width), random.choice(outputs, width)
            )

    def _numbers_of(self, y: Array, a: Array) -> list[float]:
        """Return the value of a row and the first of its derivatives."""
        error = np.zeros(len(y))
        return [self.function(y, a, error), *error[:_MOST]]

    def _rows_of(self, n_out: int, n_checked: int | None = None) -> Iterator[Place]:
        """Yield where it is checked: an output after the other of some rows, or the first ones."""
        random = np.random.default_rng(0)
        for _ in range(_N_ROWS):
            y, outputs = random.choice(_TARGETS, n_out), random.choice(_OUTPUTS, n_out)
            row = f"at y = {y} and a = {outputs}, for output"  # which takes NumPy a millisecond
            for j in range(n_checked or n_out):
                where = f"{row} {j},"
                yield Place(where, partial(self._of_row, y, outputs, j), outputs[j])

    def _of_row(self, y: Array, outputs: Array, j: int, at: float) -> tuple[float, float]:
        """Return the value of a row whose output j is moved, and the derivative by it."""
        what, targets = f"the loss {self.name}", y.copy()
        moved = outputs.copy()
        moved[j] = at
        a, error = moved.copy(), np.repeat(_UNFILLED, len(y))
        value = as_value(what, called(self.function, targets, a, error))
        for name, before, after in (("y", y, targets), ("a", moved, a)):
            if not np.array_equal(before, after):
                raise TypeError(
                    f"{what} must write to error alone, got {name} changed from {before} to "
                    f"{after}: write {name} = {name}.copy() first"
                )
        if np.isfinite(value) and not np.isfinite(error).all():
            if (error.view(np.int64) == _UNFILLED.view(np.int64)).any():
                raise _NotFilledError(
                    f"{what} must fill error, of shape ({len(y)},), got {error} at y = {y} and "
                    f"a = {moved}"
                )
            raise BeyondError from ValueError(f"error was filled with {error}")
        return value, float(error[j])


def loss(function: Callable[..., Any]) -> OwnLoss:
    """Make a loss of a function, which Numba compiles; kernels call it at full speed.

    Parameters
    ----------
    function : callable
        What the loss of one output is, ``(y, a) -> (value, derivative by a)``, for a target and an
        output: the sum over the outputs is minimised. Or that of a row, ``(y, a, error) -> value``:
        it takes all of a sample's targets and outputs, of shape (n_out,), and overwrites `error`
        with the derivatives, and leaves the others as they are. It must be in that part of Python
        and NumPy that Numba compiles.

    Returns
    -------
    OwnLoss
        The loss, for `Network`; it can be called as the function.

    Raises
    ------
    ValueError
        If the derivative is not that of the value, by finite differences near 0 and 1. An error
        that the function raises there, and infinite values, are taken for the end of its domain.
    TypeError
        If it is no such function, returns something else, or writes to targets or outputs.

    Notes
    -----
    The kernels stay as they are: to compile a loss takes some tenths of a second, once a process
    and dtype; globals and variables from outside are frozen then. What raises an error in training
    counts as a loss of NaN, and ends it.

    Examples
    --------
    >>> import fastnn
    >>> from fastnn import Dense, Network
    >>> @fastnn.loss
    ... def tilted(y, a):
    ...     e = a - y
    ...     return (2 * e, 2.0) if e > 0 else (-e, -1.0)
    >>> net = Network(1, [Dense(1)], loss=tilted, seed=0)
    >>> _ = net.fit([[0], [0], [0]], [1, 2, 3], epochs=500, learning_rate=0.01)
    >>> net.predict([0]).round(1)
    array([1.])
    """
    return OwnLoss(function)
