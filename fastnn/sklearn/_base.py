"""The base class of both estimators: parameters, the network behind `coefs_`, and `fit`."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight, validate_data

from .._checks.arrays import Array
from .._checks.names import explained
from .._checks.sparse import check_structure
from .._training.state import state_of
from ..core.activations import CODES, SECOND_NAMES
from ..layers import Dense
from ..network import Network
from ._training import SOLVERS, SolverState, train_by_lbfgs, train_by_steps

HIDDEN = {*CODES, *SECOND_NAMES} - {"softmax", "exp"}
LOSSES = {  # by the activation of the outputs
    "identity": "half_sse",
    "exp": "poisson",
    "logistic": "binary_cross_entropy",
    "softmax": "cross_entropy",
}


class Design(NamedTuple):
    """The architecture of a network and its penalty."""

    n_in: int
    widths: tuple[int, ...]
    activations: tuple[str, ...]
    dropout: tuple[float, ...]
    alpha: float

    def build(self, dtype: np.dtype[Any]) -> Network:
        """Return a network whose parameters are zero.

        Parameters
        ----------
        dtype : numpy.dtype
            The dtype of the network.

        Returns
        -------
        Network
            The network.
        """
        layers = [
            Dense(n_out, name, initializer="zeros", dropout=p, l2=self.alpha)
            for n_out, name, p in zip(self.widths, self.activations, self.dropout, strict=True)
        ]
        return Network(self.n_in, layers, loss=LOSSES[self.activations[-1]], dtype=dtype)


class BaseMLP(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A network behind scikit-learn's interface.

    `coefs_` and `intercepts_` are lists of views of the network's parameters. If a user assigns
    other arrays, a new network takes their values.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(HIDDEN), "array-like"],
        "solver": [StrOptions({"lbfgs", *SOLVERS})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "dtype": [StrOptions({"float32", "float64"}), None],
    }

    hidden_layer_sizes: Any
    activation: str | Sequence[str]
    solver: str
    alpha: float
    batch_size: str | int
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: Any
    tol: float
    verbose: bool | int
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    dropout: float | Sequence[float]
    dtype: str | None

    coefs_: Any  # lists of arrays, whatever a user assigns
    intercepts_: Any
    out_activation_: str
    loss_curve_: list[float]
    best_loss_: Any  # None or a float; either these or those of the validation are None
    validation_scores_: Any
    best_validation_score_: Any
    _network: Network | None = None
    _solver: SolverState | None = None
    _network_design: Design

    def _keep(self, given: Mapping[str, Any]) -> None:
        """Set the parameters of the constructor as they were given."""
        for name in self._get_param_names():
            setattr(self, name, given[name])

    # ---- training --------------------------------------------------------------------------------

    @explained
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on the data, from new weights unless `warm_start` is True.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.
        y : array_like, shape (n_samples,) or (n_samples, n_outputs)
            The class labels, or the target numbers.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each sample, at least 0. By default all weights are 1.

        Returns
        -------
        BaseMLP
            The estimator itself.

        Raises
        ------
        ValueError
            If an argument is not as described, or training ends in weights that are not finite.

        Examples
        --------
        >>> from fastnn.sklearn import MLPRegressor
        >>> regressor = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-9)
        >>> regressor.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).coefs_[0].round(4)
        array([[2.]])
        """
        return self._fit(X, y, sample_weight, incremental=False)

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Self:
        """Train, and set all attributes as scikit-learn does."""
        hidden = self.hidden_layer_sizes
        hidden = list(hidden) if isinstance(hidden, Iterable) else [hidden]
        if any(width <= 0 for width in hidden):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {hidden}.")
        first_pass = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        _check_sparse(X)
        X, y = self._validate_input(X, y, incremental, reset=first_pass)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        weights = self._with_class_weight(y, sample_weight, incremental)
        if y.ndim == 1:
            y = y.reshape(-1, 1)
        self.n_outputs_ = y.shape[1]
        self._random_state = check_random_state(self.random_state)
        if first_pass:
            self._initialize([X.shape[1], *hidden, y.shape[1]], self._dtype_for(X))
        network = self._connected()
        state_of(network).random = self._random_state
        self._connect(network)
        data, sayings = (X, y, weights), []
        if self.solver == "lbfgs":
            train_by_lbfgs(self, network, data)
        else:
            self._solver = self._solver or SolverState()
            sayings.append(
                train_by_steps(
                    self, network, self._solver, data, self._score_of, incremental=incremental
                )
            )
        if not incremental:
            sayings.append(self._verdict(*data))
        if any(sayings):
            warnings.warn(" ".join(filter(None, sayings)), ConvergenceWarning, stacklevel=5)
        return self

    def _score_of(self, outputs: Array, targets: Array, weights: Array | None) -> float:
        """Return the score of outputs."""
        raise NotImplementedError

    @property
    def _optimizer(self) -> Any:
        """What scikit-learn calls so: the solver's rate and steps."""
        return None if self._solver is None else self._solver.steps

    @property
    def _no_improvement_count(self) -> int:
        """What scikit-learn calls so: the number of epochs without progress."""
        return 0 if self._solver is None else self._solver.n_without_progress

    @_no_improvement_count.setter
    def _no_improvement_count(self, count: int) -> None:
        self._solver = self._solver or SolverState()
        self._solver.n_without_progress = count

    def _verdict(self, X: Any, y: Array, weights: Any) -> str:
        """Return advice after useless training; a regressor overrides this."""
        return ""

    def _with_class_weight(self, y: Array, sample_weight: Array | None, incremental: bool) -> Any:
        """Return the sample weights; a classifier multiplies them by those of the classes."""
        return sample_weight

    def _allowed_dtypes(self) -> Any:
        """Return the dtypes that X may have without conversion."""
        return (np.float64, np.float32) if self.dtype is None else np.dtype(self.dtype)

    def _dtype_for(self, X: Any) -> np.dtype[Any]:
        """Return the dtype of the network: that of X, but float64 for L-BFGS, as SciPy's is."""
        if self.dtype is not None:
            return np.dtype(self.dtype)
        return np.dtype(np.float64 if self.solver == "lbfgs" else X.dtype)

    def _initialize(self, widths: Sequence[int], dtype: np.dtype[Any]) -> None:
        """Set all attributes for the first call, and draw the weights layer by layer: W, then b."""
        self.n_iter_ = 0
        self.t_ = 0
        self.n_layers_ = len(widths)
        self.out_activation_ = self._output_activation()
        activations = self._each_hidden("activation", len(widths) - 2)
        activations.append(activations[-1] if activations else self.activation)
        self.coefs_, self.intercepts_ = [], []
        for n_in, n_out, activation in zip(widths[:-1], widths[1:], activations, strict=True):
            factor = 2.0 if activation in ("logistic", "sigmoid") else 6.0
            bound = math.sqrt(factor / (n_in + n_out))
            for drawn, shape in ((self.coefs_, (n_in, n_out)), (self.intercepts_, n_out)):
                drawn.append(self._random_state.uniform(-bound, bound, shape).astype(dtype))
        self._network = None
        if self.solver in SOLVERS:
            early = self.early_stopping
            self.loss_curve_ = []
            self.validation_scores_ = [] if early else None
            self.best_validation_score_ = -math.inf if early else None
            self.best_loss_ = None if early else math.inf
            self._solver = SolverState()

    # ---- the network -----------------------------------------------------------------------------

    def _connected(self) -> Network:
        """Return a network with the values of `coefs_` and `intercepts_`.

        It is the present one, unless the user has assigned arrays or changed the parameters.
        """
        last, design = self._network, self._design()
        if last is not None and design == self._network_design and self._holds_views_of(last):
            return last
        dtype = np.result_type(np.float32, *self.coefs_) if last is None else last.dtype
        network = design.build(dtype)
        for own, given in zip(_views(network), [*self.coefs_, *self.intercepts_], strict=True):
            own[:] = given
        if last is not None and last.params.size == network.params.size:
            state_of(network).training = state_of(last).training
        return network

    def _connect(self, network: Network) -> None:
        """Make `coefs_` and `intercepts_` views of a network's parameters."""
        self._network, self._network_design = network, self._design()
        self.coefs_, self.intercepts_ = list(network.weights), list(network.biases)

    def _holds_views_of(self, network: Network) -> bool:
        """Return True if the user has not assigned other arrays than the network's."""
        held = [*self.coefs_, *self.intercepts_]
        views = _views(network)
        return len(held) == len(views) and all(map(operator.is_, held, views))

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        if self._network is not None and self._holds_views_of(self._network):
            state = state | {"coefs_": None, "intercepts_": None}  # the network has them
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self._network is not None and self.coefs_ is None:
            self.coefs_, self.intercepts_ = list(self._network.weights), list(self._network.biases)

    def _design(self) -> Design:
        """Return the architecture that `coefs_` and the constructor's parameters describe."""
        n_hidden = len(self.coefs_) - 1
        shapes = [np.shape(W) for W in self.coefs_]
        return Design(
            shapes[0][0],
            tuple(n_out for _, n_out in shapes),
            (*self._each_hidden("activation", n_hidden), self.out_activation_),
            (*self._each_hidden("dropout", n_hidden), 0.0),
            self.alpha,
        )

    def _each_hidden(self, name: str, n_hidden: int) -> list[Any]:
        """Return a parameter's value for each hidden layer."""
        value = getattr(self, name)
        if isinstance(value, str | Real):
            return [value] * n_hidden
        values = list(value)
        if len(values) != n_hidden:
            raise ValueError(
                f"{name} must have one value for each of the {n_hidden} hidden layers, got {values}"
            )
        return values

    def _outputs(self, X: Any) -> Array:
        """Return the outputs of the network."""
        _check_sparse(X)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        return self._connected().predict(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def is_stochastic(estimator: BaseMLP) -> bool:
    """Raise unless the solver, which partial_fit needs, is stochastic.

    Parameters
    ----------
    estimator : BaseMLP
        The estimator.

    Returns
    -------
    bool
        True.

    Raises
    ------
    AttributeError
        If the solver is lbfgs.
    """
    if estimator.solver not in SOLVERS:
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers."
            f" {estimator.solver} is not stochastic."
        )
    return True


def _check_sparse(X: Any) -> None:
    """Raise if a sparse matrix is malformed: scikit-learn has SciPy convert it unchecked."""
    if hasattr(X, "tocsr") and len(X.shape) == 2:
        check_structure(X)


def _views(network: Network) -> list[Array]:
    """Return the parameters of all layers: weights, then biases."""
    return [view for view in network.weights + network.biases if view is not None]
