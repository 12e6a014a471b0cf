"""What the classifier and the regressor share."""

from __future__ import annotations

import pickle
from collections.abc import Hashable

from .._streams.learner import Learner
from ..network import Network


class Model:
    """A learner under river's interface."""

    _learner: Learner

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

    @property
    def _raw_memory_usage(self) -> int:
        """The size of the pickle, of the network and all that it remembers.

        river's own walk from object to object would enter the compiled kernels, which all networks
        share, and whatever else of the process they know.
        """
        return len(pickle.dumps(self))
