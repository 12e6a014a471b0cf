"""`MLPClassifier`."""

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
from ._base import BaseMLP, is_stochastic


@explained
class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn has no types
    """A network that classifies, with scikit-learn's interface and its results.

    It minimises the cross-entropy of the classes, or that of each label if there are several.

    Parameters
    ----------
    hidden_layer_sizes : int or array_like of int
        The number of units of each hidden layer, by default (100,).
    activation : str or sequence of str
        The activation of the hidden layers, by default "relu": identity, logistic, tanh, relu or
        another one of `Dense`. A sequence gives one for each layer.
    solver : str
        The optimiser, by default "adam": adam, sgd or lbfgs (SciPy's L-BFGS-B, on full batches).
    alpha : float
        The strength of the penalty alpha / 2 sum W^2, which is divided by the total weight of the
        batch, by default 0.0001.
    batch_size : int or "auto"
        The number of samples in an update. The default, "auto", is 200, or all if there are fewer.
    learning_rate : str
        The schedule of sgd, by default "constant": constant; invscaling, which is
        learning_rate_init / (samples seen + 1)^power_t; or adaptive, which divides the rate by 5
        when training stops improving.
    learning_rate_init : float
        The initial rate, above 0, by default 0.001.
    power_t : float
        The exponent of invscaling, by default 0.5.
    max_iter : int
        The largest number of epochs, or of iterations of lbfgs, by default 200.
    shuffle : bool
        Whether to draw a new order of the samples each epoch, by default True.
    random_state : int, RandomState or None
        The source of initial weights, of the split for early stopping, of orders and of dropout.
        The default, None, is NumPy's global source.
    tol : float
        The tolerance, by default 0.0001: training stops after `n_iter_no_change` epochs in which
        the loss or score has not improved by more.
    verbose : bool or int
        Whether to print the loss of each epoch, by default False.
    warm_start : bool
        Whether `fit` starts from the present weights, by default False.
    momentum : float
        The momentum of sgd, from 0 to 1, by default 0.9.
    nesterovs_momentum : bool
        Whether sgd uses Nesterov's momentum, by default True.
    early_stopping : bool
        Whether to hold out a part of the data, stop when its score stops improving, and keep the
        best weights, by default False.
    validation_fraction : float
        The share of the data that early stopping holds out, by default 0.1.
    beta_1, beta_2, epsilon : float
        The hyperparameters of adam, by default 0.9, 0.999 and 1e-8.
    n_iter_no_change : int or numpy.inf
        The number of epochs without improvement after which training stops, by default 10.
    max_fun : int
        The largest number of loss evaluations of lbfgs, by default 15000.
    dropout : float or sequence of float
        The probability that training sets the output of a hidden unit to 0, for all hidden layers
        or for each of them, by default 0; for adam and sgd. Not in scikit-learn.
    class_weight : dict, "balanced" or None
        The weight of each class, by label, which multiplies the weights of its samples; for
        several labels, a list of such dicts. By default, None, all are 1. Not in scikit-learn.
    dtype : str or None
        The dtype of weights and arithmetic, float64 or float32. The default, None, is
        scikit-learn's rule: the dtype of `X`, but float64 for lbfgs. Not in scikit-learn.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray, shape (n_in, n_out) and (n_out,)
        The weights and the biases of each layer. The user may assign them and write to them.
    loss_ : float
        The loss of the last epoch, before its updates, with the penalty. `loss_curve_` has the loss
        of every epoch, and `best_loss_` the lowest one.
    validation_scores_, best_validation_score_ : list of float, float
        The scores of `early_stopping`, and the best of them. `best_loss_` is then None; without
        early stopping, these two are None.
    n_iter_, t_ : int
        The number of epochs of the last call, and of samples seen in all calls.
    n_layers_, n_outputs_, n_features_in_ : int
        The numbers of layers, with the input layer, of outputs and of features.
    out_activation_ : str
        The activation of the outputs.
    classes_ : ndarray, shape (n_classes,)
        The class labels, sorted.

    Raises
    ------
    InvalidParameterError
        From `fit` and `partial_fit`, if a parameter is not as described.

    Notes
    -----
    Where scikit-learn departs from the usual formulas, so does this class; see
    `fastnn.sklearn._training`. It differs from scikit-learn in four points. Training that diverges
    stops, and the last finite weights remain. Sample weights must be at least 0. With sample
    weights and several batches, `loss_` is the weighted mean over the epoch, not a mean over its
    batches. Early stopping after a warm start restores the best weights, which scikit-learn has
    overwritten.

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

    @available_if(is_stochastic)
    @explained
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one pass over the data, from the present state; for sgd and adam.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.
        y : array_like, shape (n_samples,), or (n_samples, n_outputs) for several labels
            The class labels.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each sample, at least 0. By default all weights are 1.
        classes : array_like, shape (n_classes,), optional
            All class labels, which the first call needs.

        Returns
        -------
        MLPClassifier
            The estimator itself.

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
        """Return the most probable class or, of several labels, all with a probability above 1/2.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray, shape (n_samples,) or (n_samples, n_classes)
            The class labels.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
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
            The inputs.

        Returns
        -------
        ndarray, shape (n_samples, n_classes)
            The probabilities.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
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
            The inputs.

        Returns
        -------
        ndarray, shape (n_samples, n_classes)
            The logarithms of the probabilities.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
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
        """Return the class labels of outputs, or of encoded targets."""
        labels: Array = self._label_binarizer.inverse_transform(outputs)
        return labels

    def _score_of(self, outputs: Array, targets: Array, weights: Array | None) -> float:
        """Return the accuracy of the outputs; a sample counts if all its labels are right."""
        if self.out_activation_ == "softmax":
            is_right = outputs.argmax(axis=1) == targets.argmax(axis=1)
        else:
            is_right = ((outputs > 0.5) == targets).all(axis=1)
        return float(np.average(is_right, weights=weights))

    def _output_activation(self) -> str:
        """Return softmax for three or more classes, else logistic."""
        is_multiclass = self._label_binarizer.y_type_ == "multiclass"
        return "softmax" if is_multiclass else "logistic"

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """Return inputs, and targets of zeros and ones."""
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
        """Raise unless these are the known classes or, in `partial_fit`, some of them."""
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
        """Multiply the sample weights by those of the classes."""
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
