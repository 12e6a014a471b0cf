"""Training as scikit-learn does it: its rates, its sample order, its stopping rule.

Its conventions differ from fastnn's:

    velocity     contains the learning rate, unlike fastnn's: if the rate changes, the momentum is
                 multiplied by old rate / new rate
    penalty      of a batch is divided by the sum of its weights, like the sum of its gradients
    loss         of a squared error is half its mean over the outputs, its gradient that of the sum
    epsilon      of Adam is added before the bias correction
    order        of an epoch is a permutation of that of the previous epoch
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils.optimize import _check_optimize_result

from .._checks.arrays import Array
from .._checks.inputs import whole
from .._checks.scales import remedy_of_scale
from .._training.config import FitConfig, FitRequest
from .._training.lbfgs import Objective, minimize
from .._training.loop import TrainingLoop
from .._training.request import as_noise
from .._training.sources import Arrays
from .._training.state import TrainingState, state_of
from ..callbacks import Callback, Run
from ..core.inputs import Samples
from ..errors import DivergenceError
from ..initializers import Random
from ..network import Network
from ..optimizers import SGD, Adam, CompiledOptimizer, Momentum, Nesterov

if TYPE_CHECKING:
    from ._base import BaseMLP

Score = Callable[[Array, Array, Array | None], float]

SOLVERS = ("sgd", "adam")
LEAST_RATE = 1e-6  # from there an adaptive rate falls no further, and training stops
NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and"
    " need to be preprocessed."
)


@dataclass(eq=False)
class StepSchedule:
    """The solver's state that `partial_fit` keeps between calls, beside the network's."""

    optimizer: CompiledOptimizer
    schedule: str
    power_t: float
    learning_rate: float

    @classmethod
    def of(cls, estimator: BaseMLP) -> StepSchedule:
        """Return the schedule that the estimator's parameters describe."""
        rate, momentum = estimator.learning_rate_init, estimator.momentum
        optimizer: CompiledOptimizer
        if estimator.solver == "adam":
            betas = (estimator.beta_1, estimator.beta_2)
            optimizer = Adam(rate, betas, eps=estimator.epsilon, eps_hat=True)
            return cls(optimizer, "constant", 0.0, rate)
        if momentum == 0:
            optimizer = SGD(rate)
        else:
            kind = Nesterov if estimator.nesterovs_momentum else Momentum
            optimizer = kind(rate, min(momentum, math.nextafter(1, 0)))
        return cls(optimizer, estimator.learning_rate, estimator.power_t, rate)

    def __call__(self, epoch: int) -> float:
        """Return the rate of the next epoch; the argument does not matter."""
        return self.learning_rate

    def change(self, learning_rate: float, network: Network) -> None:
        """Change the rate, and keep the velocity."""
        if isinstance(self.optimizer, Momentum | Nesterov):
            training = state_of(network).training
            assert training is not None
            training.slots *= self.learning_rate / learning_rate
        self.learning_rate = learning_rate

    def end_epoch(self, n_seen: int, network: Network) -> None:
        """Update a rate that is a function of the number of samples seen."""
        if self.schedule == "invscaling":
            rate = self.optimizer.learning_rate / (n_seen + 1) ** self.power_t
            self.change(rate, network)

    def stops(self, network: Network) -> tuple[bool, str]:
        """Return whether to stop for lack of progress; an adaptive rate is lowered first."""
        if self.schedule != "adaptive":
            return True, "Stopping."
        if self.learning_rate <= LEAST_RATE:
            return True, "Learning rate too small. Stopping."
        self.change(self.learning_rate / 5.0, network)
        return False, f"Setting learning rate to {self.learning_rate:f}"


@dataclass
class Split:
    """The training data and the samples held out for validation."""

    X: Any
    y: Array
    weights: Array | None
    validation: tuple[Any, Array, Array | None] | None = None

    @classmethod
    def of(cls, estimator: BaseMLP, X: Any, y: Array, weights: Array | None, random: Any) -> Split:
        """Hold out a fraction if the estimator uses early stopping."""
        if not estimator.early_stopping:
            return cls(X, y, weights)
        parts = train_test_split(
            *(X, y, np.ones(len(y)) if weights is None else weights),
            random_state=random,
            test_size=estimator.validation_fraction,
            stratify=y if is_classifier(estimator) and estimator.n_outputs_ == 1 else None,
        )
        X, X_val, y, y_val, train_weights, val_weights = parts
        if X_val.shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of"
                " your dataset."
            )
        if weights is None:
            return cls(X, y, None, (X_val, y_val, None))
        return cls(X, y, train_weights, (X_val, y_val, val_weights))


