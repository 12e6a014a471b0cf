"""Learning rates that change from epoch to epoch, or from update to update.

Formulas and defaults are those of `torch.optim.lr_scheduler`, with three exceptions: `OneCycle`
changes the rate only, where PyTorch's by default changes the momentum too; `ReduceOnPlateau` has
the relative threshold only; `InverseScaling` is scikit-learn's. The names are fastnn's.

A schedule is any function of the epoch, which is 0 for the first one. If it has an attribute `per`
equal to "update", as ``Cosine(0.003, epochs=5000, per="update")`` has, it is one of the number of
updates before, counted through all epochs: the rate then changes at every update inside the
compiled epoch. So for a function `f` of a user, ``f.per = "update"``. It is called for each update,
which takes longer than a small one does, unless it has a method ``rates(first, n)`` that returns
`n` rates as an array, as those here have.

`warmup` is linear, and comes before the schedule: ``Constant(0.01, per="update", warmup=500)``.

If a schedule also has the methods `start` and `observe` of `ReduceOnPlateau`, training passes it
the metrics of each epoch; if it has `expect`, training passes it the names of these metrics before
the first epoch.
"""

from .curves import Constant as Constant
from .curves import Cosine as Cosine
from .curves import Exponential as Exponential
from .curves import InverseScaling as InverseScaling
from .curves import OneCycle as OneCycle
from .curves import Step as Step
from .plateau import ReduceOnPlateau as ReduceOnPlateau
