"""The losses of the estimators: beside exact solutions, and beside each other."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.linear_model import GammaRegressor, QuantileRegressor
from sklearn.metrics import d2_pinball_score
from sklearn.model_selection import GridSearchCV

from fastnn import Network
from fastnn.exchange import from_sklearn, to_c, to_onnx, to_sklearn
from fastnn.losses import (
    NAMED,
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Quantile,
)
from fastnn.sklearn import MLPRegressor

from ..support.functions import bent, own_half_sse
from .twins import CLASSIFIED, SOLVERS, assert_equal, make_ours, make_samples, make_targets, of_both

pytestmark = pytest.mark.compiled

X = make_samples()
NUMBER, NUMBERS = make_targets("number"), make_targets("numbers")
POSITIVE = make_targets("positive")
NAMES = ["absolute_error", "huber", "poisson", "quantile", "gamma", "log_cosh", "gaussian_nll"]
EXACT = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0, "tol": 1e-9, "max_iter": 3000}


def targets_for(loss):
    """Return two targets that a loss is defined for."""
    return POSITIVE if loss in ("poisson", "gamma") else NUMBERS


def linear(loss, y, **params):
    """Return a regressor without a hidden layer, at the least loss."""
    ours = MLPRegressor(loss, **EXACT | params, random_state=0)
    of_both([ours], "fit", X, y)
    return ours


# ---- without a hidden layer: what others find ----------------------------------------------------


@pytest.mark.parametrize("level", [0.5, 0.8])
def test_quantiles_are_those_of_linear_programming(level):
    expected = QuantileRegressor(quantile=level, alpha=0).fit(X, NUMBER)
    ours = linear("quantile", NUMBER, quantile=level)
    e = NUMBER - expected.predict(X)
    least = np.maximum(level * e, (level - 1) * e).mean()
    assert least <= ours.loss_ + 1e-12
    assert ours.loss_ < 1.02 * least  # of a piecewise linear loss L-BFGS finds the least but nearly
    if level == 0.5:
        assert linear("absolute_error", NUMBER).loss_ == pytest.approx(2 * ours.loss_, rel=0.02)


def test_gamma_is_a_generalised_linear_model():
    y = POSITIVE[:, 0]
    expected = GammaRegressor(alpha=0, tol=1e-9, max_iter=1000).fit(X, y)
    assert_allclose(linear("gamma", y).predict(X), expected.predict(X), rtol=1e-4)


@pytest.mark.parametrize(
    ("loss", "of_error"),
    [
        ("huber", lambda e: np.where(abs(e) > 1, abs(e) - 0.5, e * e / 2)),
        ("log_cosh", lambda e: np.logaddexp(e, -e) - np.log(2)),
    ],
)
def test_a_loss_of_the_error_is_least_where_scipy_finds_it(loss, of_error):
    y = NUMBER + np.where(np.arange(23) % 7 == 0, 5.0, 0.0)
    A = np.column_stack([X, np.ones(23)])
    found = minimize(lambda w: of_error(A @ w - y).mean(), np.zeros(4), tol=1e-10)
    ours = linear(loss, y)
    assert ours.loss_ == pytest.approx(found.fun, rel=1e-6)
    assert_allclose(ours.predict(X), A @ found.x, rtol=1e-3, atol=1e-3)


def test_gaussian_nll_of_like_samples_has_their_mean_and_deviation():
    ours = MLPRegressor("gaussian_nll", **EXACT, random_state=0)
    of_both([ours], "fit", np.zeros((23, 3)), NUMBERS)
    mean, std = ours.predict(X[:2] * 0, return_std=True)
    assert_allclose(mean, [NUMBERS.mean(axis=0)] * 2, rtol=1e-5, atol=1e-5)
    assert_allclose(std, [NUMBERS.std(axis=0)] * 2, rtol=1e-5)
    assert_array_equal(ours.predict(X[:2] * 0), mean)


# ---- conventions: those of the squared error -----------------------------------------------------


@pytest.mark.parametrize("options", [{"batch_size": 1}, {"batch_size": 7}], ids=str)
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_squared_error_written_by_the_user_trains_alike(solver, options):
    """Its gradient is that of the sum over the outputs; only the recorded loss is a mean."""
    options = {"alpha": 0.5, "solver": solver, "tol": 0} | options
    if solver == "lbfgs":
        options |= {"hidden_layer_sizes": (), "max_iter": 200, "tol": 1e-8}
    ours = [make_ours("numbers", loss=loss, **options) for loss in ("squared_error", own_half_sse)]
    # Scikit-learn's L-BFGS is given the mean with the gradient of the sum: of one target only.
    of_both(ours, "fit", X, NUMBER if solver == "lbfgs" else NUMBERS)
    for got, expected in zip(ours[1].coefs_, ours[0].coefs_, strict=True):
        assert_allclose(got, expected, atol=1e-10)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("loss", NAMES)
def test_each_of_two_targets_is_learnt_as_if_it_were_alone(loss, solver):
    """Without a hidden layer they share nothing: rates and `alpha` mean the same for both."""
    options = {"solver": solver, "alpha": 3.0, "batch_size": 7, "shuffle": False, "epsilon": 0.1}
    options |= {"warm_start": True, "max_iter": 1, "learning_rate_init": 0.01}
    y = targets_for(loss)
    both, *alone = (MLPRegressor(loss, (), random_state=0, **options) for _ in range(3))
    of_both([both], "fit", X, y)
    width = both.coefs_[0].shape[1] // 2
    for k, ours in enumerate(alone):
        of_both([ours], "fit", X, y[:, k])
        columns = slice(k * width, (k + 1) * width)
        ours.coefs_ = [both.coefs_[0][:, columns].copy()]
        ours.intercepts_ = [both.intercepts_[0][columns].copy()]
    for ours, targets in zip((both, *alone), (y, *y.T), strict=True):
        ours.set_params(max_iter=500 if solver == "lbfgs" else 4, tol=1e-10)
        of_both([ours], "fit", X, targets)
    total = sum(ours.loss_ for ours in alone)
    assert both.loss_ == pytest.approx(total, rel=1e-3 if solver == "lbfgs" else 1e-12)
    if solver != "lbfgs":
        got = np.hstack([ours.coefs_[0] for ours in alone])
        assert_allclose(got, both.coefs_[0], atol=1e-12)


# ---- every way to train --------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("loss", [*NAMES, own_half_sse, Quantile([0.2, 0.5])])
def test_sparse_rows_train_as_dense_ones(loss, solver):
    y = targets_for(loss)[:, 0]
    dense, sparse_one = [make_ours("number", loss=loss, solver=solver) for _ in range(2)]
    of_both([dense], "fit", X, y)
    of_both([sparse_one], "fit", sparse.csr_array(X), y)
    assert_equal([sparse_one, dense], atol=1e-6)
    (start,) = of_both([make_ours("number", loss=loss, max_iter=1)], "fit", X, y)
    assert dense.loss_ < start.loss_
    assert dense.predict(X).dtype == np.float64


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", NAMES)
def test_partial_fit_and_fit_in_batches(loss, dtype):
    y = targets_for(loss)
    whole, chunks = [
        make_ours("numbers", loss=loss, shuffle=False, batch_size=5, max_iter=3, dtype=dtype)
        for _ in range(2)
    ]
    of_both([whole], "fit", X, y)
    for _ in range(3):
        chunks.partial_fit(X, y)
    assert_allclose(chunks.loss_curve_, whole.loss_curve_, rtol=1e-6)
    for got, expected in zip(chunks.coefs_, whole.coefs_, strict=True):
        assert_allclose(got, expected, rtol=1e-5)
    assert chunks.predict(X).dtype == dtype


@pytest.mark.parametrize("loss", [*NAMES, own_half_sse, Quantile([0.2, 0.5])])
def test_early_stopping_keeps_the_weights_of_the_least_loss(loss):
    y = targets_for(loss)[:, 0]
    ours = make_ours(
        "number", loss=loss, early_stopping=True, max_iter=60, learning_rate_init=0.05, tol=0
    )
    of_both([ours], "fit", X, y, X_val=X[:9], y_val=y[:9])
    assert ours.best_validation_score_ == max(ours.validation_scores_)
    loss_of_best = ours.network_.loss(X[:9], y[:9])
    if loss != "poisson":  # which R2 judges
        assert ours.best_validation_score_ == pytest.approx(-loss_of_best, rel=1e-9)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
@pytest.mark.parametrize("loss", ["gaussian_nll", own_half_sse, Quantile([0.2, 0.5])])
def test_copies_go_on_where_the_original_stands(loss, duplicate):
    ours = make_ours("number", loss=loss, activation=bent)
    of_both([ours], "fit", X, NUMBER)
    twin = duplicate(ours)
    of_both([ours, twin], "partial_fit", X, NUMBER)
    assert_equal([twin, ours], atol=0)
    assert clone(ours).get_params() == ours.get_params()
    of_both([fresh := clone(ours)], "fit", X, NUMBER)
    assert_array_equal(
        fresh.loss_curve_, ours.loss_curve_[:6] if len(ours.loss_curve_) == 7 else None
    )


# ---- several numbers for a target ----------------------------------------------------------------


def test_levels_are_columns_that_do_not_cross():
    levels = [0.1, 0.5, 0.9]
    ours = make_ours("number", loss=Quantile(levels), solver="lbfgs", max_iter=100)
    of_both([ours], "fit", X, NUMBER)
    got = ours.predict(X)
    assert got.shape == (23, 3)
    assert (np.diff(got, axis=1) > 0).all()
    assert (ours.n_outputs_, ours.network_.n_out, ours.out_activation_) == (1, 3, "ascending")
    expected = np.mean(
        [d2_pinball_score(NUMBER, got[:, k], alpha=level) for k, level in enumerate(levels)]
    )
    assert ours.score(X, NUMBER) == pytest.approx(expected)
    assert 0 < expected < 1


def test_levels_are_searched_like_any_parameter():
    grid = {"loss": [Quantile([0.2, 0.8]), "quantile", "huber"], "alpha": [1e-4, 1.0]}
    ours = GridSearchCV(make_ours("number", solver="lbfgs"), grid, cv=2, error_score="raise")
    of_both([ours], "fit", X, NUMBER)
    assert np.isfinite(ours.cv_results_["mean_test_score"]).all()


def test_one_level_is_the_loss_of_that_name():
    twins = [
        make_ours("numbers", loss=Quantile(0.3)),
        make_ours("numbers", loss="quantile", quantile=0.3),
    ]
    of_both(twins, "fit", X, NUMBERS)
    assert_equal(twins, atol=0)


def test_the_mean_is_predicted_and_the_deviation_on_request():
    ours = make_ours("number", loss="gaussian_nll")
    of_both([ours], "fit", X, NUMBER)
    mean, std = ours.predict(X, return_std=True)
    outputs = ours.network_.predict(X)
    assert_array_equal(np.column_stack([mean, std]), outputs)
    assert_array_equal(ours.predict(X), mean)
    assert mean.shape == std.shape == (23,)


# ---- classes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSIFIED)
@pytest.mark.parametrize("loss", [CrossEntropy(), NAMED["cross_entropy"], Focal(gamma=0)], ids=str)
def test_what_is_the_log_loss_trains_as_it(kind, loss):
    twins = [make_ours(kind, loss=it) for it in (loss, "log_loss")]
    of_both(twins, "fit", X, make_targets(kind))
    got, expected = [twin.predict_proba(X) for twin in twins]
    assert_allclose(got, expected, atol=1e-9)


@pytest.mark.parametrize("kind", CLASSIFIED)
def test_smoothed_labels_are_targets_between(kind):
    """Beside a network that is given such targets."""
    ours = make_ours(kind, loss=CrossEntropy(label_smoothing=0.2), shuffle=False, alpha=0)
    of_both([ours.set_params(max_iter=1)], "fit", X, make_targets(kind))
    Y = ours._label_binarizer.transform(make_targets(kind)).astype(float)
    n_classes = Y.shape[1] if kind == "multiclass" else 2
    net = Network(3, ours.network_.layers, loss=from_sklearn(make_fitted(kind)).loss_name)
    of_both([ours], "partial_fit", X, make_targets(kind))
    value = net.loss(X, 0.8 * Y + 0.2 / n_classes)
    assert ours.loss_ == pytest.approx(value, rel=1e-9)
    own = [make_ours(kind, loss=BinaryCrossEntropy(0.2)), make_ours(kind, loss=CrossEntropy(0.2))]
    if kind != "multiclass":
        of_both(own, "fit", X, make_targets(kind))
        assert_equal(own, atol=0)


def make_fitted(kind):
    """Return an estimator of the default loss."""
    (ours,) = of_both([make_ours(kind)], "fit", X, make_targets(kind))
    return ours


@pytest.mark.parametrize("kind", CLASSIFIED)
@pytest.mark.parametrize("loss", ["focal", own_half_sse])
def test_other_losses_of_classes(kind, loss):
    y = make_targets(kind)
    ours = make_ours(kind, loss=loss, solver="lbfgs", max_iter=200)
    of_both([ours], "fit", X, y)
    assert ours.score(X, y) > 0.9
    assert ours.network_.loss_function == (Focal() if loss == "focal" else loss)
    classes = [0, 1, 2] if kind == "multilabel" else np.unique(y)
    chunks = make_ours(kind, loss=loss)
    for _ in range(2):
        chunks.partial_fit(X, y, classes=classes)
    assert chunks.loss_curve_[1] < chunks.loss_curve_[0]


def test_shares_may_be_numbers_to_predict():
    """A logistic regression on targets from 0 to 1."""
    shares = 1 / (1 + np.exp(-NUMBER))
    ours = linear(BinaryCrossEntropy(), shares)
    assert ours.out_activation_ == "logistic"
    assert_allclose(ours.score(X, shares), 1, atol=0.05)


# ---- the network and its files -------------------------------------------------------------------


@pytest.mark.parametrize("loss", [*NAMES, own_half_sse, Quantile([0.2, 0.5])])
def test_a_network_of_an_estimator_predicts_and_trains_as_it(loss):
    y = targets_for(loss)[:, :1]
    ours = make_ours("number", loss=loss)
    of_both([ours], "fit", X, y.ravel())
    net = from_sklearn(ours)
    assert_array_equal(net.predict(X), ours.network_.predict(X))
    assert net.loss_function == ours.network_.loss_function
    assert net.loss(X, y) == ours.network_.loss(X, y)


@pytest.mark.parametrize("loss", ["gamma", "absolute_error"])
def test_an_estimator_is_exported_by_its_network(loss, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    ours = make_ours("number", loss=loss)
    of_both([ours], "fit", X, POSITIVE[:, 0])
    to_onnx(ours.network_, tmp_path / "net.onnx")
    session = runtime.InferenceSession(tmp_path / "net.onnx")
    (got,) = session.run(None, {session.get_inputs()[0].name: X})
    assert_allclose(got, ours.predict(X)[:, np.newaxis], rtol=1e-9)
    to_c(ours.network_, tmp_path / "net.c")
    assert (tmp_path / "net.c").exists()


@pytest.mark.parametrize("loss", ["gaussian_nll", Quantile([0.2, 0.5]), "gamma"])
def test_a_file_holds_the_network_of_an_estimator(loss, tmp_path):
    ours = make_ours("number", loss=loss)
    of_both([ours], "fit", X, POSITIVE[:, 0])
    ours.network_.save(tmp_path / "net.fastnn")
    again = Network.load(tmp_path / "net.fastnn")
    assert_array_equal(again.predict(X), ours.network_.predict(X))
    again.fit(X, POSITIVE[:, 0], learning_rate=0.001, resume=True)


@pytest.mark.parametrize("loss", ["gaussian_nll", Quantile([0.2, 0.5])])
def test_scikit_learn_has_no_such_outputs(loss):
    (ours,) = of_both([make_ours("number", loss=loss)], "fit", X, NUMBER)
    with pytest.raises(ValueError, match="cannot be carried, scikit-learn's outputs have identity"):
        to_sklearn(ours.network_)


# ---- refused -------------------------------------------------------------------------------------