class EpochOrder:
    """The order of each epoch, drawn as in scikit-learn: the previous order, permuted."""

    def __init__(self, n_samples: int, shuffle: bool, random: Random) -> None:
        self.order = np.arange(n_samples)
        self.shuffle = shuffle
        self.random = random

    def __call__(self, epoch: int) -> Array:
        """Return the sample numbers in order."""
        if self.shuffle:
            self.order = self.order[self.random.permutation(len(self.order))]
        return self.order


@dataclass(eq=False)
class SolverState:
    """What a solver keeps between calls, beside the network's own state."""

    steps: StepSchedule | None = None  # None before any step
    n_without_progress: int = 0  # epochs
    best_params: Array | None = None


class ProgressRecord(Callback):
    """The callback that records each epoch, and stops training as scikit-learn does.

    `score` returns the score of outputs, given the targets and the sample weights.
    """

    def __init__(self, estimator: BaseMLP, solver: SolverState, split: Split, score: Score) -> None:
        self.estimator, self.solver, self.split, self.score = estimator, solver, split, score
        self.has_stopped = False

    def epoch(self, run: Run) -> None:
        """Record the loss and the validation score, and stop if neither improves."""
        estimator, solver, figures = self.estimator, self.solver, run.figures()
        steps = solver.steps
        assert steps is not None
        self.record(share_of_loss(estimator) * figures["loss"] + figures.get("penalty", 0.0))
        if self.split.validation is None:
            what, is_better = "Training loss", self.compare_loss()
        else:
            what, is_better = "Validation score", self.compare_score(run, *self.split.validation)
        solver.n_without_progress = 0 if is_better else solver.n_without_progress + 1
        steps.end_epoch(estimator.t_, run.network)
        if solver.n_without_progress > estimator.n_iter_no_change:
            self.has_stopped, consequence = steps.stops(run.network)
            self.say(
                f"{what} did not improve more than tol={estimator.tol:f} for"
                f" {estimator.n_iter_no_change} consecutive epochs. {consequence}"
            )
            if self.has_stopped:
                run.stop()
            else:
                solver.n_without_progress = 0

    def diverge(self, remedy: str) -> None:
        """Record an epoch that diverged."""
        self.has_stopped = True
        self.record(math.nan)
        self.estimator.validation_scores_.append(math.nan)
        warnings.warn(
            f"Stochastic Optimizer: Iteration {self.estimator.n_iter_} ended in numbers that are"
            f" not finite. The best weights until then are kept.{remedy}",
            ConvergenceWarning,
            stacklevel=7,
        )

    def record(self, loss: float) -> None:
        """Add an epoch and its loss, the mean of the value before each update."""
        estimator = self.estimator
        estimator.n_iter_ += 1
        estimator.t_ += self.split.X.shape[0]
        estimator.loss_ = loss
        estimator.loss_curve_.append(loss)
        self.say(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")

    def compare_loss(self) -> bool:
        """Return True if the loss fell by `tol`."""
        estimator = self.estimator
        loss, best = float(estimator.loss_), float(estimator.best_loss_)
        estimator.best_loss_ = min(best, loss)
        return loss <= best - estimator.tol

    def compare_score(self, run: Run, X: Any, targets: Array, weights: Array | None) -> bool:
        """Return True if the score rose by `tol`; keep the best weights."""
        estimator, best = self.estimator, self.estimator.best_validation_score_
        score = self.score(run.network.predict(X), targets, weights)
        estimator.validation_scores_.append(score)
        self.say(f"Validation score: {score:f}")
        if score > best:
            estimator.best_validation_score_ = score
            self.solver.best_params = run.network.params.copy()
        return not score < best + estimator.tol

    def say(self, text: str) -> None:
        """Print a message if the estimator is verbose."""
        if self.estimator.verbose:
            print(text)  # noqa: T201  what `verbose` is for


def train_by_steps(
    estimator: BaseMLP,
    network: Network,
    solver: SolverState,
    data: tuple[Any, Array, Array | None],
    score: Score,
    *,
    incremental: bool,
) -> str:
    """Train with sgd or adam; with `incremental`, for one more epoch.

    `data` are inputs, targets and sample weights. Return what to warn of; it is empty if nothing.
    """
    state = state_of(network)
    goes_on = incremental and solver.steps is not None
    if not goes_on:
        solver.steps = StepSchedule.of(estimator)
    if estimator.early_stopping and incremental:
        raise ValueError("partial_fit does not support early_stopping=True")
    assert solver.steps is not None
    split = Split.of(estimator, *data, state.random)
    inputs, targets = state.as_pair(split.X, split.y)
    record = ProgressRecord(estimator, solver, split, score)
    batch_size = _batch_size(estimator.batch_size, len(targets))
    weights = split.weights
    if weights is not None and batch_size == 1 and estimator.alpha == 0:
        weights = np.sign(weights)  # a gradient is divided by the weight of its batch
    samples = Arrays(whole(inputs), targets, state.as_weights(weights, len(targets)))
    config = FitConfig(
        epochs=1 if incremental else estimator.max_iter,
        batch_size=batch_size,
        optimizer=solver.steps.optimizer,
        schedule=solver.steps,
        draw_order=EpochOrder(len(targets), estimator.shuffle, state.random),
        divide_penalty=True,
        noise=as_noise(state),
        callbacks=[record],
    )
    training = TrainingState.begun(config, state.model, state.training if goes_on else None)
    if estimator.early_stopping and estimator.best_validation_score_ == -math.inf:
        solver.best_params = network.params.copy()
    estimator.n_iter_ = 0
    try:
        with state.lock:
            TrainingLoop(network, FitRequest(samples, config, training)).train()
    except DivergenceError as error:
        X = samples.X
        assert isinstance(X, Samples)
        remedy = remedy_of_scale(None if X.is_sparse else X.values, targets)
        remedy = remedy and f" Here {remedy}."
        if not estimator.early_stopping:
            raise ValueError(f"{NOT_FINITE}{remedy}") from error
        record.diverge(remedy)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=6)
    if estimator.early_stopping and solver.best_params is not None:
        network.params = solver.best_params
    if not incremental and estimator.n_iter_ == estimator.max_iter and not record.has_stopped:
        return (
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the"
            " optimization hasn't converged yet."
        )
    return ""


