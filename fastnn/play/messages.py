"""What a page may say, checked before anything is done with it.

A message is a JSON object with a "type" and the fields of that type, no more and no fewer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any, NoReturn

from .settings import CHOICES, MOST_EPOCHS, MOST_LAYERS, MOST_SEED, MOST_UNITS, Settings

MOST_BYTES = 4_000_000  # of a message: a CSV file is one
MOST_NUMBERS = 400  # of a row to ask for
MOST_COLUMNS = 64
_LONGEST_NAME = 200
_SHOWN = 60  # characters of a value in an error
# Least and most:
_NUMBERS = {"noise": (0.0, 0.5), "rate": (1e-9, 1000.0), "dropout": (0.0, 0.9), "l2": (0.0, 10.0)}
_WHOLE = {
    "seed": (0, MOST_SEED), "batch": (0, 1_000_000), "epochs": (0, MOST_EPOCHS),
    "speed": (0, 1_000_000), "span": (1, MOST_EPOCHS),
}  # fmt: skip

Check = Callable[[str, Any], Any]


class MessageError(ValueError):
    """A message is not one that a page may send."""


def parse(text: str | bytes) -> dict[str, Any]:
    """Return the fields of a message, the type among them; raise `MessageError` if it is none."""
    if isinstance(text, bytes):
        raise MessageError("a message must be text, got bytes")
    try:
        message = json.loads(text, parse_constant=_refuse_constant)
    except MessageError:
        raise
    except (ValueError, RecursionError):
        raise MessageError("a message must be JSON") from None
    if not isinstance(message, dict):
        raise MessageError(f"a message must be an object, got {_shown(message)}")
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise MessageError(f"type must be one of {', '.join(_TYPES)}, got {_shown(kind)}")
    checks = _TYPES[kind]
    return {"type": kind} | _checked(
        {name: value for name, value in message.items() if name != "type"}, checks
    )


def _checked(given: dict[str, Any], checks: dict[str, Check]) -> dict[str, Any]:
    for name in given:
        if name not in checks:
            raise MessageError(f"there is no field {_shown(name)}")
    for name in checks:
        if name not in given:
            raise MessageError(f"the field {name} is missing")
    return {name: check(name, given[name]) for name, check in checks.items()}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " ..."


def _refuse_constant(name: str) -> NoReturn:
    raise MessageError(f"numbers must be finite, got {name}")


def _number(least: float, most: float) -> Check:
    def check(name: str, value: Any) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:
            raise MessageError(
                f"{name} must be a number from {least:g} to {most:g}, got {_shown(value)}"
            )
        return float(value)

    return check


def _whole(least: int, most: int) -> Check:
    def check(name: str, value: Any) -> int:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or not least <= value <= most:
            raise MessageError(
                f"{name} must be a whole number from {least} to {most}, got {_shown(value)}"
            )
        return int(value)

    return check


def _choice(*choices: str) -> Check:
    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise MessageError(f"{name} must be one of {', '.join(choices)}, got {_shown(value)}")
        return value

    return check


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise MessageError(f"{name} must be true or false, got {_shown(value)}")
    return value


def _text(most: int) -> Check:
    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or len(value) > most:
            raise MessageError(f"{name} must be text of at most {most} characters")
        return value

    return check


def _several(check_one: Check, most: int, least: int = 0) -> Check:
    def check(name: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            n = f", got {len(value)}" if isinstance(value, list) else ""
            raise MessageError(f"{name} must be a list of {least} to {most}{n}")
        return tuple(check_one(name, part) for part in value)

    return check


def _settings(name: str, value: Any) -> Settings:
    if not isinstance(value, dict):
        raise MessageError(f"{name} must be an object, got {_shown(value)}")
    settings = Settings(**_checked(value, _SETTINGS))
    if settings.optimizer == "irprop" and settings.schedule != "constant":
        raise MessageError(
            f"schedule must be constant with irprop, which finds its own steps, got "
            f"{settings.schedule}"
        )
    return settings


_SETTINGS: dict[str, Check] = {
    **{name: _choice(*choices) for name, choices in CHOICES.items()},
    **{name: _number(*bounds) for name, bounds in _NUMBERS.items()},
    **{name: _whole(*bounds) for name, bounds in _WHOLE.items()},
    "layers": _several(_whole(1, MOST_UNITS), MOST_LAYERS - 1),
    "inputs": _several(_text(_LONGEST_NAME), MOST_COLUMNS),
    "label": _text(_LONGEST_NAME),
    "shuffle": _flag,
}
_SETTINGS = {field.name: _SETTINGS[field.name] for field in fields(Settings)}

_TYPES: dict[str, dict[str, Check]] = {
    "set": {"settings": _settings},
    "play": {},
    "pause": {},
    "reset": {},
    "step": {"of": _choice("sample", "batch")},
    "frame": {},
    "weights": {},
    "ask": {"x": _several(_number(-1e15, 1e15), MOST_NUMBERS, 1)},
    "draw": {"pixels": _several(_whole(0, 255), 400, 400)},
    "export": {"format": _choice("python", "onnx", "c")},
    "csv": {"name": _text(_LONGEST_NAME), "text": _text(MOST_BYTES)},
}
