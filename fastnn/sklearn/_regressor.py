"""The regressor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from .._checks.arrays import Array
from .._checks.names import explained
from .._checks.scales import remedy_of_scale
from ._base import BaseMLP


@explained
class MLPRegressor(MultiOutputMixin, RegressorMixin, BaseMLP):  # type: ignore[misc]
    """A network that predicts numbers, with scikit-learn's interface and its results.

    Parameters
    ----------
    loss : str
        squared_error, or poisson for counts of at least 0: the outputs are then exponentials.
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
    >>> from fastnn.sklearn import MLPRegressor
    >>> regressor = MLPRegressor(hidden_layer_sizes=4, solver="lbfgs", random_state=0, tol=1e-6)
    >>> regressor.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[1.0]]).round(2)
    array([3.])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson"})],
    }

    loss: str

    def __init__(
        self,
        loss: str = "squared_error",
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
        dtype: str | None = None,
    ) -> None:
        self._keep(locals())

    @available_if(lambda estimator: estimator._check_solver())
    @explained
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go once through the data, from where training stands; for sgd and adam.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
        y : array_like, shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array_like, shape (n_samples,), optional

        Returns
        -------
        self : MLPRegressor

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
    def predict(self, X: Any) -> Array:
        """Return the outputs.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)

        Returns
        -------
        y : ndarray, shape (n_samples,) or, of several, (n_samples, n_outputs)

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `X` is not as described.

        Examples
        --------
        >>> from fastnn.sklearn import MLPRegressor
        >>> regressor = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-9)
        >>> regressor.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(4)
        array([7.])
        """
        check_is_fitted(self)
        outputs = self._outputs(X)
        return outputs.ravel() if self.n_outputs_ == 1 else outputs

    def _score_of(self, outputs: Array, targets: Array, weights: Array | None) -> float:
        """Return R2 of outputs, the mean over them."""
        mean = np.average(targets, axis=0, weights=weights)
        spread = np.average((targets - mean) ** 2, axis=0, weights=weights)
        error = np.average((targets - outputs) ** 2, axis=0, weights=weights)
        constant = np.where(error > 0, 0.0, 1.0)  # as in `r2_score`, where the targets are constant
        score = 1 - np.divide(error, spread, out=1 - constant, where=spread > 0)
        return float(score.mean())

    def _verdict(self, X: Any, y: Array, weights: Any) -> str:
        """Say what may be wrong if the mean of the targets is the better prediction."""
        if self.loss != "squared_error":
            return ""
        spread = np.average((y - np.average(y, axis=0, weights=weights)) ** 2, 0, weights)
        # The loss is half the mean square: where it is small, that saves a pass over the data.
        if not getattr(self, "loss_", 0.0) > 0.5 * spread.mean():
            return ""
        score = self._score_of(self._connected().predict(X), y, weights)
        if score >= 0:
            return ""
        remedy = remedy_of_scale(X if isinstance(X, np.ndarray) else None, y)
        return (
            f"MLPRegressor predicts the data that it was fitted to worse than their mean does, R2 "
            f"{score:.3g}: {remedy or 'try more epochs (max_iter), or another learning_rate_init'}"
        )

    def _output_activation(self) -> str:
        """Return what goes with the loss."""
        return "exp" if self.loss == "poisson" else "identity"

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """Return samples and targets."""
        X, y = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, y_numeric=True,
            dtype=self._allowed_dtypes(), reset=reset,
        )  # fmt: skip
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y
