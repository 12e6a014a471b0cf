"""Initialisers, optimisers, schedules and random sources as JSON, and back.

An object of fastnn is {"name": its class, ...: its parameters}. A user-defined function, or an
object of a user's class, cannot be saved: it is {"own": its name}, and its replacement raises an
error when it is needed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NoReturn

import numpy as np

from .. import initializers, optimizers, schedules
from .._checks.scalars import as_in_range
from ..initializers import Initializer, Random
from ..optimizers import Optimizer
from ..optimizers.unknown import OptimizerStub
from ..schedules import ReduceOnPlateau

JSON = dict[str, Any]
Kinds = Mapping[str, type[Any]]


def by_name(*kinds: type[Any]) -> Kinds:
    """Return classes by their names."""
    return {kind.__name__: kind for kind in kinds}


_INITIALIZERS = by_name(initializers.uniform, initializers.normal, initializers.constant)
_OPTIMIZERS = by_name(*optimizers.NAMED.values())
_SCHEDULES = by_name(
    schedules.Constant,
    schedules.Step,
    schedules.Exponential,
    schedules.InverseScaling,
    schedules.Cosine,
    schedules.OneCycle,
    ReduceOnPlateau,
)
_LATER = "decay_biases"  # a field of optimisers that files lack where it is False
_LATER_OF_SCHEDULES = {"per": "epoch", "warmup": 0}  # what they have where files lack it
_BIT_GENERATORS = by_name(
    np.random.MT19937,
    np.random.PCG64,
    np.random.PCG64DXSM,
    np.random.Philox,
    np.random.SFC64,
)
# NumPy does not look at these places in a buffer, and would read beside it.
_PLACES = {"pos": 624, "buffer_pos": 4}


@dataclass(frozen=True)
class FunctionStub:
    """A stub for a user-defined function; `parameter` is where the user can pass it again."""

    parameter: str
    name: str

    def __call__(self, *arguments: Any) -> NoReturn:
        """Raise, since the function was not saved."""
        raise ValueError(
            f"{self.parameter} must be given: it was {self.name}, a function of the user's, "
            "which a file does not hold"
        )


def as_object(description: Any, names: Iterable[str]) -> JSON:
    """Return a description if it has exactly these names."""
    if not isinstance(description, dict) or description.keys() != {*names}:
        raise ValueError(f"a description must have {', '.join(names)}, got {short(description)}")
    return description


def as_list(name: str, value: Any) -> list[Any]:
    """Return `value` if it is a list, or a tuple, which JSON writes as one."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} must be a list, got {short(value)}")
    return list(value)


def _describe(value: Any, kinds: Kinds) -> JSON:
    if isinstance(value, FunctionStub | OptimizerStub):
        return {"own": value.name}
    if type(value) not in kinds.values():
        return {"own": getattr(value, "__qualname__", type(value).__qualname__)}
    return {"name": type(value).__name__, **asdict(value)}


def _build(description: Any, kinds: Kinds, parameter: str) -> Any:
    """Return the object that `_describe` has described."""
    if isinstance(description, dict) and description.keys() == {"own"}:
        if not isinstance(description["own"], str):
            raise ValueError(f"{parameter} must have a name, got {short(description)}")
        return FunctionStub(parameter, description["own"])
    if not isinstance(description, dict) or description.get("name") not in [*kinds]:
        raise ValueError(f"{parameter} must be of {', '.join(kinds)}, got {short(description)}")
    kind = kinds[description["name"]]
    names = [item.name for item in fields(kind) if item.init]
    as_object(description, ["name", *names])
    return kind(**{name: description[name] for name in names})


def describe_initializer(initializer: str | Initializer) -> str | JSON:
    """Return the name or the description of an initializer."""
    for name, function in initializers.NAMED.items():
        if initializer is function or initializer == name:
            return name
    return _describe(initializer, _INITIALIZERS)


def build_initializer(description: Any, parameter: str) -> str | Initializer:
    """Return the initializer that `describe_initializer` has described."""
    if isinstance(description, str):
        return description
    return _build(description, _INITIALIZERS, parameter)  # type: ignore[no-any-return]


