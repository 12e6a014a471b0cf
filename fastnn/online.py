"""Learning from a stream of dicts, in the manner of river: `learn_one` and `predict_one`.

A thin adapter: names of features and classes to the columns of a network and back. river itself is
not needed.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping, Sequence
from typing import Self

import numpy as np

from ._checks.arrays import Array
from ._checks.names import explained
from .network import Network

_NAMING = threading.Lock()  # two threads may meet a new class at once; of all adapters, for copies


class _Online:
    """What both adapters share: a network, and which feature is which of its inputs."""

    def __init__(self, network: Network, features: Sequence[str] | None = None) -> None:
        self.network = network
        self.features: tuple[str, ...] | None = None
        if features is not None:
            self._settle(features)

    def _settle(self, features: Sequence[str]) -> None:
        names = tuple(features)
        if len(names) != self.network.n_in or len(set(names)) != len(names):
            raise ValueError(
                f"features must be {self.network.n_in} different names, got {len(names)}: {names}"
            )
        self.features = names

    def _as_row(self, x: Mapping[str, float]) -> Array:
        """Return the values in the order of the network's inputs."""
        if self.features is None:
            self._settle(tuple(x))
        row = np.empty(self.network.n_in, self.network.dtype)  # each thread has its own
        try:
            for i, name in enumerate(self.features or ()):
                row[i] = x[name]
        except KeyError as error:
            raise ValueError(f"x must have the feature {error}, got {sorted(x)}") from None
        except (TypeError, ValueError):
            raise TypeError(f"the feature {name!r} must be a number, got {x[name]!r}") from None
        return row

    def _outputs(self, x: Mapping[str, float]) -> Array:
        """Return the network's outputs."""
        row = self._as_row(x)
        try:
            return self.network.predict(row)
        except ValueError:
            self._check_finite(x, row)
            raise

    def _check_finite(self, x: Mapping[str, float], row: Array) -> None:
        """Raise with the name of the feature that is not finite, if there is one."""
        for name, value in zip(self.features or (), row, strict=True):
            if not np.isfinite(value):
                raise ValueError(f"the feature {name!r} must be finite, got {x[name]!r}") from None


@explained
class OnlineRegressor(_Online):
    """A network with one output that learns numbers.

    Parameters
    ----------
    network : Network
        With one output. It is trained in place, by `partial_fit`, with the optimiser it was trained
        with last.
    features : sequence of str, optional
        The names of the inputs, in order; by default those of the first dict, in its order.
        Features beside these are passed over.

    Raises
    ------
    ValueError
        If the network has several outputs, or the features do not match its inputs.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.online import OnlineRegressor
    >>> model = OnlineRegressor(Network(2, [Dense(1)], seed=0))
    >>> for t in range(2000):
    ...     x = {"rain": t % 3, "sun": t % 5}
    ...     model = model.learn_one(x, x["sun"] - x["rain"] + 1.0)
    >>> round(model.predict_one({"sun": 4, "rain": 1}), 3)
    4.0
    """

    def __init__(self, network: Network, features: Sequence[str] | None = None) -> None:
        if network.n_out != 1:
            raise ValueError(f"network must have one output, got {network.n_out}")
        super().__init__(network, features)

    @explained
    def learn_one(self, x: Mapping[str, float], y: float) -> Self:
        """Do one step of training.

        Parameters
        ----------
        x : mapping of str to float
        y : float

        Returns
        -------
        self : OnlineRegressor
        """
        row = self._as_row(x)
        try:
            self.network.partial_fit(row, float(y))
        except ValueError:
            self._check_finite(x, row)
            raise
        return self

    @explained
    def predict_one(self, x: Mapping[str, float]) -> float:
        """Return the network's output.

        Parameters
        ----------
        x : mapping of str to float

        Returns
        -------
        y : float
        """
        return float(self._outputs(x)[0])


@explained
class OnlineClassifier(_Online):
    """A network that learns classes: an output for each, or one for the second of two.

    Parameters
    ----------
    network : Network
        Trained in place, by `partial_fit`, with the optimiser it was trained with last.
    features : sequence of str, optional
        The names of the inputs, in order; by default those of the first dict, in its order.
        Features beside these are passed over.
    classes : sequence, optional
        The classes, in the order of the outputs; by default in that in which they turn up.

    Raises
    ------
    ValueError
        If the features do not match the inputs, or there are more classes than outputs.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.online import OnlineClassifier
    >>> net = Network(2, [Dense(2, "softmax")], loss="cross_entropy", seed=0)
    >>> model = OnlineClassifier(net)
    >>> for t in range(3000):
    ...     x = {"rain": t % 3, "sun": t % 5}
    ...     model = model.learn_one(x, "fair" if x["sun"] > x["rain"] else "foul")
    >>> model.predict_one({"rain": 0, "sun": 4}), model.predict_one({"rain": 2, "sun": 0})
    ('fair', 'foul')
    >>> sorted(model.predict_proba_one({"rain": 0, "sun": 4}))
    ['fair', 'foul']
    """

    def __init__(
        self,
        network: Network,
        features: Sequence[str] | None = None,
        classes: Sequence[Hashable] = (),
    ) -> None:
        super().__init__(network, features)
        self._numbers: dict[Hashable, int] = {}
        for label in classes:
            self._number_of(label)

    @property
    def classes(self) -> list[Hashable]:
        """The classes known so far, in the order of the outputs."""
        return list(self._numbers)

    def _number_of(self, label: Hashable) -> int:
        """Return the number of a class, a new one if it turns up for the first time."""
        number = self._numbers.get(label)
        if number is not None:
            return number
        with _NAMING:
            n_classes = max(2, self.network.n_out)
            if label not in self._numbers and len(self._numbers) == n_classes:
                raise ValueError(
                    f"y must be one of {n_classes} classes, {self.classes}; got {label!r}"
                )
            return self._numbers.setdefault(label, len(self._numbers))

    @explained
    def learn_one(self, x: Mapping[str, float], y: Hashable) -> Self:
        """Do one step of training.

        Parameters
        ----------
        x : mapping of str to float
        y : hashable
            The class.

        Returns
        -------
        self : OnlineClassifier
        """
        row = self._as_row(x)
        try:
            self.network.partial_fit(row, self._number_of(y))
        except ValueError:
            self._check_finite(x, row)
            raise
        return self

    @explained
    def predict_proba_one(self, x: Mapping[str, float]) -> dict[Hashable, float]:
        """Return the network's output for each class known so far; nothing before any.

        Parameters
        ----------
        x : mapping of str to float

        Returns
        -------
        outputs : dict of class to float
        """
        outputs = self._outputs(x).tolist()
        if len(outputs) == 1:
            outputs = [1.0 - outputs[0], outputs[0]]
        return dict(zip(self._numbers, outputs, strict=False))

    @explained
    def predict_one(self, x: Mapping[str, float]) -> Hashable | None:
        """Return the class of the largest output; None before any class is known.

        Parameters
        ----------
        x : mapping of str to float

        Returns
        -------
        y : hashable or None
        """
        outputs = self.predict_proba_one(x)
        return max(outputs, key=outputs.__getitem__) if outputs else None
