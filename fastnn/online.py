"""Learning from a stream of dicts with river's interface: `learn_one` and `predict_one`.

The adapters map names of features and classes to columns of a network and back. They do not need
river itself.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping, Sequence
from typing import Self

import numpy as np

from ._checks.arrays import Array
from ._checks.names import explained
from .network import Network

# Guards a new class that two threads meet at once; global, so that adapters can be copied.
_NAMING = threading.Lock()


class _Online:
    """The common part of both adapters: a network, and the order of the features."""

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
    """An online regressor: a network with one output that learns from one sample at a time.

    Parameters
    ----------
    network : Network
        The network, with one output. `partial_fit` trains it in place, with the optimiser that
        training last used.
    features : sequence of str, optional
        The names of the inputs, in order, by default the keys of the first dict, in its order.
        Other keys of a dict are ignored.

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
        """Train on one sample.

        Parameters
        ----------
        x : mapping of str to float
            The features.
        y : float
            The target.

        Returns
        -------
        OnlineRegressor
            The adapter itself.

        Raises
        ------
        ValueError, TypeError
            If a feature is missing, or a value is not a finite number.
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
        """Return the prediction for one sample.

        Parameters
        ----------
        x : mapping of str to float
            The features.

        Returns
        -------
        float
            The output of the network.

        Raises
        ------
        ValueError, TypeError
            If a feature is missing, or a value is not a finite number.
        """
        return float(self._outputs(x)[0])


@explained
class OnlineClassifier(_Online):
    """An online classifier: a network that learns from one sample at a time.

    The network has one output for each class, or one output for the second of two classes.

    Parameters
    ----------
    network : Network
        The network. `partial_fit` trains it in place, with the optimiser that training last used.
    features : sequence of str, optional
        The names of the inputs, in order, by default the keys of the first dict, in its order.
        Other keys of a dict are ignored.
    classes : sequence of hashable
        The classes, in the order of the outputs. By default empty: classes are numbered in the
        order in which `learn_one` meets them.

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
        """Return the number of a class; a new class gets the next number."""
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
        """Train on one sample.

        Parameters
        ----------
        x : mapping of str to float
            The features.
        y : hashable
            The class.

        Returns
        -------
        OnlineClassifier
            The adapter itself.

        Raises
        ------
        ValueError, TypeError
            If a feature is missing, a value is not a finite number, or there are more classes than
            the network can have.
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
        """Return the network's output for each class known so far.

        Parameters
        ----------
        x : mapping of str to float
            The features.

        Returns
        -------
        dict of hashable to float
            The output of each class; empty while no class is known.

        Raises
        ------
        ValueError, TypeError
            If a feature is missing, or a value is not a finite number.
        """
        outputs = self._outputs(x).tolist()
        if len(outputs) == 1:
            outputs = [1.0 - outputs[0], outputs[0]]
        return dict(zip(self._numbers, outputs, strict=False))

    @explained
    def predict_one(self, x: Mapping[str, float]) -> Hashable | None:
        """Return the class with the largest output.

        Parameters
        ----------
        x : mapping of str to float
            The features.

        Returns
        -------
        hashable or None
            The class; None while no class is known.

        Raises
        ------
        ValueError, TypeError
            If a feature is missing, or a value is not a finite number.
        """
        outputs = self.predict_proba_one(x)
        return max(outputs, key=outputs.__getitem__) if outputs else None
