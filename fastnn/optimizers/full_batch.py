"""Optimisers that need the gradient of all samples: they trust its signs, or its differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .._checks.arrays import Array, as_count, as_positive
from .._checks.names import explained
from ..core import optimizers as updates
from .base import CompiledOptimizer, Optimizer


@explained
@dataclass(frozen=True)
class IRprop(CompiledOptimizer):
    """Steps that depend on the gradient's signs only (iRPROP-); for full batches.

    Parameters
    ----------
    learning_rate : float
        The first step of every parameter; no schedule changes it later.
    etas : tuple of two float
        What a step is multiplied by: below 1 where the gradient turns, above 1 where it does not.
    step_sizes : tuple of two float
        The least and the largest step.
    weight_decay, decay_biases, clip_value, clip_norm
        See `CompiledOptimizer`. The decay spares biases, unlike PyTorch's, unless told.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.

    References
    ----------
    .. [1] C. Igel, M. Huesken, Improving the Rprop learning algorithm, 2000; in the form of
       torch.optim.Rprop.

    Examples
    --------
    >>> from fastnn.optimizers import IRprop
    >>> IRprop().etas
    (0.5, 1.2)
    """

    rule: ClassVar[int] = updates.IRPROP

    etas: tuple[float, float] = (0.5, 1.2)
    step_sizes: tuple[float, float] = (1e-6, 50.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("etas", "step_sizes"):
            self._settle(name, tuple(as_positive(name, value) for value in self._pair(name)))
        if not self.etas[0] < 1 < self.etas[1]:
            raise ValueError(f"etas must be below and above 1, got {self.etas}")
        if self.step_sizes[0] > self.step_sizes[1]:
            raise ValueError(f"step_sizes must be in order, got {self.step_sizes}")

    def _own_settings(self) -> dict[int, float]:
        return {
            updates.ETA_MINUS: self.etas[0],
            updates.ETA_PLUS: self.etas[1],
            updates.STEP_MIN: self.step_sizes[0],
            updates.STEP_MAX: self.step_sizes[1],
        }

    def initial_slots(self, n_params: int, dtype: np.dtype[Any]) -> Array:
        """Return the state of the first update, shape (n_slots, n_params)."""
        slots = np.zeros((2, n_params), dtype)
        slots[1] = self.learning_rate
        return slots


@explained
@dataclass(frozen=True)
class LBFGS(Optimizer):
    """Limited-memory BFGS, by SciPy; for full batches, an epoch an iteration.

    Parameters
    ----------
    memory : int
        How many updates of the parameters are kept, at least 1.
    gtol : float
        At least 0: training ends where no element of the gradient is larger.
    ftol : float
        At least 0: training ends where the loss decreases relatively by less.
    max_line_search : int
        How often the loss may be computed in an iteration, at least 1.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.

    Notes
    -----
    What it remembers is not kept: training that is resumed starts from an empty memory.

    References
    ----------
    .. [1] scipy.optimize.minimize(method="L-BFGS-B").

    Examples
    --------
    >>> from fastnn.optimizers import LBFGS
    >>> LBFGS().memory
    10
    """

    memory: int = 10
    gtol: float = 1e-5
    ftol: float = 2.2e-9
    max_line_search: int = 20

    def __post_init__(self) -> None:
        for name in ("memory", "max_line_search"):
            self._settle(name, as_count(name, getattr(self, name)))
        self._settle_amount("gtol", "ftol")
