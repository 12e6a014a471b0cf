"""The base classes of optimisers: learning rate, weight decay, clipping, arrays for kernels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
from typing import Any, ClassVar

import numpy as np

from .._checks.arrays import Array
from .._checks.frozen import frozen
from .._checks.scalars import as_amount, as_flag, as_limit, as_positive, check_fields
from ..core import optimizers
from ..core.layout import aligned_zeros


@frozen
class Optimizer:
    """The base class of all optimisers; a constructor checks its fields.

    Examples
    --------
    >>> from fastnn.optimizers import LBFGS, Optimizer
    >>> isinstance(LBFGS(), Optimizer)
    True
    """

    # The value with which each vector of the state starts.
    _starts: ClassVar[Sequence[float]] = ()

    def initial_slots(self, n_params: int, dtype: np.dtype[Any]) -> Array:
        """Return the optimiser state before the first update.

        Parameters
        ----------
        n_params : int
            The length of the parameter vector.
        dtype : numpy.dtype
            The dtype of the parameters.

        Returns
        -------
        ndarray, shape (n_slots, n_params)
            The state.
        """
        if not self._starts:
            return np.empty((0, n_params), dtype)
        slots = aligned_zeros((len(self._starts), n_params), np.dtype(dtype))
        for k, start in enumerate(self._starts):
            slots[k] = start
        return slots


@frozen
class CompiledOptimizer(Optimizer):  # numpydoc ignore=PR02
    """The base class of the optimisers in `core.optimizers`, with one update for each batch.

    Parameters
    ----------
    learning_rate : float
        The rate, above 0, by default 0.01. A rate or a schedule that `fit` is given replaces it.
    weight_decay : float
        The factor of the weights that is added to their gradient, at least 0, by default 0.
    decay_biases : bool
        Whether biases decay too, as in PyTorch, by default False. Frozen biases never decay.
    clip_value : float, optional
        The largest absolute value of an element of the gradient, by default no limit.
    clip_norm : float, optional
        The largest 2-norm of the whole gradient, by default no limit.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.

    Examples
    --------
    >>> from fastnn.optimizers import SGD, CompiledOptimizer
    >>> isinstance(SGD(), CompiledOptimizer)
    True
    """

    rule: ClassVar[int]  # its number in `core.optimizers`
    # The hyperparameters of its own, and their places in the settings: for a pair, two.
    places: ClassVar[Mapping[str, int | list[int]]] = {}

    learning_rate: float = 0.01
    _: KW_ONLY
    weight_decay: float = 0.0
    decay_biases: bool = False
    clip_value: float | None = None
    clip_norm: float | None = None

    def __post_init__(self) -> None:
        check_fields(
            self,
            learning_rate=as_positive,
            weight_decay=as_amount,
            decay_biases=as_flag,
            clip_value=as_limit,
            clip_norm=as_limit,
        )

    @property
    def is_plain(self) -> bool:
        """Whether an update is params -= learning_rate gradient, without decay or clipping."""
        return (
            self.rule == optimizers.SGD
            and self.weight_decay == 0
            and self.clip_value is None
            and self.clip_norm is None
        )

    def settings(self) -> Array:  # numpydoc ignore=RT01
        """Return the hyperparameters for the kernels, in the order of `core.optimizers`."""
        values = np.zeros(optimizers.N_SETTINGS)
        values[optimizers.RULE] = self.rule
        values[optimizers.WEIGHT_DECAY] = self.weight_decay
        values[optimizers.DECAY_BIASES] = self.decay_biases
        values[optimizers.CLIP_VALUE] = math.inf if self.clip_value is None else self.clip_value
        values[optimizers.CLIP_NORM] = math.inf if self.clip_norm is None else self.clip_norm
        for name, place in self.places.items():
            value = getattr(self, name)
            if isinstance(place, int):
                values[place] = value
            else:
                values[place[0]], values[place[1]] = value
        return values
