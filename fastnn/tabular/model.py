"""The network of a table, what its metadata tell of it, and the same network on raw numbers."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba
import numpy as np

from .. import Dense, Network, __version__
from .encoding import Encoding, Number
from .fields import TableError

_KEY = "table"  # in the metadata of a network


def build_network(
    encoding: Encoding, hidden: Sequence[int], activation: str, dtype: str, seed: int
) -> Network:
    """Return an untrained network: classes by softmax, a value by an identity output."""
    last, loss = Dense(1), "mse"
    if encoding.is_classification:
        last, loss = Dense(len(encoding.target.inputs), "softmax"), "cross_entropy"
    layers = [Dense(n_out, activation) for n_out in hidden]
    return Network(len(encoding.inputs), [*layers, last], loss=loss, dtype=dtype, seed=seed)


def provenance() -> dict[str, str]:
    """Return the date, the platform and the versions, for the metadata."""
    versions = {"fastnn": __version__, "numpy": np.__version__, "numba": numba.__version__}
    versions["python"] = platform.python_version()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "platform": platform.platform(),
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }


def describe_table(
    net: Network, encoding: Encoding, score: dict[str, Any] | None, trained: dict[str, Any]
) -> None:
    """Write in the metadata of a network how its table becomes inputs, and how it was trained."""
    net.metadata[_KEY] = encoding.to_json() | {"score": score, "trained": trained}


def load_model(path: Path) -> tuple[Network, Encoding | None, dict[str, Any]]:
    """Return a saved network, its encoding and what else its metadata tell of the table.

    The encoding is None if `fastnn train` did not train the network.
    """
    net = Network.load(path)
    if _KEY not in net.metadata:
        return net, None, {}
    try:
        description = dict(net.metadata[_KEY])
        encoding = Encoding.from_json(description)
    except (LookupError, TypeError, ValueError) as error:
        raise TableError(f"{path} must tell how to encode a table, got other metadata") from error
    widths = len(encoding.inputs), len(encoding.target.inputs)
    if widths != (net.n_in, net.n_out):
        raise TableError(
            f"{path} must tell of {net.n_in} inputs and {net.n_out} outputs, got {widths}"
        )
    return net, encoding, description


def on_raw_numbers(net: Network, encoding: Encoding) -> Network:
    """Return the network for unscaled inputs and outputs, as the table has them.

    The standardisation goes into the first layer, and that of the target into the last one:

        (x - mean) / deviation W + b = x (W / deviation) + (b - mean / deviation W)

    in float64, for which it notes what is far from 0: an export in float32 takes that apart again.
    """
    from ..exchange._centres import note_far

    weights = [W.astype(np.float64) for W in net.weights]
    biases = [np.zeros(W.shape[1]) if b is None else b.astype(np.float64)
              for W, b in zip(net.weights, net.biases, strict=True)]  # fmt: skip
    means, deviations = np.zeros(net.n_in), np.ones(net.n_in)
    start = 0
    for column in encoding.columns:
        if isinstance(column, Number):
            means[start], deviations[start] = column.mean, column.deviation
        start += len(column.inputs)
    weights[0] /= deviations[:, np.newaxis]
    biases[0] -= means @ weights[0]
    outputs = None
    if isinstance(encoding.target, Number):
        outputs = [encoding.target.mean], [encoding.target.deviation]
        weights[-1] *= encoding.target.deviation
        biases[-1] = biases[-1] * encoding.target.deviation + encoding.target.mean
    layers = [
        Dense(layer.n_out, layer.activation, weights=W, biases=b)
        for layer, W, b in zip(net.layers, weights, biases, strict=True)
    ]
    raw = Network(net.n_in, layers, loss=net.loss_name)
    note_far(raw, (means, deviations), outputs)
    return raw