def train_by_lbfgs(
    estimator: BaseMLP, network: Network, data: tuple[Any, Array, Array | None]
) -> None:
    """Train with SciPy's L-BFGS-B on full batches."""
    X, y, sample_weight = data
    state = state_of(network)
    inputs, targets = state.as_pair(X, y)
    samples = Arrays(inputs, targets, state.as_weights(sample_weight, len(targets)))
    objective = Objective(
        state.model,
        samples,
        of_loss=share_of_loss(estimator),
        of_gradient=1.0,
        of_penalty=1.0 / samples.total_weight(),
    )
    result = minimize(
        objective,
        network.params,
        maxfun=estimator.max_fun,
        maxiter=estimator.max_iter,
        gtol=estimator.tol,
    )
    network.params[:] = result.x
    estimator.n_iter_ = _check_optimize_result("lbfgs", result, estimator.max_iter)
    estimator.loss_ = result.fun
    if not np.isfinite(network.params).all():
        raise ValueError(NOT_FINITE)


def share_of_loss(estimator: BaseMLP) -> float:
    """Return scikit-learn's loss divided by fastnn's."""
    return 1.0 / estimator.n_outputs_ if estimator.out_activation_ == "identity" else 1.0


def _batch_size(asked: str | int, n_samples: int) -> int:
    """Return the number of samples in an update."""
    if isinstance(asked, str):  # auto
        return min(200, n_samples)
    if asked > n_samples:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=7,
        )
    return min(int(asked), n_samples)
