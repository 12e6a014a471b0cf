"""Gradient descent: plain, and with momentum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from .._checks.frozen import frozen
from .._checks.names import explained
from .._checks.scalars import as_share, check_fields
from ..core import optimizers
from .base import CompiledOptimizer


@explained
@frozen
class SGD(CompiledOptimizer):  # numpydoc ignore=PR02
    """Stochastic gradient descent: params -= learning_rate gradient.

    Parameters
    ----------
    learning_rate : float
        The rate, above 0, in units of parameters squared per unit of loss, by default 0.01.
    weight_decay, decay_biases, clip_value, clip_norm : float or bool, optional
        As `CompiledOptimizer` describes them, by default 0, False, no limit and no limit.

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

    rule: ClassVar[int] = optimizers.SGD


@explained
@frozen
class Momentum(CompiledOptimizer):  # numpydoc ignore=PR02
    """Gradient descent with momentum: b = momentum b + (1 - dampening) g, params -= rate b.

    Parameters
    ----------
    learning_rate : float
        The rate, above 0, by default 0.01.
    momentum : float
        The momentum, at least 0 and below 1, by default 0.9.
    dampening : float
        The dampening, at least 0 and below 1, by default 0. The first update has none.
    weight_decay, decay_biases, clip_value, clip_norm : float or bool, optional
        As `CompiledOptimizer` describes them, by default 0, False, no limit and no limit.

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

    rule: ClassVar[int] = optimizers.MOMENTUM
    places: ClassVar[Mapping[str, int | list[int]]] = {
        "momentum": optimizers.FACTOR,
        "dampening": optimizers.DAMPENING,
    }
    _starts: ClassVar[Sequence[float]] = (0.0,)

    momentum: float = 0.9
    dampening: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fields(self, momentum=as_share, dampening=as_share)


@explained
@frozen
class Nesterov(CompiledOptimizer):  # numpydoc ignore=PR02
    """Nesterov's momentum: b = momentum b + g, params -= rate (g + momentum b).

    Parameters
    ----------
    learning_rate : float
        The rate, above 0, by default 0.01.
    momentum : float
        The momentum, at least 0 and below 1, by default 0.9.
    weight_decay, decay_biases, clip_value, clip_norm : float or bool, optional
        As `CompiledOptimizer` describes them, by default 0, False, no limit and no limit.

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

    rule: ClassVar[int] = optimizers.NESTEROV
    places: ClassVar[Mapping[str, int | list[int]]] = {"momentum": optimizers.FACTOR}
    _starts: ClassVar[Sequence[float]] = (0.0,)

    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fields(self, momentum=as_share)
