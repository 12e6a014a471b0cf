"""`MLPRegressor`."""

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
from ._base import BaseMLP, is_stochastic


@explained
class MLPRegressor(MultiOutputMixin, RegressorMixin, BaseMLP):  # type: ignore[misc]
    """A network that predicts numbers, with scikit-learn's interface and its results.

    Parameters
    ----------
    loss : str
        The loss, by default "squared_error": squared_error, or poisson for counts of at least 0,
        whose outputs are exponentials.
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

    @available_if(is_stochastic)
    @explained
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one pass over the data, from the present state; for sgd and adam.

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
    def predict(self, X: Any) -> Array:
        """Return the predictions of the network.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray, shape (n_samples,), or (n_samples, n_outputs) of several outputs
            The predictions.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
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
        constant = np.where(error > 0, 0.0, 1.0)  # as in `r2_score` for constant targets
        score = 1 - np.divide(error, spread, out=1 - constant, where=spread > 0)
        return float(score.mean())

    def _verdict(self, X: Any, y: Array, weights: Any) -> str:
        """Return advice if the mean of the targets is a better prediction."""
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
        """Return the output activation that goes with the loss."""
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
