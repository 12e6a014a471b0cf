"""The regressor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from river import base

from .._checks.names import explained
from .._streams.design import ACTIVATION, HIDDEN, as_start
from .._streams.targets import NumberLearner
from ..layers import Dense
from ..losses import Loss
from ..optimizers import Optimizer
from .frames import as_column, as_table
from .model import Model


@explained
class MLPRegressor(Model, base.MiniBatchRegressor):  # type: ignore[misc]  # river is not followed
    """A network with one output, which learns from one sample at a time.

    A feature that is new gets an input; all other weights, and the optimiser's state of them, stay
    as they were. A feature that a sample lacks counts as 0. A sample that is refused leaves nothing
    behind. Features and targets should be of unit scale:
    ``preprocessing.TargetStandardScaler(preprocessing.StandardScaler() | MLPRegressor())``.

    Parameters
    ----------
    hidden : int, Dense, or sequence of these
        The hidden layers, by their widths or as `fastnn.Dense`, by default one of 32 units. An
        empty sequence means linear regression.
    activation : str
        The activation of hidden layers that are given by their widths, by default "relu".
    loss : str or Loss
        The loss, by default "mse": a name, or one of `fastnn.losses` or of the user's own, for a
        single output. That is exp with "poisson" and "gamma".
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
    >>> from fastnn.river import MLPRegressor
    >>> model = preprocessing.StandardScaler() | MLPRegressor(seed=0)
    >>> model = preprocessing.TargetStandardScaler(model)
    >>> metric = evaluate.progressive_val_score(datasets.TrumpApproval(), model, metrics.MAE())
    >>> metric.get() < 1
    True
    """

    _learner: NumberLearner

    def __init__(
        self,
        hidden: int | Dense | Sequence[int | Dense] = HIDDEN,
        activation: str = ACTIVATION,
        loss: str | Loss = "mse",
        optimizer: str | Optimizer | None = None,
        learning_rate: float | None = None,
        dtype: DTypeLike = "float64",
        seed: Any = None,
    ) -> None:
        self.hidden = [] if hidden == () else hidden  # river's `clone` fails at an empty tuple
        self.activation, self.loss = activation, loss
        self.optimizer, self.learning_rate = optimizer, learning_rate
        self.dtype, self.seed = dtype, seed
        self._learner = NumberLearner(
            as_start(
                None, None, grow=True, hidden=hidden, activation=activation, output=None,
                loss=loss, optimizer=optimizer, learning_rate=learning_rate, dtype=dtype, seed=seed,
            )
        )  # fmt: skip

    def predict_one(self, x: dict[Any, Any]) -> float:
        """Return the prediction for one sample.

        Parameters
        ----------
        x : dict
            The features. Those that the model does not know are ignored.

        Returns
        -------
        float
            The output of the network; 0 before the first sample.

        Raises
        ------
        ValueError, TypeError
            If a feature is no finite number, which the message names.
        """
        return self._learner.predict(x)

    def predict_many(self, X: Any) -> Any:
        """Return the prediction for each row of a table.

        Parameters
        ----------
        X : DataFrame
            The features. Columns that the model does not know are ignored.

        Returns
        -------
        Series
            The outputs of the network; 0 before the first sample.

        Raises
        ------
        ValueError, TypeError
            If a feature is no finite number, which the message names.
        """
        table = as_table(X)
        outputs = self._learner.outputs_of_table(*table[1:])
        numbers: Any = np.zeros(len(table[2])) if outputs is None else outputs[:, 0]
        return as_column(numbers, self._y_name, table)
