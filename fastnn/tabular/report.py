"""The reports on a network and its table that the commands print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import Network
from .encoding import Category, Encoding, Number


def describe_score(encoding: Encoding, score: Mapping[str, Any] | None) -> str:
    """Return the score on rows held out, in one line."""
    if score is None:
        return "No score: no rows were held out"
    n_rows, baseline = score["n_rows"], score["baseline"]
    if encoding.is_classification:
        return (
            f"Held-out accuracy {score['accuracy']:.4f} of {n_rows} rows; "
            f"{score['baseline_accuracy']:.4f} by always saying {baseline!r}"
        )
    r2 = "not defined" if score["r2"] is None else f"{score['r2']:.4f}"
    return (
        f"Held-out R2 {r2}, mean absolute error {score['mae']:.6g} of {n_rows} rows; "
        f"{score['baseline_mae']:.6g} by always saying the mean, {baseline:.6g}"
    )


def print_kinds(encoding: Encoding) -> None:
    """Print what the target holds, and how many columns are of which kind."""
    print(f"  {encoding.target.name!r} has {encoding.target.describe()}")
    n_numbers = sum(isinstance(column, Number) for column in encoding.columns)
    print(
        f"  {n_numbers} columns of numbers, standardised, and "
        f"{len(encoding.columns) - n_numbers} of categories make {len(encoding.inputs)} inputs"
    )


def print_network(net: Network) -> None:
    """Print the layers and how the network was trained."""
    print(net.summary())
    print(f"{net.n_in} inputs, loss {net.loss_name}, {net.dtype}")
    if net.history:
        last = ", ".join(f"{name} {values[-1]:.6g}" for name, values in net.history.items())
        print(f"{len(net.history.epoch)} epochs: {last}")


def print_table(encoding: Encoding, description: Mapping[str, Any]) -> None:
    """Print what the network knows of its table."""
    kind = "classification" if encoding.is_classification else "regression"
    print(f"{kind} of {encoding.target.name!r}: {encoding.target.describe()}")
    for column in encoding.columns:
        print(f"  {column.name!r}: {column.describe()}")
    print(describe_score(encoding, description["score"]))
    trained = description["trained"]
    print(f"Trained {trained['date']} on {trained['platform']}, {trained['versions']}")
    print(
        f"  {trained['n_rows']} rows of {trained['file']}, up to {trained['epochs']} epochs of "
        f"{trained['optimizer']}, {trained['batch_size']} rows an update, seed {trained['seed']}"
    )


def print_interface(net: Network, encoding: Encoding | None) -> None:
    """Print what the inputs and outputs of an exported network are."""
    if encoding is None:
        print(f"{net.n_in} inputs and {net.n_out} outputs, as they are")
        return
    print(
        "The standardisation is folded into the weights. Inputs, in this order, are numbers as in"
    )
    print("the table and, of each category, 1 for its own and 0 for the others:")
    for place, name in enumerate(encoding.inputs):
        print(f"  {place} {name}")
    if isinstance(encoding.target, Category):
        print("Outputs, in this order, the probability of")
        for place, value in enumerate(encoding.target.values):
            print(f"  {place} {value}")
    else:
        print(f"Output: {encoding.target.name}, as in the table")


def print_doubles(net: Network, dtype: str) -> None:
    """Print which numbers are double in an export in float32, which is too coarse for them."""
    from ..exchange._centres import centred

    own = centred(net, np.dtype(dtype))
    for name, column in (("Inputs", own.inputs), ("Outputs", own.outputs)):
        if column is not None and column.is_double:
            print(f"{name} are double (float64): {dtype} is too coarse for columns so far from 0")
