"""Learning from a stream of dicts with river's interface: `learn_one` and `predict_one`.

The models do not need river itself; `fastnn.river` has them as river's own classes. Each is a
network, and the names of its inputs and outputs. Without a ready network they make their own one
and grow: a new feature gets an input, a new class an output, and what was learnt stays as it was.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Self

from numpy.typing import DTypeLike

from ._checks.names import explained
from ._streams.design import as_start
from ._streams.targets import ClassLearner, NumberLearner
from .layers import Dense
from .losses import Loss
from .network import Network
from .optimizers import Optimizer

__all__ = ["OnlineClassifier", "OnlineRegressor"]


class Online:
    """The common part of both models: a learner, and what it knows."""

    _learner: ClassLearner | NumberLearner

    @property
    def network(self) -> Network | None:
        """The network; None before the first row, if that is to make it.

        A model that grows replaces it by a wider one with spare inputs: `to_network` returns a copy
        without. A network that is assigned must have as many inputs and outputs as the present one.

        Examples
        --------
        >>> from fastnn.online import OnlineRegressor
        >>> OnlineRegressor(seed=0).learn_one({"rain": 1, "sun": 2}, 3.0).network.n_in
        2
        """
        return self._learner.network

    @network.setter
    def network(self, network: Network) -> None:  # numpydoc ignore=GL08
        self._learner.replace_network(network)

    @property
    def features(self) -> tuple[Hashable, ...] | None:
        """The features in the order of the network's inputs; None before any is known.

        Examples
        --------
        >>> from fastnn.online import OnlineRegressor
        >>> OnlineRegressor(seed=0).learn_one({"sun": 2, "rain": 1}, 3.0).features
        ('rain', 'sun')
        """
        return self._learner.features or None

    @explained
    def learn_one(self, x: Mapping[Any, float], y: Hashable, w: float = 1.0) -> Self:
        """Train on one sample.

        Parameters
        ----------
        x : mapping of hashable to float
            The features.
        y : float or hashable
            The target of a regressor, or the class.
        w : float
            The weight of the sample, at least 0, by default 1.

        Returns
        -------
        Online
            The model itself.

        Raises
        ------
        ValueError, TypeError
            If a value is not a finite number, which the message names, a feature is missing that
            must be there, or there are more classes than the network can have. The model is as it
            was.
        DivergenceError
            If training leaves the finite numbers. The model is as it was.
        RuntimeError
            If another thread is training the model.
        """
        self._learner.learn(x, y, w)
        return self

    def to_network(self) -> Network | None:
        """Return a copy of the network with inputs for `features` alone, to save or to export.

        While no feature is known, the rows being empty, it has one input: it predicts what the
        model does where that is 0.

        Returns
        -------
        Network or None
            The copy; None before the first row, if that is to make the network.

        Examples
        --------
        >>> from fastnn.online import OnlineRegressor
        >>> model = OnlineRegressor(seed=0).learn_one({"sun": 2, "rain": 1}, 3.0)
        >>> model = model.learn_one({"sun": 2, "rain": 1, "wind": 0}, 3.0)
        >>> model.network.n_in, model.to_network().n_in
        (4, 3)
        """
        return self._learner.to_network()


@explained
class OnlineRegressor(Online):
    """An online regressor: a network with one output that learns from one sample at a time.

    Parameters
    ----------
    network : Network, optional
        The network, with one output, which is trained in place. By default the model makes one for
        the first row and grows.
    features : sequence of hashable, optional
        The names of the inputs, in order. By default the keys of the first dict: in its order, or
        sorted if the model grows.
    grow : bool, optional
        Whether a new feature gets an input and a feature that a dict lacks is 0. By default False
        with a network, where a dict must have all features and other keys are ignored; always True
        without.
    hidden : int, Dense, or sequence of these, optional
        The hidden layers of a network that the model makes, by default one of 32 units.
    activation : str, optional
        The activation of hidden layers that are given by their widths, by default "relu".
    loss : str or Loss, optional
        The loss of such a network, by default "mse": a name, or one of `fastnn.losses` or of the
        user's own, for a single output. That is exp with "poisson" and "gamma".
    optimizer : str or Optimizer, optional
        The optimiser, by default `RMSprop` at 0.006 or, with a network, what training last used.
    learning_rate : float, optional
        The rate, above 0, by default the optimiser's own.
    dtype : str or numpy.dtype, optional
        The dtype of such a network, by default "float64".
    seed : int, numpy.random.Generator or numpy.random.RandomState, optional
        The seed of its weights. By default it comes from the operating system.

    Raises
    ------
    ValueError, TypeError
        If the network has several outputs, the features do not match its inputs, or an argument is
        not as described.

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

    _learner: NumberLearner

    def __init__(
        self,
        network: Network | None = None,
        features: Sequence[Hashable] | None = None,
        *,
        grow: bool | None = None,
        hidden: int | Dense | Sequence[int | Dense] | None = None,
        activation: str | None = None,
        loss: str | Loss | None = None,
        optimizer: str | Optimizer | None = None,
        learning_rate: float | None = None,
        dtype: DTypeLike | None = None,
        seed: Any = None,
    ) -> None:
        self._learner = NumberLearner(
            as_start(
                network, features, grow=grow, hidden=hidden, activation=activation, output=None,
                loss=loss, optimizer=optimizer, learning_rate=learning_rate, dtype=dtype, seed=seed,
            )
        )  # fmt: skip

    @explained
    def predict_one(self, x: Mapping[Any, float]) -> float:
        """Return the prediction for one sample.

        Parameters
        ----------
        x : mapping of hashable to float
            The features. If the model grows, those that it does not know are ignored.

        Returns
        -------
        float
            The output of the network; 0 before there is one.

        Raises
        ------
        ValueError, TypeError
            If a value is not a finite number, or a feature is missing that must be there.
        """
        return self._learner.predict(x)


