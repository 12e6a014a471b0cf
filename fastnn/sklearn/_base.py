"""The base class of both estimators: parameters, the network behind `coefs_`, and `fit`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight, validate_data

from .._checks.arrays import Array
from .._checks.frames import names_of
from .._checks.inputs import check_table
from .._checks.names import explained
from .._checks.sparse import check_structure
from .._training.rates import Schedule
from .._training.state import state_of
from ..activations import OwnActivation
from ..losses import Loss, as_loss
from ._callbacks import CallbackSupportMixin, FitTasks
from ._design import check_data_for, check_number_of_outputs
from ._estimator import HIDDEN
from ._holder import NetworkHolder
from ._scores import Score
from ._split import Data, is_given
from ._steps import SOLVERS, SolverState, most_epochs
from ._training import FitCall, train_by_lbfgs, train_by_steps


class BaseMLP(CallbackSupportMixin, NetworkHolder):  # type: ignore[misc]
    """A network behind scikit-learn's interface."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(HIDDEN), OwnActivation, "array-like"],
        "solver": [StrOptions({"lbfgs", *SOLVERS})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"}), callable],
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
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "dtype": [StrOptions({"float32", "float64"}), None],
    }

    loss: str | Loss
    hidden_layer_sizes: Any
    batch_size: str | int
    learning_rate: str | Schedule
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
    dtype: str | None

    loss_curve_: list[float]
    best_loss_: Any  # None or a float; either these or those of the validation are None
    validation_scores_: Any
    best_validation_score_: Any

    def _validate_params(self) -> None:
        """Check the parameters; of a loss that is none, tell how to make one."""
        given: Any = self.loss
        if callable(given):
            as_loss("loss", given)
        super()._validate_params()

    # ---- training --------------------------------------------------------------------------------

    @explained
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train on the data, from new weights unless `warm_start` is True.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_features)
            The inputs.
        y : array_like, shape (n_samples,) or (n_samples, n_outputs)
            The class labels, or the target numbers.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each sample, at least 0. By default all weights are 1.
        X_val, y_val : array_like, optional
            Inputs and targets for early stopping to judge by, as `X` and `y`. By default it holds
            out a part of these.
        sample_weight_val : array_like, shape (n_samples_val,), optional
            The weight of each sample of them. By default all weights are 1.

        Returns
        -------
        BaseMLP
            The estimator itself.

        Raises
        ------
        ValueError
            If an argument is not as described, or training ends in weights that are not finite.
        TypeError
            If `loss` is a class, or a function without ``@fastnn.loss``.

        Examples
        --------
        >>> from fastnn.sklearn import MLPRegressor
        >>> regressor = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-9)
        >>> regressor.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).coefs_[0].round(4)
        array([[2.]])
        """
        validation = (X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, validation, incremental=False)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: tuple[Any, Any, Any] = (None, None, None),
        *,
        incremental: bool,
    ) -> Self:
        """Train, and set all attributes as scikit-learn does."""
        with self._unchanged_by_errors():
            data, held_out, first_pass = self._checked_data(
                X, y, sample_weight, validation, incremental
            )
        loss, outputs = self._last_layer(first_pass)
        given = X, y, sample_weight
        tasks = self._tasks(given, incremental) if hasattr(self, "_skl_callbacks") else None
        self.n_outputs_, self._loss = data.y.shape[1], loss
        self._random_state = check_random_state(self.random_state)
        if first_pass:
            self.out_activation_ = outputs
            self._initialize(data.X, self.n_outputs_ * loss.n_per_target)
        network = self._connected()
        state_of(network).random = self._random_state
        self._connect(network)
        call = FitCall(self, network, data, held_out, self._judge(), tasks, incremental)
        sayings = []
        if self.solver == "lbfgs":
            train_by_lbfgs(call)
        else:
            self._solver = self._solver or SolverState()
            sayings.append(train_by_steps(call, self._solver))
        if not incremental:
            sayings.append(self._verdict(*data))
        if tasks is not None:
            tasks.end()
        if any(sayings):
            warnings.warn(" ".join(filter(None, sayings)), ConvergenceWarning, stacklevel=5)
        return self

    def _checked_data(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: tuple[Any, Any, Any],
        incremental: bool,
    ) -> tuple[Data, Data | None, bool]:
        """Return the data of training and of validation, and whether training starts anew."""
        if any(width <= 0 for width in self._widths()):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {self._widths()}.")
        first_pass = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        if self.solver not in SOLVERS and not isinstance(self.learning_rate, str):
            raise ValueError(
                "learning_rate must be a name with the solver lbfgs, which has no rate, got "
                f"{self.learning_rate!r}"
            )
        if self.solver not in SOLVERS and np.any(self.dropout):
            raise ValueError(
                "dropout must be 0 with the solver lbfgs, whose loss may not change at random, got "
                f"{self.dropout!r}: give another solver, such as adam"
            )
        _check_sparse(X)
        X, y = self._validate_input(X, y, incremental, reset=first_pass)
        data = self._as_data(X, y, sample_weight, incremental)
        loss, outputs = self._last_layer(first_pass)
        if not first_pass:
            n_targets: Any = getattr(self, "n_outputs_", data.y.shape[1])  # of one made by hand
            check_number_of_outputs(loss, outputs, np.shape(self.coefs_[-1])[1], n_targets)
            if data.y.shape[1] != n_targets:
                raise ValueError(
                    f"y must have as many targets as in an earlier fit, {n_targets}, got "
                    f"{data.y.shape[1]}"
                )
        check_data_for(loss, data.y)
        if not is_given(self, *validation):
            return data, None, first_pass
        X, y, sample_weight = validation
        try:
            _check_sparse(X)
            X, y = self._validate_held_out(X, y)
            held_out = self._as_data(X, y, sample_weight, incremental)
            check_data_for(loss, held_out.y)
        except ValueError as error:
            raise ValueError(f"X_val, y_val: {error}") from error
        if len(held_out.y) < 2 or held_out.y.shape[1] != data.y.shape[1]:
            raise ValueError(
                f"y_val must have at least 2 samples and as many columns as y, {data.y.shape[1]}, "
                f"got shape {held_out.y.shape}"
            )
        return data, held_out, first_pass

    def _checked(self, X: Any, y: Any, reset: bool, **more: Any) -> tuple[Any, Array]:
        """Return inputs and targets after scikit-learn's checks."""
        with _remedies_named(self, X):
            X, y = validate_data(
                self, X, y, accept_sparse="csr", multi_output=True, dtype=self._allowed_dtypes(),
                reset=reset, **more,
            )  # fmt: skip
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _as_data(self, X: Any, y: Array, sample_weight: Any, incremental: bool) -> Data:
        """Return checked data with a table of targets, and the weights of samples and classes."""
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        weights = self._with_class_weight(y, sample_weight, incremental)
        return Data(X, y.reshape(-1, 1) if y.ndim == 1 else y, weights)

    def _widths(self) -> list[int]:
        """Return the number of units of each hidden layer."""
        sizes = self.hidden_layer_sizes
        return list(sizes) if isinstance(sizes, Iterable) else [sizes]

    def _tasks(self, given: tuple[Any, Any, Any], incremental: bool) -> FitTasks:
        """Return the tasks of a fit for the callbacks of scikit-learn; that of the fit begins."""
        context = self._init_callback_context(
            task_name="partial_fit" if incremental else "fit",
            max_subtasks=most_epochs(self, incremental=incremental),
        )
        return FitTasks(self, context, given, self._as_if_stopped)

    def _validate_held_out(self, X: Any, y: Any) -> tuple[Any, Array]:
        """Return inputs and targets for early stopping, likewise."""
        validated: tuple[Any, Array] = self._validate_input(X, y, incremental=True, reset=False)
        return validated

    def _judge(self) -> Score:
        """Return what early stopping goes by."""
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

    def _initialize(self, X: Any, n_out: int) -> None:
        """Set all attributes for the first call, and draw the weights layer by layer: W, then b."""
        widths, dtype = [X.shape[1], *self._widths(), n_out], self._dtype_for(X)
        self.n_iter_ = 0
        self.t_ = 0
        self.n_layers_ = len(widths)
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

    def _outputs(self, X: Any) -> Array:
        """Return the outputs of the network."""
        _check_sparse(X)
        with _remedies_named(self, X):
            X = validate_data(self, X, accept_sparse="csr", reset=False)
        outputs: Array = self._connected().predict(X)
        return outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def is_stochastic(estimator: BaseMLP) -> bool:
    """Return True; raise AttributeError for a solver that partial_fit cannot use."""
    if estimator.solver not in SOLVERS:
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers."
            f" {estimator.solver} is not stochastic."
        )
    return True


@contextmanager
def _remedies_named(estimator: BaseMLP, X: Any) -> Iterator[None]:
    """Let scikit-learn's errors of missing values and texts name the place, and what takes them."""
    try:
        yield
    except ValueError as error:
        told = str(error).partition("\n")[0]
        if told == "Input X contains NaN.":
            place, what, remedy = "X must be finite, got nan", "missing values", "SimpleImputer"
        elif told.startswith("could not convert string to float"):
            place, what, remedy = "X must hold numbers, got texts", "texts", "OneHotEncoder"
        else:
            raise
        try:
            check_table(np.asarray(X, np.float64), names=names_of(X))
        except (TypeError, ValueError) as found:  # of another kind if X is sparse, or holds texts
            place = str(found) if str(found).startswith("X must") else place
        name = type(estimator).__name__
        raise ValueError(
            f"{told}\n{place}: {name.replace('MLP', 'Tabular')} of fastnn.sklearn takes {what}; or "
            f"put scikit-learn's {remedy} before {name} in a pipeline"
        ) from error


def _check_sparse(X: Any) -> None:
    """Raise if a sparse matrix is malformed: scikit-learn has SciPy convert it unchecked."""
    if hasattr(X, "tocsr") and len(X.shape) == 2:
        check_structure(X)
