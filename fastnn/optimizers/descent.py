"""Gradient descent: plain, and with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .._checks.names import explained
from ..core import optimizers as updates
from .base import CompiledOptimizer


@explained
@dataclass(frozen=True)
class SGD(CompiledOptimizer):
    """Stochastic gradient descent: params -= learning_rate gradient.

    Parameters
    ----------
    learning_rate : float
        Above 0; parameter units^2 / loss units.
    weight_decay, decay_biases, clip_value, clip_norm
        See `CompiledOptimizer`. The decay spares biases, unlike PyTorch's, unless told.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.

    Examples
    --------
    >>> from fastnn.optimizers import SGD
    >>> SGD(0.1, clip_norm=1).clip_norm
    1.0
    """

    rule: ClassVar[int] = updates.SGD

    def _n_slots(self) -> int:
        return 0


@explained
@dataclass(frozen=True)
class Momentum(CompiledOptimizer):
    """Gradient descent with momentum: b = momentum b + (1 - dampening) g, params -= rate b.

    Parameters
    ----------
    learning_rate : float
    momentum : float
        At least 0, below 1.
    dampening : float
        At least 0, below 1; not at the first update.
    weight_decay, decay_biases, clip_value, clip_norm
        See `CompiledOptimizer`. The decay spares biases, unlike PyTorch's, unless told.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.

    References
    ----------
    .. [1] torch.optim.SGD, https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html

    Examples
    --------
    >>> from fastnn.optimizers import Momentum
    >>> Momentum(0.1).momentum
    0.9
    """

    rule: ClassVar[int] = updates.MOMENTUM

    momentum: float = 0.9
    dampening: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._settle_share("momentum", "dampening")

    def _own_settings(self) -> dict[int, float]:
        return {updates.FACTOR: self.momentum, updates.DAMPENING: self.dampening}


@explained
@dataclass(frozen=True)
class Nesterov(CompiledOptimizer):
    """Nesterov's momentum: b = momentum b + g, params -= rate (g + momentum b).

    Parameters
    ----------
    learning_rate : float
    momentum : float
        At least 0, below 1.
    weight_decay, decay_biases, clip_value, clip_norm
        See `CompiledOptimizer`. The decay spares biases, unlike PyTorch's, unless told.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.

    References
    ----------
    .. [1] I. Sutskever et al., On the importance of initialization and momentum in deep learning,
       2013, section 2; in the form of torch.optim.SGD(nesterov=True).

    Examples
    --------
    >>> from fastnn.optimizers import Nesterov
    >>> Nesterov(0.1, momentum=0.5).momentum
    0.5
    """

    rule: ClassVar[int] = updates.NESTEROV

    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        self._settle_share("momentum")

    def _own_settings(self) -> dict[int, float]:
        return {updates.FACTOR: self.momentum}
