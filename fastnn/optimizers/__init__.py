"""The hyperparameters of optimisers; their arithmetic and its formulas are in `core.updates`.

Names, formulas and defaults are PyTorch's. Weight decay is for weights only, never for biases. The
gradient of a batch is clipped, by value and then by norm, before the decay is added to it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..validation import as_choice
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

NAMED: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adam": Adam,
    "adamw": AdamW,
    "irprop": IRprop,
    "lbfgs": LBFGS,
}


def as_optimizer(optimizer: Any, learning_rate: float | None, last: Optimizer | None) -> Optimizer:
    """Return the optimiser to train with.

    `optimizer` is an optimiser, a name, or None for whichever was used last, `SGD` before any; one
    that is not handed in whole goes on from `last`, if of its kind. A `learning_rate` takes the
    place of its own.
    """
    if isinstance(optimizer, Optimizer):
        chosen = optimizer
    elif optimizer is None:
        chosen = last or SGD()
    else:
        kind = NAMED[as_choice("optimizer", optimizer, NAMED)]
        chosen = last if type(last) is kind else kind()
    if learning_rate is None:
        return chosen
    if not isinstance(chosen, CompiledOptimizer):
        raise ValueError(f"learning_rate must not be given with {chosen}, got {learning_rate!r}")
    return replace(chosen, learning_rate=learning_rate)
