"""`MLPClassifier`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target
from sklearn.utils.validation import check_is_fitted

from .._checks.arrays import Array
from .._checks.names import explained
from .._training.rates import Schedule
from ..activations import OwnActivation
from ..losses import Loss
from ._base import BaseMLP, is_stochastic
from ._design import CLASSES, loss_of_classes
from ._labels import LabelledMLP
from ._scores import Score, score_of_classes


@explained
class MLPClassifier(ClassifierMixin, LabelledMLP):  # type: ignore[misc]  # scikit-learn has no types
    """A network that classifies, with scikit-learn's interface and its results.

    By default it minimises the cross-entropy of the classes, or that of each label if there are
    several.

    Parameters
    ----------
    hidden_layer_sizes : int or array_like of int
        The number of units of each hidden layer, by default (100,).
    activation : str, OwnActivation or sequence of them
        The activation of the hidden layers, by default "relu": identity, logistic, tanh, relu or
        another one of `Dense`. A sequence gives one for each layer.
    solver : str
        The optimiser, by default "adam": adam, sgd, lbfgs (SciPy's L-BFGS-B, on full batches) or,
        not in scikit-learn, adamw: adam with the penalty taken out of the gradient.
    alpha : float
        The strength of the penalty alpha / 2 sum W^2, which is divided by the total weight of the
        batch, by default 0.0001. With adamw each update takes off rate alpha W instead.
    batch_size : int or "auto"
        The number of samples in an update. The default, "auto", is 200, or all if there are fewer.
    learning_rate : str or callable
        The schedule of sgd, by default "constant": constant; invscaling, which is
        learning_rate_init / (samples seen + 1)^power_t; or adaptive, which divides the rate by 5
        when training stops improving. Or, for adam and adamw too, a schedule of
        `fastnn.schedules` or another function of the epoch that returns the rate, which then is not
        `learning_rate_init`; one that watches a metric has loss, and that of validation.
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
        Whether to hold out a part of the data, unless `fit` is given other data for that, stop when
        its score stops improving, and keep the best weights, by default False.
    validation_fraction : float
        The share of the data that early stopping holds out, by default 0.1.
    beta_1, beta_2, epsilon : float
        The hyperparameters of adam and adamw, by default 0.9, 0.999 and 1e-8.
    n_iter_no_change : int or numpy.inf
        The number of epochs without improvement after which training stops, by default 10.
    max_fun : int
        The largest number of loss evaluations of lbfgs, by default 15000.
    loss : str or Loss
        The loss, by default "log_loss", the cross-entropy; or focal; or a loss of `fastnn.losses`
        that goes with softmax outputs, or with logistic ones if there are two classes or several
        labels, such as CrossEntropy(label_smoothing=0.1) with both; or one of the user's own
        (`fastnn.loss`). Not in scikit-learn.
    dropout : float or sequence of float
        The probability that training sets the output of a hidden unit to 0, for all hidden layers
        or for each of them, by default 0; not for lbfgs. Not in scikit-learn.
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
    network_ : Network
        The network, whose parameters `coefs_` and `intercepts_` are: what trains or changes one of
        them changes the other. It can be saved and exported.
    loss_ : float
        The loss of the last epoch, before its updates, with the penalty. `loss_curve_` has the loss
        of every epoch, and `best_loss_` the lowest one.
    validation_scores_, best_validation_score_ : list of float, float
        The accuracies of `early_stopping`, and the best of them. `best_loss_` is then None; without
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
        "loss": [StrOptions({*CLASSES}), Loss],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str | OwnActivation | Sequence[str | OwnActivation] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: str | int = "auto",
        learning_rate: str | Schedule = "constant",
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
        loss: str | Loss = "log_loss",
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

    def _judge(self) -> Score:
        """Return what early stopping goes by."""
        return score_of_classes(self.out_activation_)

    def _last_layer(self, first_pass: bool) -> tuple[Loss, str]:
        """Return the loss, and softmax for three or more classes, else logistic."""
        is_multiclass = first_pass and self._label_binarizer.y_type_ == "multiclass"
        fitted = "softmax" if is_multiclass else "logistic"
        outputs = fitted if first_pass else self.out_activation_
        return loss_of_classes(self.loss, outputs), outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
