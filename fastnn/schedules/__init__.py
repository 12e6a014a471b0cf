"""Learning rates that change from epoch to epoch.

Formulas and defaults are those of `torch.optim.lr_scheduler`, with three exceptions: `OneCycle`
changes the rate only, where PyTorch's by default changes the momentum too; `ReduceOnPlateau` has
the relative threshold only; `InverseScaling` is scikit-learn's. The names are fastnn's.

A schedule is any function of the epoch, which is 0 for the first one. If it also has the methods
`start` and `observe` of `ReduceOnPlateau`, training passes it the metrics of each epoch; if it has
`expect`, training passes it the names of these metrics before the first epoch.
"""

from .curves import Constant as Constant
from .curves import Cosine as Cosine
from .curves import Exponential as Exponential
from .curves import InverseScaling as InverseScaling
from .curves import OneCycle as OneCycle
from .curves import Step as Step
from .plateau import ReduceOnPlateau as ReduceOnPlateau
