"""`MLPRegressor`."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.metrics import d2_pinball_score
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._checks.arrays import Array
from .._checks.names import explained
from .._checks.scales import remedy_of_scale
from .._training.rates import Schedule
from ..activations import OwnActivation
from ..losses import GaussianNLL, Loss, Quantile
from ._base import BaseMLP
from ._checked import check_holds_numbers
from ._design import HALF_SQUARED_ERROR, NUMBERS, check_outputs, loss_of_numbers, outputs_of
from ._scores import Score, r2, score_of_numbers


@explained
class MLPRegressor(MultiOutputMixin, RegressorMixin, BaseMLP):  # type: ignore[misc]
    """A network that predicts numbers, with scikit-learn's interface and its results.

    Parameters
    ----------
    loss : str or Loss
        The loss, by default "squared_error", half the square; absolute_error, huber (delta 1),
        log_cosh; quantile, the pinball loss at the level `quantile`; for counts of at least 0
        poisson, and for numbers above 0 gamma, half their deviances, with outputs that are
        exponentials; or gaussian_nll, which predicts a mean and a standard deviation. Or a loss of
        `fastnn.losses`, such as Quantile([0.1, 0.5, 0.9]), or of the user's own (`fastnn.loss`). Of
        several targets the losses are added. Scikit-learn has squared_error and poisson.
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
    quantile : float
        The level of the loss quantile, above 0 and below 1, by default 0.5, the median. Not in
        scikit-learn.
    dropout : float or sequence of float
        The probability that training sets the output of a hidden unit to 0, for all hidden layers
        or for each of them, by default 0; not for lbfgs. Not in scikit-learn.
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
        The scores of `early_stopping`, and the best of them: R2 with squared_error and poisson,
        else the loss with its sign changed. `best_loss_` is then None; without early stopping,
        these two are None.
    n_iter_, t_ : int
        The number of epochs of the last call, and of samples seen in all calls.
    n_layers_, n_outputs_, n_features_in_ : int
        The numbers of layers, with the input layer, of targets and of features.
    out_activation_ : str
        The activation of the outputs.

    Raises
    ------
    InvalidParameterError
        From `fit` and `partial_fit`, if a parameter is not as described.

    Notes
    -----
    It departs from scikit-learn in the four points that the notes of `MLPClassifier` name.

    Examples
    --------
    >>> from fastnn.sklearn import MLPRegressor
    >>> regressor = MLPRegressor(hidden_layer_sizes=4, solver="lbfgs", random_state=0, tol=1e-6)
    >>> regressor.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[1.0]]).round(2)
    array([3.])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({*NUMBERS}), Loss],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
    }

    quantile: float

    def __init__(
        self,
        loss: str | Loss = "squared_error",
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
        quantile: float = 0.5,
        dropout: float | Sequence[float] = 0.0,
        dtype: str | None = None,
    ) -> None:
        self._keep(locals())

    @explained
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one pass over the data, from the present state.

        With the solver lbfgs it is `max_iter` iterations, as in scikit-learn.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.
        y : array_like, shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each sample, at least 0. By default all weights are 1.

        Returns
        -------
        MLPRegressor
            The estimator itself.

        Raises
        ------
        ValueError
            If an argument is not as described, or training ends in weights that are not finite.

        Examples
        --------
        >>> from fastnn.sklearn import MLPRegressor
        >>> regressor = MLPRegressor(hidden_layer_sizes=(), solver="sgd", learning_rate_init=0.1)
        >>> for _ in range(200):
        ...     regressor = regressor.partial_fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
        >>> regressor.predict([[3.0]]).round(2)
        array([7.])
        """
        return self._fit(X, y, sample_weight, incremental=True)

    @explained
    def predict(self, X: Any, return_std: bool = False) -> Array | tuple[Array, Array]:
        """Return the predictions of the network.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.
        return_std : bool
            Whether to return the standard deviations too, which only the loss gaussian_nll
            predicts, by default False.

        Returns
        -------
        y : ndarray, shape (n_samples,), or (n_samples, n_outputs) of several targets
            The predictions; of several quantiles, one column for each level, in ascending order.
        std : ndarray of the same shape
            The standard deviation of each, if `return_std` is True.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If `X` is not as described, or `return_std` is True with another loss.

        Examples
        --------
        >>> from fastnn.sklearn import MLPRegressor
        >>> regressor = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-9)
        >>> regressor.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(4)
        array([7.])
        >>> normal = MLPRegressor("gaussian_nll", (), solver="lbfgs", alpha=0, random_state=0)
        >>> mean, std = normal.fit([[0.0]] * 4, [1.0, 2.0, 3.0, 4.0]).predict([[0.0]], True)
        >>> mean.round(2), std.round(2)
        (array([2.5]), array([1.12]))
        """
        check_is_fitted(self)
        has_spread = isinstance(self._fitted_loss(), GaussianNLL)
        if return_std and not has_spread:
            raise ValueError(
                "return_std must be False, but with the loss gaussian_nll, which predicts a "
                f"standard deviation, got loss={self.loss!r}"
            )
        outputs = self._outputs(X)
        if not has_spread:
            return outputs.ravel() if outputs.shape[1] == 1 else outputs
        mean, std = outputs[:, ::2], outputs[:, 1::2]
        if self.n_outputs_ == 1:
            mean, std = mean.ravel(), std.ravel()
        return (mean, std) if return_std else mean

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R2 of the predictions; of several quantiles, the mean of their D2.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.
        y : array_like, shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each sample. By default all weights are 1.

        Returns
        -------
        float
            R2, which is 1 for exact predictions and 0 for the mean of `y`; or 1 - the pinball loss
            divided by that of the quantiles of `y`.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn.losses import Quantile
        >>> from fastnn.sklearn import MLPRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]] * 20, [0.0, 1.0, 2.0, 3.0] * 20
        >>> levels = Quantile([0.25, 0.75])
        >>> regressor = MLPRegressor(levels, (), solver="lbfgs", alpha=0, random_state=0)
        >>> regressor.fit(X, y).score(X, y) > 0.9
        True
        """
        loss = self._fitted_loss() if hasattr(self, "coefs_") else None
        if not (isinstance(loss, Quantile) and loss.n_per_target > 1):
            return float(super().score(X, y, sample_weight))
        outputs: Any = self.predict(X)
        levels: Any = loss.levels
        scores = [
            d2_pinball_score(y, column, alpha=level, sample_weight=sample_weight)
            for level, column in zip(levels, outputs.T, strict=True)
        ]
        return float(np.mean(scores))

    def _judge(self) -> Score:
        """Return what early stopping goes by."""
        return score_of_numbers(self._fitted_loss())

    def _verdict(self, X: Any, y: Array, weights: Any) -> str:
        """Return advice if the mean of the targets is a better prediction."""
        if self._loss != HALF_SQUARED_ERROR:
            return ""
        spread = np.average((y - np.average(y, axis=0, weights=weights)) ** 2, 0, weights)
        # The loss is half the mean square: where it is small, that saves a pass over the data.
        if not getattr(self, "loss_", 0.0) > 0.5 * spread.mean():
            return ""
        score = r2(self._connected().predict(X), y, weights)
        if score >= 0:
            return ""
        remedy = remedy_of_scale(X if isinstance(X, np.ndarray) else None, y)
        return (
            f"MLPRegressor predicts the data that it was fitted to worse than their mean does, R2 "
            f"{score:.3g}: {remedy or 'try more epochs (max_iter), or another learning_rate_init'}"
        )

    def _last_layer(self, first_pass: bool) -> tuple[Loss, str]:
        """Return the loss, and the activation that goes with it."""
        loss = loss_of_numbers(self.loss, self.quantile)
        if first_pass:
            return loss, outputs_of(loss)
        check_outputs(loss, self.out_activation_)
        return loss, self.out_activation_

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """Return samples and targets."""
        check_holds_numbers(y, "MLPClassifier")
        return self._checked(X, y, reset, y_numeric=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        loss = self.loss
        given = NUMBERS.get(loss) if isinstance(loss, str) else loss
        tags.target_tags.positive_only = getattr(given, "targets", "") == "positive"
        has_levels = isinstance(given, Quantile) and given.n_per_target > 1
        tags.target_tags.multi_output = not has_levels
        return tags
