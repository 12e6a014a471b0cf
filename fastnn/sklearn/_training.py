"""Training as scikit-learn does it: its rates, its sample order, its stopping rule.

Its conventions differ from fastnn's:

    velocity     contains the learning rate, unlike fastnn's: if the rate changes, the momentum is
                 multiplied by old rate / new rate
    penalty      of a batch is divided by the sum of its weights, like the sum of its gradients
    loss         of a squared error is half its mean over the outputs, its gradient that of the sum;
                 all other losses are sums over the outputs (`_design`)
    epsilon      of Adam is added before the bias correction
    order        of an epoch is a permutation of that of the previous epoch
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.optimize import _check_optimize_result

from .._checks.inputs import Names, whole
from .._checks.scales import remedy_of_scale
from .._training.config import FitConfig, FitRequest
from .._training.lbfgs import Objective, minimize
from .._training.loop import TrainingLoop
from .._training.model import Model
from .._training.request import as_noise
from .._training.sources import Arrays
from .._training.state import TrainingState, state_of
from ..callbacks import Callback, Run
from ..core.inputs import Samples
from ..errors import DivergenceError
from ..network import Network
from ._callbacks import FitTasks
from ._design import scale_of, share_of_loss
from ._scores import Score
from ._split import Data, Split
from ._steps import EpochOrders, SolverState, StepSchedule, most_epochs

if TYPE_CHECKING:
    from ._base import BaseMLP

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and"
    " need to be preprocessed."
)
EPOCH, ITERATION = "epoch", "lbfgs-iter"  # the names of tasks


class FitCall(NamedTuple):
    """A checked call of `fit`, or of `partial_fit`, which is `incremental`.

    Without `validation`, early stopping holds out a part of the data.
    """

    estimator: BaseMLP
    network: Network
    data: Data
    validation: Data | None
    score: Score
    tasks: FitTasks | None
    incremental: bool

    @property
    def n_epochs(self) -> int:
        """The largest number of epochs, or of iterations of lbfgs."""
        return most_epochs(self.estimator, incremental=self.incremental)

    @property
    def factors(self) -> tuple[float, float]:
        """What the estimator's loss and penalty are divided by those of its network."""
        loss, n_targets = self.network.loss_function, self.data.y.shape[1]
        return share_of_loss(loss, n_targets), scale_of(loss, n_targets)


