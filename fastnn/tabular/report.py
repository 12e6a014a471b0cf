"""What the commands print of a model: its columns, its networks, and a table of its scores."""

from __future__ import annotations

import math
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..tables.ensemble import Member

WIDTH = 80  # characters of a line
MOST_LINES = 20  # on columns that `fastnn train` prints
OF_TRAINING = "columns, in the rows of training:"  # above those lines
_IN_UNITS = "mean absolute error"  # all others are about 0 to 1


class Score(NamedTuple):
    """How well one model predicts: a metric that is not defined is NaN."""

    model: str
    metrics: Mapping[str, float]


def table_of(title: str, scores: Sequence[Score]) -> list[str]:
    """Return scores as lines, a model a line and a metric a column.

    A long title has a line of its own, and a long name is cut.
    """
    metrics = list(scores[0].metrics)
    room = WIDTH - sum(2 + max(10, len(name)) for name in metrics)
    head = [] if len(title) <= room else [wrapped(title)]
    title = "" if head else title
    models = [_cut(f"  {score.model}", room) for score in scores]
    width = max(map(len, [title, *models]))
    lines = [*head, f"{title:{width}}" + "".join(f"  {name:>10}" for name in metrics)]
    for model, score in zip(models, scores, strict=True):
        fields = [_as_text(name, score.metrics[name]).rjust(max(10, len(name))) for name in metrics]
        lines.append("  ".join([f"{model:{width}}", *fields]))
    return lines


def wrapped(text: str) -> str:
    """Return a text in lines no wider than `WIDTH`, but for a longer word."""
    indent = text[: len(text) - len(text.lstrip())] + "    "
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _as_text(name: str, value: float) -> str:
    """Return a score, with as many digits as tell models apart."""
    if math.isnan(value):
        return "-"
    return f"{value:.4g}" if name == _IN_UNITS else f"{value:.4f}"


def to_json(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """Return scores as JSON can hold them: None for what is not defined."""
    return [
        {
            "model": score.model,
            "metrics": {n: None if math.isnan(v) else v for n, v in score.metrics.items()},
        }
        for score in scores
    ]


def from_json(description: Sequence[Mapping[str, Any]]) -> list[Score]:
    """Return the scores; raise LookupError, TypeError or ValueError if they are malformed."""
    return [
        Score(
            str(each["model"]),
            {n: math.nan if v is None else float(v) for n, v in each["metrics"].items()},
        )
        for each in description
    ]


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


def line_of_members(members: Sequence[Member]) -> str:
    """Return how many networks there are, and the share of each encoding in the predictions."""
    if len(members) == 1:
        return "1 network"
    shares: defaultdict[str, float] = defaultdict(float)
    for member in members:
        shares[member.encoding] += member.weight
    told = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    return f"{len(members)} networks, whose shares are: {told}"
