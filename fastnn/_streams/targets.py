"""Learners of numbers and of classes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any

from .._checks.scalars import as_finite
from .design import Start
from .growth import grown
from .learner import Learner
from .rows import Features, is_itself


class NumberLearner(Learner):
    """A learner whose targets are numbers: the network has one output."""

    def __init__(self, start: Start) -> None:
        if start.network is not None and start.network.n_out != 1:
            raise ValueError(f"network must have one output, got {start.network.n_out}")
        super().__init__(start)

    def predict(self, x: Features) -> float:
        """Return the output for a row; 0 before there is a network."""
        outputs = self.outputs(x)
        return 0.0 if outputs is None else outputs[0]

    def _reader_of_targets(self) -> Callable[[Any], Any]:
        return partial(as_finite, "y")

    def _check_target(self, y: Any) -> None:
        as_finite("y", y)

    def _meet_target(self, y: Any, undo: ExitStack) -> None:
        pass


class ClassLearner(Learner):
    """A learner whose targets are labels: the network has one output for each class.

    Or it has a single output, not of softmax, for the second of two classes.
    """

    def __init__(self, start: Start, classes: Iterable[Hashable] = ()) -> None:
        self._labels: list[Hashable] = []
        self._targets: dict[Hashable, int] = {}  # what `Network.partial_fit` takes for each
        super().__init__(start)
        with self.undone_by_errors() as undo:
            for label in classes:
                self._check_target(label)
                self._meet_target(label, undo)

    @property
    def classes(self) -> list[Hashable]:
        """The classes that are known, in the order of their outputs."""
        return [*self._labels]

    def probabilities(self, x: Features) -> dict[Hashable, float]:
        """Return the output of each class for a row."""
        outputs = self.outputs(x)
        if outputs is None:
            return {}
        if len(outputs) == 1:
            outputs = self._of_both(outputs)
        if len(outputs) == len(self._labels) == 2:  # half the time of `dict`: 0.1 us
            (one, other), (output, other_output) = self._labels, outputs
            return {one: output, other: other_output}
        return dict(zip(self._labels, outputs, strict=False))

    def label(self, x: Features) -> Hashable | None:
        """Return the class with the largest output for a row; None before there is one."""
        outputs, labels = self.outputs(x), self._labels
        if outputs is None or not labels:
            return None
        if len(outputs) == 1:
            outputs = self._of_both(outputs)
        if len(outputs) > len(labels):
            outputs = outputs[: len(labels)]
        return labels[outputs.index(max(outputs))]

    def _of_both(self, outputs: list[float]) -> list[float]:
        """Return the outputs of two classes that share a single one."""
        return [1.0 - outputs[0], outputs[0]] if self._shares_output() else outputs

    def _shares_output(self) -> bool:
        """Return True if the network has a single output for two classes."""
        network = self.network
        if network is None or network.n_out > 1:
            return False
        return network.layers[-1].activation != "softmax"

    def _n_outputs(self) -> int:
        return max(1, len(self._labels))

    def _reader_of_targets(self) -> Callable[[Any], Any]:
        return self._targets.get

    def _check_target(self, y: Any) -> None:
        if not isinstance(y, Hashable):
            raise TypeError(f"y must be hashable, got {y!r}")
        if y is None or not is_itself(y):
            raise ValueError(f"y must be a class, got {y!r}")

    def _meet_target(self, y: Any, undo: ExitStack) -> None:
        if self._target_of(y) is not None:
            return
        self._check_target(y)
        network, spare, labels = self.network, self._spare, [*self._labels, y]
        is_alone = len(labels) == 1
        if network is not None:
            n_most = 2 if self._shares_output() else network.n_out
            is_alone = n_most == 1
            if len(labels) > n_most:
                if not self.grows or self._shares_output():
                    raise ValueError(
                        f"y must be one of {n_most} classes, {self.classes}; got {y!r}"
                    )
                network, spare = grown(network, network.n_in, len(labels), spare)
                is_alone = False
        # The number of the output; or what the only one is to be.
        targets = {label: 1 if is_alone else k for k, label in enumerate(labels)}
        self._change(undo, network=network, _spare=spare, _labels=labels, _targets=targets)
