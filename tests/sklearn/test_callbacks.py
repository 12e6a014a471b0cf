"""scikit-learn's callbacks, its own and others: what they see, and what they do to a fit."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastnn.losses import Quantile
from fastnn.sklearn import MLPClassifier, MLPRegressor

from .twins import assert_equal, make_ours, make_samples, make_targets, of_both

callback = pytest.importorskip("sklearn.callback")

pytestmark = pytest.mark.compiled
X, NUMBER = make_samples(), make_targets("number")
SOLVERS = ["sgd", "adam", "adamw", "lbfgs"]
HOOKS = ("setup", "on_fit_task_begin", "on_fit_task_end", "teardown")


class Recorder:
    """A callback that records its calls; it may fail at a hook, or stop after some epochs."""

    def __init__(self, fails_at=None, stops_after=None):
        self.calls, self.fails_at, self.stops_after = [], fails_at, stops_after

    def record(self, hook, context, **data):
        self.calls.append((hook, context.task_name, context.task_id, data))
        if hook == self.fails_at:
            raise OSError(f"failed at {hook}")

    def setup(self, estimator, context):
        self.record("setup", context)

    def teardown(self, estimator, context):
        self.record("teardown", context)

    def on_fit_task_begin(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        data = {"X": X, "y": y, "metadata": metadata, "fitted": fitted_estimator}
        self.record("on_fit_task_begin", context, **data)

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        data = {"X": X, "y": y, "metadata": metadata, "fitted": fitted_estimator}
        self.record("on_fit_task_end", context, **data)
        return self.stops_after is not None and context.task_id + 1 == self.stops_after

    def counts(self):
        return [sum(hook == call[0] for call in self.calls) for hook in HOOKS]

    def ends(self, task):
        """Return the data of the ends of tasks of a name, in order."""
        return [call[3] for call in self.calls if call[:2] == ("on_fit_task_end", task)]


def fitted(kind="number", *callbacks, targets=None, data=None, **params):
    """Return our estimator after a fit with callbacks."""
    ours = make_ours(kind, **params).set_callbacks(*callbacks)
    of_both([ours], "fit", X, make_targets(kind) if targets is None else targets, **(data or {}))
    return ours


# ---- what callbacks see --------------------------------------------------------------------------


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", ["multiclass", "number"])
def test_an_epoch_ends_as_a_fit_that_stops_there(kind, solver, early_stopping):
    params = {"solver": solver, "early_stopping": early_stopping, "learning_rate_init": 0.05}
    recorder = Recorder()
    fitted(kind, recorder, **params)
    ends = recorder.ends("lbfgs-iter" if solver == "lbfgs" else "epoch")
    assert len(ends) == 6
    for k, data in enumerate(ends):
        expected = fitted(kind, max_iter=k + 1, **params)
        got = data["fitted"]
        assert_array_equal(got.predict(X), expected.predict(X))
        assert (got.n_iter_, got.loss_) == (k + 1, pytest.approx(expected.loss_))
        if solver != "lbfgs":
            assert got.loss_curve_ == expected.loss_curve_
            assert got.validation_scores_ == expected.validation_scores_


def test_what_callbacks_get_stays_as_it_was():
    recorder = Recorder()
    ours = fitted("number", recorder)
    first = recorder.ends("epoch")[0]["fitted"]
    kept = first.predict(X)
    of_both([ours], "partial_fit", X, NUMBER)
    assert_array_equal(first.predict(X), kept)
    expected = ours.predict(X)
    of_both([first.set_callbacks()], "partial_fit", X, NUMBER)
    assert_array_equal(ours.predict(X), expected)


def test_tasks_begin_and_end_in_order():
    recorder = Recorder()
    fitted("number", recorder, max_iter=2)
    assert [call[:3] for call in recorder.calls] == [
        ("setup", "fit", 0),
        ("on_fit_task_begin", "fit", 0),
        ("on_fit_task_begin", "epoch", 0),
        ("on_fit_task_end", "epoch", 0),
        ("on_fit_task_begin", "epoch", 1),
        ("on_fit_task_end", "epoch", 1),
        ("on_fit_task_end", "fit", 0),
        ("teardown", "fit", 0),
    ]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_every_task_that_begins_ends(solver):
    recorder = Recorder()
    ours = fitted("binary", recorder, solver=solver, max_iter=400, alpha=1.0, tol=0.01)
    assert ours.n_iter_ < 400  # it has converged
    setups, begins, ends, teardowns = recorder.counts()
    assert (setups, teardowns) == (1, 1)
    assert begins == ends >= ours.n_iter_ + 1
    n_trained = sum(data["fitted"] is not None for data in recorder.ends(
        "lbfgs-iter" if solver == "lbfgs" else "epoch"
    ))  # fmt: skip
    assert n_trained == ours.n_iter_


def test_a_task_of_each_iteration_of_partial_fit_by_lbfgs():
    recorder = Recorder()
    ours = make_ours("number", solver="lbfgs", max_iter=3).set_callbacks(recorder)
    of_both([ours], "partial_fit", X, NUMBER)
    _, begins, ends, _ = recorder.counts()
    assert begins == ends == 1 + 3


def test_data_are_those_of_the_user():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    words, weights = make_targets("words"), np.arange(1.0, 24)
    recorder = Recorder()
    ours = MLPClassifier(max_iter=2, random_state=0).set_callbacks(recorder)
    of_both([ours], "fit", frame, words, sample_weight=weights)
    for data in recorder.ends("fit") + recorder.ends("epoch"):
        assert data["X"] is frame
        assert data["y"] is words
        assert data["metadata"] == {"sample_weight": weights}
    ours = make_ours("words", early_stopping=True, validation_fraction=0.3)
    of_both([ours.set_callbacks(recorder := Recorder())], "fit", frame, list(words))
    for data in recorder.ends("epoch"):  # without what is held out
        assert len(data["X"]) == len(data["y"]) == 16
        assert data["metadata"] is None
        assert list(words[data["X"].index]) == data["y"]
    assert len(recorder.ends("fit")[0]["X"]) == 23


def test_partial_fit_is_a_task_of_one_epoch():
    recorder = Recorder()
    ours = make_ours("number").set_callbacks(recorder)
    for _ in range(2):
        ours.partial_fit(X, NUMBER)
    assert recorder.counts() == [2, 4, 4, 2]
    assert [data["fitted"].t_ for data in recorder.ends("epoch")] == [23, 46]


def test_callbacks_change_nothing_of_a_fit():
    for params in ({}, {"early_stopping": True, "solver": "sgd"}, {"solver": "lbfgs"}):
        twins = [fitted("number", Recorder(), **params), fitted("number", **params)]
        assert_equal(twins, atol=0)


# ---- scikit-learn's own --------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", ["words", "number"])
def test_the_scoring_monitor_has_a_score_of_every_epoch(kind, solver):
    scoring = "accuracy" if kind == "words" else "neg_mean_squared_error"
    monitor = callback.ScoringMonitor(scoring=scoring)
    fitted(kind, monitor, solver=solver)
    task = "lbfgs-iter" if solver == "lbfgs" else "epoch"
    got = [row[scoring] for row in monitor.get_logs().data if row["task_name"] == task]
    expected = [
        get_scorer(scoring)(fitted(kind, max_iter=k, solver=solver), X, make_targets(kind))
        for k in range(1, 7)
    ]
    assert_allclose(got, expected, rtol=1e-12)


def test_the_scoring_monitor_takes_weights_names_and_any_loss():
    frame, weights = pd.DataFrame(X, columns=["a", "b", "c"]), np.arange(1.0, 24)
    monitor = callback.ScoringMonitor(scoring="neg_mean_absolute_error")
    ours = make_ours("number", loss="gaussian_nll", early_stopping=True).set_callbacks(monitor)
    of_both([ours], "fit", frame, NUMBER, sample_weight=weights)
    log = monitor.get_logs()
    last = log.data_as_pandas.query("task_name == 'fit'")["neg_mean_absolute_error"].item()
    errors = abs(NUMBER - ours.predict(frame))
    assert last == pytest.approx(-np.average(errors, weights=weights))
    monitor = callback.ScoringMonitor(scoring={"d2": lambda it, X, y: it.score(X, y)})
    ours = fitted("number", monitor, loss=Quantile([0.1, 0.9]))
    scores = [row["d2"] for row in monitor.get_logs().data]
    assert len(scores) == 7
    assert scores[0] == scores[-1] == ours.score(X, NUMBER)  # of the fit, and its last epoch


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_the_scoring_monitor_within_a_search_and_a_pipeline(n_jobs):
    monitor = callback.ScoringMonitor(scoring="r2")
    ours = make_ours("number", max_iter=3).set_callbacks(monitor)
    pipeline = make_pipeline(StandardScaler(), ours)
    search = GridSearchCV(pipeline, {"mlpregressor__alpha": [1e-4, 1.0]}, cv=2, n_jobs=n_jobs)
    of_both([search], "fit", X, NUMBER)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == (2 * 2 + 1) * 3  # candidates times folds, and the fit to all
    assert len({row["parent_task_id_path"] for row in rows}) == 5
    best = search.best_estimator_
    assert best.score(X, NUMBER) in [pytest.approx(row["r2"]) for row in rows]


def test_the_progress_bar_counts_epochs(capsys):
    pytest.importorskip("rich")
    fitted("number", callback.ProgressBar(), max_iter=3)
    out = capsys.readouterr().out
    assert "MLPRegressor - fit" in out
    assert "100%" in out


def test_the_progress_bar_of_a_search_shows_the_fits_within(capsys):
    pytest.importorskip("rich")
    bar = callback.ProgressBar(max_propagation_depth=None)
    search = GridSearchCV(make_ours("number", max_iter=2), {"alpha": [0.1, 1.0]}, cv=2)
    of_both([search.set_callbacks(bar)], "fit", X, NUMBER)
    out = capsys.readouterr().out
    assert out.count("MLPRegressor - fit") >= 5
    assert "GridSearchCV - fit" in out


# ---- stopping and failing ------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_callback_may_stop_training(solver):
    recorder = Recorder(stops_after=3)
    ours = make_ours("binary", solver=solver, max_iter=50).set_callbacks(recorder)
    ours.fit(X, make_targets("binary"))  # no word of convergence: it was meant
    expected = fitted("binary", solver=solver, max_iter=3)
    assert ours.n_iter_ == 3
    assert_array_equal(ours.predict_proba(X), expected.predict_proba(X))
    assert recorder.counts() == [1, 4, 4, 1]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("hook", HOOKS)
def test_a_callback_that_raises_ends_the_fit_and_is_torn_down(hook, solver):
    recorder, second = Recorder(fails_at=hook), Recorder()
    ours = make_ours("number", solver=solver).set_callbacks(recorder, second)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        with pytest.raises(OSError, match=f"failed at {hook}"):
            ours.fit(X, NUMBER)
    setups, *_, teardowns = recorder.counts()
    assert (setups, teardowns) == (1, 1)
    assert second.counts()[0] == second.counts()[3] == (hook != "setup")
    assert not hasattr(ours, "_callback_fit_ctx")
    assert not hasattr(ours, "_skl_callbacks_to_teardown")
    of_both([ours.set_callbacks()], "fit", X, NUMBER)
    assert_equal([ours, fitted("number", solver=solver)], atol=0)


def test_after_a_failure_the_epochs_until_then_are_there():
    ours = fitted("number")
    recorder = Recorder(fails_at="on_fit_task_end")
    with pytest.raises(OSError, match="failed"):
        ours.set_callbacks(recorder).fit(X, NUMBER)
    expected = fitted("number", max_iter=1)
    assert_array_equal(ours.predict(X), expected.predict(X))
    assert ours.loss_curve_ == expected.loss_curve_


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # R2 takes squares
def test_an_epoch_that_diverges_ends_without_an_estimator():
    recorder = Recorder()
    options = {"solver": "sgd", "activation": "identity", "learning_rate_init": 1.0, "alpha": 0}
    options |= {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 1000}
    ours = fitted("number", recorder, max_iter=200, **options)
    assert np.isnan(ours.loss_)
    *trained, last = recorder.ends("epoch")
    assert len(trained) == ours.n_iter_ - 1
    assert all(data["fitted"] is not None for data in trained)
    assert last["fitted"] is None
    assert recorder.counts() == [1, ours.n_iter_ + 1, ours.n_iter_ + 1, 1]


def test_an_interrupt_in_a_callback_ends_training_with_a_warning():
    class Interrupting(Recorder):
        def on_fit_task_end(self, estimator, context):
            if context.task_name == "epoch" and context.task_id == 2:
                raise KeyboardInterrupt
            super().on_fit_task_end(estimator, context)

    ours = make_ours("binary", max_iter=50).set_callbacks(recorder := Interrupting())
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        ours.fit(X, make_targets("binary"))
    assert ours.n_iter_ == 3
    assert recorder.counts() == [1, 4, 3, 1]


def test_data_that_are_refused_reach_no_callback():
    recorder = Recorder()
    ours = make_ours("number").set_callbacks(recorder)
    with pytest.raises(ValueError, match="NaN"):
        ours.fit(np.full_like(X, np.nan), NUMBER)
    assert recorder.calls == []


# ---- the estimator with callbacks ----------------------------------------------------------------


@pytest.mark.parametrize("Estimator", [MLPClassifier, MLPRegressor])
def test_what_is_no_callback_is_refused(Estimator):
    for wrong in (None, Recorder, print):
        with pytest.raises(TypeError, match="callbacks must be instances following the FitCallbac"):
            Estimator().set_callbacks(wrong)


def test_clones_have_the_callbacks_and_no_parameter_shows_them():
    recorder = Recorder()
    ours = make_ours("number").set_callbacks(recorder)
    of_both([clone(ours), ours], "fit", X, NUMBER)
    assert recorder.counts()[0] == 2
    assert ours.get_params() == make_ours("number").get_params()
    again = pickle.loads(pickle.dumps(ours.set_callbacks()))
    assert_array_equal(again.predict(X), ours.predict(X))
