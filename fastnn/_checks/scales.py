"""Remedies for data that are far from unit scale, in the messages of failed training."""

from __future__ import annotations

import numpy as np

from .arrays import Array

_FAR = 10.0  # times 1: of a mean or a standard deviation
_REMEDIES = {
    "inputs": "standardise them, (X - mean) / deviation, as a Network does that begins with "
    "Standardize()",
    "targets": "standardise them, (y - mean) / deviation, and the outputs back (with "
    "scikit-learn's interface, TransformedTargetRegressor does it)",
}
_ANEW = (
    "its scale is of other inputs; Network(n_in, [Standardize(), *net.layers], ...) learns it anew"
)


def remedy_of_scale(X: Array | None, Y: Array | None, *, is_standardised: bool = False) -> str:
    """Return the scale of inputs and targets, and a remedy; empty if both are of unit scale.

    The inputs may be those that a `Standardize` has made of others.
    """
    texts = []
    for name, array in (("inputs", X), ("targets", Y)):
        if array is None or array.size == 0:
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            mean = array.mean(dtype=np.float64, axis=0)
            deviation = array.std(dtype=np.float64, axis=0)
        worst = int(np.argmax(np.maximum(np.abs(mean), deviation)))
        if max(abs(mean[worst]), deviation[worst]) > _FAR:
            of = "" if array.shape[1] == 1 else f" (column {worst})"
            is_known = is_standardised and name == "inputs"
            what = f"{name} that Standardize made" if is_known else name
            texts.append(
                f"the {what} have mean {mean[worst]:.3g} and standard deviation "
                f"{deviation[worst]:.3g}{of}: {_ANEW if is_known else _REMEDIES[name]}"
            )
    return "; ".join(texts)
