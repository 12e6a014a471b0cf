"""The hyperparameters of optimisers; their arithmetic is in the core."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .validation import as_choice, as_positive


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent: params -= learning_rate gradient.

    Parameters
    ----------
    learning_rate : float
        Above 0; parameter units^2 / loss units.

    Raises
    ------
    ValueError
        If the rate is not finite and above 0.

    Examples
    --------
    >>> from fastnn.optimizers import SGD
    >>> SGD()
    SGD(learning_rate=0.01)
    """

    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", as_positive("learning_rate", self.learning_rate))


NAMED = {"sgd": SGD}


def as_optimizer(optimizer: Any, learning_rate: float | None, last: SGD | None) -> SGD:
    """Return the optimiser to train with.

    `optimizer` is an optimiser, a name, or None for whichever was used last; one that is not handed
    in whole goes on from `last`, if of its kind. A `learning_rate` takes the place of its own.
    """
    if isinstance(optimizer, SGD):
        chosen = optimizer
    else:
        kind = SGD if optimizer is None else NAMED[as_choice("optimizer", optimizer, NAMED)]
        chosen = last if isinstance(last, kind) else kind()
    return chosen if learning_rate is None else replace(chosen, learning_rate=learning_rate)
