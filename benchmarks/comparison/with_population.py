"""fastnn: `Population`, with as many threads as the variant says; or "loop", without it."""

from collections.abc import Iterator
from typing import Any

from fastnn import Population

from .task import Layers, Task
from .with_fastnn import network


class Training:
    """`fit`, its checks of the data included."""

    def __init__(self, task: Task, variant: str) -> None:
        self._task, self._variant = task, variant
        self._population = Population(network(task, layers) for layers in task.starts())
        self._starts = [net.params.copy() for net in self._population]
        self._X, self._Y = task.samples()

    def restore(self) -> None:
        """Go back to the start."""
        for net, start in zip(self._population, self._starts, strict=True):
            net.params = start

    def run(self) -> None:
        """Train all networks."""
        how: dict[str, Any] = {
            "epochs": self._task.epochs, "batch_size": self._task.batch_size,
            "learning_rate": self._task.learning_rate, "shuffle": False,
        }  # fmt: skip
        if self._variant != "loop":
            self._population.fit(self._X, self._Y, n_threads=int(self._variant), **how)
            return
        for net in self._population:
            net.fit(self._X, self._Y, **how)

    def all_weights(self) -> Iterator[Layers]:
        """Yield the layers of each network."""
        for net in self._population:
            yield [(W, b) for W, b in zip(net.weights, net.biases, strict=True)]
