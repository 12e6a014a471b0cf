"""A callback that ends a trial of Optuna early."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from .._checks.extras import optional
from .._checks.monitors import Monitoring, sign_of
from .._checks.names import explained
from .base import Callback, Run, monitored

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


@explained
@dataclass(eq=False)
class OptunaPruning(Monitoring, Callback):  # numpydoc ignore=PR02
    """Report a metric to a trial of Optuna after each epoch, and end it if Optuna prunes it.

    It needs Optuna, the extra ``optuna``. `fit` raises `optuna.TrialPruned` when
    ``trial.should_prune()`` says so; a study takes that from its objective.

    Parameters
    ----------
    trial : optuna.trial.Trial
        The trial, one for each call of `fit`.
    monitor : str
        The metric to report, a name in `History`, by default "val_loss". Epochs in which it is not
        computed are not reported.
    mode : str
        Whether smaller ("min") or larger ("max") values are better. The default, "auto", decides by
        the name, as `EarlyStopping` does.

    Raises
    ------
    ImportError
        If Optuna is not installed.
    ValueError, TypeError
        If a parameter is not as described, or the study does not optimise in this direction. From
        `fit`, if it does not record the metric.
    optuna.TrialPruned
        From `fit`, after an epoch: the network, its history and its optimiser are as after that
        epoch, and the callbacks have been ended, so that `EarlyStopping` has restored the best
        parameters. ``fit(resume=True)`` would go on.

    Examples
    --------
    >>> import optuna
    >>> from fastnn import Dense, Network
    >>> from fastnn.callbacks import OptunaPruning
    >>> optuna.logging.disable_default_handler()
    >>> def objective(trial):
    ...     net = Network(1, [Dense(1)], seed=0)
    ...     rate = trial.suggest_float("learning_rate", 1e-4, 0.1, log=True)
    ...     options = {"learning_rate": rate, "callbacks": [OptunaPruning(trial, "loss")]}
    ...     return net.fit([[0], [1], [2]], [1, 3, 5], epochs=50, **options)["loss"][-1]
    >>> study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    >>> study.optimize(objective, n_trials=20)
    >>> len(study.trials), any(t.state.name == "PRUNED" for t in study.trials)
    (20, True)
    """

    trial: BaseTrial
    monitor: str = "val_loss"
    _: KW_ONLY
    mode: str = "auto"

    def __post_init__(self) -> None:
        trials = optional("optuna.trial", "OptunaPruning", "optuna", "Optuna")
        if not isinstance(self.trial, trials.BaseTrial):
            raise TypeError(f"trial must be a trial of Optuna, got {self.trial!r}")
        expected = "maximize" if sign_of(self.monitor, self.mode) > 0 else "minimize"
        study = getattr(self.trial, "study", None)  # a FixedTrial has none
        directions = [expected] if study is None else [way.name.lower() for way in study.directions]
        if directions != [expected]:
            raise ValueError(
                f"a study must {expected} {self.monitor!r} alone to prune by it, "
                f"got a study of {', '.join(directions)}"
            )

    def epoch(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Report the metric of the epoch; end the trial if it is to be pruned."""
        figure = monitored(run, self.monitor)
        if figure is None:
            return
        self.trial.report(figure, run.epoch)
        if self.trial.should_prune():
            from optuna import TrialPruned

            raise TrialPruned(f"pruned after epoch {run.epoch} at {self.monitor}={figure:.6g}")
