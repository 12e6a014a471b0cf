"""What stands for an optimiser that a file does not hold."""

from __future__ import annotations

from .._checks.frozen import frozen
from .base import Optimizer


@frozen
class OptimizerStub(Optimizer):
    """A stub for an optimiser of the user's own class, of which a file has the name alone."""

    name: str


def as_known(optimizer: Optimizer) -> Optimizer:  # numpydoc ignore=PR01,RT01
    """Return an optimiser unless it is a stub, by which no training goes on."""
    if isinstance(optimizer, OptimizerStub):
        raise ValueError(
            f"optimizer must be given: it was {optimizer.name}, a class of the user's, which a "
            "file does not hold"
        )
    return optimizer
