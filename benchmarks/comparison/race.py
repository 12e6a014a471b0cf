"""Contenders side by side: a process each, asked in turn, round by round."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from .contenders import Contender
from .task import Task

BENCHMARKS = Path(__file__).parent.parent
ROUND = 0.1  # seconds: a round is as many runs as they hold, at least one
LONGEST_RUN = 0.3  # seconds: a run that takes longer is cut to fewer samples
DIGITS = {"float64": 5e-7, "float32": 5e-5}  # relative: 6 and 4 digits


@contextmanager
def on_cores(n: int) -> Iterator[None]:
    """Keep this thread, and the processes that it starts, on the last `n` cores of its own."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[-n:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True)
class Result:
    """One contender at one task: seconds per sample, a median each round, and the loss."""

    contender: Contender
    task: Task
    rounds: list[float]
    loss: float

    @property
    def seconds(self) -> float:
        """Seconds per sample, or per call where a call is a row."""
        return median(self.rounds)

    def share(self, peak: float) -> float:
        """Return the share of `peak`, in multiply-adds a second, that its own amount to."""
        return self.task.multiply_adds() / self.seconds / peak

    def ratio(self, other: "Result") -> float:
        """How many times as long as `other`: the median over the rounds, pair by pair."""
        return median(a / b for a, b in zip(self.rounds, other.rounds, strict=True))


class Process:
    """A worker, started when entered and ended with its block."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        command = [sys.executable, "-m", "comparison.worker", contender.module, contender.variant]
        with on_cores(contender.n_threads):
            self._process = subprocess.Popen(
                command, cwd=BENCHMARKS, env=os.environ | contender.environment(), text=True,
                bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def ask(self, **request: object) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.contender.name} ended without an answer to {request}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def prepare(self, task: Task) -> tuple[Task, float]:
        """Return the task as it will be timed, and the loss of the whole one."""
        answer = self.ask(prepare=task.as_json())
        if not task.n_networks and answer["seconds"] > LONGEST_RUN:
            n_rows = int(task.n_rows * LONGEST_RUN / answer["seconds"])
            n_rows = max(1, n_rows // task.batch_size) * task.batch_size
            task = replace(task, n_rows=n_rows)
            self.ask(prepare=task.as_json())
        return task, answer["loss"]

    def round(self, seconds: float = ROUND) -> float:
        """Return the median seconds of a run."""
        return median(self.ask(run=seconds)["seconds"])


class Race:
    """The processes of all contenders met so far: each is started once."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._processes: dict[Contender, Process] = {}

    def __enter__(self) -> "Race":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def process(self, contender: Contender) -> Process:
        """Return the contender's process."""
        if contender not in self._processes:
            self._processes[contender] = self._stack.enter_context(Process(contender))
        return self._processes[contender]

    def run(self, task: Task, contenders: Sequence[Contender], n_rounds: int) -> list[Result]:
        """Time the contenders in turn; the first of a round moves on from round to round."""
        entries = []
        for contender in contenders:
            process = self.process(contender)
            timed, loss = process.prepare(task)
            entries.append((process, Result(contender, timed, [], loss)))
        for k in range(n_rounds):
            first = k % len(entries)
            for process, result in entries[first:] + entries[:first]:
                result.rounds.append(process.round() / result.task.n_rows)
        return [result for _, result in entries]


def disagreements(results: Sequence[Result]) -> list[str]:
    """Say whose loss differs from the first one's."""
    expected = results[0]
    return [
        f"{result.task.name} {result.task.dtype}: the loss of {result.contender.name} must be"
        f" {expected.loss:.9f} as with {expected.contender.name}, got {result.loss:.9f}"
        for result in results
        if not (result.contender.own_loss and result.task.trains)
        and abs(result.loss / expected.loss - 1) > DIGITS[result.task.dtype]
    ]
