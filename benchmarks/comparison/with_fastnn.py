"""fastnn, through nothing but its public interface."""

from typing import Any

from fastnn import Dense, Network

from .task import Array, Layers, Task


def network(task: Task) -> Network:
    """Make the network at the task's start."""
    layers = [Dense(len(b), "sigmoid", weights=W, biases=b) for W, b in task.start()]
    return Network(task.widths[0], layers, loss="half_sse", dtype=task.dtype)


class Training:
    """One call of `fit`, its checks of the data included."""

    def __init__(self, task: Task, variant: str) -> None:
        self._task = task
        self._net = network(task)
        self._start = self._net.params.copy()
        self._X, self._Y = task.samples()

    def restore(self) -> None:
        """Go back to the start."""
        self._net.params = self._start

    def run(self) -> None:
        """Go once through the samples."""
        self._net.fit(
            self._X, self._Y, batch_size=self._task.batch_size, shuffle=False,
            optimizer=self._task.optimizer, learning_rate=self._task.learning_rate,
        )  # fmt: skip

    def weights(self) -> Layers:
        """Return the layers."""
        return [(W, b) for W, b in zip(self._net.weights, self._net.biases, strict=True)]


class Prediction:
    """`predict`; `variant` is the number of threads, where one is not meant."""

    def __init__(self, task: Task, variant: str) -> None:
        self._net = network(task)
        self._options: dict[str, Any] = {"n_threads": int(variant)} if variant else {}

    def prepare(self, X: Array) -> Array:
        """Take it as it is."""
        return X

    def predict(self, X: Array) -> Array:
        """Compute the outputs."""
        return self._net.predict(X, **self._options)
