"""Many networks over the same data: the tasks, who takes part, and what is to be reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from .contenders import (
    MANY_FASTNN,
    MANY_FASTNN_2,
    MANY_LOOP,
    PROBE,
    PROBE_2,
    VMAP,
    VMAP_DEVICES,
    VMAP_OUT_IN,
    Contender,
)
from .goals import DIGITS, DTYPES
from .race import Race, Result
from .task import Task

MOONS = {"data": "moons", "widths": (2, 25, 50, 25, 2), "n_rows": 1400}
TASKS: dict[str, dict[str, Any]] = {
    "100 on the moons, per sample": {**MOONS, "n_networks": 100, "epochs": 5},
    "100 on the moons, batch 32": {**MOONS, "n_networks": 100, "epochs": 5, "batch_size": 32},
    "32 on the digits, per sample": {**DIGITS, "n_networks": 32, "n_rows": 5000},
    "32 on the digits, batch 32": {**DIGITS, "n_networks": 32, "n_rows": 5000, "batch_size": 32},
}
# The probe beside what it is to judge.
CONTENDERS = (PROBE, MANY_FASTNN, PROBE_2, MANY_FASTNN_2, *VMAP, VMAP_DEVICES)

SHARE, TIMES = 0.9, 2.0  # of the probe's gain; as fast as the fastest `vmap`

GROWTH = {**MOONS, "n_rows": 200, "batch_size": 32}
NUMBERS = (1, 10, 100, 1000, 10_000)
GROWERS = (MANY_LOOP, MANY_FASTNN, MANY_FASTNN_2, VMAP_OUT_IN)


def tasks(name: str) -> list[Task]:
    """List a task in each dtype."""
    return [Task(name=name, dtype=dtype, **TASKS[name]) for dtype in DTYPES]


def seconds(result: Result) -> float:
    """Return the seconds of one network for one sample."""
    task = result.task
    return result.seconds / task.epochs / task.n_networks


@dataclass(frozen=True)
class Goals:
    """How many times as fast two threads are as one; and as JAX, as it is and on two devices."""

    probe: float
    fastnn: float
    share: float  # of the probe's gain
    jax: float
    jax_devices: float


def goals(results: Mapping[Contender, Result]) -> Goals:
    """Return what one race says about them."""
    ours, probe = (
        [a / b for a, b in zip(results[one].rounds, results[two].rounds, strict=True)]
        for one, two in ((MANY_FASTNN, MANY_FASTNN_2), (PROBE, PROBE_2))
    )
    share = median(gain / possible for gain, possible in zip(ours, probe, strict=True))
    subject = results[MANY_FASTNN_2]
    jax = min((results[contender] for contender in VMAP), key=lambda result: result.seconds)
    devices = results[VMAP_DEVICES].ratio(subject)
    return Goals(median(probe), median(ours), share, jax.ratio(subject), devices)


def grow(race: Race, n_rounds: int) -> dict[int, list[Result]]:
    """Time an epoch of few rows, by the number of networks."""
    return {
        n: race.run(Task(name="growth", dtype="float64", n_networks=n, **GROWTH), GROWERS, n_rounds)
        for n in NUMBERS
    }


def plot(points: Mapping[int, Sequence[Result]], path: Path) -> None:
    """Draw the time of a network against their number."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panel = plt.subplots(figsize=(8, 5), layout="constrained")
    for k, contender in enumerate(GROWERS):
        times = [1e3 * seconds(results[k]) * results[k].task.n_rows for results in points.values()]
        panel.loglog(list(points), times, "o-", label=contender.name)
    panel.set_xlabel("networks")
    panel.set_ylabel("milliseconds a network")
    panel.grid(alpha=0.3, which="both")
    panel.legend()
    figure.savefig(path)
