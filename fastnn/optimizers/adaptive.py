"""Adaptive optimisers: each parameter's step is divided by a measure of its gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
from typing import ClassVar

from .._checks.frozen import frozen
from .._checks.names import explained
from .._checks.scalars import as_amount, as_flag, as_positive, as_share, check_fields, pair_of
from ..core import optimizers
from .base import CompiledOptimizer


@explained
@frozen
class RMSprop(CompiledOptimizer):  # numpydoc ignore=PR02
    """RMSprop: steps divided by a running root mean square of the gradient.

    Parameters
    ----------
    learning_rate : float
        The rate, above 0, by default 0.01.
    alpha : float
        The share of the mean square that an update keeps, at least 0 and below 1, by default 0.99.
    eps : float
        The value added to the root, above 0, by default 1e-8.
    momentum : float
        The momentum, at least 0 and below 1, by default 0.
    centered : bool
        Whether to divide by the running standard deviation instead of the root mean square, by
        default False.
    weight_decay, decay_biases, clip_value, clip_norm : float or bool, optional
        As `CompiledOptimizer` describes them, by default 0, False, no limit and no limit.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.

    References
    ----------
    .. [1] T. Tieleman, G. Hinton, Neural networks for machine learning, lecture 6e, 2012; in the
       form of torch.optim.RMSprop.

    Examples
    --------
    >>> from fastnn.optimizers import RMSprop
    >>> RMSprop().alpha
    0.99
    """

    rule: ClassVar[int] = optimizers.RMSPROP
    places: ClassVar[Mapping[str, int | list[int]]] = {
        "alpha": optimizers.ALPHA,
        "eps": optimizers.EPS,
        "momentum": optimizers.FACTOR,
        "centered": optimizers.CENTERED,
    }

    alpha: float = 0.99
    eps: float = 1e-8
    momentum: float = 0.0
    centered: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fields(self, alpha=as_share, momentum=as_share, eps=as_positive, centered=as_flag)

    @property
    def _starts(self) -> Sequence[float]:  # type: ignore[override]
        return [0.0] * (3 if self.centered else 1 + (self.momentum > 0))


@explained
@frozen
class Adagrad(CompiledOptimizer):  # numpydoc ignore=PR02
    """Adagrad: steps divided by the root of the sum of all squared gradients.

    Parameters
    ----------
    learning_rate : float
        The rate, above 0, by default 0.01.
    lr_decay : float
        The decay of the rate, at least 0, by default 0. The rate of update t is
        learning_rate / (1 + (t - 1) lr_decay).
    initial_accumulator_value : float
        The initial value of the sums, at least 0, by default 0.
    eps : float
        The value added to the root, above 0, by default 1e-10.
    weight_decay, decay_biases, clip_value, clip_norm : float or bool, optional
        As `CompiledOptimizer` describes them, by default 0, False, no limit and no limit.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.

    References
    ----------
    .. [1] J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods for online learning and
       stochastic optimization, 2011; in the form of torch.optim.Adagrad.

    Examples
    --------
    >>> from fastnn.optimizers import Adagrad
    >>> Adagrad().eps
    1e-10
    """

    rule: ClassVar[int] = optimizers.ADAGRAD
    places: ClassVar[Mapping[str, int | list[int]]] = {
        "lr_decay": optimizers.LR_DECAY,
        "eps": optimizers.EPS,
    }

    lr_decay: float = 0.0
    initial_accumulator_value: float = 0.0
    eps: float = 1e-10

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fields(self, lr_decay=as_amount, initial_accumulator_value=as_amount, eps=as_positive)

    @property
    def _starts(self) -> Sequence[float]:  # type: ignore[override]
        return [self.initial_accumulator_value]


@explained
@frozen
class Adam(CompiledOptimizer):  # numpydoc ignore=PR02
    """Adam: the running mean of the gradient divided by its running root mean square.

    Parameters
    ----------
    learning_rate : float
        The rate, above 0, by default 0.001.
    betas : tuple of two float
        The shares of the mean and of the mean square that an update keeps, at least 0 and below 1,
        by default (0.9, 0.999).
    eps : float
        The value added to the root, above 0, by default 1e-8.
    eps_hat : bool
        Whether to add `eps` before the bias correction, as in Keras and scikit-learn, by default
        False.
    weight_decay, decay_biases, clip_value, clip_norm : float or bool, optional
        As `CompiledOptimizer` describes them, by default 0, False, no limit and no limit.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.

    References
    ----------
    .. [1] D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, 2015, algorithm 1; for
       `eps_hat` the end of its section 2.

    Examples
    --------
    >>> from fastnn.optimizers import Adam
    >>> Adam().learning_rate, Adam().betas
    (0.001, (0.9, 0.999))
    """

    rule: ClassVar[int] = optimizers.ADAM
    places: ClassVar[Mapping[str, int | list[int]]] = {
        "betas": [optimizers.BETA_1, optimizers.BETA_2],
        "eps": optimizers.EPS,
        "eps_hat": optimizers.EPS_HAT,
        "is_decoupled": optimizers.IS_DECOUPLED,
    }
    _starts: ClassVar[Sequence[float]] = (0.0, 0.0)
    is_decoupled: ClassVar[bool] = False  # whether the decay does not go through the gradient

    learning_rate: float = 0.001
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    eps_hat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fields(self, betas=pair_of(as_share, "a beta"), eps=as_positive, eps_hat=as_flag)


@explained
@frozen
class AdamW(Adam):  # numpydoc ignore=PR02
    """AdamW: Adam with decoupled weight decay, which does not go through the gradient.

    Parameters
    ----------
    learning_rate : float
        The rate, above 0, by default 0.001.
    betas : tuple of two float
        The shares of the mean and of the mean square that an update keeps, at least 0 and below 1,
        by default (0.9, 0.999).
    eps : float
        The value added to the root, above 0, by default 1e-8.
    eps_hat : bool
        Whether to add `eps` before the bias correction, as in Keras and scikit-learn, by default
        False.
    weight_decay : float
        The decay, at least 0, by default 0.01. An update first does W -= rate weight_decay W.
    decay_biases : bool
        Whether b -= rate weight_decay b too, as in PyTorch, by default False. Frozen biases never
        decay.
    clip_value, clip_norm : float, optional
        As `CompiledOptimizer` describes them, by default no limits.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, Decoupled weight decay regularization, 2019.

    Examples
    --------
    >>> from fastnn.optimizers import AdamW
    >>> AdamW().weight_decay
    0.01
    """

    is_decoupled: ClassVar[bool] = True

    _: KW_ONLY
    weight_decay: float = 0.01
