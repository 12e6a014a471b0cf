"""What the classifier and the regressor share."""

from __future__ import annotations

import pickle
from collections.abc import Hashable
from typing import Any

from .._streams.learner import Learner
from ..network import Network
from .frames import as_list, as_table


class Model:
    """A learner under river's interface."""

    _learner: Learner
    _y_name: str | None = None  # of the last column of targets

    @property
    def features(self) -> tuple[Hashable, ...]:
        """The features known so far, in the order of the network's inputs.

        Examples
        --------
        >>> from fastnn.river import MLPRegressor
        >>> model = MLPRegressor(seed=0)
        >>> model.learn_one({"sun": 2.0, "rain": 1.0}, 3.0)
        >>> model.features
        ('rain', 'sun')
        """
        return self._learner.features

    def to_network(self) -> Network | None:
        """Return a copy of the network, to save or to export: `features` in, predictions out.

        Of a classifier they are in the order of `classes`. While no feature is known, the samples
        being empty, it has one input: it predicts what the model does where that is 0.

        Returns
        -------
        Network or None
            The copy; None before the first sample.

        Examples
        --------
        >>> from fastnn.river import MLPRegressor
        >>> model = MLPRegressor(hidden=(), seed=0)
        >>> model.learn_one({"sun": 2.0, "rain": 1.0}, 3.0)
        >>> model.to_network()
        Network(2, [Dense(1, 'identity')], loss='mse', dtype='float64')
        """
        return self._learner.to_network()

    def learn_one(self, x: dict[Any, Any], y: Any, w: float = 1.0) -> None:
        """Train on one sample.

        Parameters
        ----------
        x : dict
            The features.
        y : float or hashable
            The target: a number, or a class.
        w : float
            The weight of the sample, at least 0, by default 1.

        Raises
        ------
        ValueError, TypeError
            If a feature is no finite number, which the message names, or `y` is no target. The
            model is as it was.
        DivergenceError
            If training leaves the finite numbers. The model is as it was.
        """
        self._learner.learn(x, y, w)

    def learn_many(self, X: Any, y: Any, w: Any = 1.0) -> None:
        """Train on the rows of a table in their order, with an update for each.

        Parameters
        ----------
        X : DataFrame
            The features, of pandas, polars or another library that river takes.
        y : Series
            The targets: numbers, or classes.
        w : float or Series
            The weights of the rows, at least 0, by default 1.

        Raises
        ------
        ValueError, TypeError
            If a feature is no finite number, which the message names, or a row has no target. The
            model is as it was.
        DivergenceError
            If training leaves the finite numbers. The model is as it was or, where a class is new,
            as the rows before that have left it.
        """
        _, names, numbers = as_table(X)
        self._learner.learn_table(names, numbers, self._targets_in(y), w)
        self._y_name = getattr(y, "name", None)

    def _targets_in(self, y: Any) -> list[Any]:
        """Return the targets in a column."""
        return as_list(y)

    @property
    def _raw_memory_usage(self) -> int:
        """The size of the pickle, of the network and all that it remembers.

        river's own walk from object to object would enter the compiled kernels, which all networks
        share, and whatever else of the process they know.
        """
        return len(pickle.dumps(self))
