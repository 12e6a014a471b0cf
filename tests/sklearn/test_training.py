"""The same `random_state` gives the same coefficients, curves and counts as scikit-learn."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from fastnn.schedules import OneCycle

from .twins import (
    CLASSIFIED,
    KINDS,
    N_SAMPLES,
    assert_equal,
    make_ours,
    make_samples,
    make_targets,
    make_twins,
    of_both,
)

X = make_samples()
SOLVERS = {
    "sgd": {"solver": "sgd", "momentum": 0},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd"},
    "momentum of 1": {"solver": "sgd", "momentum": 1.0},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1},
    "adam": {"solver": "adam", "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3},
}
VARIANTS = {
    "one sample a batch": {"batch_size": 1},
    "one sample a batch, no penalty": {"batch_size": 1, "alpha": 0, "momentum": 0},
    "a batch of all": {},
    "a strong penalty": {"alpha": 2.0, "batch_size": 7},
    "no penalty": {"alpha": 0, "batch_size": 7},
    "in order": {"shuffle": False, "batch_size": 7},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "one hidden layer": {"hidden_layer_sizes": 6},
    "identity": {"activation": "identity"},
    "logistic": {"activation": "logistic"},
    "tanh": {"activation": "tanh"},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3, "batch_size": 7},
    "stops": {"tol": 1.0, "n_iter_no_change": 2},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_coefficients_equal_those_of_scikit_learn(kind, solver):
    rate = 0.01 if kind in ("number", "numbers", "counts") else 0.1
    twins = make_twins(kind, batch_size=7, learning_rate_init=rate, **SOLVERS[solver])
    of_both(twins, "fit", X, make_targets(kind))
    assert_equal(twins)


@pytest.mark.parametrize("kind", ["multiclass", "numbers"])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_equal_those_of_scikit_learn(kind, solver, variant):
    twins = make_twins(kind, solver=solver, learning_rate_init=0.01, **VARIANTS[variant])
    of_both(twins, "fit", X, make_targets(kind))
    assert_equal(twins)


@pytest.mark.parametrize("kind", KINDS)
def test_lbfgs_equals_that_of_scikit_learn(kind):
    twins = make_twins(kind, solver="lbfgs", alpha=0.1)
    of_both(twins, "fit", X, make_targets(kind))
    assert_equal(twins)


@pytest.mark.parametrize("max_iter", [3, 20])
def test_partial_fit_by_lbfgs_equals_that_of_scikit_learn(max_iter):
    twins = make_twins("number", solver="lbfgs", alpha=0.1, max_iter=max_iter)
    for _ in range(2):  # iterations, not epochs, and on from where the last call has ended
        of_both(twins, "partial_fit", X, make_targets("number"))
        assert_equal(twins)
    assert twins[0].n_iter_ > 1


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_samples_equal_those_of_scikit_learn(kind, solver):
    weights = np.random.RandomState(1).uniform(0, 3, N_SAMPLES)
    twins = make_twins(kind, solver=solver, learning_rate_init=0.01, alpha=0.5)
    of_both(twins, "fit", X, make_targets(kind), sample_weight=weights)
    assert_equal(twins)


@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("alpha", [0, 0.5])
def test_weights_in_batches_give_the_coefficients_of_scikit_learn(batch_size, alpha):
    weights = np.random.RandomState(1).uniform(0.1, 3, N_SAMPLES)
    twins = make_twins("binary", solver="sgd", momentum=0, batch_size=batch_size, alpha=alpha)
    of_both(twins, "fit", X, make_targets("binary"), sample_weight=weights)
    for got, expected in zip(twins[0].coefs_, twins[1].coefs_, strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-8)


def test_weights_with_early_stopping_equal_those_of_scikit_learn():
    weights = np.random.RandomState(1).uniform(0.1, 3, N_SAMPLES)
    twins = make_twins("multiclass", early_stopping=True, validation_fraction=0.3)
    of_both(twins, "fit", X, make_targets("multiclass"), sample_weight=weights)
    assert_equal(twins)


@pytest.mark.parametrize("solver", ["nesterov", "invscaling", "adaptive", "adam"])
@pytest.mark.parametrize("kind", KINDS)
def test_partial_fit_goes_on_like_that_of_scikit_learn(kind, solver):
    y = make_targets(kind)
    twins = make_twins(kind, batch_size=5, learning_rate_init=0.01, **SOLVERS[solver])
    classes = np.arange(3) if kind == "multilabel" else np.unique(y)
    first = {"classes": classes} if kind in CLASSIFIED else {}
    of_both(twins, "partial_fit", X[:9], y[:9], **first)
    for rows in (slice(9, 23), slice(3, 12), slice(0, 23), slice(0, 6)):
        of_both(twins, "partial_fit", X[rows], y[rows])
    assert_equal(twins)


def test_partial_fit_goes_on_from_fit():
    y = make_targets("number")
    twins = make_twins("number", solver="sgd", learning_rate_init=0.01)
    of_both(twins, "fit", X, y)
    of_both(twins, "partial_fit", X, y)
    of_both(twins, "fit", X, y)  # anew
    of_both(twins, "partial_fit", X, y)
    assert_equal(twins)


@pytest.mark.parametrize("solver", ["adaptive", "adam", "lbfgs"])
def test_warm_start_goes_on_like_that_of_scikit_learn(solver):
    y = make_targets("multiclass")
    twins = make_twins("multiclass", warm_start=True, **SOLVERS.get(solver, {"solver": solver}))
    of_both(twins, "fit", X, y)
    of_both(twins, "set_params", max_iter=4)
    of_both(twins, "fit", X, y)
    assert_equal(twins)


def test_a_random_state_goes_on_from_fit_to_fit():
    y = make_targets("number")
    twins = make_twins("number", batch_size=5)
    for twin in twins:
        twin.set_params(random_state=np.random.RandomState(5))
    of_both(twins, "fit", X, y)
    of_both(twins, "fit", X, y)
    assert_equal(twins)


def test_coefficients_that_a_person_assigns_are_honoured():
    y = make_targets("numbers")
    twins = make_twins("numbers", solver="adam", learning_rate_init=0.01)
    of_both(twins, "fit", X, y)
    new = np.random.RandomState(2).normal(size=(5, 4))
    for twin in twins:
        twin.coefs_[1] = new.copy()
        twin.intercepts_[0][:] = 0.25
    np.testing.assert_allclose(*of_both(twins, "predict", X), rtol=0, atol=1e-8)
    of_both(twins, "partial_fit", X, y)
    for twin in twins:
        twin.coefs_ = [2 * W for W in twin.coefs_]
    of_both(twins, "partial_fit", X, y)
    assert_equal(twins)


def test_an_estimator_made_by_hand_can_be_trained():
    random = np.random.RandomState(3)
    start = [random.normal(size=shape) for shape in ((3, 2), (2, 1))]
    y = make_targets("binary")
    twins = make_twins("binary", solver="sgd", hidden_layer_sizes=2)
    for twin in twins:
        twin.coefs_ = [W.copy() for W in start]
        twin.intercepts_ = [np.zeros(2), np.zeros(1)]
        twin.n_features_in_, twin.n_layers_, twin.n_iter_, twin.t_ = 3, 3, 0, 0
        twin.out_activation_, twin.loss_curve_, twin.best_loss_ = "logistic", [], np.inf
        twin.best_validation_score_ = twin.validation_scores_ = None
        twin._no_improvement_count = 0
    of_both(twins, "partial_fit", X, y, classes=[0, 1])
    assert_equal(twins)


@pytest.mark.parametrize("change", [{"alpha": 1.0}, {"activation": "tanh"}, {"batch_size": 3}])
def test_parameters_may_change_between_calls(change):
    y = make_targets("number")
    twins = make_twins("number", solver="sgd", learning_rate_init=0.01)
    of_both(twins, "partial_fit", X, y)
    of_both(twins, "set_params", **change)
    of_both(twins, "partial_fit", X, y)
    assert_equal(twins)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
@pytest.mark.parametrize("solver", ["adaptive", "adam"])
def test_a_copy_goes_on_where_the_original_stands(solver, duplicate):
    y = make_targets("multiclass")
    twins = make_twins("multiclass", batch_size=5, **SOLVERS[solver])
    of_both(twins, "fit", X, y)
    copies = [duplicate(twin) for twin in twins]
    of_both(twins, "partial_fit", X, y)
    of_both(copies, "partial_fit", X, y)
    assert_equal(twins)
    assert_equal(copies)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "number"])
@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
def test_sparse_rows_give_what_dense_ones_give(kind, container):
    y = make_targets(kind)
    dense, sparse_one = [make_ours(kind, batch_size=5) for _ in range(2)]
    of_both([dense], "fit", X, y)
    of_both([sparse_one], "fit", container(X), y)
    of_both([dense], "partial_fit", X, y)
    of_both([sparse_one], "partial_fit", container(X), y)
    assert_equal([sparse_one, dense], atol=1e-12)
    np.testing.assert_allclose(sparse_one.predict(container(X)), dense.predict(X), atol=1e-12)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_sparse_rows_with_early_stopping_equal_those_of_scikit_learn(early_stopping):
    twins = make_twins("binary", early_stopping=early_stopping, validation_fraction=0.3)
    of_both(twins, "fit", sparse.csr_array(X), make_targets("binary"))
    assert_equal(twins)


def test_float32_stays_float32():
    X32 = X.astype(np.float32)
    twins = make_twins("multiclass", batch_size=5)
    of_both(twins, "fit", X32, make_targets("multiclass"))
    assert_equal(twins, atol=1e-5)
    got, expected = of_both(twins, "predict_proba", X32)
    assert got.dtype == expected.dtype == np.float32


def test_verbose_prints_what_scikit_learn_prints(capsys):
    y, printed = make_targets("multiclass"), []
    for options in (
        {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 1, "tol": 0.5},
        SOLVERS["adaptive"],
        {"tol": 1.0, "n_iter_no_change": 2},
    ):
        for twin in make_twins("multiclass", verbose=True, **options):
            of_both([twin], "fit", X, y)
            printed.append(capsys.readouterr().out)
        got, expected = printed[-2:]
        assert got == expected
        assert "Iteration 3, loss = " in got


def test_a_batch_larger_than_the_data_is_clipped_with_a_warning():
    twins = make_twins("number", batch_size=50)
    for twin in twins:
        with (
            pytest.warns(UserWarning, match="It is going to be clipped"),
            pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(6\) reached"),
        ):
            twin.fit(X, make_targets("number"))
    assert_equal(twins)


@pytest.mark.parametrize("limit", [{"max_iter": 2}, {"max_fun": 3}])
def test_lbfgs_warns_like_that_of_scikit_learn(limit):
    said = []
    for twin in make_twins("multiclass", solver="lbfgs", **limit):
        with pytest.warns(ConvergenceWarning) as record:
            twin.fit(X, make_targets("multiclass"))
        said.append([str(warning.message) for warning in record])
    got, expected = said
    assert got == expected


@pytest.mark.parametrize("params", [
    {"n_iter_no_change": 1, "tol": 1e-3},
    {"n_iter_no_change": 3, "tol": 1e-3},
    {"n_iter_no_change": 10, "tol": 0.02},
    {"n_iter_no_change": 10, "tol": 0, "max_iter": 25},
    {"n_iter_no_change": 4, "solver": "sgd", "batch_size": 1},
    {"solver": "sgd", "learning_rate": "invscaling", "max_iter": 30},
], ids=str)  # fmt: skip
def test_epochs_between_two_looks_are_those_of_scikit_learn_one_by_one(params):
    params = {"max_iter": 300, "learning_rate_init": 0.05, "batch_size": 9} | params
    twins = make_twins("multiclass", **params)
    of_both(twins, "fit", X, make_targets("multiclass"))
    assert_equal(twins)
    ours, theirs = twins
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    watched = make_ours("multiclass", verbose=True, **params)  # which looks after each epoch
    of_both((watched,), "fit", X, make_targets("multiclass"))
    assert watched.loss_curve_ == ours.loss_curve_
    for got, expected in zip(watched.coefs_, ours.coefs_, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_training_that_diverges_has_the_same_epochs_however_often_it_looks(capsys):
    params = {
        "solver": "sgd",
        "activation": "identity",
        "learning_rate_init": 1.0,
        "alpha": 0,
        "n_iter_no_change": 50,
    }
    curves = []
    for verbose in (False, True):
        ours = make_ours("number", max_iter=200, verbose=verbose, **params)
        with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
            ours.fit(X, make_targets("number"))
        curves.append(ours.loss_curve_)
    assert curves[0] == curves[1]
    assert len(curves[0]) > 3  # of the 51 after which it would first look


@pytest.mark.parametrize("verbose", [False, True])
def test_a_random_state_goes_on_after_the_epoch_that_diverged(verbose, capsys):
    random_state = np.random.RandomState(0)
    ours = make_ours(
        "number", solver="sgd", activation="identity", learning_rate_init=1.0, alpha=0,
        max_iter=200, n_iter_no_change=50, verbose=verbose, random_state=random_state,
    )  # fmt: skip
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        ours.fit(X, make_targets("number"))
    expected = np.random.RandomState(0)
    for W, b in zip(ours.coefs_, ours.intercepts_, strict=True):  # as the initial ones were drawn
        expected.uniform(size=W.size + b.size)
    for _ in range(ours.n_iter_ + 1):  # it was begun
        expected.permutation(N_SAMPLES)
    assert random_state.uniform() == expected.uniform()


def test_a_schedule_that_ends_early_leaves_the_epochs_before_it():
    ours = make_ours("number", learning_rate=OneCycle(0.05, 8), max_iter=20, n_iter_no_change=30)
    with pytest.raises(ValueError, match="8"):
        ours.fit(X, make_targets("number"))
    assert ours.n_iter_ == len(ours.loss_curve_) == 8


def test_training_goes_on_from_the_best_weights_however_the_score_goes():
    twins = make_twins(
        "multiclass", solver="sgd", max_iter=1, early_stopping=True, warm_start=True, batch_size=1
    )
    for _ in range(5):
        of_both(twins, "fit", X, make_targets("multiclass"))
        assert_equal(twins)


def test_weights_that_leave_the_finite_numbers_are_an_error():
    for twin in make_twins("number", solver="sgd", learning_rate_init=1e10, max_iter=50):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn's, of overflows
            with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
                twin.fit(X, make_targets("number"))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # R2 takes squares
def test_early_stopping_keeps_the_best_weights_where_training_diverges():
    ours = make_ours(
        "number", solver="sgd", activation="identity", learning_rate_init=1.0, max_iter=200,
        early_stopping=True, validation_fraction=0.3, n_iter_no_change=1000, alpha=0,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="ended in numbers that are not finite"):
        ours.fit(X, make_targets("number"))
    assert np.isnan(ours.loss_)
    assert np.isnan(ours.validation_scores_[-1])
    assert len(ours.validation_scores_) == len(ours.loss_curve_) == ours.n_iter_ < 200
    assert ours.best_validation_score_ == np.nanmax(ours.validation_scores_)
    assert np.isfinite(ours.predict(X)).all()


def test_an_interrupt_ends_training_with_a_warning(monkeypatch):
    ours = make_ours("number", early_stopping=True)  # which looks after each epoch
    calls = []

    def interrupt(bookkeeping, run):
        calls.append(run.epoch)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("fastnn.sklearn._training.ProgressRecord.epoch", interrupt)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        ours.fit(X, make_targets("number"))
    assert calls == [0, 1, 2]


def test_warnings_name_the_line_that_calls():
    for method, n_warnings in (("fit", 2), ("partial_fit", 1)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            getattr(make_ours("number", batch_size=50), method)(X, make_targets("number"))
        assert [warning.filename for warning in caught] == [__file__] * n_warnings
