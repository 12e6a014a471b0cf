"""Cart-pole, learnt by a step of Adam for two networks at each of its steps: fastnn, JAX, PyTorch.

    python benchmarks/cart_pole.py               # some minutes, nearly all of them PyTorch's
    python benchmarks/cart_pole.py --write       # and keep the table in README.md
    python benchmarks/cart_pole.py --seeds 100 --only fastnn

It needs the group `peers`. Each trains in a process of its own, on one core, in turn, seed by seed.
Times are those of the processor, for others may be at work on the machine.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from statistics import median
from typing import Any, NamedTuple

from comparison.contenders import ONE_THREAD
from comparison.race import BENCHMARKS, on_cores
from table import Table, circumstances, publish

from fastnn.examples.compiled.cart_pole import GOAL

CONTENDERS = [
    (library, dtype) for dtype in ("float64", "float32") for library in ("fastnn", "jax", "torch")
]
NAMES = {"fastnn": "fastnn, in one compiled call", "jax": "JAX, in one jitted call"} | {
    "torch": "PyTorch, a loop in Python"
}
POLES = Table(
    "cart-pole",
    (
        "contender", "dtype", "us a step", "steps a second", "/ fastnn", "seconds to the goal",
        "steps to the goal", "average of 100 episodes", "seeds at 475", "as fastnn's",
    ),
)  # fmt: skip


class Run(NamedTuple):
    """A training: what `worker` answers."""

    seconds: float
    returns: list[int]
    average: float

    @property
    def n_steps(self) -> int:
        """How many steps it took."""
        return sum(self.returns)

    @property
    def pace(self) -> float:
        """Seconds a step."""
        return self.seconds / self.n_steps


class Learner:
    """A contender's process, ended with its block."""

    def __init__(self, library: str, dtype: str) -> None:
        command = [sys.executable, "-m", "poles.worker", f"with_{library}", dtype]
        with on_cores(1):
            self._process = subprocess.Popen(
                command, cwd=BENCHMARKS, env=os.environ | ONE_THREAD, text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip

    def __enter__(self) -> "Learner":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def train(self, seed: int) -> Run:
        """Train from a seed."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{seed}\n")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended without an answer")
        answer: dict[str, Any] = json.loads(line)
        return Run(**answer)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write if asked to; return 1 where an average is below the goal."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many (%(default)s)")
    parser.add_argument("--only", choices=NAMES, help="one library")
    parser.add_argument("--write", action="store_true", help="keep the table in README.md")
    options = parser.parse_args(arguments)
    if options.write and options.only:
        parser.error("--write needs all libraries")
    chosen = [entry for entry in CONTENDERS if options.only in (None, entry[0])]
    runs: dict[tuple[str, str], list[Run]] = {contender: [] for contender in chosen}
    with ExitStack() as stack:
        learners = {entry: stack.enter_context(Learner(*entry)) for entry in chosen}
        for seed in range(options.seeds):
            first = seed % len(chosen)
            for contender in chosen[first:] + chosen[:first]:
                runs[contender].append(learners[contender].train(seed))
    for contender in chosen:
        enter(*contender, runs[contender], runs.get(("fastnn", contender[1])))
    peers = ", ".join(f"{name} {version(name)}" for name in ("jax", "torch"))
    note = f"{circumstances()} {peers}. Time of the processor, medians of {options.seeds} seeds."
    publish((POLES,), note, write=options.write)
    return int(any(run.average < GOAL for several in runs.values() for run in several))


def enter(library: str, dtype: str, runs: list[Run], ours: list[Run] | None) -> None:
    """Enter a contender's runs, beside fastnn's of the same seeds."""
    pace = median(run.pace for run in runs)
    ratio = alike = "-"
    if ours:
        pairs = list(zip(runs, ours, strict=True))
        ratio = f"{median(run.pace / own.pace for run, own in pairs):.3g}"
        alike = f"{median(n_alike(run.returns, own.returns) for run, own in pairs):.0f}"
    averages = [run.average for run in runs]
    POLES.add(
        NAMES[library], dtype, f"{1e6 * pace:.3g}", f"{1 / pace:,.0f}", ratio,
        f"{median(run.seconds for run in runs):.2g}",
        f"{median(run.n_steps for run in runs):,.0f}",
        f"{median(averages):.1f}",
        f"{sum(average >= GOAL for average in averages)} of {len(runs)}",
        alike,
    )  # fmt: skip


def n_alike(returns: list[int], others: list[int]) -> int:
    """Count the episodes at the beginning that lasted as long."""
    pairs = enumerate(zip(returns, others, strict=False))
    differ = (k for k, (one, other) in pairs if one != other)
    return next(differ, min(len(returns), len(others)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
