"""What optimisers share: the learning rate, weight decay, clipping, and what kernels take."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np

from .._checks.arrays import Array, as_flag, as_in_range, as_positive
from ..core import optimizers as updates


@dataclass(frozen=True)
class Optimizer:
    """Some way to change the parameters; its fields are checked when it is made."""

    def _settle(self, name: str, value: object) -> None:
        """Put a checked value in its field: the one way in a frozen dataclass."""
        object.__setattr__(self, name, value)

    def _pair(self, name: str) -> tuple[Any, Any]:
        """Return a field that holds two values."""
        pair = getattr(self, name)
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"{name} must be a pair of numbers, got {pair!r}")
        return pair[0], pair[1]

    def _settle_share(self, *names: str) -> None:
        """Check fields that are at least 0 and below 1."""
        for name in names:
            self._settle(name, as_in_range(name, getattr(self, name), 0, 1))

    def _settle_amount(self, *names: str) -> None:
        """Check fields that are finite and at least 0."""
        for name in names:
            self._settle(name, as_in_range(name, getattr(self, name), 0, math.inf))

    def _settle_positive(self, *names: str) -> None:
        """Check fields that are finite and above 0."""
        for name in names:
            self._settle(name, as_positive(name, getattr(self, name)))


@dataclass(frozen=True)
class CompiledOptimizer(Optimizer):
    """An optimiser of `core.updates`: an update a batch.

    Parameters
    ----------
    learning_rate : float
        Above 0. Where `fit` is given a rate or a schedule of rates, those are used instead.
    weight_decay : float
        At least 0: how much of the weights is added to their gradient.
    decay_biases : bool
        Whether biases decay too, as PyTorch's do; frozen ones never.
    clip_value : float, optional
        The largest absolute value that an element of the gradient may have.
    clip_norm : float, optional
        The largest 2-norm that the whole gradient may have.

    Raises
    ------
    ValueError, TypeError
        If a hyperparameter is not a number or out of its range.
    """

    rule: ClassVar[int]

    learning_rate: float = 0.01
    _: KW_ONLY
    weight_decay: float = 0.0
    decay_biases: bool = False
    clip_value: float | None = None
    clip_norm: float | None = None

    def __post_init__(self) -> None:
        self._settle_positive("learning_rate")
        self._settle_amount("weight_decay")
        self._settle("decay_biases", as_flag("decay_biases", self.decay_biases))
        for name in ("clip_value", "clip_norm"):
            if (limit := getattr(self, name)) is not None:
                self._settle(name, as_positive(name, limit))

    @property
    def is_plain(self) -> bool:
        """Whether an update is params -= learning_rate gradient, and no more."""
        return (
            self.rule == updates.SGD
            and self.weight_decay == 0
            and self.clip_value is None
            and self.clip_norm is None
        )

    def settings(self) -> Array:
        """Return the hyperparameters as kernels take them."""
        values = np.zeros(updates.N_SETTINGS)
        values[updates.RULE] = self.rule
        values[updates.WEIGHT_DECAY] = self.weight_decay
        values[updates.DECAY_BIASES] = self.decay_biases
        values[updates.CLIP_VALUE] = math.inf if self.clip_value is None else self.clip_value
        values[updates.CLIP_NORM] = math.inf if self.clip_norm is None else self.clip_norm
        for place, value in self._own_settings().items():
            values[place] = value
        return values

    def _own_settings(self) -> dict[int, float]:
        return {}

    def initial_slots(self, n_params: int, dtype: np.dtype[Any]) -> Array:
        """Return the state of the first update, shape (n_slots, n_params)."""
        return np.zeros((self._n_slots(), n_params), dtype)

    def _n_slots(self) -> int:
        return 1
