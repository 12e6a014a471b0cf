"""A user's function that is compiled: its name, its copies, and how a file knows it again."""

from __future__ import annotations

import ast
import inspect
import itertools
import math
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, update_wrapper
from types import FunctionType
from typing import Any, Self, SupportsIndex

import numpy as np
from numba.core.errors import NumbaError, UnsupportedBytecodeError

from .names import did_you_mean
from .slopes import shown

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_WITH_DOTS = 4  # the first protocol of pickle that looks up a name with dots by itself
_IS_DETAIL = re.compile(r"There (is|are) \d+ candidate|File |During:").match


class UserFunction:
    """A function under a decorator of fastnn, which can be called as before.

    It never changes: its copy is itself. A pickle holds its module and its name, as it does of any
    function; where cloudpickle takes a function along, as one of `__main__`, it takes this one too.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = getattr(function, "py_func", function)  # without Numba's own decorator
        update_wrapper(self, self.function)
        self.name = self.function.__name__

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function returns."""
        return self.function(*arguments)

    def __repr__(self) -> str:
        return self.name

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    @cached_property
    def bare(self) -> FunctionType:
        """The function, by a name under which a pickle finds it: its own has become this object's.

        It is a copy: a function that is no longer under its own name cannot be pickled.
        """
        own = self.function
        bare = FunctionType(
            own.__code__, own.__globals__, own.__name__, own.__defaults__, own.__closure__
        )
        bare.__module__, bare.__qualname__ = own.__module__, f"{own.__qualname__}.bare"
        return bare

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        is_found = _named(self.function.__module__, self.function.__qualname__) is self
        if is_found and int(protocol) < _WITH_DOTS:
            return self.function.__qualname__
        return _restored, (type(self), self.bare if is_found else self.function)

    @property
    def widths(self) -> tuple[int, ...]:
        """The numbers of outputs with which it goes, as far as tried; if it takes numbers, one."""
        return (1,)

    def values(self, width: int) -> list[float | None]:
        """Return what it returns at some points, by which a file knows it; None if not finite."""
        found: list[float | None] = []
        for call in self._calls(width):
            try:
                with np.errstate(all="ignore"):
                    numbers = np.ravel(np.asarray(call(), np.float64)).tolist()
            except Exception:
                numbers = [math.nan]
            found += [number if math.isfinite(number) else None for number in numbers]
        return found

    def _calls(self, width: int) -> Iterator[Callable[[], Any]]:
        """Yield calls of it at these points."""
        raise NotImplementedError

    def fault_at(self, what: str, where: str, *arguments: Any) -> str:
        """Return what an error says of a call that raises or is not finite; else nothing."""
        try:
            with np.errstate(all="ignore"):
                value = self.function(*arguments)
        except Exception as raised:
            return f"{what} {self.name} raised {type(raised).__name__}: {raised}, {where}"
        is_finite = np.isfinite(value).all()
        return "" if is_finite else f"{what} {self.name} returned {shown(value)} {where}"

    def source(self) -> str:
        """Return what the function does, without its comments and layout, its docstring and name.

        It is empty where Python does not know: a function that was typed in.
        """
        try:
            text = textwrap.dedent(inspect.getsource(self.function))
            (definition,) = ast.parse(text).body
        except (OSError, SyntaxError, ValueError):
            return ""
        if not isinstance(definition, ast.FunctionDef):
            return ast.unparse(definition)
        body = definition.body[1:] if ast.get_docstring(definition) is not None else definition.body
        return ast.unparse([definition.args, *body])  # type: ignore[arg-type]


def _named(module: str, qualname: str) -> Any:
    """Return what has a name in a module, or None."""
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def _restored(kind: type[UserFunction], function: FunctionType) -> UserFunction:
    """Return what a pickle holds: the object that has its name and its code here, or a new one."""
    found = _named(function.__module__, function.__qualname__.removesuffix(".bare"))
    is_known = isinstance(found, kind) and found.function.__code__ == function.__code__
    return found if is_known else kind(function)


def n_arguments_of(function: Any, what: str, forms: Mapping[int, str]) -> int:
    """Return how many arguments a function takes; `forms` are how it may be written."""
    known = " or ".join(forms.values())
    bare = getattr(function, "py_func", function)
    if not isinstance(bare, FunctionType):
        raise TypeError(
            f"{what} must be a function defined by def or lambda, {known}, got {function!r}"
        )
    parameters = inspect.signature(bare).parameters
    for name, parameter in parameters.items():
        if parameter.default is not parameter.empty:
            raise TypeError(
                f"{what} must be a function, {known}, got one with a default, {parameter}: leave "
                f"{name} out, and write {name} = {parameter.default!r} before the function"
            )
    n_arguments = len(parameters)
    if n_arguments not in forms:
        raise TypeError(f"{what} must be a function, {known}, got one of {n_arguments} arguments")
    return n_arguments


def check_decorated(name: str, value: object, what: str, known: Iterable[str]) -> None:
    """Raise at a bare function for "a loss" or "an activation"; one of `known` may be meant."""
    if callable(value) and not did_you_mean(value, known):
        raise TypeError(
            f"{name} must be a name or {what}, got the function "
            f"{getattr(value, '__name__', value)}: write @fastnn.{what.split()[-1]} above it"
        )


@contextmanager
def compiling(what: str, remark: str = "") -> Iterator[None]:
    """Explain what Numba raises of a user's function; `remark` says what else to look for."""
    try:
        yield
    except (NumbaError, UnsupportedBytecodeError) as error:
        lines = [line.strip() for line in _COLOURS.sub("", str(error)).splitlines()]
        lines = [line for line in lines if line and not line.startswith("Failed in")]
        reason = " ".join(itertools.takewhile(lambda line: not _IS_DETAIL(line), lines))
        raise TypeError(f"{what} must be a function that Numba compiles: {reason}") from error
    except (AttributeError, AssertionError) as error:  # faults of Numba's own
        raise TypeError(
            f"{what} must be a function that Numba compiles: it fails on it{remark}"
        ) from error
