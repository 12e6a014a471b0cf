"""How the time of a sample grows with one size of many, and how far it is from the floor."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from typing import Any

from .contenders import FASTNN
from .floor import Floor
from .race import Race
from .task import Task

N_PASSES = 2  # over all points: the better one counts, for another's work can slow a whole second
N_DOUBTS = 3  # passes more over the points that lie above the trend, and over their neighbours
N_ROUNDS = 3
ROUND = 0.03  # seconds
CLIFF = 1.5
N_ROWS = 2048
CALLS: dict[str, dict[str, Any]] = {
    "per sample": {}, "batch 32": {"batch_size": 32}, "predict": {"call": "predict table"},
}  # fmt: skip


@dataclass
class Point:
    """A network, the size that is varied, and its seconds per sample."""

    axis: str
    size: int
    task: Task
    seconds: float
    floor: float
    above_trend: float = 1.0


def tasks(dtype: str) -> list[tuple[str, int, Task]]:
    """List the points: what is varied, its size, and the task."""
    powers = [2**exponent for exponent in range(13)]
    # With the sizes between them: a register that is half filled is seen nowhere else.
    widths = sorted({*powers[:12], *(3 * power for power in powers[:10])})

    def dense(*widths: int, **fields: Any) -> Task:
        return Task("", "normal", widths, dtype, N_ROWS, **fields)

    def digits(**fields: Any) -> Task:
        return Task("", "digits", (400, 25, 10), dtype, **fields)

    points = []
    for call, fields in CALLS.items():
        points += [(f"inputs, {call}", n, dense(n, 32, 10, **fields)) for n in widths]
        points += [(f"outputs, {call}", n, dense(64, 32, n, **fields)) for n in widths]
    points += [("width, per sample", n, dense(64, n, 10)) for n in widths if n >= 8]
    for depth in (1, 2, 3, 4, 6, 8, 12, 16):
        points.append(("depth, per sample", depth, dense(64, *[32] * depth, 10)))
    points += [("batch", n, digits(n_rows=5000, batch_size=n)) for n in powers]
    for n in powers:
        table = digits(n_rows=max(powers), call="predict tables", batch_size=n)
        points.append(("rows of a table", n, table))
    return points


def measure(race: Race, dtype: str, floor: Floor) -> list[Point]:
    """Time fastnn at every point."""
    process = race.process(FASTNN)
    points = [
        Point(axis, size, task, float("inf"), floor.seconds(task))
        for axis, size, task in tasks(dtype)
    ]
    lines = [[p for p in points if p.axis == axis] for axis in {p.axis: None for p in points}]

    def measure_again(some: Sequence[Point]) -> None:
        for point in some:
            task, _ = process.prepare(point.task)
            rounds = sorted(process.round(ROUND) for _ in range(N_ROUNDS))
            point.seconds = min(point.seconds, rounds[N_ROUNDS // 2] / task.n_rows)
        for line in lines:
            mark_trend(line)

    for _ in range(N_PASSES):
        measure_again(points)
    for _ in range(N_DOUBTS):
        measure_again([p for line in lines for p in doubtful(line)])
    return points


def doubtful(line: Sequence[Point]) -> list[Point]:
    """Return the points too far above the trend, with the three on either side."""
    cliffs = [k for k, point in enumerate(line) if point.above_trend > CLIFF]
    return [point for k, point in enumerate(line) if any(abs(k - c) <= 3 for c in cliffs)]


def mark_trend(line: Sequence[Point]) -> None:
    """Set how far each point is above the straight line, in logarithms, through its neighbours.

    A point at an end has its two nearest on one side.
    """
    for k, point in enumerate(line):
        first = min(max(k - 1, 0), len(line) - 3)
        left, right = (p for p in line[first : first + 3] if p is not point)
        slope = log(right.seconds / left.seconds) / log(right.size / left.size)
        trend = left.seconds * exp(slope * log(point.size / left.size))
        point.above_trend = point.seconds / trend


def verdict(points: Sequence[Point]) -> str:
    """Name the points that lie too far above their neighbours' trend."""
    cliffs = [
        f"{p.axis}: {p.size} in {p.task.dtype} ({p.above_trend:.2f}x)"
        for p in points
        if p.above_trend > CLIFF
    ]
    return (
        f"More than {CLIFF:g} times above their neighbours' trend: {'; '.join(cliffs) or 'none'}."
    )


def plot(points: Sequence[Point], path: Path) -> None:
    """Draw time and floor against each size."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axes = list(dict.fromkeys(point.axis for point in points))
    figure, panels = plt.subplots(
        2, len(axes) // 2, figsize=(20, 9), sharey=True, layout="constrained"
    )
    for panel, axis in zip(panels.flat, axes, strict=True):
        for colour, dtype in (("C0", "float64"), ("C1", "float32")):
            line = [p for p in points if p.axis == axis and p.task.dtype == dtype]
            sizes = [p.size for p in line]
            panel.loglog(sizes, [1e6 * p.seconds for p in line], "o-", color=colour, label=dtype)
            panel.loglog(sizes, [1e6 * p.floor for p in line], ":", color=colour, label="its floor")
        panel.set_xlabel(axis)
        panel.grid(alpha=0.3, which="both")
    panels[0, 0].set_ylabel("microseconds per sample")
    panels[0, 0].legend()
    figure.savefig(path)
