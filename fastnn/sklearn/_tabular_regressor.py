"""`TabularRegressor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from .._checks.arrays import Array
from .._checks.names import explained
from ._checked import check_holds_numbers
from ._tabular import BaseTabular

SMALLEST = float(np.finfo(np.float64).smallest_subnormal)


@explained
class TabularRegressor(RegressorMixin, BaseTabular):  # type: ignore[misc]
    """A number from a table of mixed columns, by an ensemble of small networks.

    Parameters
    ----------
    n_members : int
        The number of networks of each encoding, by default 5. Each holds out one of as many folds,
        at least five, which chooses its best epoch. With `cv`, it has no effect.
    encodings : sequence of str
        What networks see of a column of numbers, by default ("linear", "bins", "periodic"): the
        scaled number in a network without hidden layers, "linear", or with them, "scaled"; beside
        it, its place in each of eight "bins" of equal counts; or eight cosines of it, "periodic".
        Predictions out of fold give each its weight, and it is left out if that is 0.
    hidden_layer_sizes : array_like of int
        The number of units of each hidden layer, by default (64, 64).
    activation : str
        The activation of the hidden layers, by default "gelu": another one of `Dense`.
    dropout : float
        The probability that training sets the output of a hidden unit to 0, by default 0.
    learning_rate : float
        The rate of the first epoch, above 0, by default 0.003; it falls along a cosine.
    weight_decay : float
        The decay of AdamW, at least 0, by default 0.01.
    max_epochs : int
        The largest number of epochs, by default 100.
    patience : int
        The number of epochs without improvement on the rows held out that ends the training of a
        member, by default 20.
    batch_size : int or "auto"
        The number of rows in an update. The default, "auto", is a sixteenth of the rows that the
        member is trained on, at least 16 and at most 64.
    cv : int, splitter, iterable or None
        The folds, as scikit-learn takes them, in the place of `n_members`: one member for each
        split and encoding. Those that go by groups are a list, ``list(GroupKFold(5).split(X, y,
        groups))``. The default, None, is shuffled folds that each cover the range of the
        target.
    time_limit : float or None
        The number of seconds after which no member begins another epoch. By default, None, there is
        no limit, and 40 000 rows of 50 numbers take some five minutes of a core.
    random_state : int, RandomState or None
        The source of folds, of initial weights and of orders. The default, None, is NumPy's global
        source.
    progress : bool
        Whether `fit` shows a progress bar on a terminal or in a notebook, by default False.
    n_jobs : int or None
        The number of threads of `fit` and `predict`, as scikit-learn takes it: by default, None, 1;
        -1 means all cores. Results do not depend on it.
    dtype : str
        The dtype of weights and arithmetic, float32, the default, or float64.

    Attributes
    ----------
    members_ : list of Member
        The ensemble: each has `network`, `encoding`, `held_rows`, `best_epoch`,
        `held_loss` and `weight`.
    model_ : TableModel
        What predicts, and what `save` writes; its dict `metadata` is for data of your own.
    oof_prediction_ : ndarray, shape (n_samples,)
        The prediction of each training row by the members that it was held out from; NaN if there
        is none.
    oof_score_ : float
        R2 of `oof_prediction_` where it is not NaN, with each row weighted by its `sample_weight`;
        NaN of a single row. As these rows have chosen the epochs, it is somewhat better than that
        of new rows.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray, shape (n_features,)
        The names of the columns, if `fit` got a DataFrame whose names are all texts.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not as described.

    See Also
    --------
    TabularClassifier : The same for classes; its notes say what becomes of a column.
    MLPRegressor : One network, for numbers that are scaled already.

    Notes
    -----
    The networks learn the target standardised: its scale does not matter. What becomes of each
    column is in the notes of `TabularClassifier`; durations are numbers of days, times of day
    (``datetime.time``) of hours.

    Examples
    --------
    >>> from fastnn.sklearn import TabularRegressor
    >>> X = [["a", 1], ["a", 2], ["b", 3], ["b", None]] * 10
    >>> regressor = TabularRegressor(random_state=0).fit(X, [1e6, 2e6, 3e7, 4e7] * 10)
    >>> bool(abs(regressor.predict([["b", 3]])[0] - 3e7) < 1e6)
    True
    """

    def __init__(
        self,
        n_members: int = 5,
        *,
        encodings: Sequence[str] = ("linear", "bins", "periodic"),
        hidden_layer_sizes: Sequence[int] = (64, 64),
        activation: str = "gelu",
        dropout: float = 0.0,
        learning_rate: float = 0.003,
        weight_decay: float = 0.01,
        max_epochs: int = 100,
        patience: int = 20,
        batch_size: int | str = "auto",
        cv: Any = None,
        time_limit: float | None = None,
        random_state: Any = None,
        progress: bool = False,
        n_jobs: int | None = None,
        dtype: str = "float32",
    ) -> None:
        self._keep(locals())

    @explained
    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the prediction of each row.

        Parameters
        ----------
        X : DataFrame or array_like, shape (n_samples, n_features)
            The table, with the columns of training.
        return_std : bool
            Whether to return the spread of the members, too, by default False.

        Returns
        -------
        ndarray, or tuple of two ndarray, shape (n_samples,)
            The means over the members and, with `return_std`, their standard deviations: how far
            the networks disagree, not the noise of the target.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If `X` is not as described, or a column holds infinity or is of another kind than in
            training.

        Examples
        --------
        >>> from fastnn.sklearn import TabularRegressor
        >>> X, y = [[1], [2], [3]] * 20, [10.0, 20.0, 30.0] * 20
        >>> mean, std = TabularRegressor(random_state=0).fit(X, y).predict([[2]], return_std=True)
        >>> mean.round(), bool(std[0] < 1)
        (array([20.]), True)
        """
        mean, spread = self._outputs(X)
        predicted = self._as_prediction(mean)
        return (predicted, spread[:, 0]) if return_std else predicted

    def _as_target(self, y: Any) -> Array:
        """Return the numbers, float64."""
        check_holds_numbers(y, "TabularClassifier")
        return super()._as_target(y).astype(np.float64)

    def _as_targets(self, y: Array, weights: Array) -> tuple[Array, dict[str, Any]]:
        """Return the numbers with mean 0 and deviation 1, and their unit."""
        used = y[weights > 0]
        if (used == used[0]).all():
            raise ValueError(
                f"y must hold different numbers, got {used[0]:g} in all {len(used)} rows of a"
                " weight above 0: there is nothing to learn, use scikit-learn's DummyRegressor"
            )
        largest = np.abs(used).max()  # squares of y itself would be beyond float64, or 0
        shares = y / largest
        center = np.average(shares, weights=weights)
        scale = np.sqrt(np.average((shares - center) ** 2, weights=weights)) or 1.0
        unit = {"center": float(center * largest), "scale": float(scale * largest) or SMALLEST}
        return (shares - center) / scale, unit

    def _as_prediction(self, outputs: Array) -> Array:
        """Return a number for each row."""
        return outputs[:, 0]

    def _score_of(self, outputs: Array, targets: Array, weights: Array) -> float:
        """Return R2, NaN of a single row."""
        if len(targets) < 2:
            return np.nan
        return float(r2_score(targets, outputs[:, 0], sample_weight=weights))
