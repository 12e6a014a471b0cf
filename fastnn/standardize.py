"""`Standardize`, the first layer: what it is, how it learns from samples, and how it is folded.

x' = (x - mean) / scale,    x' W + b = x (W / scale) + (b - mean / scale W)
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._checks.arrays import Array, as_numbers, as_read_only
from ._checks.names import explained
from ._checks.scalars import as_flag, check_fields

_FEW = 4  # columns that are shown


@explained(usage="Standardize(), or Standardize(mean, scale) with a number for each input")
@dataclass(frozen=True, eq=False, repr=False)
class Standardize:  # numpydoc ignore=PR02
    """The first layer of a network: it standardises the inputs, (x - mean) / scale.

    Parameters
    ----------
    mean : array_like, shape (n_in,), or float, optional
        The mean of each input, or of all. By default the first `Network.fit` learns it.
    scale : array_like, shape (n_in,), or float, optional
        The scale of each input, above 0, or of all. By default the first `Network.fit` learns it:
        the standard deviation, and 1 for a column that is constant.
    with_mean : bool
        Whether the mean is subtracted, by default True. False is for sparse inputs, whose zeros
        must stay: they are divided by the scale only.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or only one of mean and scale is given.

    Notes
    -----
    `fit` learns from the rows that it trains on, each counted by its weight, but not from those
    that it holds out for validation; of chunks, it goes through all of them once before it trains.
    Later calls keep what the first one has learnt. To learn anew, make another network:
    ``Network(net.n_in, [Standardize(), *net.layers], ...)``.

    The network computes with the standardised inputs: gradients, penalties and `input_noise` are
    those of such a network, while `gradient_of_inputs` and `jacobian` are derivatives by the inputs
    as they are given. Each call standardises its `X` once, in float64: `fit` makes one copy for
    all epochs or, of an `X` too large for that, standardises part by part in each epoch. The
    writers of `fastnn.exchange` fold the layer into the next one, as `Network.folded` does: what
    they write takes the inputs as they are.

    Examples
    --------
    >>> from fastnn import Dense, Network, Standardize
    >>> X, y = [[1000.0, 0.5], [1010.0, 0.1], [1020.0, 0.9]], [1, 2, 3]
    >>> net = Network(2, [Standardize(), Dense(1)], seed=0)
    >>> history = net.fit(X, y, epochs=200, learning_rate=0.1)
    >>> net.standardize
    Standardize(mean=[1010.0, 0.5], scale=[8.165, 0.3266])
    >>> net.predict([1010.0, 0.1]).round(3)
    array([2.])
    """

    mean: ArrayLike | None = None
    scale: ArrayLike | None = None
    _: KW_ONLY
    with_mean: bool = True

    def __post_init__(self) -> None:
        check_fields(self, with_mean=as_flag, mean=_as_given, scale=_as_given)
        if self.mean is not None and not self.with_mean:
            raise ValueError("mean must not be given with with_mean=False, got one")
        if self.with_mean and (self.mean is None) != (self.scale is None):
            given, other = ("scale", "mean") if self.mean is None else ("mean", "scale")
            raise ValueError(f"mean and scale must be given together, got {given} without {other}")
        if self.scale is not None and not np.greater(self.scale, 0).all():
            raise ValueError(
                f"scale must be above 0, got {np.min(self.scale)}: 1 leaves a column as it is"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Standardize) and self._numbers() == other._numbers()

    def __hash__(self) -> int:
        return hash(self._numbers())

    def _numbers(self) -> tuple[object, ...]:
        """Return what two that are equal have in common, shapes included."""
        known = [np.asarray(part) for part in (self.mean, self.scale) if part is not None]
        return self.with_mean, *((part.shape, *part.ravel().tolist()) for part in known)

    def __repr__(self) -> str:
        given: Any = (("mean", self.mean), ("scale", self.scale))
        parts = [f"{name}={_shown(value)}" for name, value in given if value is not None]
        return f"Standardize({', '.join(parts + ['with_mean=False'] * (not self.with_mean))})"


def _as_given(name: str, values: ArrayLike | None) -> Array | None:
    """Return a copy of a mean or a scale, if there is one."""
    if values is None:
        return None
    array = as_read_only(np.array(as_numbers(name, values, np.dtype(np.float64))))
    if array.ndim > 1:
        raise ValueError(f"{name} must be a number for each input, or one, got {array.shape}")
    return array


def _shown(values: Array) -> str:
    """Return the first numbers of an array, to four digits."""
    numbers = [float(f"{value:.4g}") for value in np.atleast_1d(values)[: _FEW + 1].tolist()]
    if values.ndim == 0:
        return str(numbers[0])
    return f"[{', '.join([*map(str, numbers[:_FEW]), *['...'] * (len(numbers) > _FEW)])}]"
