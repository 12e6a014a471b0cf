"""Steps that multiply and add each column, folded in float64 into the dense layers beside them.

    y = x scale + shift

Before a layer, y W + b = x (scale W) + (b + shift W); after it, z scale + shift = x (W scale) +
(b scale + shift). If the mean of a column is much larger than its spread, float32 cannot hold the
second form: its terms cancel.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from .._checks.arrays import Array


class Affine(NamedTuple):
    """A step y = x scale + shift in float64: both of shape (n,), or () if all columns are alike."""

    scale: Array
    shift: Array

    @classmethod
    def of(cls, scale: ArrayLike, shift: ArrayLike) -> Self:
        """Return the step of numbers, or of tables of one row.

        Raise ValueError unless they are real numbers of shape (n,) or (1, n), n being 1 or the same
        for both, or ().
        """
        factors, terms = (_as_row(values) for values in (scale, shift))
        if factors.shape != terms.shape and factors.ndim == terms.ndim:
            raise ValueError(f"scale and shift must go together, got {len(factors)}, {len(terms)}")
        return cls(factors, terms)

    @classmethod
    def standardisation(cls, mean: ArrayLike, deviation: ArrayLike) -> Self:
        """Return the step (x - mean) / deviation."""
        with np.errstate(all="ignore"):  # a deviation of 0 is refused with the layer
            scale = 1 / _as_row(deviation)
            return cls.of(scale, -_as_row(mean) * scale)

    @classmethod
    def batch_normalisation(
        cls,
        gamma: ArrayLike | None,
        beta: ArrayLike | None,
        mean: ArrayLike,
        variance: ArrayLike,
        epsilon: float,
    ) -> Self:
        """Return the step (x - mean) / sqrt(variance + epsilon) gamma + beta."""
        with np.errstate(all="ignore"):
            scale = 1 / np.sqrt(_as_row(variance) + epsilon)
            if gamma is not None:
                scale = scale * _as_row(gamma)
            shift = -_as_row(mean) * scale
            return cls.of(scale, shift if beta is None else shift + _as_row(beta))

    @property
    def width(self) -> int | None:
        """The number of columns; None for any number."""
        sizes = [len(part) for part in self if part.ndim]
        return sizes[0] if sizes else None

    @property
    def is_identity(self) -> bool:
        """Whether the step changes no value."""
        return bool((self.scale == 1).all() and (self.shift == 0).all())

    @property
    def only_adds(self) -> bool:
        """Whether the step only adds."""
        return bool((self.scale == 1).all())

    @np.errstate(all="ignore")  # what is not finite is refused with the layer
    def then(self, after: Affine) -> Affine:
        """Return both steps as one."""
        return Affine(self.scale * after.scale, self.shift * after.scale + after.shift)

    @np.errstate(all="ignore")
    def before(self, W: Array, b: Array | None) -> tuple[Array, Array | None]:
        """Return float64 weights and biases that take x in place of y."""
        n_in, W = len(W), W.astype(np.float64)
        scale, shift = (np.broadcast_to(part, n_in) for part in self)
        moved = shift @ W if shift.any() else None
        biases = _sum(None if b is None else b.astype(np.float64), moved)
        return scale[:, np.newaxis] * W, biases

    @np.errstate(all="ignore")
    def after(self, W: Array, b: Array | None) -> tuple[Array, Array | None]:
        """Return float64 weights and biases that give y in place of the layer's z."""
        scaled = None if b is None else b.astype(np.float64) * self.scale
        shift = np.broadcast_to(self.shift, W.shape[1]) if self.shift.any() else None
        return W.astype(np.float64) * self.scale, _sum(scaled, shift)

    @property
    def origin(self) -> tuple[Array, Array]:
        """The x at which y is 0, and the change of x that changes y by 1: mean and deviation."""
        with np.errstate(all="ignore"):
            mean, deviation = -self.shift / self.scale, 1 / np.abs(self.scale)
        known = np.isfinite(mean) & np.isfinite(deviation)
        return np.where(known, mean, 0.0), np.where(known, deviation, 1.0)


def _as_row(values: ArrayLike) -> Array:
    """Return numbers as float64 of shape (n,) or (); an axis of length 1 is dropped."""
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"a step must be of real numbers, got dtype {array.dtype}")
    if array.size == 1:
        array = array.reshape(())
    elif array.ndim != 1:
        if array.ndim == 0 or array.shape[-1] != array.size:
            raise ValueError(f"a step must be of one number a column, got shape {array.shape}")
        array = array.reshape(-1)
    return array.astype(np.float64)


def _sum(first: Array | None, second: Array | None) -> Array | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second
