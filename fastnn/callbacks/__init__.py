"""Callbacks, which training calls before the first epoch, after each epoch and at the end."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .._later import imported_later as _imported_later
from .base import Callback, Run

if _TYPE_CHECKING:
    from .averaging import AveragedWeights
    from .checkpoint import Checkpoint
    from .csv_log import CSVLog
    from .early_stopping import EarlyStopping
    from .printing import PrintMetrics
    from .pruning import OptunaPruning

__all__ = [
    "AveragedWeights", "CSVLog", "Callback", "Checkpoint", "EarlyStopping", "OptunaPruning",
    "PrintMetrics", "Run",
]  # fmt: skip

__getattr__, __dir__ = _imported_later(
    __name__,
    {
        "AveragedWeights": "averaging",
        "CSVLog": "csv_log",
        "Checkpoint": "checkpoint",
        "EarlyStopping": "early_stopping",
        "OptunaPruning": "pruning",
        "PrintMetrics": "printing",
    },
)
