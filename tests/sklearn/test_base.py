"""What scikit-learn's estimators do not have, and what a person may do with ours."""

import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from fastnn import Network
from fastnn.core.activations import SECOND_NAMES
from fastnn.exchange import from_sklearn
from fastnn.sklearn import MLPClassifier, MLPRegressor

from ..support.functions import bent
from .twins import KINDS, assert_equal, make_ours, make_samples, make_targets, make_twins, of_both

X = make_samples()


def fitted(kind="multiclass", **params):
    """Return our estimator after a short fit."""
    ours = make_ours(kind, **params)
    of_both([ours], "fit", X, make_targets(kind))
    return ours


def test_without_scikit_learn_the_import_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import fastnn; import fastnn.sklearn"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    got = result.stderr.strip().splitlines()[-1]
    expected = "fastnn.sklearn needs scikit-learn, of the extra sklearn: pip install "
    assert got == f'ImportError: {expected}"scikit-learn>=1.7" "scipy>=1.13"'


def test_where_scikit_learn_has_no_callbacks_it_says_from_when_on():
    code = (
        "import sys, fastnn.sklearn; sys.modules['sklearn.callback'] = None;"
        "del sys.modules['fastnn.sklearn._callbacks'];"
        "from fastnn.sklearn._callbacks import CallbackSupportMixin;"
        "CallbackSupportMixin().set_callbacks()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    got = result.stderr.strip().splitlines()[-1]
    assert got.startswith("ImportError: set_callbacks needs scikit-learn 1.9 or later, got ")
    assert got.endswith(": pip install -U scikit-learn")


# ---- parameters of our own -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("Estimator", "expected"),
    [
        (MLPClassifier, {"dropout": 0, "dtype": None, "class_weight": None, "loss": "log_loss"}),
        (MLPRegressor, {"dropout": 0, "dtype": None, "quantile": 0.5}),
    ],
)
def test_what_is_ours_is_keyword_only_and_does_nothing_by_default(Estimator, expected):
    ours, theirs = make_twins("multiclass" if Estimator is MLPClassifier else "number")
    extra = ours.get_params().keys() - theirs.get_params().keys()
    assert {name: Estimator().get_params()[name] for name in extra} == expected
    assert {name: ours.get_params()[name] for name in theirs.get_params()} == theirs.get_params()
    with pytest.raises(TypeError, match="positional argument"):
        Estimator("poisson", (100,), "relu", "adam")


def test_dropout_changes_training_and_not_prediction():
    plain, dropped, again = fitted(), fitted(dropout=0.5), fitted(dropout=0.5)
    assert not np.allclose(plain.coefs_[0], dropped.coefs_[0], atol=1e-6)
    assert_equal([dropped, again], atol=0)
    np.testing.assert_array_equal(dropped.predict_proba(X), dropped.predict_proba(X))


def test_dropout_may_differ_from_layer_to_layer():
    same, other = fitted(dropout=[0.5, 0.5]), fitted(dropout=[0.5, 0.0])
    assert_equal([same, fitted(dropout=0.5)], atol=0)
    assert not np.allclose(same.coefs_[0], other.coefs_[0], atol=1e-6)


def test_dropout_depends_on_the_random_state():
    masks = [fitted(dropout=0.9, random_state=seed, max_iter=1) for seed in (1, 2)]
    for estimator in masks:
        estimator.coefs_, estimator.intercepts_ = masks[0].coefs_, masks[0].intercepts_
        of_both([estimator], "partial_fit", X, make_targets("multiclass"))
    assert not np.allclose(masks[0].coefs_[0], masks[1].coefs_[0], atol=1e-6)


def test_activations_layer_by_layer():
    same = fitted(activation=["tanh", "tanh"])
    assert_equal([same, fitted(activation="tanh")], atol=0)
    mixed = fitted(activation=["swish", "logistic"])
    h = X @ mixed.coefs_[0] + mixed.intercepts_[0]
    h = h / (1 + np.exp(-h))
    h = 1 / (1 + np.exp(-(h @ mixed.coefs_[1] + mixed.intercepts_[1])))
    z = h @ mixed.coefs_[2] + mixed.intercepts_[2]
    expected = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(mixed.predict_proba(X), expected, atol=1e-12)


@pytest.mark.parametrize(("second", "first"), SECOND_NAMES.items())
def test_second_names_of_activations(second, first):
    assert_equal([fitted(activation=second), fitted(activation=first)], atol=0)


