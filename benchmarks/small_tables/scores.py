"""What models reached on folds, kept in a file if there is one, and what that comes to."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Trial(NamedTuple):
    """One fit: which it was."""

    table: str
    contender: str
    seed: int
    fold: int


class Reached(NamedTuple):
    """What came of a fit: log loss or 1 - R2; accuracy or R2; CPU seconds."""

    loss: float
    score: float
    seconds: float


class Mean(NamedTuple):
    """A mean over folds, and its standard error."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.4f} ± {self.error:.4f}"


class Scores:
    """Trials and what came of them; a file, to which they are added, lets a run be taken up."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.reached: dict[Trial, Reached] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                trial, reached = json.loads(line)
                self.reached[Trial(*trial)] = Reached(*reached)

    def add(self, trial: Trial, reached: Reached) -> None:
        """Keep what came of a trial."""
        self.reached[trial] = reached
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([trial, reached]) + "\n")

    def mean(self, table: str, contender: str, what: str = "loss") -> Mean:
        """Return the mean of a contender on a table."""
        return mean(getattr(one, what) for one in self._folds(table, contender).values())

    def difference(self, table: str, contender: str, other: str) -> Mean:
        """Return the mean of how far one loss is above the other's, fold by fold."""
        return mean(a - b for a, b in self._pairs(table, contender, other))

    def ratio(self, table: str, contender: str, other: str) -> float:
        """Return the ratio of the mean losses, over the folds on which both were fitted."""
        losses, others = zip(*self._pairs(table, contender, other), strict=True)
        return float(np.mean(losses) / np.mean(others))

    def _folds(self, table: str, contender: str) -> dict[tuple[int, int], Reached]:
        return {
            (trial.seed, trial.fold): reached
            for trial, reached in self.reached.items()
            if (trial.table, trial.contender) == (table, contender)
        }

    def _pairs(self, table: str, contender: str, other: str) -> list[tuple[float, float]]:
        ours, theirs = (self._folds(table, name) for name in (contender, other))
        return [(ours[fold].loss, theirs[fold].loss) for fold in ours if fold in theirs]


def mean(values: Iterable[float]) -> Mean:
    """Return the mean of at least two values, and its standard error."""
    every = np.array(list(values))
    return Mean(float(every.mean()), float(every.std(ddof=1) / np.sqrt(len(every))))


def geometric_mean(ratios: Iterable[float]) -> float:
    """Return the geometric mean: a half and a double make 1."""
    return float(np.exp(np.mean(np.log(list(ratios)))))
