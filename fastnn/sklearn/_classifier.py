"""The classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from .._checks.arrays import Array
from .._checks.names import explained
from ._base import BaseMLP


@explained
class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn has no types
    """A network that classifies, with scikit-learn's interface and its numbers.

    It minimises the cross-entropy of the classes, or of each of several labels.

    Parameters
    ----------
    hidden_layer_sizes : int or array_like of int
        Units of each hidden layer.
    activation : str or sequence of str
        Of the hidden layers: identity, logistic, tanh, relu or another of `Dense`; a sequence
        names one for each.
    solver : str
        adam, sgd or lbfgs (SciPy's L-BFGS-B, all samples at once).
    alpha : float
        Strength of the penalty alpha / 2 sum W^2, which is divided by the weight of the batch.
    batch_size : int or "auto"
        Samples an update; "auto" is 200, or all if there are fewer.
    learning_rate : str
        For sgd: constant; invscaling, learning_rate_init / (samples seen + 1)^power_t; or
        adaptive, divided by 5 where training does not improve.
    learning_rate_init, power_t : float
    max_iter : int
        Epochs at most, or iterations of lbfgs.
    shuffle : bool
        Whether to draw a new order of the samples each epoch.
    random_state : int, RandomState or None
        Source of weights, of the split for early stopping, of orders, and of dropout.
    tol : float
        Training stops after `n_iter_no_change` epochs without an improvement of that much.
    verbose : bool or int
        Whether to print each epoch's loss.
    warm_start : bool
        Whether `fit` goes on from the present weights.
    momentum : float
    nesterovs_momentum : bool
        For sgd.
    early_stopping : bool
        Whether to watch the score on a part of the data, and keep the best weights.
    validation_fraction : float
        That part.
    beta_1, beta_2, epsilon : float
        For adam.
    n_iter_no_change : int or numpy.inf
    max_fun : int
        Evaluations of the loss at most; for lbfgs.
    dropout : float or sequence of float
        Probability that a hidden unit's output is 0 in training, one for all hidden layers or one
        for each; for adam and sgd. Not in scikit-learn.
    class_weight : dict, "balanced" or None
        Weights of the classes by label, for several labels a list of them, by which those of the
        samples are multiplied. Not in scikit-learn.
    dtype : str or None
        float64 or float32, of weights and arithmetic; None is scikit-learn's rule: that of `X`,
        and float64 for lbfgs. Not in scikit-learn.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray, shape (n_in, n_out) and (n_out,)
        A layer each. They may be assigned, and written to.
    loss_ : float
        The last epoch's, before its updates, penalty included; loss_curve_ has that of all epochs,
        best_loss_ the lowest.
    validation_scores_, best_validation_score_ : list of float, float
        With `early_stopping`; then best_loss_ is None, as these are without.
    n_iter_, t_ : int
        Epochs of the last call, and samples seen in all calls.
    n_layers_, n_outputs_, n_features_in_ : int
    out_activation_ : str
    classes_ : ndarray

    Raises
    ------
    InvalidParameterError
        By `fit` and `partial_fit`, if a parameter is not as described.

    Notes
    -----
    Where scikit-learn departs from the usual formulas, so does this (`fastnn.sklearn._training`).
    It differs in four points. Training stops where numbers are no longer finite, and leaves the
    last finite weights. The weights of samples must be at least 0. With them and several batches,
    `loss_` is the weighted mean over the epoch, not a mean over its batches. Early stopping after a
    warm start restores the best weights, which scikit-learn has then overwritten.

    Examples
    --------
    >>> from fastnn.sklearn import MLPClassifier
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], ["same", "other", "other", "same"]
    >>> classifier = MLPClassifier(hidden_layer_sizes=4, solver="lbfgs", random_state=0).fit(X, y)
    >>> classifier.predict(X)
    array(['same', 'other', 'other', 'same'], dtype='<U5')
    >>> classifier.classes_
    array(['other', 'same'], dtype='<U5')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    class_weight: Any

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: str | int = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float | Sequence[float] = 0.0,
        class_weight: Any = None,
        dtype: str | None = None,
    ) -> None:
        self._keep(locals())

    @available_if(lambda estimator: estimator._check_solver())
    @explained
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Go once through the data, from where training stands; for sgd and adam.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
        y : array_like, shape (n_samples,), or (n_samples, n_outputs) for several labels
        sample_weight : array_like, shape (n_samples,), optional
        classes : array_like, shape (n_classes,), optional
            All classes there will be; needed in the first call.

        Returns
        -------
        self : MLPClassifier

        Raises
        ------
        ValueError
            If an argument is not as described, `y` holds other classes than before, or training
            ends in weights that are not finite.

        Examples
        --------
        >>> from fastnn.sklearn import MLPClassifier
        >>> classifier = MLPClassifier((), learning_rate_init=0.1, random_state=0)
        >>> for row, label in [(-1.0, "no"), (1.0, "yes")] * 50:
        ...     classifier = classifier.partial_fit([[row]], [label], classes=["no", "yes"])
        >>> classifier.predict([[-1.0], [1.0]])
        array(['no', 'yes'], dtype='<U3')
        """
        if _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer()
            is_multilabel = type_of_target(y).startswith("multilabel")
            self._label_binarizer.fit(y if is_multilabel else classes)
        return self._fit(X, y, sample_weight, incremental=True)

    @explained
    def predict(self, X: Any) -> Array:
        """Return the most probable class, or of several labels those more probable than not.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)

        Returns
        -------
        y : ndarray, shape (n_samples,) or (n_samples, n_classes)

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `X` is not as described.

        Examples
        --------
        >>> from fastnn.sklearn import MLPClassifier
        >>> classifier = MLPClassifier(hidden_layer_sizes=4, solver="lbfgs", random_state=0)
        >>> classifier = classifier.fit([[0.0], [1.0]], ["no", "yes"])
        >>> classifier.predict([[0.0], [2.0]])
        array(['no', 'yes'], dtype='<U3')
        """
        check_is_fitted(self)
        outputs = self._outputs(X)
        return self._as_labels(outputs.ravel() if self.n_outputs_ == 1 else outputs)

    @explained
    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, in the order of `classes_`.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray, shape (n_samples, n_classes)

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `X` is not as described.

        Examples
        --------
        >>> from fastnn.sklearn import MLPClassifier
        >>> classifier = MLPClassifier(hidden_layer_sizes=4, solver="lbfgs", random_state=0)
        >>> classifier = classifier.fit([[0.0], [1.0]], ["no", "yes"])
        >>> classifier.predict_proba([[0.0], [2.0]]).round(2)
        array([[1., 0.],
               [0., 1.]])
        """
        check_is_fitted(self)
        outputs = self._outputs(X)
        if self.n_outputs_ == 1:
            return np.hstack([1 - outputs, outputs])
        return outputs

    @explained
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of `predict_proba`.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)

        Returns
        -------
        log_probabilities : ndarray, shape (n_samples, n_classes)

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `X` is not as described.

        Examples
        --------
        >>> from fastnn.sklearn import MLPClassifier
        >>> classifier = MLPClassifier(hidden_layer_sizes=4, solver="lbfgs", random_state=0)
        >>> classifier = classifier.fit([[0.0], [1.0]], ["no", "yes"])
        >>> classifier.predict_log_proba([[0.0]]).argmax()
        np.int64(0)
        """
        probabilities = self.predict_proba(X)
        return np.log(probabilities, out=probabilities)

    def _as_labels(self, outputs: Array) -> Array:
        """Return the classes that outputs, or targets as the network takes them, stand for."""
        labels: Array = self._label_binarizer.inverse_transform(outputs)
        return labels

    def _score_of(self, outputs: Array, targets: Array, weights: Array | None) -> float:
        """Return the accuracy of outputs; of several labels, all must be right."""
        if self.out_activation_ == "softmax":
            is_right = outputs.argmax(axis=1) == targets.argmax(axis=1)
        else:
            is_right = ((outputs > 0.5) == targets).all(axis=1)
        return float(np.average(is_right, weights=weights))

    def _output_activation(self) -> str:
        """Return softmax for one of several classes, else logistic."""
        is_multiclass = self._label_binarizer.y_type_ == "multiclass"
        return "softmax" if is_multiclass else "logistic"

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """Return samples, and targets of zeros and ones."""
        X, y = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, dtype=self._allowed_dtypes(),
            reset=reset,
        )  # fmt: skip
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y))
        return X, self._label_binarizer.transform(y).astype(bool)

    def _check_classes(self, classes: Array) -> None:
        """Raise unless these are the classes of before, or in `partial_fit` some of them."""
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous"
                    f" call to fit. Previously got {self.classes_}, `y` has {classes}"
                )
        elif len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    def _with_class_weight(self, y: Array, sample_weight: Array | None, incremental: bool) -> Any:
        """Multiply the weights of the samples by those of their classes."""
        class_weight = self.class_weight
        if class_weight is None:
            return sample_weight
        if incremental and class_weight == "balanced":
            raise ValueError(
                "class_weight must be a dict for partial_fit, which sees a part of the data at a"
                " time, got 'balanced'"
            )
        if isinstance(class_weight, dict):  # a chunk of data may lack a class
            class_weight = dict.fromkeys(self.classes_, 1.0) | class_weight
        weights = compute_sample_weight(class_weight, self._as_labels(y))
        return weights if sample_weight is None else sample_weight * weights

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
