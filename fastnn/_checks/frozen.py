"""Frozen dataclasses that are made in a third of the time."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def frozen(kind: type[T]) -> type[T]:
    """Return `dataclass(frozen=True)` of a class, whose methods of its own are kept.

    A dataclass writes its methods as text that Python compiles: 0.3 ms a class, of which `import
    fastnn` makes thirty. Here it writes `__init__` alone, which sets each field once.
    """
    kind = dataclass(repr=False, eq=False)(kind)
    known = fields(kind)  # type: ignore[arg-type]
    names = frozenset(field.name for field in known)
    values = attrgetter("__class__", *(field.name for field in known if field.compare))

    def set_once(self: Any, name: str, value: Any) -> None:
        if name in vars(self) if name in names else type(self) is kind:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        object.__setattr__(self, name, value)

    def delete(self: Any, name: str) -> None:
        if name in names or type(self) is kind:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        object.__delattr__(self, name)

    def equals(self: T, other: object) -> bool:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def hashed(self: T) -> int:
        return hash(values(self))

    kind.__setattr__, kind.__delattr__ = set_once, delete  # type: ignore[method-assign]
    for name, method in (("__repr__", _shown), ("__eq__", equals), ("__hash__", hashed)):
        if name not in vars(kind):
            setattr(kind, name, method)
    return kind


def _shown(item: Any) -> str:
    """Return the call that makes a dataclass."""
    values = (f"{field.name}={getattr(item, field.name)!r}" for field in fields(item) if field.repr)
    return f"{type(item).__qualname__}({', '.join(values)})"