@explained
class OnlineClassifier(Online):
    """An online classifier: a network that learns from one sample at a time.

    The network has one output for each class, or one output for the second of two classes.

    Parameters
    ----------
    network : Network, optional
        The network, which is trained in place. By default the model makes one for the first row,
        with softmax outputs, and grows.
    features : sequence of hashable, optional
        The names of the inputs, in order. By default the keys of the first dict: in its order, or
        sorted if the model grows.
    classes : sequence of hashable
        The classes, in the order of the outputs. By default empty: classes are numbered in the
        order in which `learn_one` meets them.
    grow : bool, optional
        Whether a new feature gets an input, a feature that a dict lacks is 0, and a class beyond
        the outputs gets one. By default False with a network, where a dict must have all features
        and other keys are ignored; always True without.
    hidden : int, Dense, or sequence of these, optional
        The hidden layers of a network that the model makes, by default one of 32 units.
    activation : str, optional
        The activation of hidden layers that are given by their widths, by default "relu".
    optimizer : str or Optimizer, optional
        The optimiser, by default `RMSprop` at 0.006 or, with a network, what training last used.
    learning_rate : float, optional
        The rate, above 0, by default the optimiser's own.
    dtype : str or numpy.dtype, optional
        The dtype of such a network, by default "float64".
    seed : int, numpy.random.Generator or numpy.random.RandomState, optional
        The seed of its weights. By default it comes from the operating system.

    Raises
    ------
    ValueError, TypeError
        If the features do not match the inputs, there are more classes than outputs, or an argument
        is not as described.

    Examples
    --------
    >>> from fastnn.online import OnlineClassifier
    >>> model = OnlineClassifier(optimizer="sgd", learning_rate=0.1, seed=0)
    >>> for t in range(3000):
    ...     x = {"rain": t % 3, "sun": t % 5}
    ...     model = model.learn_one(x, "fair" if x["sun"] > x["rain"] else "foul")
    >>> model.predict_one({"rain": 0, "sun": 4}), model.predict_one({"rain": 2, "sun": 0})
    ('fair', 'foul')
    >>> sorted(model.predict_proba_one({"rain": 0, "sun": 4}))
    ['fair', 'foul']

    A ready network keeps its inputs and outputs:

    >>> from fastnn import Dense, Network
    >>> net = Network(2, [Dense(2, "softmax")], loss="cross_entropy", seed=0)
    >>> model = OnlineClassifier(net).learn_one({"rain": 1, "sun": 2}, "fair")
    >>> model.features, model.classes
    (('rain', 'sun'), ['fair'])
    """

    _learner: ClassLearner

    def __init__(
        self,
        network: Network | None = None,
        features: Sequence[Hashable] | None = None,
        classes: Sequence[Hashable] = (),
        *,
        grow: bool | None = None,
        hidden: int | Dense | Sequence[int | Dense] | None = None,
        activation: str | None = None,
        optimizer: str | Optimizer | None = None,
        learning_rate: float | None = None,
        dtype: DTypeLike | None = None,
        seed: Any = None,
    ) -> None:
        output = "softmax" if network is None else None
        self._learner = ClassLearner(
            as_start(
                network, features, grow=grow, hidden=hidden, activation=activation, output=output,
                loss=None, optimizer=optimizer, learning_rate=learning_rate, dtype=dtype, seed=seed,
            ),
            classes,
        )  # fmt: skip

    @property
    def classes(self) -> list[Hashable]:
        """The classes known so far, in the order of the outputs.

        Examples
        --------
        >>> from fastnn.online import OnlineClassifier
        >>> OnlineClassifier(seed=0).learn_one({"rain": 1}, "foul").classes
        ['foul']
        """
        return self._learner.classes

    @explained
    def predict_proba_one(self, x: Mapping[Any, float]) -> dict[Hashable, float]:
        """Return the network's output for each class known so far.

        Parameters
        ----------
        x : mapping of hashable to float
            The features. If the model grows, those that it does not know are ignored.

        Returns
        -------
        dict of hashable to float
            The output of each class; empty while no class is known.

        Raises
        ------
        ValueError, TypeError
            If a value is not a finite number, or a feature is missing that must be there.
        """
        return self._learner.probabilities(x)

    @explained
    def predict_one(self, x: Mapping[Any, float]) -> Hashable | None:
        """Return the class with the largest output.

        Parameters
        ----------
        x : mapping of hashable to float
            The features. If the model grows, those that it does not know are ignored.

        Returns
        -------
        hashable or None
            The class; None while no class is known.

        Raises
        ------
        ValueError, TypeError
            If a value is not a finite number, or a feature is missing that must be there.
        """
        return self._learner.label(x)
