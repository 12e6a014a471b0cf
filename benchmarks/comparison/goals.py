"""The tasks, who takes part in them, and what fastnn is to reach."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .contenders import (
    ADAM,
    C_FUSED,
    C_PLAIN,
    FASTNN,
    FASTNN_2,
    JAX,
    L2,
    LIBRARIES,
    MOMENTUM,
    NUMPY,
    ONNX,
    SKLEARN,
    TORCH,
    TORCH_AUTOGRAD,
    TORCH_FUSED,
    VARIANTS,
    Contender,
)
from .race import Result

DTYPES = ("float64", "float32")
BATCHES = (*LIBRARIES, TORCH_FUSED)
ADAMS = (FASTNN, NUMPY, SKLEARN, TORCH_AUTOGRAD, TORCH_FUSED, *JAX)
PREDICTORS = (FASTNN, NUMPY, SKLEARN, TORCH, *JAX, ONNX)
DIGITS = {"data": "digits", "widths": (400, 25, 10)}
DENSE = {"data": "normal", "initial": "normal", "learning_rate": 0.01}
DENSE_DIGITS = {**DENSE, "widths": (400, 25, 10)}
T8 = {**DENSE, "widths": (30, 100, 1), "n_rows": 8000}
T9 = {**DENSE, "widths": (100, 256, 128, 10), "n_rows": 4000}
ADAM_RULE = {"optimizer": "adam", "learning_rate": 0.001}
TABLE = {"call": "predict table"}
TABLES = {"call": "predict tables", "n_rows": 1024}
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)  # rows of a table that is predicted


@dataclass(frozen=True)
class Entry:
    """A task: what it is called in the tables, all of a `Task` but name and dtype, who takes part.

    fastnn is the first of them.
    """

    what: str
    fields: dict[str, Any]
    contenders: tuple[Contender, ...]


# By name, of which what comes before the comma is that of its part.
TASKS = {
    "T8": Entry("30-100-1 dense, per sample", T8, (*LIBRARIES, C_PLAIN)),
    "T8, batch 32": Entry("30-100-1 dense, batch 32", {**T8, "batch_size": 32}, BATCHES),
    "T8, Adam": Entry(
        "30-100-1 dense, Adam, batch 200", {**T8, **ADAM_RULE, "batch_size": 200}, ADAMS
    ),
    "T8, predict": Entry("30-100-1, predict 8000 dense rows", {**T8, **TABLE}, PREDICTORS),
    "T9, batch 32": Entry("100-256-128-10 dense, batch 32", {**T9, "batch_size": 32}, BATCHES),
    "T9, Adam": Entry(
        "100-256-128-10 dense, Adam, batch 256", {**T9, **ADAM_RULE, "batch_size": 256}, ADAMS
    ),
    "T9, predict": Entry("100-256-128-10, predict 4000 dense rows", {**T9, **TABLE}, PREDICTORS),
    "T1d": Entry(
        "400-25-10 dense, per sample", {**DENSE_DIGITS, "n_rows": 5000},
        (*LIBRARIES, C_PLAIN, C_FUSED),
    ),
    "T4d": Entry(
        "400-25-10, predict 5000 dense rows", {**DENSE_DIGITS, **TABLE, "n_rows": 5000}, PREDICTORS
    ),
    **{
        f"T3d, {k} rows": Entry(
            f"400-25-10, predict a dense table of {k}",
            {**DENSE_DIGITS, **TABLES, "batch_size": k}, (FASTNN, NUMPY, ONNX),
        )
        for k in SIZES
    },
    "T1": Entry(
        "digits 400-25-10 per sample", {**DIGITS, "n_rows": 5000}, (*LIBRARIES, C_PLAIN, C_FUSED)
    ),
    "T1w": Entry(
        "784-512-10 per sample", {"data": "digits", "widths": (784, 512, 10), "n_rows": 1000},
        (*LIBRARIES, C_PLAIN, C_FUSED),
    ),
    "T2, batch 32": Entry(
        "digits, batch 32", {**DIGITS, "n_rows": 5000, "batch_size": 32}, LIBRARIES
    ),
    "T2, batch 200": Entry(
        "digits, batch 200", {**DIGITS, "n_rows": 5000, "batch_size": 200}, LIBRARIES
    ),
    "T3, row": Entry(
        "predict one row", {**DIGITS, "n_rows": 1000, "call": "predict rows"}, PREDICTORS
    ),
    **{
        f"T3, {k} rows": Entry(
            f"predict a table of {k} of the digits", {**DIGITS, **TABLES, "batch_size": k},
            (FASTNN, NUMPY, ONNX),
        )
        for k in SIZES
    },
    "T4": Entry(
        "predict 5000 rows of the digits", {**DIGITS, **TABLE, "n_rows": 5000},
        (*PREDICTORS, FASTNN_2),
    ),
    "T5": Entry(
        "moons 2-25-50-25-2 per sample",
        {"data": "moons", "widths": (2, 25, 50, 25, 2), "n_rows": 1400}, (*LIBRARIES, C_PLAIN),
    ),
    "T7": Entry(
        "digits, batch 32, Adam", {**DIGITS, **ADAM_RULE, "n_rows": 5000, "batch_size": 32}, ADAMS
    ),
    "options": Entry(
        "digits 400-25-10 per sample", {**DIGITS, "n_rows": 5000, "learning_rate": 0.01},
        (FASTNN, MOMENTUM, L2, ADAM),
    ),
    "options, dense": Entry(
        "400-25-10 dense, per sample", {**DENSE_DIGITS, "n_rows": 5000},
        (FASTNN, MOMENTUM, L2, ADAM),
    ),
    "partial_fit": Entry(
        "`partial_fit` of a row, 9-16-1",
        {**DENSE, "widths": (9, 16, 1), "n_rows": 1000, "call": "partial_fit"},
        (FASTNN, *VARIANTS),
    ),
}  # fmt: skip


def times(ratio: float | None) -> str:
    """Write what is to be reached, if anything."""
    return "" if ratio is None else f"{ratio:g}x"


def met(measured: float, must: float | None, goal: float | None) -> str:
    """Say which of the two was reached, where more is better."""
    if goal is not None and measured >= goal:
        return "goal"
    if must is None:
        return "not the goal"
    return "must" if measured >= must else "NO"


@dataclass(frozen=True)
class Ratio:
    """How many times as fast as the fastest of `rivals` to be; `subject` is who is to be it."""

    task: str
    against: str
    rivals: tuple[Contender, ...]
    must: float | None
    goal: float | None
    dtypes: tuple[str, ...] = DTYPES
    subject: Contender = FASTNN

    def row(self, find: Callable[[Contender], Result]) -> tuple[str, ...]:
        """Return what was to be reached, and what was."""
        rival = min(map(find, self.rivals), key=lambda result: result.seconds)
        got = rival.ratio(find(self.subject))
        reached = met(got, self.must, self.goal)
        return times(self.must), times(self.goal), f"{got:.2f}x", reached


@dataclass(frozen=True)
class Multiple:
    """At most how many times the time of plain descent a variant of fastnn is to take."""

    task: str
    subject: Contender
    must: float
    goal: float
    dtypes: tuple[str, ...] = DTYPES

    @property
    def against(self) -> str:
        """What is compared."""
        return f"its plain descent: {self.subject.variant}"

    def row(self, find: Callable[[Contender], Result]) -> tuple[str, ...]:
        """Return what was to be reached, and what was."""
        got = find(self.subject).ratio(find(FASTNN))
        reached = met(-got, -self.must, -self.goal)
        return f"<= {self.must:g}x", f"<= {self.goal:g}x", f"{got:.2f}x", reached


JAX_OR_TORCH = (*JAX, TORCH_AUTOGRAD, TORCH_FUSED)
FASTEST = (SKLEARN, ONNX, *JAX, TORCH)
GOALS = (
    Ratio("T8", "faster JAX", JAX, 1.8, 3),
    Ratio("T8, batch 32", "faster JAX", JAX, 1.2, 2),
    Ratio("T8, Adam", "faster JAX", JAX, 1.2, 2),
    Ratio("T8, Adam", "scikit-learn", (SKLEARN,), 5, 8),
    Ratio("T8, predict", "fastest library", FASTEST, 1.2, 2),
    Ratio("T9, batch 32", "faster of JAX and PyTorch", (*JAX_OR_TORCH, TORCH), 1.1, 1.5),
    Ratio("T9, Adam", "faster of JAX and PyTorch", JAX_OR_TORCH, 1.1, 1.5),
    Ratio("T9, predict", "fastest library", FASTEST, 1.1, 1.5),
    Ratio("T1d", "faster JAX", JAX, 2, 3),
    Ratio("T4d", "NumPy", (NUMPY,), 1.2, 2),
    Ratio("T4d", "onnxruntime", (ONNX,), 1, 1.3, ("float32",)),
    Ratio("T1", "faster JAX", JAX, 2.2, 3, ("float64",)),
    Ratio("T1", "faster JAX", JAX, 2.6, 4.5, ("float32",)),
    Ratio("T1", "NumPy", (NUMPY,), 18, 30, ("float64",)),
    Ratio("T1", "NumPy", (NUMPY,), 25, 45, ("float32",)),
    Ratio("T1", "fused C", (C_FUSED,), 0.8, 1.3, ("float64",)),
    Ratio("T1", "fused C", (C_FUSED,), 0.8, 1.5, ("float32",)),
    Ratio("T1w", "faster JAX", JAX, 3.5, 6),
    Ratio("T2, batch 32", "faster JAX", JAX, 1.5, 2.5),
    Ratio("T2, batch 200", "faster JAX", JAX, 1.2, 2),
    Ratio("T2, batch 32", "scikit-learn", (SKLEARN,), 4, 8),
    *(Ratio(f"T3, {k} rows", "NumPy", (NUMPY,), 1.2, 3 if k <= 8 else 2) for k in SIZES),
    Ratio("T3, row", "NumPy", (NUMPY,), 2, 4),
    Ratio("T3, row", "onnxruntime", (ONNX,), 1.5, 4, ("float32",)),
    Ratio("T3, row", "scikit-learn", (SKLEARN,), 25, 50),
    Ratio("T4", "NumPy", (NUMPY,), 1.5, 3),
    Ratio("T4", "onnxruntime", (ONNX,), 1.1, 1.6, ("float32",)),
    Ratio("T4", "itself, two threads", (FASTNN,), None, 1.8, subject=FASTNN_2),
    Ratio("T5", "faster JAX", JAX, 2.4, 3.5),
    Ratio("T5", "plain C", (C_PLAIN,), 0.8, 1.3),
    Ratio("T7", "faster JAX", JAX, 1.4, 2.2),
    Ratio("T7", "scikit-learn", (SKLEARN,), 4, None),
    *(
        Multiple(task, subject, must, goal)
        for task in ("options", "options, dense")
        for subject, must, goal in ((MOMENTUM, 2, 1.3), (L2, 2, 1.2), (ADAM, 4, 3))
    ),
    *(Multiple("partial_fit", subject, 3, 1.5) for subject in VARIANTS),
)
# By the names of `start_up.measure`: what, and at most so many seconds.
STARTS = {
    "import": ("`import fastnn` after `import numba`, CPU", 0.06, 0.045),
    "cached": ("fresh process to first digits epoch, kernels cached", 1.2, 0.9),
    "cold": ("the same, cache empty", 12, 5),
}


def rows(races: Mapping[tuple[str, str], Sequence[Result]]) -> list[tuple[str, ...]]:
    """Compare what was measured with what was to be reached, where its race was run."""
    found = []
    for goal in GOALS:
        for dtype in goal.dtypes:
            results = {result.contender: result for result in races.get((goal.task, dtype), ())}
            if goal.subject in results:
                part = goal.task.split(",")[0]
                what = (
                    f"{part} {TASKS[goal.task].what}" if part[0] == "T" else TASKS[goal.task].what
                )
                found.append((what, goal.against, dtype, *goal.row(results.__getitem__)))
    return found


def start_rows(seconds: Mapping[str, float]) -> list[tuple[str, ...]]:
    """Do the same for the starts, where less is better."""
    return [
        (
            f"T6 {what}", "", "float64", f"{must:g} s", f"{goal:g} s", f"{seconds[name]:.3f} s",
            met(-seconds[name], -must, -goal),
        )
        for name, (what, must, goal) in STARTS.items()
    ]  # fmt: skip
