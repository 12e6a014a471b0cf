"""fastnn, through nothing but its public interface."""

from dataclasses import replace
from typing import Any

from fastnn import Dense, Network

from .task import Array, Layers, Task

REGULARIZERS = {"dropout": 0.2, "l2": 1e-4}


def network(task: Task, start: Layers, regularizer: str = "") -> Network:
    """Make the network at its start."""
    layers = [Dense(len(b), "sigmoid", weights=W, biases=b) for W, b in start]
    if regularizer:
        changes = {regularizer: REGULARIZERS[regularizer]}
        n = len(layers) - (regularizer == "dropout")  # an output is not dropped
        layers[:n] = [replace(layer, **changes) for layer in layers[:n]]
    return Network(task.widths[0], layers, loss="half_sse", dtype=task.dtype)


class Training:
    """One call of `fit`, its checks of the data included, or a call of `partial_fit` for each row.

    `variant` is an optimiser, in the place of the task's, or a regularizer.
    """

    def __init__(self, task: Task, variant: str) -> None:
        regularizer = variant if variant in REGULARIZERS else ""
        self._net = network(task, task.start(), regularizer)
        self._start = self._net.params.copy()
        self._X, self._Y = task.samples()
        self._rows = list(zip(self._X, self._Y, strict=True)) if task.call != "fit" else []
        self._batch_size = task.batch_size
        self._how: dict[str, Any] = {
            "optimizer": task.optimizer if regularizer else variant or task.optimizer,
            "learning_rate": task.learning_rate,
        }

    def restore(self) -> None:
        """Go back to the start."""
        self._net.params = self._start
        if self._rows:  # the first row says how; the others leave it at that
            self._net.partial_fit(*self._rows[0], **self._how)

    def run(self) -> None:
        """Go once through the samples."""
        for x, y in self._rows:
            self._net.partial_fit(x, y)
        if not self._rows:
            self._net.fit(self._X, self._Y, batch_size=self._batch_size, shuffle=False, **self._how)

    def weights(self) -> Layers:
        """Return the layers."""
        return [(W, b) for W, b in zip(self._net.weights, self._net.biases, strict=True)]


class Prediction:
    """`predict`; `variant` is the number of threads, where one is not meant."""

    def __init__(self, task: Task, variant: str) -> None:
        self._net = network(task, task.start())
        self._options: dict[str, Any] = {"n_threads": int(variant)} if variant else {}

    def prepare(self, X: Array) -> Array:
        """Take it as it is."""
        return X

    def predict(self, X: Array) -> Array:
        """Compute the outputs."""
        return self._net.predict(X, **self._options)
