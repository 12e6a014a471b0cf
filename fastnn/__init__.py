"""Small dense neural networks on a CPU, trained by compiled kernels."""

from .activations import activation as activation
from .errors import DivergenceError as DivergenceError
from .errors import FormatError as FormatError
from .heads import Heads as Heads
from .history import History as History
from .layers import Dense as Dense
from .losses import loss as loss
from .models import load_model as load_model
from .network import Network as Network
from .population.population import Population as Population
from .standardize import Standardize as Standardize
from .warmup import warmup as warmup

__version__ = "0.1.0"
