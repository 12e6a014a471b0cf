"""A line on each column of a table: what it holds, and what a network makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..tables.columns import NUMBER, TEXT, Column
from ..tables.encoder import MOST_CATEGORIES

WIDTH = 80  # characters of a line
MOST_LINES = 20  # that `fastnn train` prints
_SHOWN = 3  # categories


def describe(column: Column) -> str:
    """Return what a column holds; it must hold something."""
    missing = column.missing
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
        text = f"times, {days.min()} to {days.max()}"
    return f"{text}, {missing.sum()} missing" if missing.any() else text


def _of_texts(values: np.ndarray) -> str:
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


def lines_of(columns: Mapping[str, str], most: int | None = None) -> list[str]:
    """Return a line on each column, no wider than `WIDTH`; only the first `most`."""
    names = list(columns)[:most]
    width = min(max(map(len, names), default=0), WIDTH // 3)
    lines = [_cut(f"  {_cut(name, width):{width}}  {columns[name]}", WIDTH) for name in names]
    n_more = len(columns) - len(names)
    return [*lines, f"  and {n_more} more: fastnn info lists all"] if n_more else lines


def _cut(text: str, width: int) -> str:
    """Return a text in one line, no longer than `width`."""
    text = " ".join(text.splitlines()) if len(text.splitlines()) > 1 else text
    return text if len(text) <= width else text[: width - 3] + "..."
