"""The tasks, who takes part in them, and what fastnn is to reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .contenders import (
    C_FUSED,
    C_PLAIN,
    FASTNN,
    FASTNN_2,
    JAX,
    JAX_IN_OUT,
    LIBRARIES,
    NUMPY,
    ONNX,
    SKLEARN,
    TORCH,
    TORCH_AUTOGRAD,
    TORCH_FUSED,
    Contender,
)
from .race import Result

DTYPES = ("float64", "float32")
PREDICTORS = (FASTNN, NUMPY, SKLEARN, TORCH, JAX_IN_OUT, ONNX)
DIGITS = {"data": "digits", "widths": (400, 25, 10)}

# By name: all of a `Task` but name and dtype; who takes part, fastnn first.
TASKS: dict[str, tuple[dict[str, Any], tuple[Contender, ...]]] = {
    "T1": ({**DIGITS, "n_rows": 5000}, (*LIBRARIES, C_PLAIN, C_FUSED)),
    "T1w": (
        {"data": "digits", "widths": (784, 512, 10), "n_rows": 1000},
        (*LIBRARIES, C_PLAIN, C_FUSED),
    ),
    "T2, batch 32": ({**DIGITS, "n_rows": 5000, "batch_size": 32}, LIBRARIES),
    "T2, batch 200": ({**DIGITS, "n_rows": 5000, "batch_size": 200}, LIBRARIES),
    "T3": ({**DIGITS, "n_rows": 1000, "call": "predict rows"}, PREDICTORS),
    "T4": ({**DIGITS, "n_rows": 5000, "call": "predict table"}, (*PREDICTORS, FASTNN_2)),
    "T5": (
        {"data": "moons", "widths": (2, 25, 50, 25, 2), "n_rows": 1400},
        (*LIBRARIES, C_PLAIN),
    ),
    "T7": (
        {**DIGITS, "n_rows": 5000, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.001},
        (FASTNN, NUMPY, SKLEARN, TORCH_AUTOGRAD, TORCH_FUSED, *JAX),
    ),
}
WHAT = {
    "T1": "digits 400-25-10 per sample",
    "T1w": "784-512-10 per sample",
    "T2, batch 32": "digits, batch 32",
    "T2, batch 200": "digits, batch 200",
    "T3": "predict one row",
    "T4": "predict 5000 rows",
    "T5": "moons 2-25-50-25-2 per sample",
    "T7": "digits, batch 32, Adam",
}


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

    def measured(self, results: Sequence[Result]) -> float:
        """Return the ratio in the results of one race."""
        by_contender = {result.contender: result for result in results}
        rival = min((by_contender[rival] for rival in self.rivals), key=lambda r: r.seconds)
        return rival.ratio(by_contender[self.subject])


RATIOS = (
    Ratio("T1", "NumPy", (NUMPY,), 18, 30, ("float64",)),
    Ratio("T1", "NumPy", (NUMPY,), 25, 45, ("float32",)),
    Ratio("T1", "faster JAX", JAX, 1.8, 3, ("float64",)),
    Ratio("T1", "faster JAX", JAX, 2, 4.5, ("float32",)),
    Ratio("T1", "fused C", (C_FUSED,), 0.8, 1.3, ("float64",)),
    Ratio("T1", "fused C", (C_FUSED,), 0.8, 1.5, ("float32",)),
    Ratio("T1w", "faster JAX", JAX, 2, 5),
    Ratio("T2, batch 32", "faster JAX", JAX, 1.2, 2),
    Ratio("T2, batch 200", "faster JAX", JAX, 1, 1.5),
    Ratio("T2, batch 32", "scikit-learn", (SKLEARN,), 4, 8),
    Ratio("T3", "NumPy", (NUMPY,), 2, 4),
    Ratio("T3", "onnxruntime", (ONNX,), 1.5, 4, ("float32",)),
    Ratio("T3", "scikit-learn", (SKLEARN,), 25, 50),
    Ratio("T4", "NumPy", (NUMPY,), 1.5, 2.5),
    Ratio("T4", "onnxruntime", (ONNX,), 0.8, 1.1, ("float32",)),
    Ratio("T4", "itself, two threads", (FASTNN,), None, 1.8, subject=FASTNN_2),
    Ratio("T5", "faster JAX", JAX, 1.5, 2.5),
    Ratio("T5", "plain C", (C_PLAIN,), 0.8, 1.3),
    Ratio("T7", "faster JAX", JAX, 1.2, None),
    Ratio("T7", "scikit-learn", (SKLEARN,), 4, None),
)
# By the names of `start_up.measure`: what, and at most so many seconds.
STARTS = {
    "import": ("`import fastnn` minus `import numba`", 0.15, 0.05),
    "cached": ("fresh process to first digits epoch, kernels cached", 1.2, 0.9),
    "cold": ("the same, cache empty", 12, 5),
}


def ratio_rows(races: Mapping[tuple[str, str], Sequence[Result]]) -> list[tuple[str, ...]]:
    """Compare each ratio with what was to be reached, where its race was run."""
    return [
        (
            f"{goal.task[:3].rstrip(',')} {WHAT[goal.task]}", goal.against, dtype,
            times(goal.must), times(goal.goal), f"{measured:.2f}x",
            met(measured, goal.must, goal.goal),
        )
        for goal in RATIOS
        for dtype in goal.dtypes
        if any(r.contender == goal.subject for r in races.get((goal.task, dtype), ()))
        for measured in [goal.measured(races[goal.task, dtype])]
    ]  # fmt: skip


def start_rows(seconds: Mapping[str, float]) -> list[tuple[str, ...]]:
    """Do the same for the starts, where less is better."""
    return [
        (
            f"T6 {what}", "", "float64", f"{must:g} s", f"{goal:g} s", f"{seconds[name]:.3f} s",
            met(-seconds[name], -must, -goal),
        )
        for name, (what, must, goal) in STARTS.items()
    ]  # fmt: skip