def describe_optimizer(optimizer: Optimizer) -> JSON:
    """Return the description of an optimiser."""
    description = _describe(optimizer, _OPTIMIZERS)
    if not description.get(_LATER):
        description.pop(_LATER, None)  # so that what knows no such field reads the file
    return description


def build_optimizer(description: Any) -> Optimizer:
    """Return the optimiser that `describe_optimizer` has described."""
    if isinstance(description, dict) and "weight_decay" in description:
        description = {_LATER: False, **description}
    optimizer = _build(description, _OPTIMIZERS, "optimizer")
    if isinstance(optimizer, FunctionStub):
        return OptimizerStub(optimizer.name)
    return optimizer  # type: ignore[no-any-return]


def describe_schedule(schedule: Any) -> JSON | None:
    """Return the description of a schedule with its state; None for None."""
    if schedule is None:
        return None
    description = _describe(schedule, _SCHEDULES)
    for name, value in _LATER_OF_SCHEDULES.items():
        if description.get(name) == value:
            del description[name]
    if "_state" in description:
        description["state"] = state = description.pop("_state")
        if not math.isfinite(state["best"]):
            state["best"] = str(state["best"])  # JSON has no infinity
    return description


def build_schedule(description: Any) -> Any:
    """Return the schedule that `describe_schedule` has described."""
    if description is None:
        return None
    state = None
    if isinstance(description, dict) and "name" in description:
        description = {**_LATER_OF_SCHEDULES, **description}
        if description["name"] == ReduceOnPlateau.__name__:
            state = description.pop("state", None)
    schedule = _build(description, _SCHEDULES, "learning_rate")
    if isinstance(schedule, ReduceOnPlateau):
        stands = schedule.observed
        state = as_object(state, asdict(stands))
        stands.rate = as_in_range("rate", state["rate"], 0, math.inf)
        stands.best = float(state["best"])
        stands.n_bad = as_whole("n_bad", state["n_bad"])
        stands.n_cooling = as_whole("n_cooling", state["n_cooling"])
        stands.seen = bool(state["seen"])
    return schedule


def describe_random(random: Random) -> JSON:
    """Return the state of a random source; raise if it is not one of NumPy's."""
    if isinstance(random, np.random.RandomState):
        state = {"source": "RandomState", **random.get_state(legacy=False)}
    else:
        state = {"source": "Generator", **random.bit_generator.state}
    if state.get("bit_generator") not in _BIT_GENERATORS:
        known = ", ".join(_BIT_GENERATORS)
        raise TypeError(f"random numbers must be of {known} to be saved, got {random}")
    plain: JSON = json.loads(json.dumps(state, default=lambda array: array.tolist()))
    return plain


def build_random(description: Any) -> Random:
    """Return the random source that `describe_random` has described."""
    if not isinstance(description, dict) or description.get("bit_generator") not in _BIT_GENERATORS:
        raise ValueError(f"random must be of NumPy, got {short(description)}")
    for name, last in _PLACES.items():
        place = {**description, **description["state"]}.get(name, 0)
        if as_whole(name, place) > last:
            raise ValueError(f"{name} must be at most {last}, got {place}")
    bits = _BIT_GENERATORS[description["bit_generator"]](0)
    random: Random
    if description.get("source") == "RandomState":
        random = np.random.RandomState(bits)
        random.set_state(description)
    else:
        random = np.random.Generator(bits)
        bits.state = description
    if describe_random(random) != description:
        raise ValueError(f"random must be a state of {random}, got {short(description)}")
    return random


def as_whole(name: str, value: Any) -> int:
    """Return `value` if it is an int of at least 0 that int64 holds, with room to count on."""
    if type(value) is not int or not 0 <= value < 2**62:
        raise ValueError(f"{name} must be a whole number of at least 0, got {short(value)}")
    return value


def short(value: Any) -> str:
    """Return the beginning of a value of any type."""
    return repr(value)[:100]
