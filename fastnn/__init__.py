"""Small dense neural networks on a CPU, trained by compiled kernels."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from .activations import activation
from .errors import DivergenceError, FormatError
from .heads import Heads
from .history import History
from .layers import Dense
from .losses import loss
from .models import load_model
from .network import Network
from .standardize import Standardize
from .warmup import warmup

if _TYPE_CHECKING:
    from . import population as population
    from . import schedules as schedules
    from .population import Population

__version__ = "0.1.0"

__all__ = [
    "Dense", "DivergenceError", "FormatError", "Heads", "History", "Network", "Population",
    "Standardize", "activation", "load_model", "loss", "warmup",
]  # fmt: skip

# Imported when they are first asked for: a fifth of the time of `import fastnn`.
_LATER = ("Population", "population", "schedules")


def __getattr__(name: str) -> _Any:
    if name not in _LATER:
        raise AttributeError(f"module 'fastnn' has no attribute {name!r}")
    module = _import_module(f".{name.lower()}", __name__)
    return module.Population if name == "Population" else module


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
