"""The process of one contender: `python -m comparison.worker MODULE VARIANT`.

It reads a line of JSON from standard input and answers with one on standard output:

    {"prepare": task}       warm up, run once      -> {"loss": ..., "seconds": ...}
    {"run": seconds}        run until they are up  -> {"seconds": [of each run]}

The parent limits its threads, by its environment and by the cores it may use.
"""

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from time import perf_counter
from typing import Any

import numpy as np

from .task import Array, Task


class Subject:
    """One contender at one task."""

    def __init__(self, module: Any, variant: str, task: Task) -> None:
        self.task = task
        self.restore: Callable[[], object]
        if task.trains:
            self._training = module.Training(task, variant)
            self.restore, self.run = self._training.restore, self._training.run
        else:
            self._prediction = module.Prediction(task, variant)
            X, _ = task.samples()
            self._inputs = [self._prediction.prepare(part) for part in parts(task, X)]
            self.restore, self.run = (lambda: None), self._predict_each

    def _predict_each(self) -> None:
        predict = self._prediction.predict
        for table in self._inputs:
            predict(table)

    def loss(self) -> float:
        """Return the loss as reached by the last run, computed in the same way for everybody."""
        if self.task.n_networks:
            return self.task.mean_loss(self._training.all_weights())
        if self.task.trains:
            return self.task.loss(self.task.outputs(self._training.weights()))
        outputs = [np.asarray(self._prediction.predict(table)) for table in self._inputs]
        return self.task.loss(np.vstack(outputs))

    def seconds(self) -> float:
        """Time one run from the start."""
        self.restore()
        begin = perf_counter()
        self.run()
        return perf_counter() - begin


def parts(task: Task, X: Array) -> list[Array]:
    """Return what each call predicts: a row, some rows, or the whole table."""
    if task.call == "predict rows":
        return list(X)
    n_rows = task.batch_size if task.call == "predict tables" else len(X)
    return [X[first : first + n_rows] for first in range(0, len(X), n_rows)]


def main(module_name: str, variant: str) -> None:
    """Answer line by line until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    module = import_module(f"comparison.{module_name}")
    for line in sys.stdin:
        request = json.loads(line)
        if "prepare" in request:
            subject = Subject(module, variant, Task.from_json(request["prepare"]))
            subject.seconds()
            seconds = subject.seconds()
            answer: dict[str, Any] = {"loss": subject.loss(), "seconds": seconds}
        else:
            times = [subject.seconds()]
            while sum(times) < request["run"]:
                times.append(subject.seconds())
            answer = {"seconds": times}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
