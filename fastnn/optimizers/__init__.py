r"""The optimisers and their hyperparameters; `core.updates` has the formulas.

Notes
-----
The formulas are those of `torch.optim` (2.13), and steps agree up to rounding. The differences:

===================  =====================================  =======================================
\                    here                                   in PyTorch
===================  =====================================  =======================================
weight decay         of weights; of biases too if           of all parameters
                     `decay_biases` is True
the rate             `learning_rate`                        `lr`
plain descent        `SGD`, of rate 0.01                    `SGD`, of rate 0.001
momentum             `Momentum`, `Nesterov`: of rate 0.01,  `SGD(momentum=...)`,
                     momentum 0.9                           `SGD(momentum=..., nesterov=True)`
clipping             `clip_value`, then `clip_norm`,        a call before the step
                     before the decay is added
epsilon in the root  `Adam(eps_hat=True)`, too, as in       not available
                     Keras and scikit-learn
sign-based steps     `IRprop`, with weight decay            `Rprop`, without decay
full batches         `LBFGS`, which is SciPy's              `LBFGS`, another line search
options              no `amsgrad`, no `maximize`            `amsgrad`, `maximize`
===================  =====================================  =======================================

All other names and defaults, those of `RMSprop`, `Adagrad`, `Adam` and `AdamW`, are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._checks.scalars import as_choice
from .adaptive import Adagrad as Adagrad
from .adaptive import Adam as Adam
from .adaptive import AdamW as AdamW
from .adaptive import RMSprop as RMSprop
from .base import CompiledOptimizer as CompiledOptimizer
from .base import Optimizer as Optimizer
from .descent import SGD as SGD
from .descent import Momentum as Momentum
from .descent import Nesterov as Nesterov
from .full_batch import LBFGS as LBFGS
from .full_batch import IRprop as IRprop
from .unknown import as_known

NAMED: dict[str, type[Optimizer]] = {
    kind.__name__.lower(): kind
    for kind in (SGD, Momentum, Nesterov, RMSprop, Adagrad, Adam, AdamW, IRprop, LBFGS)
}
COMPILED = {name: kind for name, kind in NAMED.items() if issubclass(kind, CompiledOptimizer)}


def as_optimizer(
    optimizer: Any,
    learning_rate: float | None,
    last: Optimizer | None,
    *,
    named: Mapping[str, type[Optimizer]] = NAMED,
) -> Optimizer:
    """Return the optimiser to train with, `last` being the one that training last used.

    A name, one of `named`, means `last` if that is of the same kind, else one with its defaults;
    None means `last`, or else `SGD`. A learning rate replaces that of the optimiser.
    """
    if isinstance(optimizer, Optimizer):
        chosen = optimizer
    elif optimizer is None:
        chosen = last or SGD()
    elif isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an object, got the class: write {optimizer.__name__}()")
    else:
        kind = named[as_choice("optimizer", optimizer, named)]
        chosen = last if type(last) is kind else kind()
    if not isinstance(as_known(chosen), LBFGS) and not hasattr(chosen, "rule"):
        known = ", ".join(kind.__name__ for kind in NAMED.values())
        raise TypeError(
            f"optimizer must be of {known}, or of a class that derives from one of these, whose "
            f"formula it then has, got one of {type(chosen).__name__}"
        )
    if learning_rate is None:
        return chosen
    if not isinstance(chosen, CompiledOptimizer):
        raise ValueError(f"learning_rate must not be given with {chosen}, got {learning_rate!r}")
    return replace(chosen, learning_rate=learning_rate)
