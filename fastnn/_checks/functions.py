"""A user's function that is compiled: its name, its copies, and how a file knows it again."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any

from numba.core.errors import NumbaError, UnsupportedBytecodeError

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_IS_DETAIL = re.compile(r"There (is|are) \d+ candidate|File |During:").match


class UserFunction:
    """A function under a decorator of fastnn, which can be called as before.

    A pickle holds its module and its name, as it does of any function.
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

    def __reduce__(self) -> str | tuple[Any, ...]:
        found: Any = sys.modules.get(self.function.__module__)
        for part in self.function.__qualname__.split("."):
            found = getattr(found, part, None)
        return self.function.__qualname__ if found is self else (type(self), (self.function,))

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


def n_arguments_of(function: Any, what: str, forms: Mapping[int, str]) -> int:
    """Return how many arguments a function takes; `forms` are how it may be written."""
    known = " or ".join(forms.values())
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"{what} must be a function, {known}, got {function!r}")
    n_arguments = len(inspect.signature(getattr(function, "py_func", function)).parameters)
    if n_arguments not in forms:
        raise TypeError(f"{what} must be a function, {known}, got one of {n_arguments} arguments")
    return n_arguments


@contextmanager
def compiling(what: str) -> Iterator[None]:
    """Explain what Numba raises of a user's function."""
    try:
        yield
    except (NumbaError, UnsupportedBytecodeError) as error:
        lines = [line.strip() for line in _COLOURS.sub("", str(error)).splitlines()]
        lines = [line for line in lines if line and not line.startswith("Failed in")]
        reason = " ".join(itertools.takewhile(lambda line: not _IS_DETAIL(line), lines))
        raise TypeError(f"{what} must be a function that Numba compiles: {reason}") from error