@pytest.mark.parametrize("name", ["activation", "dropout"])
def test_a_value_for_each_hidden_layer_must_be_there(name):
    values = ["relu"] * 3 if name == "activation" else [0.1] * 3
    message = f"{name} must have one value for each of the 2 hidden layers, got"
    with pytest.raises(ValueError, match=message):
        fitted(**{name: values})


def test_an_activation_of_the_user():
    ours = [fitted(activation=activation) for activation in (bent, [bent, bent])]
    assert_equal(ours, atol=0)
    got = from_sklearn(ours[0])
    assert [str(layer.activation) for layer in got.layers] == ["bent", "bent", "softmax"]
    np.testing.assert_array_equal(got.predict(X), ours[0].predict_proba(X))


def test_an_activation_of_the_outputs_is_not_one_of_a_hidden_layer():
    with pytest.raises(ValueError, match="'activation' parameter of MLPClassifier must be"):
        fitted(activation="softmax")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_dtype_is_that_of_weights_and_outputs(dtype, solver):
    for given in (X, X.astype(np.float32), (10 * X).astype(int)):
        ours = make_ours("multiclass", dtype=dtype, solver=solver)
        of_both([ours], "fit", given, make_targets("multiclass"))
        assert {W.dtype.name for W in ours.coefs_ + ours.intercepts_} == {dtype}
        assert ours.predict_proba(given).dtype == dtype


def test_class_weight_multiplies_the_weights_of_samples():
    y = make_targets("multiclass")
    by_class = np.array([1.0, 2.0, 0.5])
    weights = np.random.RandomState(0).uniform(0.5, 2, len(y))
    got = make_ours("multiclass", class_weight=dict(enumerate(by_class)))
    expected = make_ours("multiclass")
    of_both([got], "fit", X, y, sample_weight=weights)
    of_both([expected], "fit", X, y, sample_weight=weights * by_class[y])
    assert_equal([got, expected], atol=1e-12)


def test_balanced_classes_weigh_the_same():
    y = make_targets("words")
    counts = {label: (y == label).sum() for label in ("no", "yes")}
    got = make_ours("words", class_weight="balanced")
    expected = make_ours("words")
    of_both([got], "fit", X, y)
    of_both([expected], "fit", X, y, sample_weight=[len(y) / (2 * counts[it]) for it in y])
    assert_equal([got, expected], atol=1e-12)


def test_class_weight_in_chunks():
    y = make_targets("multiclass")
    ours, expected = [make_ours("multiclass") for _ in range(2)]
    ours.set_params(class_weight={2: 3.0})
    for rows in (np.flatnonzero(y == 0), np.flatnonzero(y == 2)):
        ours.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        weights = np.where(y[rows] == 2, 3.0, 1.0)
        expected.partial_fit(X[rows], y[rows], classes=[0, 1, 2], sample_weight=weights)
    assert_equal([ours, expected], atol=1e-12)
    ours.set_params(class_weight="balanced")
    with pytest.raises(ValueError, match=r"class_weight must be a dict for partial_fit.*balanced"):
        ours.partial_fit(X, y)


# ---- the network inside --------------------------------------------------------------------------


def test_coefficients_are_views_of_the_network():
    ours = fitted()
    for W, own in zip(ours.coefs_, ours._network.weights, strict=True):
        assert np.shares_memory(W, own)
    before = ours.predict_proba(X)
    ours.coefs_[0][:] = 0
    assert not np.allclose(ours.predict_proba(X), before)


@pytest.mark.parametrize("solver", ["sgd", "adamw", "lbfgs"])
def test_the_network_is_there_and_in_step(solver):
    ours = make_ours("number", solver=solver)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        ours.network_  # noqa: B018  a property
    assert not hasattr(ours, "network_")
    of_both([ours], "fit", X, make_targets("number"))
    net = ours.network_
    assert isinstance(net, Network)
    assert ours.network_ is net
    np.testing.assert_array_equal(net.predict(X)[:, 0], ours.predict(X))
    if solver != "lbfgs":
        ours.partial_fit(X, make_targets("number"))
        assert ours.network_ is net
        assert len(net.history.epoch) == 7
        np.testing.assert_array_equal(net.predict(X)[:, 0], ours.predict(X))
    before = ours.predict(X)
    net.fit(X, make_targets("number"), learning_rate=0.01)  # trains the estimator
    assert not np.allclose(ours.predict(X), before)
    np.testing.assert_array_equal(net.predict(X)[:, 0], ours.predict(X))


