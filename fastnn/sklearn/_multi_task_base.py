"""The base class of `MultiTaskMLP`: its parameters, the network behind it, and its training."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import ClassifierTags, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from .._checks.arrays import Array
from ..callbacks import EarlyStopping
from ..errors import DivergenceError
from ..layers import Dense
from ..network import Network
from ._checked import check_has_columns
from ._estimator import HIDDEN, Estimator
from ._tasks import AUTO, LOSSES, Task, network_of


class BaseMultiTask(Estimator):
    """A network with a head for each task, behind scikit-learn's interface."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(HIDDEN)],
        "loss": [StrOptions({AUTO, *LOSSES}), dict, list, tuple],
        "solver": [StrOptions({"adam", "adamw", "sgd"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "dtype": [StrOptions({"float32", "float64"}), None],
    }

    hidden_layer_sizes: Any
    activation: str
    loss: str | Mapping[str, Any] | Sequence[Any]
    solver: str
    alpha: float
    batch_size: str | int
    learning_rate_init: float
    max_iter: int
    random_state: Any
    tol: float
    verbose: bool
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    dropout: float
    dtype: str | None

    network_: Network
    classes_: list[Array | None]
    y_mean_: list[float | None]
    y_scale_: list[float | None]
    task_names_: list[str]
    n_outputs_: int
    n_iter_: int
    loss_curve_: list[float]
    _tasks: list[Task]
    _frame: Any  # the class of y if it was a table, else None

    def _built(self, X: Any, tasks: Sequence[Task]) -> Network:
        """Return a network for the tasks with new weights."""
        sizes = self.hidden_layer_sizes
        widths = list(sizes) if isinstance(sizes, Iterable) else [sizes]
        layer = Dense(1, self.activation, dropout=self.dropout, l2=self.alpha)
        hidden = [replace(layer, n_out=n_out) for n_out in widths]
        random = check_random_state(self.random_state)
        dtype = self.dtype or X.dtype.name
        return network_of(X.shape[1], hidden, tasks, l2=self.alpha, dtype=dtype, seed=random)

    def _train(
        self, network: Network, X: Any, targets: Sequence[Array], sample_weight: Array | None
    ) -> None:
        """Train until the loss falls no further, or that of samples that are held out."""
        early, batch_size = self.early_stopping, self.batch_size
        stopping = EarlyStopping(
            "val_loss" if early else "loss",
            patience=self.n_iter_no_change,
            min_delta=self.tol,
            restore_best=early,
        )
        try:
            history = network.fit(
                X,
                targets if len(targets) > 1 else targets[0],
                epochs=self.max_iter,
                batch_size=min(200, X.shape[0]) if isinstance(batch_size, str) else batch_size,
                optimizer=self.solver,
                learning_rate=self.learning_rate_init,
                sample_weight=sample_weight,
                validation_fraction=self.validation_fraction if early else None,
                callbacks=[stopping],
                verbose=self.verbose,
            )
        except DivergenceError as error:
            raise ValueError(str(error)) from error
        self.n_iter_, self.loss_curve_ = len(history.epoch), list(history["loss"])
        if stopping.stopped_epoch is None:
            warnings.warn(
                f"max_iter={self.max_iter} epochs were reached before the loss stopped falling by "
                f"tol={self.tol}: give more, or a larger learning_rate_init",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _outputs(self, X: Any) -> Sequence[Array]:
        """Return the outputs of each task, shape (n_samples, n_out)."""
        check_is_fitted(self)
        check_has_columns(X)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        outputs = self.network_.predict(X)
        return outputs if len(self._tasks) > 1 else [outputs]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags = ClassifierTags()  # of what has predict_proba
        tags.target_tags.required = True
        tags.target_tags.two_d_labels = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags
