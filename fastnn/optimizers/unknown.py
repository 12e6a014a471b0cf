"""What stands for an optimiser that a file does not hold."""

from __future__ import annotations

from .._checks.frozen import frozen
from .base import Optimizer


@frozen
class OptimizerStub(Optimizer):
    """A stub for an optimiser of the user's own class, of which a file has the name alone."""

    name: str

    def refusal(self) -> ValueError:  # numpydoc ignore=RT01
        """Return the error of training that would go on by it."""
        return ValueError(
            f"optimizer must be given: it was {self.name}, a class of the user's, which a file "
            "does not hold"
        )