def test_the_network_has_what_a_user_assigns():
    ours = fitted("number", hidden_layer_sizes=3, activation="identity")
    ours.coefs_ = [[[1.0], [2.0], [0.0]], [[3.0]]]
    ours.intercepts_ = [[0.5], [0.0]]
    np.testing.assert_allclose(ours.network_.predict([[1.0, 1.0, 1.0]]), [[10.5]])
    ours.network_.biases = [[0.0], [0.0]]
    np.testing.assert_allclose(ours.predict([[1.0, 1.0, 1.0]]), [9.0])


def test_the_network_knows_the_names_of_the_columns():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    for solver in ("adam", "lbfgs"):
        ours = make_ours("number", solver=solver)
        of_both([ours], "fit", frame, make_targets("number"))
        assert list(ours.network_.feature_names_in_) == ["a", "b", "c"]
        with pytest.raises(ValueError, match="X must have its columns in the order"):
            ours.network_.predict(frame[["b", "a", "c"]])


def test_predicting_changes_nothing():
    ours = fitted()
    ours.coefs_[0] = 2 * ours.coefs_[0]
    held, before = list(ours.coefs_), vars(ours).copy()
    ours.predict(X)
    assert vars(ours) == before
    assert all(a is b for a, b in zip(ours.coefs_, held, strict=True))


def test_a_fit_leaves_the_coefficients_of_the_last_one_alone():
    ours = fitted()
    first = ours.coefs_[0]
    kept = first.copy()
    of_both([ours], "fit", 2 * X, make_targets("multiclass"))
    assert ours.coefs_[0] is not first
    np.testing.assert_array_equal(first, kept)


def test_coefficients_of_another_shape_make_another_network():
    ours = fitted("number", hidden_layer_sizes=3, activation="identity")
    ours.coefs_ = [[[1.0], [2.0], [0.0]], [[3.0]]]
    ours.intercepts_ = [[0.5], [0.0]]
    np.testing.assert_allclose(ours.predict([[1.0, 1.0, 1.0]]), [10.5])


def test_coefficients_may_be_views_of_others():
    ours = fitted("number", hidden_layer_sizes=(4, 4), activation="tanh")
    kept = [W.copy() for W in ours.coefs_]
    ours.coefs_[1] = ours.coefs_[1].T
    got = [ours.predict(X), ours.predict(X)]
    ours.coefs_ = [kept[0], kept[1].T, kept[2]]
    for outputs in got:
        np.testing.assert_array_equal(outputs, ours.predict(X))


def test_coefficients_that_do_not_fit_together_are_an_error():
    ours = fitted("number")
    ours.intercepts_ = ours.intercepts_[:1]
    with pytest.raises(ValueError, match="zip"):
        ours.predict(X)


def test_a_pickle_holds_the_parameters_once():
    ours = fitted(hidden_layer_sizes=1000)
    n_bytes = sum(W.nbytes for W in ours.coefs_ + ours.intercepts_)
    of_adam = 2
    assert len(pickle.dumps(ours)) < (1 + of_adam) * 2 * n_bytes  # rows of three are padded


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickle_predicts_the_same(kind):
    ours = fitted(kind)
    ours.coefs_[1] = ours.coefs_[1] + 0.5
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.predict(X), ours.predict(X))
    again = pickle.loads(pickle.dumps(fitted(kind)))
    for W, own in zip(again.coefs_, again._network.weights, strict=True):
        assert np.shares_memory(W, own)


def test_an_estimator_that_is_not_fitted_pickles_and_clones():
    ours = MLPRegressor(hidden_layer_sizes=[3, 2], dropout=[0.1, 0.2])
    assert pickle.loads(pickle.dumps(ours)).get_params() == ours.get_params()
    assert clone(fitted()).get_params() == fitted().get_params()
    assert not hasattr(clone(fitted()), "coefs_")


def test_threads_may_predict_with_one_estimator():
    ours = fitted()
    expected = ours.predict_proba(X)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(ours.predict_proba, [X] * 50):
            np.testing.assert_array_equal(got, expected)


def test_one_sample_a_batch_warns_of_nothing_but_convergence():
    ours = MLPClassifier(batch_size=1, max_iter=2, random_state=0)
    with pytest.warns(ConvergenceWarning) as record:
        ours.fit(X, make_targets("binary"))
    assert len(record) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours.partial_fit(X, make_targets("binary"))
