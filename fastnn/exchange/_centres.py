"""Keep the means of columns far from 0, so that exports in float32 can subtract them first.

A network whose first layer holds a standardisation, x (W / s) + (b - m / s W), needs float64 if
m is far beyond s: in float32 its terms cancel, and for times of 1.7e9 no digit is left. Such a
network keeps m and s in its metadata. An export in float32 subtracts m first, and then all is of
order 1:

    x W + b = (x - m) W + (b + m W)

That holds for any m, hence also after more training. Likewise m is added last to outputs that are
far from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._checks.arrays import Array, as_numbers
from .._training.standardise import FAR, is_far
from ..network import Network

_KEY = "far columns"  # in the metadata of a network
_LARGEST_ROUNDING = 1e-3  # of a deviation: where float32 is coarser, numbers stay double


class Column(NamedTuple):
    """The means and deviations of columns that are far from 0; 0 for the others."""

    means: Array  # float64; numbers that float32 has, unless the columns are double
    is_double: bool  # whether float32 is too coarse for the columns themselves
    scale: Array | None = None  # by which what is left of each column is divided, if by anything


class Centred(NamedTuple):
    """The float64 parameters of a network for centred inputs and outputs."""

    weights: list[Array]
    biases: list[Array | None]
    inputs: Column | None
    outputs: Column | None


def note_far(
    net: Network,
    inputs: tuple[ArrayLike, ArrayLike] | None,
    outputs: tuple[ArrayLike, ArrayLike] | None,
) -> None:
    """Write the means and deviations of inputs and outputs in the metadata, if any are far."""
    note = {}
    for name, n, given in (("inputs", net.n_in, inputs), ("outputs", net.n_out, outputs)):
        if given is not None:
            means, deviations = (np.broadcast_to(np.asarray(part, float), n) for part in given)
            if is_far(means, deviations):
                note[name] = {"means": means.tolist(), "deviations": deviations.tolist()}
    if note:
        net.metadata[_KEY] = note


def folded(net: Network) -> Network:
    """Return a network without `Standardize`, which tells of far columns; itself if it has none."""
    if (step := net.standardize) is None:
        return net
    own = net.folded()
    if step.mean is not None and step.scale is not None:
        note_far(own, (step.mean, step.scale), None)
    return own


def centred(net: Network, dtype: np.dtype[Any], samples: Array | None = None) -> Centred:
    """Return the parameters as an export in `dtype` has them, for inputs like `samples`, if any.

    Where the network's metadata say nothing of its inputs, the samples show what is far from 0.
    """
    inputs = outputs = None
    if dtype != np.float64:
        inputs, outputs = _noted(net, "inputs", net.n_in), _noted(net, "outputs", net.n_out)
    if inputs is None and samples is not None and len(samples) > 1:  # one has no deviation
        with np.errstate(all="ignore"):  # beyond what squares can hold, nothing is far
            inputs = _column(samples.mean(axis=0), samples.std(axis=0))
    return _moved(net, inputs, outputs)


def check_near(networks: Sequence[Network], dtype: np.dtype[Any]) -> None:
    """Raise if a network standardises columns that are too far from 0 for `dtype`."""
    for k, net in enumerate(networks):
        own = centred(net, dtype)
        if own.inputs is not None or own.outputs is not None:
            raise ValueError(
                f"dtype must be float64 where columns are far from 0, of which the metadata of "
                f"network {k} tell, got {dtype}"
            )


def _moved(net: Network, inputs: Column | None, outputs: Column | None) -> Centred:
    """Return the parameters for inputs and outputs whose means are subtracted."""
    if inputs is None and outputs is None:
        return Centred([*net.weights], [*net.biases], None, None)
    weights = [W.astype(np.float64) for W in net.weights]
    biases = [None if b is None else b.astype(np.float64) for b in net.biases]
    if net.layers[-1].activation != "identity":
        outputs = None
    if inputs is not None:
        moved = inputs.means @ weights[0]
        biases[0] = moved if biases[0] is None else biases[0] + moved
    if outputs is not None:
        biases[-1] = -outputs.means if biases[-1] is None else biases[-1] - outputs.means
    return Centred(weights, biases, inputs, outputs)


def standardising(net: Network, dtype: np.dtype[Any]) -> Centred:
    """Return the parameters for an export in `dtype` that does what the net's `Standardize` does.

    That is for integers: as folded, columns of unlike scales would have to share one.
    """
    step: Any = net.standardize
    scale, means = np.array(step.scale), np.zeros(net.n_in)
    if step.mean is not None:
        means = np.array(step.mean)
    is_double = False
    if dtype != np.float64:
        with np.errstate(over="ignore", under="ignore"):
            rounded, held = means.astype(dtype), scale.astype(dtype)
            roundings = np.spacing(np.abs(rounded)).astype(np.float64) / 2
        is_held = np.isfinite(rounded) & np.isfinite(held) & (held >= np.finfo(dtype).tiny)
        is_double = bool((~is_held | (roundings > _LARGEST_ROUNDING * scale)).any())
        means = means if is_double else rounded.astype(np.float64)
    outputs = _noted(net, "outputs", net.n_out)
    own = _moved(net, None, outputs)
    return own._replace(inputs=Column(means, is_double, scale))


def _noted(net: Network, name: str, n: int) -> Column | None:
    """Return what the metadata say of inputs or outputs."""
    note = net.metadata.get(_KEY)
    if not isinstance(note, dict) or name not in note:
        return None
    try:
        means, deviations = (
            np.array(as_numbers(key, note[name][key], np.dtype(np.float64)))
            for key in ("means", "deviations")
        )
        if means.shape != (n,) or deviations.shape != (n,):
            raise ValueError(f"got shapes {means.shape} and {deviations.shape}")
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"net.metadata[{_KEY!r}] must tell the means and deviations of {n} {name}: {error}"
        ) from error
    return _column(means, deviations)


def _column(means: Array, deviations: Array) -> Column | None:
    """Return what is far from 0 of columns; None if nothing is, or if it is beyond float32."""
    if not is_far(means, deviations):
        return None
    means = np.where(np.abs(means) <= FAR * np.abs(deviations), 0.0, means)
    with np.errstate(over="ignore"):
        rounded = means.astype(np.float32)
    if not np.isfinite(rounded).all():  # beyond float32: the parameters are refused as well
        return None
    roundings = np.spacing(np.abs(rounded)).astype(np.float64) / 2
    is_double = bool((roundings > _LARGEST_ROUNDING * np.abs(deviations))[means != 0].any())
    # Rounded, the means of double columns may be many deviations from the true ones.
    return Column(means if is_double else rounded.astype(np.float64), is_double)
