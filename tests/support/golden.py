"""The recorded numbers that every implementation must reproduce, from data/golden.json.

`golden("seed_002")` is the record of a tutorial as it stands in the file. `TRAJECTORIES` are small
networks with their parameters after 1, 10, 100 and 1000 updates, in fastnn's own names.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

LOSS_NAMES = {"bce": "binary_cross_entropy", "softmax_ce": "cross_entropy"}


@cache
def _file() -> dict[str, Any]:
    return json.loads((Path(__file__).parents[1] / "data" / "golden.json").read_text())


def golden(key: str) -> dict[str, Any]:
    return _file()[key]


@dataclass(frozen=True)
class State:
    """The parameters after some updates, and the loss then, summed over the six samples."""

    weights: list[NDArray[np.float64]]
    biases: list[NDArray[np.float64]]
    loss_total: float


@dataclass(frozen=True)
class Trajectory:
    """A small network, the initial parameters included as the state after 0 updates.

    Update t takes sample t modulo 6 where `batch_size` is 1, all six where it is None.
    """

    name: str
    activations: list[str]
    loss: str
    learning_rate: float
    batch_size: int | None
    reduction: Literal["mean", "sum"]
    after: dict[int, State]
    output: NDArray[np.float64]  # of the initial network for sample 0
    grad_weights: NDArray[np.float64]  # of the initial network's layer 0, summed over the samples
    grad_biases: NDArray[np.float64]
    X: NDArray[np.float64]
    Y: NDArray[np.float64]


def _state(W: list[Any], b: list[Any], loss_total: float) -> State:
    return State([np.array(w) for w in W], [np.array(v) for v in b], loss_total)


def _trajectory(case: dict[str, Any]) -> Trajectory:
    after = {int(n): _state(s["W"], s["b"], s["loss_total"]) for n, s in case["after"].items()}
    return Trajectory(
        name=case["name"],
        activations=case["acts"],
        loss=LOSS_NAMES.get(case["loss"], case["loss"]),
        learning_rate=case["lr"],
        batch_size=1 if case["mode"] == "per_sample" else None,
        reduction="sum" if case["mode"] == "batch_sum" else "mean",
        after={0: _state(case["W0"], case["b0"], case["loss0_total"]), **after},
        output=np.array(case["out0_sample0"]),
        grad_weights=np.array(case["grad0_total_W1"]),
        grad_biases=np.array(case["grad0_total_b1"]),
        X=np.array(golden("trajectories")["X"]),
        Y=np.array(golden("trajectories")["Y"]),
    )


TRAJECTORIES = [_trajectory(case) for case in golden("trajectories")["cases"]]
TRAJECTORY_TOLERANCE = golden("trajectories")["abs_tol_f64"]
