"""The base class of losses, and the losses that are compiled into the kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._checks.arrays import Array
from .._checks.frozen import frozen
from .._checks.heads import Part
from ..core.losses import CODES, LOSSES
from ..core.records import code_of_loss

Rows = Callable[[Any, Any, Any, Any, Any], float]


class Loss:
    """The base class of all losses: what `Network` takes beside a name.

    Attributes
    ----------
    name : str
        The name.
    partners : tuple of str
        The activations of the last layer that it goes with; empty if it goes with all.
    targets : str
        Which targets it is defined for: "numbers", "counts" (at least 0), "positive", "shares"
        (from 0 to 1) or "distributions" (rows of shares that sum to 1).
    n_per_target : int
        The number of outputs that predict one target.
    is_mean : bool
        Whether it is the mean over the outputs, not the sum.
    is_checked : bool
        Whether kernels check the targets of a single sample themselves, or take all.
    parts, losses : tuple
        Of a network that ends with `Heads`, these and the loss of each; else both are empty.

    Examples
    --------
    >>> from fastnn.losses import Loss, Quantile
    >>> isinstance(Quantile(), Loss)
    True
    """

    name: str = ""
    partners: tuple[str, ...] = ()
    targets: str = "numbers"
    n_per_target: int = 1
    is_mean: bool = False
    parts: tuple[Part, ...] = ()
    losses: tuple[Loss, ...] = ()

    @property
    def is_checked(self) -> bool:
        """A flag: whether kernels check the targets of a single sample themselves, or take all."""
        return self.targets == "numbers" and self.n_per_target == 1

    def code(self, activation: str, n_out: int, dtype: np.dtype[Any]) -> int:
        """Return what stands for the loss in a kernel; on first use it is compiled.

        Raise ValueError or TypeError if the loss does not go with such a network.
        """
        place = self, activation, dtype
        if place not in _CODES:
            rows, from_z = self._rows(activation)
            _CODES[place] = code_of_loss(rows, dtype, from_z=from_z, parameters=self._parameters)
        return _CODES[place]

    def fault(self, targets: Array, outputs: Array) -> str:
        """Return what a user's function does wrong for some sample, and where; else ""."""
        return ""

    @property
    def _parameters(self) -> Sequence[float]:
        """The numbers that its function takes."""
        return ()

    def _rows(self, activation: str) -> tuple[Rows, bool]:
        """Return the loss of a sample as a function for Numba, and whether it goes by z.

        It is a function of y, z, a and error, each of shape (n_out,), and of `parameters`: it
        returns the loss and overwrites `error` with its derivative, by z or by a. Of one that is
        the same object, for any parameters, machine code is made once.
        """
        raise NotImplementedError


_CODES: dict[tuple[Loss, str, np.dtype[Any]], int] = {}  # of what is compiled, once a process

_TARGETS = {
    "poisson": "counts",
    "binary_cross_entropy": "shares",
    "cross_entropy": "distributions",
}


@frozen
class NamedLoss(Loss):  # numpydoc ignore=PR02
    """A loss of `core.losses`, which kernels compute themselves.

    Parameters
    ----------
    name : str
        The name.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> Network(1, [Dense(1)]).loss_function
    'mse'
    """

    name: str

    def __repr__(self) -> str:
        return repr(self.name)

    @property
    def partners(self) -> tuple[str, ...]:  # type: ignore[override]
        """The activation that it goes with, if it goes with one only."""
        partner = LOSSES[self.name].partner
        return (partner,) if partner else ()

    @property
    def targets(self) -> str:  # type: ignore[override]
        """The kind of targets that it is defined for."""
        return _TARGETS.get(self.name, "numbers")

    @property
    def is_mean(self) -> bool:  # type: ignore[override]
        """Whether it is the mean over the outputs."""
        return LOSSES[self.name].is_mean

    @property
    def is_checked(self) -> bool:
        """Whether kernels check the targets of a single sample, or take all: not counts."""
        return self.name != "poisson"

    def code(self, activation: str, n_out: int, dtype: np.dtype[Any]) -> int:
        """Return its place in the table."""
        return CODES[self.name]