class ProgressRecord(Callback):
    """The callback that records each epoch, and stops training as scikit-learn does."""

    def __init__(self, call: FitCall, solver: SolverState, split: Split) -> None:
        self.call, self.solver, self.split = call, solver, split
        self.estimator, self.tasks = call.estimator, call.tasks
        self.has_stopped, self.n_epochs = False, 0  # that are on record
        # Whether something acts after each epoch: else it is enough to look when training may stop.
        self.is_watched = bool(
            self.tasks or self.estimator.verbose or split.validation is not None
        ) or not (solver.steps and solver.steps.is_steady)

    def next_epoch(self, epoch: int) -> int:
        """Return the first epoch, from this one on, after which training may stop."""
        if self.is_watched:
            return epoch
        patience = int(min(self.estimator.n_iter_no_change, self.estimator.max_iter))  # may be inf
        return epoch + max(0, patience - self.solver.n_without_progress)

    def start(self, run: Run) -> None:
        """Tell the callbacks of scikit-learn that the first epoch begins."""
        if self.tasks is not None:
            if self.split.rows is not None:
                self.tasks.train_on(self.split.rows)
            self.tasks.begin_epoch(EPOCH)

    def epoch(self, run: Run) -> None:
        """Record the losses since the last call and the validation score; stop if none improves."""
        estimator, solver, losses = self.estimator, self.solver, run.history["loss"]
        steps = solver.steps
        assert steps is not None
        of_loss, of_penalty = self.call.factors
        penalties = run.history.get("penalty", [0.0] * len(losses))
        what = "Training loss" if self.split.validation is None else "Validation score"
        for k in range(self.n_epochs, len(losses)):
            self.record(of_loss * losses[k] + of_penalty * penalties[k])
            if self.split.validation is None:
                is_better = self.compare_loss()
            else:
                is_better = self.compare_score(run, self.split.validation)
            solver.n_without_progress = 0 if is_better else solver.n_without_progress + 1
        self.n_epochs = len(losses)
        steps.end_epoch(estimator.t_, run.network, self.recorded())
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
        self.end_task(run)

    def end_task(self, run: Run) -> None:
        """Tell the callbacks of scikit-learn, which may stop training, that an epoch has ended."""
        if self.tasks is None:
            return
        if self.tasks.end_epoch():
            self.has_stopped = True
            run.stop()
        if not run.stopping and self.estimator.n_iter_ < self.call.n_epochs:
            self.tasks.begin_epoch(EPOCH)

    def recorded(self) -> dict[str, float]:
        """Return what is recorded of the last epoch, as a schedule sees it; NaN before any."""
        estimator, name = self.estimator, self.call.score.name
        figures = {"loss": estimator.loss_ if estimator.n_iter_ else math.nan}
        if self.split.validation is not None:
            score = [math.nan, *estimator.validation_scores_][-1]
            figures[f"val_{name}"] = -score if name == "loss" else score
        return figures

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
        estimator.t_ += len(self.split.training.y)
        estimator.loss_ = loss
        estimator.loss_curve_.append(loss)
        self.say(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")

    def compare_loss(self) -> bool:
        """Return True if the loss fell by `tol`."""
        estimator = self.estimator
        loss, best = float(estimator.loss_), float(estimator.best_loss_)
        estimator.best_loss_ = min(best, loss)
        return loss <= best - estimator.tol

    def compare_score(self, run: Run, data: Data) -> bool:
        """Return True if the score rose by `tol`; keep the best weights."""
        estimator, best = self.estimator, self.estimator.best_validation_score_
        score = self.call.score.of(run.network, data)
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


def train_by_steps(call: FitCall, solver: SolverState) -> str:
    """Train with a stochastic solver; return what to warn of, which is empty if nothing."""
    estimator, network, incremental = call.estimator, call.network, call.incremental
    state = state_of(network)
    goes_on = incremental and solver.steps is not None
    if not goes_on:
        solver.steps = StepSchedule.of(estimator)
    if estimator.early_stopping and incremental:
        raise ValueError("partial_fit does not support early_stopping=True")
    steps = solver.steps
    assert steps is not None
    _, steps.scale = call.factors
    split = Split.of(estimator, call.data, call.validation, state.random)
    X, y, weights = split.training
    inputs, targets = state.as_pair(X, y)
    estimator.n_iter_ = 0
    record = ProgressRecord(call, solver, split)
    steps.expect(record.recorded())
    batch_size = _batch_size(estimator.batch_size, len(targets))
    if weights is not None and batch_size == 1 and not state.model.has_penalty:
        weights = np.sign(weights)  # a gradient is divided by the weight of its batch
    samples = Arrays(whole(inputs), targets, state.as_weights(weights, len(targets)))
    orders = EpochOrders(len(targets), estimator.shuffle, state.random)
    config = FitConfig(
        epochs=call.n_epochs,
        batch_size=batch_size,
        optimizer=steps.network_optimizer(),
        schedule=steps,
        draw_orders=orders,
        divide_penalty=True,
        noise=as_noise(state),
        callbacks=[record],
    )
    training = TrainingState.begun(config, state.model, state.training if goes_on else None)
    if estimator.early_stopping and estimator.best_validation_score_ == -math.inf:
        solver.best_params = network.params.copy()
    request = FitRequest(samples, config, training, names=_names_of(estimator))
    try:
        with state.lock:
            TrainingLoop(network, request).train()
    except DivergenceError as error:
        remedy = _remedy_of(samples, state.model)
        if not estimator.early_stopping:
            raise ValueError(f"{NOT_FINITE}{remedy}") from error
        record.diverge(remedy)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=6)
    finally:
        orders.put_back(training.epochs)
    if estimator.early_stopping and solver.best_params is not None:
        network.params = solver.best_params
        solver.best_params = None  # with warm_start, training goes on, better or not
    if not incremental and estimator.n_iter_ == estimator.max_iter and not record.has_stopped:
        return (
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the"
            " optimization hasn't converged yet."
        )
    return ""


def train_by_lbfgs(call: FitCall) -> None:
    """Train with SciPy's L-BFGS-B on full batches."""
    estimator, network, tasks = call.estimator, call.network, call.tasks
    X, y, sample_weight = call.data
    state, (of_loss, scale) = state_of(network), call.factors
    inputs, targets = state.as_pair(X, y)
    samples = Arrays(inputs, targets, state.as_weights(sample_weight, len(targets)))
    objective = Objective(
        state.model,
        samples,
        of_loss=of_loss,
        of_gradient=scale,
        of_penalty=scale / samples.total_weight(),
    )
    is_stopped = False

    def end_iteration(intermediate_result: Any) -> None:
        """Tell the callbacks of scikit-learn, which may stop training."""
        nonlocal is_stopped
        assert tasks is not None
        network.params[:] = intermediate_result.x
        estimator.n_iter_ += 1
        estimator.loss_ = float(intermediate_result.fun)
        if is_stopped := tasks.end_epoch():
            raise StopIteration
        if estimator.n_iter_ < call.n_epochs:
            tasks.begin_epoch(ITERATION)

    estimator.n_iter_ = 0
    if tasks is not None:
        tasks.begin_epoch(ITERATION)
    result = minimize(
        objective,
        network.params,
        None if tasks is None else end_iteration,
        maxfun=estimator.max_fun,
        maxiter=estimator.max_iter,
        gtol=estimator.tol,
    )
    network.params[:] = result.x
    state.feature_names = _names_of(estimator)
    if not is_stopped:
        estimator.n_iter_ = _check_optimize_result("lbfgs", result, estimator.max_iter)
    estimator.loss_ = result.fun
    if not np.isfinite(network.params).all():
        raise ValueError(f"{NOT_FINITE}{_remedy_of(samples, state.model)}")


def _names_of(estimator: BaseMLP) -> Names:
    """Return the column names that the estimator was fitted to, if they have any."""
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else tuple(names)


def _remedy_of(samples: Arrays, model: Model) -> str:
    """Return what an error says of the data, or of a function of the user's own."""
    X = samples.X
    values = X.values if isinstance(X, Samples) and not X.is_sparse else None
    remedy = model.fault_of_functions(X, samples.Y) or remedy_of_scale(values, samples.Y)
    return remedy and f" Here {remedy}."


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
