"""`TabularClassifier`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets

from .._checks.arrays import Array
from .._checks.names import explained
from ._class_weight import weights_of_classes
from ._tabular import BaseTabular


@explained
class TabularClassifier(ClassifierMixin, BaseTabular):  # type: ignore[misc]
    """Classes from a table of mixed columns, by an ensemble of small networks.

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
    class_weight : dict, "balanced" or None
        The weight of each class, by label, which multiplies the weights of its rows. By default,
        None, all are 1.
    cv : int, splitter, iterable or None
        The folds, as scikit-learn takes them, in the place of `n_members`: one member for each
        split and encoding. Those that go by groups are a list, ``list(GroupKFold(5).split(X, y,
        groups))``. The default, None, is shuffled folds that each have their share of every class.
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
    classes_ : ndarray, shape (n_classes,)
        The class labels, sorted.
    members_ : list of Member
        The ensemble: each has `network`, `encoding`, `held_rows`, `best_epoch`,
        `held_loss` and `weight`.
    model_ : TableModel
        What predicts, and what `save` writes; its dict `metadata` is for data of your own.
    oof_prediction_ : ndarray, shape (n_samples, n_classes)
        The probabilities of each training row by the members that it was held out from; NaN if
        there is none.
    oof_score_ : float
        The accuracy of `oof_prediction_` where it is not NaN, with each row weighted by its
        `sample_weight` times the `class_weight` of its label, by default 1. As these rows have
        chosen the epochs, it is somewhat better than that of new rows.
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
    TabularRegressor : The same for numbers.
    MLPClassifier : One network, for numbers that are scaled already.

    Notes
    -----
    A column is numbers, categories or times, by its dtype or, without one, by its values. Durations
    are numbers of days, times of day (``datetime.time``) of hours. Numbers are scaled by median and
    interquartile range, and placed in bins of equal counts; a missing one is the median, with an
    input that says so. A column without a value in the rows of training is no input, which `fit`
    warns of. Categories are one-hot; seldom ones and those that training did not see share a place,
    and statistics of the target stand for those of a column with many. Times are taken apart into
    year, month, day of the week and hour, of UTC if they have a zone: without one
    (``.dt.tz_localize(None)``), hours are those of the clock. New rows must have a zone where
    training had one, be it another, and none where it had none. Integers beyond 2^53 are
    categories, since as numbers some would be the same.

    Examples
    --------
    >>> from fastnn.sklearn import TabularClassifier
    >>> X = [["red", 1.0], ["red", None], ["blue", 3.0], ["blue", 4.0]] * 10
    >>> classifier = TabularClassifier(random_state=0).fit(X, ["no", "no", "yes", "yes"] * 10)
    >>> classifier.predict([["red", 2.0], ["blue", None]])
    array(['no', 'yes'], dtype='<U3')

    Rows of one person, say, are held out together, so that `oof_score_` is that of persons whom
    training has not seen:

    >>> from sklearn.model_selection import GroupKFold
    >>> y, person = ["no", "no", "yes", "yes"] * 10, [k // 4 for k in range(40)]
    >>> splits = list(GroupKFold(5).split(X, y, groups=person))
    >>> classifier = TabularClassifier(cv=splits, encodings=["bins"], random_state=0).fit(X, y)
    >>> sorted({person[row] for row in classifier.members_[0].held_rows})
    [4, 9]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseTabular._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

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
        class_weight: Any = None,
        cv: Any = None,
        time_limit: float | None = None,
        random_state: Any = None,
        progress: bool = False,
        n_jobs: int | None = None,
        dtype: str = "float32",
    ) -> None:
        self._keep(locals())

    @explained
    def predict(self, X: Any) -> Array:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : DataFrame or array_like, shape (n_samples, n_features)
            The table, with the columns of training.

        Returns
        -------
        ndarray, shape (n_samples,)
            The class labels.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If `X` is not as described, or a column holds infinity or is of another kind than in
            training.

        Examples
        --------
        >>> from fastnn.sklearn import TabularClassifier
        >>> X, y = [["red"], ["blue"]] * 20, [True, False] * 20
        >>> TabularClassifier(random_state=0).fit(X, y).predict([["blue"]])
        array([False])
        """
        outputs = self._outputs(X)[0]
        chosen: Array = self.classes_[outputs.argmax(axis=1)]
        return chosen

    @explained
    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, in the order of `classes_`.

        Parameters
        ----------
        X : DataFrame or array_like, shape (n_samples, n_features)
            The table, with the columns of training.

        Returns
        -------
        ndarray, shape (n_samples, n_classes)
            The probabilities, the mean over the members.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If `X` is not as described, or a column holds infinity or is of another kind than in
            training.

        Examples
        --------
        >>> from fastnn.sklearn import TabularClassifier
        >>> X, y = [["red"], ["blue"]] * 20, [True, False] * 20
        >>> TabularClassifier(random_state=0).fit(X, y).predict_proba([["blue"]]).round(1)
        array([[1., 0.]])
        """
        return self._as_prediction(self._outputs(X)[0])

    @property
    def classes_(self) -> Array:
        """The class labels, sorted."""
        assert self.model_.classes is not None
        return self.model_.classes

    def _as_targets(self, y: Array, weights: Array) -> tuple[Array, dict[str, Any]]:
        """Return the labels as numbers from 0, and the classes."""
        check_classification_targets(y)
        classes, targets = np.unique(y, return_inverse=True)
        used = targets[weights > 0]
        if (used == used[0]).all():
            raise ValueError(
                f"y must hold at least 2 classes, got one class, {classes[used[0]]!s}, in "
                f"{len(used)} rows of a weight above 0: add rows of another class"
            )
        return targets, {"classes": classes}

    def _as_weights(self, sample_weight: Any, X: Any, y: Array) -> Array:
        """Return the weights of the rows times those of their classes."""
        weights = super()._as_weights(sample_weight, X, y)
        return weights * weights_of_classes(self.class_weight, np.unique(y), y)

    def _as_prediction(self, outputs: Array) -> Array:
        """Return the probabilities."""
        return outputs

    def _score_of(self, outputs: Array, targets: Array, weights: Array) -> float:
        """Return the accuracy."""
        return float(accuracy_score(targets, outputs.argmax(axis=1), sample_weight=weights))
