"""The classifier."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from river import base

from .._checks.names import explained
from .._streams.design import ACTIVATION, HIDDEN, as_start
from .._streams.targets import ClassLearner
from ..layers import Dense
from ..optimizers import Optimizer
from .frames import as_column, as_frame, as_table
from .model import Model


@explained
class MLPClassifier(Model, base.MiniBatchClassifier):  # type: ignore[misc]  # river is not followed
    """A network with a softmax output for each class, which learns from one sample at a time.

    A feature that is new gets an input, a class that is new an output; all other weights, and the
    optimiser's state of them, stay as they were. A feature that a sample lacks counts as 0. A
    sample that is refused leaves nothing behind. Features should be of unit scale:
    ``preprocessing.StandardScaler() | MLPClassifier()``.

    Parameters
    ----------
    hidden : int, Dense, or sequence of these
        The hidden layers, by their widths or as `fastnn.Dense`, by default one of 32 units. An
        empty sequence means softmax regression.
    activation : str
        The activation of hidden layers that are given by their widths, by default "relu".
    optimizer : str or Optimizer, optional
        The optimiser, one of `fastnn.optimizers` or its name, by default `RMSprop` at 0.006.
    learning_rate : float, optional
        The rate, above 0, by default the optimiser's own.
    dtype : str or numpy.dtype
        The dtype of parameters and arithmetic, "float64" or "float32", by default "float64".
    seed : int, numpy.random.Generator or numpy.random.RandomState, optional
        The seed of the weights. By default it comes from the operating system.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> from river import datasets, evaluate, metrics, preprocessing
    >>> from fastnn.river import MLPClassifier
    >>> model = preprocessing.StandardScaler() | MLPClassifier(hidden=(16,), seed=0)
    >>> metric = evaluate.progressive_val_score(
    ...     datasets.ImageSegments(), model, metrics.Accuracy()
    ... )
    >>> metric.get() > 0.85
    True
    """

    _learner: ClassLearner

    def __init__(
        self,
        hidden: int | Dense | Sequence[int | Dense] = HIDDEN,
        activation: str = ACTIVATION,
        optimizer: str | Optimizer | None = None,
        learning_rate: float | None = None,
        dtype: DTypeLike = "float64",
        seed: Any = None,
    ) -> None:
        self.hidden = [] if hidden == () else hidden  # river's `clone` fails at an empty tuple
        self.activation = activation
        self.optimizer, self.learning_rate = optimizer, learning_rate
        self.dtype, self.seed = dtype, seed
        self._learner = ClassLearner(
            as_start(
                None, None, grow=True, hidden=hidden, activation=activation, output="softmax",
                loss=None, optimizer=optimizer, learning_rate=learning_rate, dtype=dtype, seed=seed,
            )
        )  # fmt: skip
        self._is_rounded = np.dtype(dtype) == np.float32  # shares that sum to 1 but for 1e-7

    @property
    def _multiclass(self) -> bool:
        return True

    @property
    def classes(self) -> list[Hashable]:
        """The classes known so far, in the order of the network's outputs.

        Examples
        --------
        >>> from fastnn.river import MLPClassifier
        >>> model = MLPClassifier(seed=0)
        >>> model.learn_one({"sun": 2.0, "rain": 1.0}, "fair")
        >>> model.classes
        ['fair']
        """
        return self._learner.classes

    def predict_proba_one(self, x: dict[Any, Any]) -> dict[Any, float]:
        """Return the probability of each class known so far.

        Parameters
        ----------
        x : dict
            The features. Those that the model does not know are ignored.

        Returns
        -------
        dict
            The probabilities by classes; empty while no class is known.

        Raises
        ------
        ValueError, TypeError
            If a feature is no finite number, which the message names.
        """
        probabilities = self._learner.probabilities(x)
        if self._is_rounded:
            total = sum(probabilities.values())
            return {label: output / total for label, output in probabilities.items()}
        return probabilities

    def predict_one(self, x: dict[Any, Any]) -> Any:
        """Return the class that is most probable.

        Parameters
        ----------
        x : dict
            The features. Those that the model does not know are ignored.

        Returns
        -------
        hashable or None
            The class; None while no class is known.

        Raises
        ------
        ValueError, TypeError
            If a feature is no finite number, which the message names.
        """
        return self._learner.label(x)

    def _targets_in(self, y: Any) -> list[Any]:
        """Return the classes in a column; raise if a row has none."""
        labels = super()._targets_in(y)
        for row, label in enumerate(labels):
            if label is None:
                raise ValueError(f"y must be classes, got None in row {row}")
        return labels

    def predict_proba_many(self, X: Any) -> Any:
        """Return the probabilities of the classes known so far, for each row of a table.

        Parameters
        ----------
        X : DataFrame
            The features. Columns that the model does not know are ignored.

        Returns
        -------
        DataFrame
            A column for each class; none while no class is known.

        Raises
        ------
        ValueError, TypeError
            If a feature is no finite number, which the message names.
        """
        table = as_table(X)
        outputs = self._learner.outputs_of_table(*table[1:])
        columns: Any = ()
        if outputs is not None:
            columns = outputs.T.astype(np.float64)
            if self._is_rounded:
                columns /= columns.sum(axis=0)
        return as_frame(dict(zip(self.classes, columns, strict=True)), table)

    def predict_many(self, X: Any) -> Any:
        """Return the class that is most probable, for each row of a table.

        Parameters
        ----------
        X : DataFrame
            The features. Columns that the model does not know are ignored.

        Returns
        -------
        Series
            The classes; None while no class is known.

        Raises
        ------
        ValueError, TypeError
            If a feature is no finite number, which the message names.
        """
        table = as_table(X)
        outputs = self._learner.outputs_of_table(*table[1:])
        labels = [None] * len(table[2])
        if outputs is not None:
            classes = self.classes
            labels = [classes[k] for k in outputs.argmax(axis=1)]
        return as_column(labels, self._y_name, table)
