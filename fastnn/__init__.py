"""Small dense neural networks on a CPU, trained by compiled kernels."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from ._later import imported_later as _imported_later
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

__getattr__, __dir__ = _imported_later(
    __name__, {"Population": "population", "population": "population", "schedules": "schedules"}
)
