"""A line on each column of a table: what it holds, and what a network makes of it."""

from __future__ import annotations

import numpy as np

from .._checks.arrays import Array
from ..tables.columns import NUMBER, TEXT, Column
from ..tables.encoder import MOST_CATEGORIES

_SHOWN = 3  # categories


def describe(column: Column) -> str:
    """Return what a column holds."""
    missing = column.missing
    if missing.all():
        return "no value: of no use"
    values = column.values[~missing]
    if column.kind == TEXT:
        text = _of_texts(values)
    elif column.kind == NUMBER:
        low, middle, high = np.quantile(values, [0, 0.5, 1])
        text = f"numbers, {low:.6g} to {high:.6g}, median {middle:.6g}"
        if low == high:
            text = f"always {low:.6g}: of no use"
    else:
        days = values.astype("M8[D]")
        text = f"times{' in UTC' * column.zoned}, {days.min()} to {days.max()}"
    return f"{text}, {missing.sum()} missing" if missing.any() else text


def _of_texts(values: Array) -> str:
    """Return how many categories there are, and the most frequent ones."""
    categories, counts = np.unique(values.astype(str), return_counts=True)
    if len(categories) == 1:
        return f"always {str(categories[0])!r}: of no use"
    shown = ", ".join(
        repr(str(categories[place])) for place in np.argsort(-counts, kind="stable")[:_SHOWN]
    )
    more = ", ..." if len(categories) > _SHOWN else ""
    by_target = ", by the target, too" if len(categories) > MOST_CATEGORIES else ""
    return f"{len(categories)} categories{by_target}: {shown}{more}"
