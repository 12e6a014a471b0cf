"""Optimisers for full batches: iRPROP- and L-BFGS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from .._checks.frozen import frozen
from .._checks.names import explained
from .._checks.scalars import as_amount, as_count, as_positive, check_fields, pair_of
from ..core import optimizers
from .base import CompiledOptimizer, Optimizer


@explained
@frozen
class IRprop(CompiledOptimizer):  # numpydoc ignore=PR02
    """The method iRPROP-: steps by the signs of the gradient only, for full batches.

    `Network.fit` warns of smaller ones, where the signs change from batch to batch.

    Parameters
    ----------
    learning_rate : float
        The first step of every parameter, above 0, by default 0.01. No schedule changes it later.
    etas : tuple of two float
        The factors of a step, by default (0.5, 1.2): the first, below 1, if the gradient has
        changed its sign; the second, above 1, if it has not.
    step_sizes : tuple of two float
        The smallest and the largest step, by default (1e-6, 50).
    weight_decay, decay_biases, clip_value, clip_norm : float or bool, optional
        As `CompiledOptimizer` describes them, by default 0, False, no limit and no limit.

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

    rule: ClassVar[int] = optimizers.IRPROP
    places: ClassVar[Mapping[str, int | list[int]]] = {
        "etas": [optimizers.ETA_MINUS, optimizers.ETA_PLUS],
        "step_sizes": [optimizers.STEP_MIN, optimizers.STEP_MAX],
    }

    etas: tuple[float, float] = (0.5, 1.2)
    step_sizes: tuple[float, float] = (1e-6, 50.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fields(self, etas=pair_of(as_positive), step_sizes=pair_of(as_positive))
        if not self.etas[0] < 1 < self.etas[1]:
            raise ValueError(f"etas must be below and above 1, got {self.etas}")
        if self.step_sizes[0] > self.step_sizes[1]:
            raise ValueError(f"step_sizes must be in order, got {self.step_sizes}")

    @property
    def _starts(self) -> Sequence[float]:  # type: ignore[override]
        return [0.0, self.learning_rate]


@explained
@frozen
class LBFGS(Optimizer):  # numpydoc ignore=PR02
    """Limited-memory BFGS by SciPy: one iteration an epoch, for full batches.

    Parameters
    ----------
    memory : int
        The number of past updates that the method keeps, at least 1, by default 10.
    gtol : float
        The tolerance of the gradient, at least 0, by default 1e-5: training ends when no element
        is larger.
    ftol : float
        The tolerance of the loss, at least 0, by default 2.2e-9: training ends when the relative
        decrease is smaller.
    max_line_search : int
        The largest number of loss evaluations in an iteration, at least 1, by default 20.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.

    Notes
    -----
    The memory is not kept: resumed training starts with an empty one.

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
        check_fields(
            self, memory=as_count, max_line_search=as_count, gtol=as_amount, ftol=as_amount
        )
