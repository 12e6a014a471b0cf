"""Standardise inputs: how `Standardize` learns from samples, and how it is folded.

    x' = (x - mean) / scale,    x' W + b = x (W / scale) + (b - mean / scale W)

Both are computed in float64.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._checks.arrays import Array, as_read_only
from .._checks.stored import Inputs, changed, parts_of
from ..core.inputs import Samples
from ..standardize import Standardize

_HEAVY = 1e100  # of a sum of weights, beyond which they, not the columns, may overflow
_FAINT = np.finfo(np.float64).tiny  # a variance below which digits are lost
FAR = 32.0  # deviations from 0, of which float32 loses 2e-6 when x W + b cancels


# ---- in a network --------------------------------------------------------------------------------


def split_layers(layers: Sequence[Any]) -> tuple[Standardize | None, Sequence[Any]]:
    """Return the first layer, if it is a `Standardize`, and the others."""
    for k, layer in enumerate(layers):
        if isinstance(layer, Standardize) and k > 0:
            raise ValueError(f"Standardize must be the first layer, got it as layer {k}")
    if layers and isinstance(layers[0], Standardize):
        return layers[0], layers[1:]
    return None, layers


def sized(step: Standardize, n_in: int) -> Standardize:
    """Return the layer with a mean and a scale for each input, if they are known."""
    own: dict[str, Any] = {}
    known: Any = (("mean", step.mean), ("scale", step.scale))
    for name, given in known:
        if given is not None:
            if given.shape not in ((), (n_in,)):
                raise ValueError(f"{name} must have shape ({n_in},), got {given.shape}")
            own[name] = np.broadcast_to(given, n_in)
    return replace(step, **own)


def check_known(step: Standardize) -> None:
    """Raise unless mean and scale are known."""
    if step.scale is None:
        what = "mean and scale" if step.with_mean else "the scale"
        scale = "scale=scale, with_mean=False"
        how = f"Standardize({'mean, scale' if step.with_mean else scale})"
        raise ValueError(
            f"{what} of Standardize must be known, got none: call fit, which learns them, or give "
            f"them, {how}"
        )


def check_sparse(step: Standardize, X: Inputs) -> None:
    """Raise if the layer would fill a sparse table."""
    if X.is_sparse and step.with_mean:
        raise ValueError(
            "X must be dense for Standardize(), whose mean would fill its zeros, got a sparse one: "
            "use Standardize(with_mean=False), or X.toarray()"
        )


def standardised(step: Standardize, X: Inputs, dtype: np.dtype[Any]) -> Inputs:
    """Return samples as the next layer takes them."""
    check_known(step)
    scale: Any = step.scale
    if isinstance(X, Samples) and X.is_sparse:
        with np.errstate(over="ignore"):
            values = (X.values / scale[X.columns]).astype(dtype)
        return Samples(as_read_only(values), X.starts, X.columns)
    return changed(X, lambda rows: standardised_rows(step, rows, dtype), dtype)


def standardised_rows(step: Standardize, rows: Array, dtype: np.dtype[Any]) -> Array:
    """Return rows of inputs standardised in float64."""
    mean: Any = 0.0 if step.mean is None else step.mean
    scale: Any = step.scale
    with np.errstate(all="ignore"):  # NaN and infinity stay, and are found later
        own: Array = np.subtract(rows, mean, dtype=np.float64)
        own /= scale
        return own.astype(dtype, copy=False)


def is_far(means: Array, deviations: Array) -> bool:
    """Return True if a mean is far from 0, beside its deviation."""
    return bool((np.abs(means) > FAR * np.abs(deviations)).any())


def folded_layer(step: Standardize, W: Array, b: Array | None) -> tuple[Array, Array | None]:
    """Return float64 weights and biases of the next layer that take inputs as they are."""
    scale: Any = step.scale
    with np.errstate(all="ignore"):  # what is not finite is refused with the layer
        folded = W / scale[:, np.newaxis]
        biases = None if b is None else b.astype(np.float64)
        if step.mean is not None:
            moved = (np.asarray(step.mean) / scale) @ W.astype(np.float64)
            biases = -moved if biases is None else biases - moved
    return folded, biases


# ---- learnt from samples -------------------------------------------------------------------------


def learnt(
    step: Standardize, parts: Iterable[tuple[Inputs, Array, Array | None]], n_in: int
) -> Standardize:
    """Return the layer with the mean and the scale of samples."""
    moments = _Moments(n_in)
    for X, weights, rows in parts:
        for part, numbers in parts_of(X, rows):
            moments.add(part, weights[numbers] if weights.size else np.ones(part.n_samples))
    mean, scale = moments.mean, moments.scale()
    known = np.isfinite(mean) & np.isfinite(scale) & (scale > 0)
    if not known.all():
        column = int(np.argmin(known))
        if moments.total > _HEAVY:
            raise ValueError(
                "the weights of the samples must have a sum of which float64 holds products for "
                f"Standardize, got {moments.total:g}: divide sample_weight by its largest"
            )
        got, remedy = ("0", "multiply") if scale[column] == 0 else ("infinity", "divide")
        raise ValueError(
            f"X must have a scale that float64 holds for Standardize, got {got} in column "
            f"{column}: {remedy} the column by a power of 10"
        )
    return replace(step, mean=mean if step.with_mean else None, scale=scale)


class _Moments:
    """The weighted mean and sum of squared deviations of columns, part by part.

    Parts are joined as by Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", 1979.
    """

    def __init__(self, n_in: int) -> None:
        self.total, self._n = 0.0, 0
        self.mean, self._squares = np.zeros(n_in), np.zeros(n_in)
        self._farthest = np.zeros(n_in)  # deviation, of columns whose squares may be too small

    def add(self, X: Samples, weights: Array) -> None:
        """Add samples with these weights."""
        with np.errstate(over="ignore"):
            total = float(weights.sum(dtype=np.float64))
        if total == 0:
            return
        with np.errstate(all="ignore"):  # what overflows is refused
            mean, squares = (_of_sparse if X.is_sparse else _of_table)(
                X, weights.astype(np.float64), total, len(self.mean)
            )
            share = total / (self.total + total)
            apart = mean - self.mean
            if (faint := squares <= total * _FAINT).any():
                far = _farthest(X, weights, mean, faint)
                far = np.maximum(far, np.abs(apart)) if self.total else far
                self._farthest = np.maximum(self._farthest, far)
            self.mean = self.mean + share * apart
            self._squares = self._squares + squares + self.total * share * apart**2
        self.total += total
        self._n += int(np.count_nonzero(weights))

    def scale(self) -> Array:
        """Return the standard deviations, and 1 of what is constant but for rounding.

        It is 0 of what varies by so little that float64 does not hold the squares.
        """
        eps = np.finfo(np.float64).eps
        with np.errstate(all="ignore"):
            variance = self._squares / self.total
            rounding = self._n * eps * variance + (self._n * eps * self.mean) ** 2
            is_constant = np.isfinite(variance) & (variance <= rounding)
            is_lost = (variance < _FAINT) & (self._farthest > self._n * eps * np.abs(self.mean))
            return np.where(is_lost, 0.0, np.where(is_constant, 1.0, np.sqrt(variance)))


def _of_table(X: Samples, weights: Array, total: float, n_in: int) -> tuple[Array, Array]:
    """Return the mean and the sum of squared deviations of dense samples."""
    table = X.values.astype(np.float64, copy=False)
    mean = weights @ table / total
    return mean, weights @ (table - mean) ** 2


def _of_sparse(X: Samples, weights: Array, total: float, n_in: int) -> tuple[Array, Array]:
    """Return those of sparse samples, whose other elements are 0."""
    of_each, columns = np.repeat(weights, np.diff(X.starts)), X.columns
    mean = np.bincount(columns, of_each * X.values[0], n_in) / total
    squares = np.bincount(columns, of_each * (X.values[0] - mean[columns]) ** 2, n_in)
    return mean, squares + (total - np.bincount(columns, of_each, n_in)) * mean**2


def _farthest(X: Samples, weights: Array, mean: Array, among: Array) -> Array:
    """Return how far from the mean samples with a weight are, of some columns; 0 of the others."""
    far, counts = np.zeros(len(mean)), weights > 0
    if X.is_sparse:
        some = np.repeat(counts, np.diff(X.starts)) & among[X.columns]
        columns = X.columns[some]
        np.maximum.at(far, columns, np.abs(X.values[0, some] - mean[columns]))
    else:
        far[among] = np.abs(X.values[counts][:, among] - mean[among]).max(axis=0)
    return far
