"""`Standardize`, the first layer: what it is, how it learns from samples, and how it is folded.

x' = (x - mean) / scale,    x' W + b = x (W / scale) + (b - mean / scale W)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._checks.arrays import Array, as_numbers, as_read_only
from ._checks.names import explained
from ._checks.scalars import as_flag, check_fields
from ._checks.stored import Inputs, changed, parts_of
from .core.inputs import Samples

FAR = 32.0  # deviations from 0, of which float32 loses 2e-6 when x W + b cancels
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

    def __repr__(self) -> str:
        parts = [f"{name}={_shown(value)}" for name, value in _known(self) if value is not None]
        return f"Standardize({', '.join(parts + ['with_mean=False'] * (not self.with_mean))})"


def _known(step: Standardize) -> tuple[tuple[str, Any], ...]:
    return ("mean", step.mean), ("scale", step.scale)


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


# ---- in a network --------------------------------------------------------------------------------


def split_layers(layers: Sequence[Any]) -> tuple[Standardize | None, Sequence[Any]]:
    """Return the first layer, if it is a `Standardize`, and the others.

    Parameters
    ----------
    layers : sequence
        The layers.

    Returns
    -------
    Standardize or None
        The first layer.
    sequence
        The layers after it.

    Raises
    ------
    ValueError
        If there is one elsewhere.
    """
    for k, layer in enumerate(layers):
        if isinstance(layer, Standardize) and k > 0:
            raise ValueError(f"Standardize must be the first layer, got it as layer {k}")
    if layers and isinstance(layers[0], Standardize):
        return layers[0], layers[1:]
    return None, layers


def sized(step: Standardize, n_in: int) -> Standardize:
    """Return the layer with a mean and a scale for each input, if they are known.

    Parameters
    ----------
    step : Standardize
        The layer.
    n_in : int
        The number of inputs.

    Returns
    -------
    Standardize
        The layer for so many inputs.

    Raises
    ------
    ValueError
        If it is for another number.
    """
    own: dict[str, Any] = {}
    for name, given in _known(step):
        if given is not None:
            if given.shape not in ((), (n_in,)):
                raise ValueError(f"{name} must have shape ({n_in},), got {given.shape}")
            own[name] = np.broadcast_to(given, n_in)
    return replace(step, **own)


def check_known(step: Standardize) -> None:
    """Raise unless mean and scale are known.

    Parameters
    ----------
    step : Standardize
        The layer.

    Raises
    ------
    ValueError
        If they are not.
    """
    if step.scale is None:
        what = "mean and scale" if step.with_mean else "the scale"
        how = "Standardize(mean, scale)" if step.with_mean else "Standardize(scale=..., ...)"
        raise ValueError(
            f"{what} of Standardize must be known, got none: call fit, which learns them, or give "
            f"them, {how}"
        )


def check_sparse(step: Standardize, X: Inputs) -> None:
    """Raise if the layer would fill a sparse table.

    Parameters
    ----------
    step : Standardize
        The layer.
    X : Inputs
        The samples.

    Raises
    ------
    ValueError
        If the samples are sparse and the mean is subtracted.
    """
    if X.is_sparse and step.with_mean:
        raise ValueError(
            "X must be dense for Standardize(), whose mean would fill its zeros, got a sparse one: "
            "use Standardize(with_mean=False), or X.toarray()"
        )


def standardised(step: Standardize, X: Inputs, dtype: np.dtype[Any]) -> Inputs:
    """Return samples as the next layer takes them.

    Parameters
    ----------
    step : Standardize
        The layer, whose mean and scale are known.
    X : Inputs
        The samples.
    dtype : numpy.dtype
        The dtype of the network.

    Returns
    -------
    Inputs
        The standardised samples: a copy or, if that would be large, part by part.
    """
    check_known(step)
    scale: Any = step.scale
    if isinstance(X, Samples) and X.is_sparse:
        values = (X.values / scale[X.columns]).astype(dtype)
        return Samples(as_read_only(values), X.starts, X.columns)
    return changed(X, lambda rows: standardised_rows(step, rows), dtype)


def standardised_rows(step: Standardize, rows: Array) -> Array:
    """Return rows of inputs standardised, in float64.

    Parameters
    ----------
    step : Standardize
        The layer, whose mean and scale are known.
    rows : ndarray, shape (..., n_in)
        The rows.

    Returns
    -------
    ndarray
        The standardised rows, as an array of its own.
    """
    mean: Any = step.mean
    scale: Any = step.scale
    with np.errstate(all="ignore"):  # NaN and infinity stay, and are found later
        if mean is None:
            return np.divide(rows, scale, dtype=np.float64)
        centred = np.subtract(rows, mean, dtype=np.float64)
        centred /= scale
    return centred


def is_far(means: Array, deviations: Array) -> bool:
    """Return True if a mean is far from 0, beside its deviation.

    Parameters
    ----------
    means, deviations : ndarray
        Those of the columns.

    Returns
    -------
    bool
        Whether float32 cannot hold the folded layer.
    """
    return bool((np.abs(means) > FAR * np.abs(deviations)).any())


def folded_layer(step: Standardize, W: Array, b: Array | None) -> tuple[Array, Array | None]:
    """Return float64 weights and biases of the next layer that take inputs as they are.

    Parameters
    ----------
    step : Standardize
        The layer, whose mean and scale are known.
    W : ndarray, shape (n_in, n_out)
        The weights of the next layer.
    b : ndarray, shape (n_out,), or None
        Its biases.

    Returns
    -------
    W : ndarray
        The folded weights.
    b : ndarray or None
        The folded biases; they are made if there were none, unless no mean is subtracted.
    """
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
    """Return the layer with the mean and the scale of samples.

    Parameters
    ----------
    step : Standardize
        The layer.
    parts : iterable of (Inputs, ndarray, ndarray or None)
        The samples part by part, their weights (empty if all are 1), and the numbers of those that
        count, None for all.
    n_in : int
        The number of inputs.

    Returns
    -------
    Standardize
        The layer that knows them.

    Raises
    ------
    ValueError
        If float64 cannot hold the scale of a column.
    """
    moments = _Moments(n_in)
    for X, weights, rows in parts:
        for part, numbers in parts_of(X, rows):
            moments.add(part, weights[numbers] if weights.size else np.ones(part.n_samples))
    mean, scale = moments.mean, moments.scale()
    known = np.isfinite(mean) & np.isfinite(scale)
    if not known.all():
        column = int(np.argmin(known))
        raise ValueError(
            "X must have a scale that float64 holds for Standardize, got infinity in column "
            f"{column}: divide the column by a power of 10"
        )
    return replace(step, mean=mean if step.with_mean else None, scale=scale)


class _Moments:
    """The weighted mean and sum of squared deviations of columns, part by part.

    Parts are joined as by Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", 1979.
    """

    def __init__(self, n_in: int) -> None:
        self._total, self._n = 0.0, 0
        self.mean, self._squares = np.zeros(n_in), np.zeros(n_in)

    def add(self, X: Samples, weights: Array) -> None:
        """Add samples with these weights."""
        total = float(weights.sum(dtype=np.float64))
        if total == 0:
            return
        with np.errstate(all="ignore"):  # what overflows is refused
            mean, squares = (_of_sparse if X.is_sparse else _of_table)(
                X, weights.astype(np.float64), total, len(self.mean)
            )
            share = total / (self._total + total)
            apart = mean - self.mean
            self.mean = self.mean + share * apart
            self._squares = self._squares + squares + self._total * share * apart**2
        self._total += total
        self._n += int(np.count_nonzero(weights))

    def scale(self) -> Array:
        """Return the standard deviations, and 1 of what is constant but for rounding."""
        eps = np.finfo(np.float64).eps
        with np.errstate(all="ignore"):
            variance = self._squares / self._total
            rounding = self._n * eps * variance + (self._n * eps * self.mean) ** 2
            is_constant = np.isfinite(variance) & (variance <= rounding)
            return np.where(is_constant, 1.0, np.sqrt(variance))


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
