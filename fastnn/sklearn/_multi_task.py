"""`MultiTaskMLP`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import check_consistent_length
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples, validate_data

from .._checks.arrays import Array
from .._checks.names import explained
from ._checked import check_has_columns, weights_of
from ._multi_task_base import BaseMultiTask
from ._tasks import AUTO, Task, columns_of, frame_of, table_of, tasks_of


def _has_classes(estimator: MultiTaskMLP) -> bool:
    """Return True; raise AttributeError if a fitted estimator predicts numbers alone."""
    tasks: Sequence[Task] = getattr(estimator, "_tasks", ())
    if tasks and all(task.labels is None for task in tasks):
        raise AttributeError("predict_proba is for tasks of classes, got numbers in all of them")
    return True


@explained
class MultiTaskMLP(BaseMultiTask):
    """A network that predicts several columns at once, classes and numbers, from shared layers.

    Each column of `y` is a task: a head (`fastnn.Heads`) with a loss of its own over the same
    hidden layers, which minimise the weighted sum of the losses. For one column, or several of
    numbers by one loss, `MLPRegressor` and `MLPClassifier` are scikit-learn's equals; for a network
    of its own for each column of classes, there is scikit-learn's ``MultiOutputClassifier``.

    Parameters
    ----------
    hidden_layer_sizes : int or array_like of int
        The number of units of each hidden layer, by default (100,).
    activation : str
        The activation of the hidden layers, by default "relu": identity, logistic, tanh, relu or
        another one of `Dense`.
    loss : str, dict or sequence
        The loss of each column of `y`: a list in their order, or a dict by their names. For classes
        log_loss or focal; for numbers squared_error, absolute_error, huber, log_cosh, poisson or
        gamma. Or "auto": squared_error for floats, log_loss for whole numbers, booleans and texts;
        a dict may leave it out. A pair, such as ("log_loss", 0.5), has a weight. One loss goes to
        all columns; the default is "auto".
    solver : str
        The optimiser, by default "adam": adam, adamw or sgd.
    alpha : float
        The strength of the penalty alpha / 2 sum W^2 of all layers, which is added to the mean loss
        of a batch, by default 0.
    batch_size : int or "auto"
        The number of samples in an update. The default, "auto", is 200, or all if there are fewer.
    learning_rate_init : float
        The learning rate, above 0, by default 0.001.
    max_iter : int
        The largest number of epochs, by default 200.
    random_state : int, RandomState or None
        The source of initial weights, of the samples that early stopping holds out, of orders and
        of dropout. The default, None, is NumPy's global source.
    tol : float
        The amount by which the loss must fall to count as an improvement, by default 0.0001.
    verbose : bool
        Whether to print a line of losses every some epochs, by default False.
    early_stopping : bool
        Whether to hold out a part of the data, stop when its loss stops falling, and keep the best
        weights, by default False.
    validation_fraction : float
        The share of the data that early stopping holds out, by default 0.1.
    n_iter_no_change : int
        The number of epochs without improvement after which training stops, by default 10.
    dropout : float
        The probability that training sets the output of a hidden unit to 0, by default 0.
    dtype : str or None
        The dtype of weights and arithmetic, float64 or float32. The default, None, is that of `X`.

    Attributes
    ----------
    network_ : Network
        The network, whose last layer is `Heads`, or a `Dense` of a single task. It can be saved and
        exported; of numbers it predicts standard scores, but with the losses poisson and gamma.
    y_mean_, y_scale_ : list of float or None
        The mean of each column of numbers, and what it was divided by: standard scores times
        `y_scale_` plus `y_mean_` are numbers as in `y`. With the losses poisson and gamma they are
        0 and 1; None for classes.
    classes_ : list of ndarray or None
        The sorted class labels of each column; None for numbers.
    task_names_ : list of str
        The names of the columns; head_0, head_1 ... if `y` had none.
    n_iter_ : int
        The number of epochs.
    loss_curve_ : list of float
        The loss of every epoch, with the weights of the tasks: the mean before each update.
    n_outputs_, n_features_in_ : int
        The numbers of tasks and of features.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not as described.

    Notes
    -----
    Numbers are standardised for training, so that all tasks weigh alike to begin with; with the
    losses poisson and gamma they stay as they are. A column of whole numbers, of counts say, is one
    of classes unless `loss` says otherwise.

    It is neither a classifier nor a regressor to scikit-learn: `score` is the mean over the tasks
    of accuracy and R2, by which a grid search goes too; of a single one, take the metric of a
    column of `predict`.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from fastnn.sklearn import MultiTaskMLP
    >>> X = np.random.RandomState(0).normal(size=(500, 2))
    >>> y = pd.DataFrame({"rain": np.where(X[:, 0] > 0, "yes", "no"), "wind": X.sum(axis=1)})
    >>> tasks = MultiTaskMLP(20, tol=0.005, batch_size=20, random_state=0).fit(X, y)
    >>> tasks.predict([[1.0, 1.0], [-1.0, 2.0]]).round()
      rain  wind
    0  yes   2.0
    1   no   1.0
    >>> tasks.predict_proba([[1.0, 1.0]])[0].round(2), tasks.classes_[0]
    (array([[0., 1.]]), array(['no', 'yes'], dtype='<U3'))
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        loss: str | Mapping[str, Any] | Sequence[Any] = AUTO,
        solver: str = "adam",
        alpha: float = 0.0,
        batch_size: str | int = "auto",
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        dropout: float = 0.0,
        dtype: str | None = None,
    ) -> None:
        self._keep(locals())

    @explained
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on the data, from new weights.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.
        y : array_like or DataFrame, shape (n_samples, n_tasks)
            The targets, a column for each task: class labels or numbers.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each sample, at least 0. By default all weights are 1.

        Returns
        -------
        MultiTaskMLP
            The estimator itself.

        Raises
        ------
        ValueError
            If an argument is not as described, or training ends in weights that are not finite.

        Examples
        --------
        >>> from fastnn.sklearn import MultiTaskMLP
        >>> X, y = [[0.0], [1.0], [2.0]] * 20, [[0, 0.5], [1, 1.5], [1, 2.5]] * 20
        >>> losses = ["log_loss", "squared_error"]  # the first by itself would be numbers
        >>> tasks = MultiTaskMLP(9, loss=losses, learning_rate_init=0.1, random_state=0, tol=0.001)
        >>> tasks.fit(X, y).predict([[2.0]]).round(1)
        array([[1. , 2.5]])
        """
        with self._unchanged_by_errors():
            check_has_columns(X)
            X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32))
            columns = columns_of(y, X.shape[0])
            check_consistent_length(X, *columns.values())
            if sample_weight is not None:
                sample_weight = weights_of(sample_weight, X)
            tasks = tasks_of(columns, self.loss, sample_weight)
            network = self._built(X, tasks)
            targets = [task.encoded(columns[task.name]) for task in tasks]
            self._train(network, X, targets, sample_weight)
        self._tasks, self._frame, self.network_ = tasks, frame_of(y), network
        self.task_names_, self.n_outputs_ = [*columns], len(columns)
        self.y_mean_ = [task.unit[0] for task in tasks]
        self.y_scale_ = [task.unit[1] for task in tasks]
        self.classes_ = [None if task.labels is None else task.labels.classes_ for task in tasks]
        return self

    @explained
    def predict(self, X: Any) -> Any:
        """Return the most probable class, or the number, of each task.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray or DataFrame, shape (n_samples, n_tasks)
            A column for each task: in a DataFrame, with the index of `X` if that is one of pandas,
            if `y` was one of pandas or polars; else in an array, of objects if texts or booleans
            are beside values of another kind.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If `X` is not as described.

        Examples
        --------
        >>> from fastnn.sklearn import MultiTaskMLP
        >>> X, y = [[0.0], [1.0]] * 50, [["no", "low"], ["yes", "high"]] * 50
        >>> tasks = MultiTaskMLP(5, tol=0.01, learning_rate_init=0.1, random_state=0).fit(X, y)
        >>> tasks.predict([[0.0], [1.0]])
        array([['no', 'low'],
               ['yes', 'high']], dtype='<U4')
        """
        outputs = self._outputs(X)
        columns = [task.predicted(one) for task, one in zip(self._tasks, outputs, strict=True)]
        return table_of(dict(zip(self.task_names_, columns, strict=True)), self._frame, X)

    @available_if(_has_classes)
    @explained
    def predict_proba(self, X: Any) -> Array | list[Array | None]:
        """Return the probability of each class, for each task, in the order of `classes_`.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        list of ndarray, shape (n_samples, n_classes), or None
            The probabilities of each task; None for numbers. Of a single task, the array alone.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If `X` is not as described.

        Examples
        --------
        >>> from fastnn.sklearn import MultiTaskMLP
        >>> X, y = [[0.0], [1.0]] * 50, [["no", "low"], ["yes", "high"]] * 50
        >>> tasks = MultiTaskMLP(5, tol=0.01, learning_rate_init=0.1, random_state=0).fit(X, y)
        >>> [probabilities.round(1).tolist() for probabilities in tasks.predict_proba([[1.0]])]
        [[[0.0, 1.0]], [[1.0, 0.0]]]
        """
        outputs = self._outputs(X)
        each: list[Any] = [
            task.probabilities(one) for task, one in zip(self._tasks, outputs, strict=True)
        ]
        return each if len(each) > 1 else each[0]

    @explained
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the mean over the tasks of the accuracy of classes and R2 of numbers.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.
        y : array_like or DataFrame, shape (n_samples, n_tasks)
            The targets, as `fit` takes them.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each sample, at least 0. By default all weights are 1.

        Returns
        -------
        float
            The mean, at most 1.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn.sklearn import MultiTaskMLP
        >>> X, y = [[0.0], [1.0]] * 50, [["no", "low"], ["yes", "high"]] * 50
        >>> tasks = MultiTaskMLP(5, tol=0.01, learning_rate_init=0.1, random_state=0).fit(X, y)
        >>> tasks.score(X, y)
        1.0
        """
        outputs, columns = self._outputs(X), columns_of(y, _num_samples(X))
        if [*columns] != self.task_names_:
            raise ValueError(
                f"y must have the columns of fit ({', '.join(self.task_names_)}), got "
                f"{', '.join(columns)}"
            )
        check_consistent_length(X, *columns.values())
        if sample_weight is not None:
            sample_weight = weights_of(sample_weight, X)
        scores = [
            task.score(columns[task.name], one, sample_weight)
            for task, one in zip(self._tasks, outputs, strict=True)
        ]
        return float(np.mean(scores))
