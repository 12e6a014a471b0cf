"""Callbacks, which training calls before the first epoch, after each epoch and at the end."""

from .averaging import AveragedWeights as AveragedWeights
from .base import Callback as Callback
from .base import Run as Run
from .checkpoint import Checkpoint as Checkpoint
from .csv_log import CSVLog as CSVLog
from .early_stopping import EarlyStopping as EarlyStopping
from .printing import PrintMetrics as PrintMetrics
from .pruning import OptunaPruning as OptunaPruning
